"""Choices and times in the words of a message."""

from collections.abc import Iterable


def either(values: Iterable) -> str:
    """Words for a choice: "h264, h265, av1 or vp9".

    Args:
        values: What can be chosen, at least one.
    """
    *others, last = map(str, values)
    return f"{', '.join(others)} or {last}" if others else last


def clock(seconds: float) -> str:
    """A time as players show it, with tenths: "0:07.5", "1:34:12.0".

    Args:
        seconds: At least 0.
    """
    tenths = round(10 * seconds)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    begin = f"{hours}:{minutes:02}" if hours else str(minutes)
    return f"{begin}:{tenths // 10:02}.{tenths % 10}"
