"""Choices and times in the words of a message."""

import difflib
import re
from collections.abc import Iterable


def either(values: Iterable) -> str:
    """Words for a choice: "h264, h265, av1 or vp9".

    Args:
        values: What can be chosen, at least one.
    """
    *others, last = map(str, values)
    return f"{', '.join(others)} or {last}" if others else last


def did_you_mean(message: str) -> str:
    """A hint for a message about a value that is none of a choice's.

    Args:
        message: As they all are: "The codec must be one of h264, h265 or av1. Received: 'h256'".

    Returns:
        "Did you mean h265? ", or "" if nothing is like the value or the message is another.
    """
    said = re.search(
        r"one of (?P<choice>.+?)(\. |, which .*)Received: '?(?P<value>[^'\s]+?)'?\.?$", message
    )
    if not said:
        return ""
    known = re.split(r", | or ", said["choice"])
    like = difflib.get_close_matches(said["value"], known, n=1)
    return f"Did you mean {like[0]}? " if like else ""


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
