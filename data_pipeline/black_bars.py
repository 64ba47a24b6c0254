"""Black bars of a movie and of a shot, and how they are cropped.

The first Deep3D averaged one minute of frames and took rows with a mean below 2 for bars
(piiswrong/deep3d, `parse.py`). Here frames from all over the movie are looked at, so that a title
on a black ground does not pass for bars, and a row counts by its brightest pixels, so that a dark
scene does not either.
"""

from collections.abc import Iterable

import cv2
import numpy as np

from deep3d.video.picture_area import BlackBars

# Gray level, of 255, below which the brightest pixels of a row or column are black: video black
# decodes to 0, and coding noise and ringing reach about this far.
BLACK_LEVEL = 20
# The brightest share of a row's pixels that is ignored, in percent: specks.
IGNORED_PERCENT = 2
# Rows next to a bar are a mixture of bar and picture after chroma subsampling and scaling.
MARGIN = 2
# More than this share of an axis cannot be bars; the frames were dark.
MAX_SHARE = 0.5


def find_black_bars(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> BlackBars:
    """The bars that all frames have in common.

    A column that is black in one eye only (a floating window) is cropped from both, so that the
    disparity of what remains stays as it is.

    Args:
        pairs: (left, right) views, (h, w, 3) uint8, all of one size; best from all over a movie.

    Returns:
        The bars; none where every frame is black or there is no frame.
    """
    rows, columns = _brightest(pairs)
    if not rows:
        return BlackBars()
    top, bottom = _with_margin(np.max([_dark_ends(profile) for profile in rows], axis=0))
    left, right = _with_margin(np.max([_dark_ends(profile) for profile in columns], axis=0))
    return BlackBars(
        **_unless_everything(rows[0], top=top, bottom=bottom),
        **_unless_everything(columns[0], left=left, right=right),
    )


def find_shot_bars(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> BlackBars:
    """The bars of a single shot, beyond those of its movie.

    Some movies change their aspect ratio from shot to shot, and many use floating windows: black
    columns in one eye, which move the frame's edge before the screen. A shot's own edges may
    simply be dark, so only what looks intended counts: rows when they are equally many above and
    below, columns when they are black in one eye and not in the other.

    Args:
        pairs: (left, right) views, (h, w, 3) uint8, all of one size, of one shot.

    Returns:
        The bars.
    """
    rows, columns = _brightest(pairs)
    if not rows:
        return BlackBars()
    top, bottom = np.max([_dark_ends(profile) for profile in rows], axis=0)
    sides = np.array([_dark_ends(profile) for profile in columns])  # (eye, left and right end)
    differs = np.ptp(sides, axis=0) > MARGIN
    left, right = _with_margin(sides.max(axis=0) * differs)
    letterbox = abs(top - bottom) <= MARGIN and top > MARGIN
    top, bottom = _with_margin((top, bottom)) if letterbox else (0, 0)
    return BlackBars(
        **_unless_everything(rows[0], top=top, bottom=bottom),
        **_unless_everything(columns[0], left=left, right=right),
    )


def _brightest(pairs) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Profiles of rows and of columns, one per eye: the maximum over all frames not black."""
    rows, columns = [], []
    for pair in pairs:
        grays = [cv2.cvtColor(np.ascontiguousarray(view), cv2.COLOR_RGB2GRAY) for view in pair]
        if max(int(gray.max()) for gray in grays) < BLACK_LEVEL:
            continue
        # Every other pixel is enough for a percentile and halves the time of the sort.
        across = [np.percentile(gray[:, ::2], 100 - IGNORED_PERCENT, axis=1) for gray in grays]
        down = [np.percentile(gray[::2], 100 - IGNORED_PERCENT, axis=0) for gray in grays]
        rows = [np.maximum(*both) for both in zip(rows, across, strict=True)] if rows else across
        columns = [np.maximum(*b) for b in zip(columns, down, strict=True)] if columns else down
    return rows, columns


def _dark_ends(profile: np.ndarray) -> tuple[int, int]:
    """Lengths of the dark ends of a profile; 0, 0 where all of it is dark."""
    bright = np.flatnonzero(profile >= BLACK_LEVEL)
    return (int(bright[0]), int(len(profile) - 1 - bright[-1])) if len(bright) else (0, 0)


def _with_margin(ends) -> tuple[int, int]:
    first, last = (int(end) + MARGIN if end else 0 for end in ends)
    return first, last


def _unless_everything(profile: np.ndarray, **bars: int) -> dict[str, int]:
    """The bars, or none where they would leave too little of the axis."""
    fits = sum(bars.values()) <= MAX_SHARE * len(profile)
    return bars if fits else dict.fromkeys(bars, 0)
