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
# Bars of old transfers, or of limited range taken for full, are brighter: even up to this level,
# over which a picture stands out by so much, and by more within a few lines. A dark picture is not
# as even from line to line, nor is its edge as sharp.
BRIGHTEST_BARS, STANDING_OUT, JUMP, EVEN, MOST_UNEVEN = 34, 12, 20, 5, 0.2
# The brightest share of a row's pixels that is ignored, in percent: specks; subtitles or a logo
# within a bar, which light less than half of a row; and subtitles in a box of their own.
IGNORED_PERCENTS = (2, 45, 85)
SAMPLED = 240  # pixels, about, of each row and column
# Rows next to a bar are a mixture of bar and picture after chroma subsampling and scaling.
MARGIN = 2
# Lines by which opposite bars may differ: pictures are seldom centered to the line.
OFF_CENTER = 4
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
    top, bottom = _with_margin(np.max([_bars(profiles) for profiles in rows], axis=0))
    left, right = _with_margin(np.max([_bars(profiles) for profiles in columns], axis=0))
    return BlackBars(
        **_unless_everything(rows[0], top=top, bottom=bottom),
        **_unless_everything(columns[0], left=left, right=right),
    )


def find_shot_bars(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> BlackBars:
    """The bars of a single shot, beyond those of its movie.

    Some movies change their aspect ratio from shot to shot, and many use floating windows: black
    columns in one eye, which move the frame's edge before the screen. A shot's own edges may
    simply be dark, so only what looks intended counts: rows when they are about equally many above
    and below; columns when they are black in one eye and not in the other, or equally many left and
    right in both eyes. The edge of black columns must be straight: half of it is lit, which that of
    words on a dark ground is not.

    Args:
        pairs: (left, right) views, (h, w, 3) uint8, all of one size, of one shot.

    Returns:
        The bars.
    """
    rows, columns = _brightest(pairs)
    if not rows:
        return BlackBars()
    top, bottom = np.max([_bars(profiles) for profiles in rows], axis=0)
    sides = np.array([_bars(profiles) for profiles in columns])  # (eye, left and right end)
    left, right = _with_margin(sides.max(axis=0) * _intended(sides, columns))
    letterbox = abs(top - bottom) <= OFF_CENTER and min(top, bottom) > MARGIN
    top, bottom = _with_margin((top, bottom)) if letterbox else (0, 0)
    return BlackBars(
        **_unless_everything(rows[0], top=top, bottom=bottom),
        **_unless_everything(columns[0], left=left, right=right),
    )


def _intended(sides: np.ndarray, columns) -> np.ndarray:
    """Which of both ends are black on purpose, as `find_shot_bars` says."""
    windows = np.ptp(sides, axis=0) > MARGIN
    of_both = sides.min(axis=0)  # a window may lie within pillars
    pillars = of_both.min() > MARGIN and np.ptp(of_both) <= MARGIN
    widest = sides.argmax(axis=0)  # the eye that has the wider bar at this end
    straight = [
        columns[eye][1][::step][sides[eye, end] :][: MARGIN + 2].max(initial=0) >= BLACK_LEVEL
        for end, (eye, step) in enumerate(zip(widest, (1, -1), strict=True))
    ]
    return (windows | pillars) & np.array(straight)


def _is_lit_to_its_edges(pairs) -> bool:
    """Whether the first and last rows and columns of both eyes are too bright for any bar.

    Most shots have none, and this takes a twentieth of the time of looking at all lines.
    """
    brightest = 0
    for pair in pairs:
        ends = [end for view in pair for end in (view[:1], view[-1:], view[:, :1], view[:, -1:])]
        grays = [cv2.cvtColor(np.ascontiguousarray(end), cv2.COLOR_RGB2GRAY) for end in ends]
        levels = [np.percentile(gray, 100 - IGNORED_PERCENTS[0]) for gray in grays]
        brightest = np.maximum(brightest, levels)
    return bool(np.min(brightest) > BRIGHTEST_BARS)


def _brightest(pairs) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Profiles of rows and of columns, one per eye: the maximum over all frames not black.

    None where all frames are black, or where there can be no bars. Each is (2, lines): one profile
    for each of `IGNORED_PERCENTS`.
    """
    rows, columns, pairs = [], [], list(pairs)
    if _is_lit_to_its_edges(pairs):
        return rows, columns
    percents = [100 - ignored for ignored in IGNORED_PERCENTS]
    for pair in pairs:
        grays = [cv2.cvtColor(np.ascontiguousarray(view), cv2.COLOR_RGB2GRAY) for view in pair]
        if max(int(gray.max()) for gray in grays) < BLACK_LEVEL:
            continue
        # Some hundred pixels are enough for a percentile, and sorting all would take long.
        skip = max(2, min(grays[0].shape) // SAMPLED)
        across = [_percentiles(gray[:, ::skip], percents) for gray in grays]
        down = [_percentiles(gray[::skip].T, percents) for gray in grays]
        rows = [np.maximum(*both) for both in zip(rows, across, strict=True)] if rows else across
        columns = [np.maximum(*b) for b in zip(columns, down, strict=True)] if columns else down
    return rows, columns


def _percentiles(lines: np.ndarray, percents) -> np.ndarray:
    """As `np.percentile` of each line, (percents, lines), in a sixth of its time."""
    # Of bytes a stable sort is a radix sort.
    ordered = np.sort(np.ascontiguousarray(lines), axis=1, kind="stable")
    places = np.array(percents) / 100 * (ordered.shape[1] - 1)
    whole = places.astype(int)
    low, high = (ordered.T[at].astype(float) for at in (whole, np.ceil(places).astype(int)))
    return low + (high - low) * (places - whole)[:, np.newaxis]


def _bars(profiles: np.ndarray) -> tuple[int, int]:
    """Lengths of the dark ends of the profiles; where all is dark, 0.

    Opposite bars are equal. Where one end is dark throughout and the other as far only but for
    something bright on it, that is text or a logo on a bar.
    """
    first, last = (_dark_end(profiles[0][::step]) for step in (1, -1))
    for profile in profiles[1:]:
        mostly_first, mostly_last = (_dark_end(profile[::step], JUMP // 2) for step in (1, -1))
        if last < first and abs(mostly_last - first) <= OFF_CENTER:
            return first, mostly_last
        if first < last and abs(mostly_first - last) <= OFF_CENTER:
            return mostly_first, last
    return first, last


def _dark_end(profile: np.ndarray, jump: int = JUMP) -> int:
    """Number of dark lines that a profile begins with; not quite black ones end with a jump."""
    level = float(profile[:MARGIN].max())
    even = BLACK_LEVEL <= level <= BRIGHTEST_BARS
    bright = np.flatnonzero(profile >= (level + STANDING_OUT if even else BLACK_LEVEL))
    end = int(bright[0]) if len(bright) else 0
    if not (even and end):
        return end
    sharp = profile[end : end + MARGIN + 1].max() > level + jump
    uneven = np.mean(np.abs(profile[:end] - level) > EVEN)  # ringing beside the edge is
    return end if sharp and uneven < MOST_UNEVEN else 0


def _with_margin(ends) -> tuple[int, int]:
    first, last = (int(end) + MARGIN if end else 0 for end in ends)
    return first, last


def _unless_everything(profiles: np.ndarray, **bars: int) -> dict[str, int]:
    """The bars, or none where they would leave too little of the axis."""
    fits = sum(bars.values()) <= MAX_SHARE * profiles.shape[1]
    return bars if fits else dict.fromkeys(bars, 0)
