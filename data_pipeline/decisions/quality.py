"""Whether a pair of views is worth learning from: what is measured, and the words for refusals.

Published pipelines reject by brightness, by the share of pixels that match in both directions and
by the range of disparity (MiDaS "3D Movies", WSVD, VDW). The limits here are lower than theirs
where a later stage can still do something with the pair.

No parallax is one disparity all over the picture, be it zero or not: a title card before or behind
the screen, a 2D shot in a 3D film, a landscape so far away that only the convergence moves it.
They look alike and teach the same, nothing, so they are refused alike. Whether it is so is asked
of the gray levels: after the right view is moved by that disparity, what is left of the difference
between the eyes is divided, block by block, by the picture's slope (Lucas and Kanade, "An
Iterative Image Registration Technique", 1981). That is exact to some hundredths of a pixel under
coding noise, where a matcher's disparities are not, and sees a small thing before a flat ground.
"""

import dataclasses

import cv2
import numpy as np

from deep3d.stereo_matching import match_both_views
from deep3d.video.shrinking import shrink

NAN = float("nan")
THUMBNAIL_SIZE = (96, 54)
BLOCK = 9  # side of the window, in pixels at the matching width, in which texture is looked for
TEXTURE = 1.0  # mean change from pixel to pixel, of 255; below is even ground with coding noise
BRIGHTEST = 99.9  # percentile by which a frame is black
CONSTANT = 4.0  # standard deviation of gray levels below which a view shows nothing
SLOPE = 4.0  # root mean square slope, of 255 per pixel, from which a block shows where it is
FAR_OFF = 0.0018  # of the width by which a block of its own lies before or behind the rest
UNLIKE = 1.0  # of the slope: a block that differs more lies too far off to be measured
FAR_SHARE, FEWEST_FAR = 0.005, 1.5  # of the blocks with slopes, or number, that may be noise
NEIGHBOURS = 5  # blocks along the side of what is averaged, so that coding noise goes
SPREAD = 0.00075  # of the width by which such averages may differ in a flat picture


@dataclasses.dataclass(frozen=True)
class QualityLimits:
    """What a single pair must satisfy.

    Attributes:
        matching_width: Width at which disparity is measured. At 288 a frame takes 45 ms, at 432
            130 ms, and the percentiles are the same to a tenth of a percent of the width.
        matching_limit: Largest disparity searched, as a share of the width.
        black_below: A frame is black when 99.9 % of its pixels are darker than this, of 255; words
            on a dark card are more than that.
        flat_below: Percentiles at least this many percent of the width apart are parallax,
            whatever the blocks say; less may be. 0.6 % is two pixels at 288.
        matched_above: Share of pixels that must match in both directions.
        duplicate_below: Mean difference to the frame before, of 255, that makes a duplicate.
    """

    matching_width: int = 288
    matching_limit: float = 0.1
    black_below: float = 30.0
    flat_below: float = 0.6
    matched_above: float = 0.25
    duplicate_below: float = 0.8


@dataclasses.dataclass(frozen=True)
class Glance:
    """What can be said of a pair before it is measured."""

    reason: str  # why it is refused: black, one_eye_black, or ""
    thumbnail: np.ndarray  # gray, to recognize duplicates by


@dataclasses.dataclass(frozen=True)
class MeasuredPair:
    """What was measured of a pair. Percentiles of disparity in percent of the width, or NaN."""

    percentile_5: float = NAN
    percentile_95: float = NAN
    matched: float = NAN  # share of pixels that match in both directions
    reason: str = ""  # why the pair is refused: no_parallax, unmatched, or ""
    # (h, w) float32 in pixels at the matching width, on either view; NaN where nothing matched.
    disparity: np.ndarray | None = None
    disparity_on_right: np.ndarray | None = None
    views: tuple[np.ndarray, np.ndarray] | None = None  # left and right at the matching width


def glance_at(left: np.ndarray, right: np.ndarray, limits: QualityLimits) -> Glance:
    """Refuses a pair that need not be measured.

    Args:
        left: (h, w, 3) uint8 RGB.
        right: (h, w, 3) uint8 RGB of the same size.
        limits: What the pair must satisfy.

    Returns:
        The first reason to refuse it.
    """
    # Gray before it is small: a third of what is to be shrunk.
    grays = [cv2.cvtColor(view, cv2.COLOR_RGB2GRAY) for view in (left, right)]
    grays = _shrunk(*grays, limits)
    thumbnail = cv2.resize(grays[0], THUMBNAIL_SIZE, interpolation=cv2.INTER_AREA)
    return Glance(_darkness(grays, limits.black_below), thumbnail.astype(np.float32))


def is_duplicate(thumbnail: np.ndarray, kept: np.ndarray | None, limits: QualityLimits) -> bool:
    """Whether two pictures are the same but for coding noise.

    Args:
        thumbnail: Of a pair, see `Glance`.
        kept: Of the pair that was kept before, None if there is none.
        limits: How alike they may be.
    """
    return kept is not None and float(np.abs(thumbnail - kept).mean()) < limits.duplicate_below


def measure_pair(left: np.ndarray, right: np.ndarray, limits: QualityLimits) -> MeasuredPair:
    """Measures the disparity of a pair and says whether it is refused.

    Args:
        left: (h, w, 3) uint8 RGB.
        right: (h, w, 3) uint8 RGB of the same size.
        limits: What the pair must satisfy.

    Returns:
        What was measured up to the first reason to refuse the pair.
    """
    left, right = views = _shrunk(left, right, limits)
    grays = [cv2.cvtColor(view, cv2.COLOR_RGB2GRAY) for view in views]
    if is_flat(*grays, 0.0):
        return MeasuredPair(reason="no_parallax", views=views)
    disparities, low, high, matched = _match(left, right, limits.matching_limit)
    reason = "" if matched >= limits.matched_above else "unmatched"
    if not reason and high - low < limits.flat_below:
        middle = (low + high) / 200 * left.shape[1]
        reason = "no_parallax" if is_flat(*grays, middle) else ""
    return MeasuredPair(low, high, matched, reason, *disparities, views)


def is_flat(left: np.ndarray, right: np.ndarray, disparity: float) -> bool:
    """Whether one disparity explains the whole right view.

    Args:
        left: (h, w) uint8 gray.
        right: (h, w) uint8 gray.
        disparity: In pixels, to a pixel or so; the exact one is found from there.

    Returns:
        False as soon as a few blocks lie elsewhere; True also where no block shows anything.
    """
    left = cv2.GaussianBlur(left, (0, 0), 1.0).astype(np.float32)
    right = cv2.GaussianBlur(right, (0, 0), 1.0).astype(np.float32)
    slope = cv2.Sobel(left, cv2.CV_32F, 1, 0, ksize=1) / 2
    power = _block_means(slope**2)
    sloped = power > SLOPE**2
    if not sloped.any():
        return bool(np.abs(left - right).mean() < CONSTANT)
    for _ in range(3):
        # x_right = x_left - d; what d lacks shows as slope times the lacking part.
        moved = _moved(right, disparity)
        difference = left - moved
        off = _block_means(slope * difference) / np.maximum(power, SLOPE**2)
        if (step := float(np.median(off[sloped]))) == 0:
            break
        disparity -= step
    return _nothing_is_off(left, right, slope, power, disparity)


def _shrunk(left, right, limits: QualityLimits) -> tuple[np.ndarray, np.ndarray]:
    height = max(1, round(left.shape[0] * limits.matching_width / left.shape[1]))
    size = limits.matching_width, height
    return tuple(shrink(view, *size) for view in (left, right))


def _match(left, right, limit: float) -> tuple[tuple, float, float, float]:
    """Disparity on both views, its 5th and 95th percentile in percent, and the matched share.

    Only places with texture count: on an even ground every disparity matches in both directions.
    """
    width = left.shape[1]
    reach = max(8, round(limit * width))
    textured = cv2.blur(_horizontal_change(left), (BLOCK, BLOCK)) > TEXTURE
    disparities = match_both_views(left, right, -reach, reach)
    matched = np.isfinite(disparities[0]) & textured
    if not matched.any():
        return disparities, NAN, NAN, 0.0
    low, high = np.percentile(disparities[0][matched], (5, 95)) * 100 / width
    return disparities, float(low), float(high), float(matched.sum() / textured.sum())


def _nothing_is_off(left, right, slope, power, disparity: float) -> bool:
    difference = left - _moved(right, disparity)
    difference -= np.median(difference)
    rows, columns = power.shape
    # What the other eye does not see at the edges is no sign of depth.
    reach = int(np.ceil(abs(disparity) / BLOCK)) + 1
    inside = np.zeros((rows, columns), bool)
    inside[:, reach : columns - reach] = True
    sloped = (power > SLOPE**2) & inside
    pull = _block_means(slope * difference)
    unlike = _block_means(difference**2) > UNLIKE**2 * power
    far = (np.abs(pull) > FAR_OFF * left.shape[1] * power) | unlike
    if (far & sloped).sum() > max(FEWEST_FAR, FAR_SHARE * sloped.sum()):
        return False
    return _spread(pull * sloped, power * sloped) < SPREAD * left.shape[1]


def _spread(pull: np.ndarray, power: np.ndarray) -> float:
    """How far the 5th and 95th percentile of the mean offsets of neighbouring blocks are apart."""
    window = (NEIGHBOURS, NEIGHBOURS)
    pull, power = (
        cv2.blur(values, window, borderType=cv2.BORDER_CONSTANT) for values in (pull, power)
    )
    known = power > SLOPE**2 * 2 / NEIGHBOURS**2  # two blocks at least
    if not known.any():
        return 0.0
    return float(np.ptp(np.percentile(pull[known] / power[known], (5, 95))))


def _moved(right: np.ndarray, disparity: float) -> np.ndarray:
    """The right view as the left eye would see it if all had this disparity."""
    matrix = np.float32([[1, 0, disparity], [0, 1, 0]])
    size = right.shape[1], right.shape[0]
    return cv2.warpAffine(right, matrix, size, borderMode=cv2.BORDER_REPLICATE)


def _block_means(values: np.ndarray) -> np.ndarray:
    """Means of blocks of BLOCK x BLOCK pixels; what is left over at the edges is dropped."""
    rows, columns = (size // BLOCK for size in values.shape)
    whole = values[: rows * BLOCK, : columns * BLOCK]
    return cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)


def _darkness(grays, black_below: float) -> str:
    """Whether one view or both show nothing."""
    dark = [np.mean(gray >= black_below) <= 1 - BRIGHTEST / 100 for gray in grays]
    if all(dark):
        return "black"
    blank = [is_dark or gray.std() < CONSTANT for is_dark, gray in zip(dark, grays, strict=True)]
    return "one_eye_black" if any(blank) and not all(blank) else ""


def _horizontal_change(image) -> np.ndarray:
    """Mean difference to the next pixel of the row, (h, w) float32, of 255."""
    change = np.zeros(image.shape[:2], np.float32)
    change[:, :-1] = cv2.absdiff(image[:, 1:], image[:, :-1]) @ np.full(3, 1 / 3, np.float32)
    return change
