"""The chapters of a film, and those of a part of it."""

import math
from fractions import Fraction

# Milliseconds are what Matroska and MP4 store in practice.
_TICK = Fraction(1, 1000)


def cut_chapters(
    chapters: list[dict], start: Fraction, end: Fraction | None, shift: Fraction
) -> list[dict]:
    """Chapters that lie at least partly in a part of a film, moved with it.

    Args:
        chapters: As PyAV gives them: id, start, end, time_base and metadata.
        start: Beginning of the part in seconds on the time line of the source.
        end: Its end; None is the end of the film.
        shift: Seconds that are taken off every time.

    Returns:
        Chapters of the same kind in order of time; damaged ones (no length, before 0) are left out.
    """
    kept = []
    for chapter in chapters:
        if not chapter["time_base"]:
            continue
        begin = max(chapter["start"] * chapter["time_base"], start)
        stop = min(chapter["end"] * chapter["time_base"], math.inf if end is None else end)
        if begin < stop:
            times = {"start": _ticks(begin - shift), "end": _ticks(stop - shift)}
            kept.append({**chapter, **times, "time_base": _TICK})
    kept.sort(key=lambda chapter: chapter["start"])
    return [chapter for chapter in kept if 0 <= chapter["start"] < chapter["end"] < 1 << 40]


def _ticks(seconds):
    return round(seconds / _TICK)
