"""Points that both eyes of a shot see, with their heights to a fraction of a pixel.

For the vertical error between the eyes a point is good if it can be told at which height it lies:
a corner or a horizontal line can, a vertical or a slanted line cannot. With the gradients gx, gy
of a window the measure of that is what a vertical shift changes and no horizontal shift can undo,

    sum gy^2 - (sum gx gy)^2 / sum gx^2.

The best window of every cell of a grid is looked for in the other eye of a small picture by
normalized correlation, which a difference in exposure does not disturb, and counts if one height
explains it clearly better than all others, at whatever horizontal shift. `refine` then follows the
points in larger pictures: Lucas-Kanade on normalized windows, each eye moved by half of the shift,
so that both are interpolated alike and the estimate is not drawn to whole pixels. Brightness and
contrast of a window, which normalizing takes away, are taken out of its gradients as well: on a
soft edge wider than the window a step would fall short by far otherwise, and the points would stay
where the small picture had them.
"""

import dataclasses
import itertools

import cv2
import numpy as np

# Lines of the small picture; at 180, 1 px is 0.56 % of the height.
COARSE_LINES = 180
WINDOW = 15  # side of the window that is looked for, in pixels of the small picture
# Search range. Films stay within 5 % of the width in parallax; the vertical one covers an offset of
# 2.5 % of the height, a rotation of 1 degree and a zoom of 2 % all at once.
REACH_X, REACH_Y = 0.1, 0.055  # of the width, of the height
# Mean square of the gray steps per pixel by which heights are told apart; coding noise has 1 or 2.
LEAST_DETAIL = 6.0
# Correlation that counts as found, and by which the best height must exceed those at least
# APART pixels from it.
FOUND, UNIQUE, APART = 0.75, 0.06, 3
FINE_WINDOW = 17
# Correlation of windows of larger pictures, where grain and coding noise are a larger part.
STILL_FOUND = 0.5
STEP = 1.0  # largest change of a shift per iteration, in pixels
STILL = 0.05  # a point that moves by less is left where it is
DRIFT = 3.0  # pixels beyond which a refined point has left what it began with
# Variance of a point's height in square pixels: what the best have, and times the mean square
# difference of the normalized windows over that of their slopes. Neighboring pixels err alike, so
# that a window has some 20 independent ones.
MODEL_VARIANCE, NOISE_VARIANCE, LEAST_NOISE = 0.01, 0.05, 0.004


@dataclasses.dataclass(frozen=True)
class EyePoints:
    """The same n points in both eyes.

    Attributes:
        left: (n, 2) x and y in pixels from the view's centre.
        right: Likewise.
        weight: (n,) how much each counts: 1 / variance of its height, up to a factor.
    """

    left: np.ndarray
    right: np.ndarray
    weight: np.ndarray

    def __len__(self) -> int:
        return len(self.left)

    def scaled(self, factor: float) -> "EyePoints":
        """The points in views of `factor` times the size."""
        return EyePoints(self.left * factor, self.right * factor, self.weight)

    def where(self, chosen: np.ndarray) -> "EyePoints":
        """The points at a mask or at indices."""
        return EyePoints(self.left[chosen], self.right[chosen], self.weight[chosen])


def find_points(left: np.ndarray, right: np.ndarray, cells: tuple[int, int]) -> EyePoints:
    """Points of a small pair to about half a pixel.

    Args:
        left: (h, w) uint8 gray, about `COARSE_LINES` high.
        right: (h, w) uint8 gray.
        cells: Columns and rows of the grid.

    Returns:
        At most one point for each cell of the grid; none where nothing has texture.
    """
    height, width = left.shape
    reach_x, reach_y = round(REACH_X * width), round(REACH_Y * height)
    half = WINDOW // 2
    padded = cv2.copyMakeBorder(right, reach_y, reach_y, reach_x, reach_x, cv2.BORDER_REPLICATE)
    here, there = [], []
    for x, y in _detailed_places(left, half + 1, cells):
        window = left[y - half : y + half + 1, x - half : x + half + 1]
        around = padded[
            y - half : y + half + 1 + 2 * reach_y, x - half : x + half + 1 + 2 * reach_x
        ]
        scores = cv2.matchTemplate(around, window, cv2.TM_CCOEFF_NORMED)
        by_height = scores.max(axis=1)
        best = int(by_height.argmax())
        other = np.delete(by_height, np.s_[max(0, best - APART + 1) : best + APART])
        if by_height[best] < FOUND or by_height[best] - other.max() < UNIQUE:
            continue
        here.append((x, y))
        there.append((x + int(scores[best].argmax()) - reach_x, y + best - reach_y))
    center = np.array([(width - 1) / 2, (height - 1) / 2])
    places = (np.array(one, float).reshape(-1, 2) - center for one in (here, there))
    return EyePoints(*places, weight=np.ones(len(here)))


def refine(
    left: np.ndarray, right: np.ndarray, points: EyePoints, iterations: int
) -> tuple[EyePoints, np.ndarray]:
    """Follows points of a pair to a fraction of a pixel.

    Args:
        left: (h, w) uint8 gray, of any size.
        right: (h, w) uint8 gray.
        points: Where they are to a pixel or so, in this size.
        iterations: How often they are moved at most, each time by a pixel at most.

    Returns:
        The refined points, and a mask (n,) of those that correlate and stayed near.
    """
    if not len(points):
        return points, np.zeros(0, bool)
    middle, start = (points.left + points.right) / 2, points.right - points.left
    shift, moving = start.copy(), np.arange(len(points))

    def seen(chosen):
        for view, sign in ((left, -1), (right, 1)):
            yield _windows(view, middle[chosen] + sign * shift[chosen] / 2)

    for _ in range(iterations):
        step = _shift_step(_Slopes.of(*seen(moving)))
        shift[moving] += step
        moving = moving[np.abs(step).max(axis=1) > STILL]
        if not len(moving):
            break
    windows = list(seen(slice(None)))
    inner = [_normalized(window[:, 1:-1, 1:-1]) for window in windows]
    good = (inner[0] * inner[1]).mean(axis=(1, 2)) > STILL_FOUND
    good &= (np.abs(shift - start) < DRIFT).all(axis=1)
    weight = _weights(_Slopes.of(*windows))
    return EyePoints(middle - shift / 2, middle + shift / 2, weight), good


def _detailed_places(gray, margin: int, cells) -> list[tuple[int, int]]:
    """The x, y of the window in each cell whose height can be told best."""
    across, down = (cv2.Sobel(gray, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
    xx, yy, xy = (
        cv2.boxFilter(product, -1, (WINDOW, WINDOW))
        for product in (across * across, down * down, across * down)
    )
    detail = yy - xy * xy / (xx + 1e-3)
    places = []
    columns, rows = (
        np.linspace(margin, size - margin, count + 1).astype(int)
        for size, count in zip(gray.shape[::-1], cells, strict=True)
    )
    for top, bottom in itertools.pairwise(rows):
        for first, last in itertools.pairwise(columns):
            cell = detail[top:bottom, first:last]
            if not cell.size:
                continue
            _, best, _, (x, y) = cv2.minMaxLoc(cell)
            if best > LEAST_DETAIL:
                places.append((first + x, top + y))
    return places


def _windows(gray, centers) -> np.ndarray:
    """(n, side + 2, side + 2) float32 windows around places given from the picture's centre."""
    size = FINE_WINDOW + 2  # a row and a column more on each side for the gradients
    offsets = np.arange(size, dtype=np.float32) - size // 2
    height, width = gray.shape
    x = (centers[:, :1] + (width - 1) / 2 + offsets)[:, None, :]
    y = (centers[:, 1:] + (height - 1) / 2 + offsets)[:, :, None]
    shape = (len(centers) * size, size)
    maps = (
        np.broadcast_to(one.astype(np.float32), (len(centers), size, size)).reshape(shape)
        for one in (x, y)
    )
    # OpenCV's bicubic kernel moves what it interpolates by up to 0.05 pixels, this one by 0.01.
    windows = cv2.remap(gray, *maps, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    return windows.reshape(-1, size, size).astype(np.float32)


def _normalized(windows) -> np.ndarray:
    """Windows of mean 0 and variance 1."""
    return _centered(windows) / (windows.std(axis=(1, 2), keepdims=True) + 1.0)


@dataclasses.dataclass(frozen=True)
class _Slopes:
    """Sums over the pixels of each of n pairs of windows: gradients and what the eyes differ by."""

    xx: np.ndarray
    yy: np.ndarray
    xy: np.ndarray
    xe: np.ndarray
    ye: np.ndarray
    ee: np.ndarray

    @classmethod
    def of(cls, left: np.ndarray, right: np.ndarray) -> "_Slopes":
        """From windows of both eyes, a row and a column larger on each side."""
        left, right = _normalized(left), _normalized(right)
        mean, error = (left + right) / 2, (left - right)[:, 1:-1, 1:-1]
        inner = _centered(mean[:, 1:-1, 1:-1])
        power = np.einsum("nij,nij->n", inner, inner) + 1e-6

        def without_contrast(slope):
            slope = _centered(slope)
            share = np.einsum("nij,nij->n", slope, inner) / power
            return slope - share[:, None, None] * inner

        across = without_contrast((mean[:, 1:-1, 2:] - mean[:, 1:-1, :-2]) / 2)
        down = without_contrast((mean[:, 2:, 1:-1] - mean[:, :-2, 1:-1]) / 2)
        pairs = (across, across), (down, down), (across, down)
        pairs += (across, error), (down, error), (error, error)
        return cls(*(np.einsum("nij,nij->n", *two) for two in pairs))


def _shift_step(slopes: _Slopes) -> np.ndarray:
    """The (n, 2) change of x and y by which the right windows match the left ones better."""
    # A horizontal line says nothing about x: without damping x would run away along it.
    damping = 0.01 * (slopes.xx + slopes.yy) + 1e-6
    xx, yy, xy = slopes.xx + damping, slopes.yy + damping, slopes.xy
    step = np.stack((yy * slopes.xe - xy * slopes.ye, xx * slopes.ye - xy * slopes.xe), axis=1)
    return np.clip(step / (xx * yy - xy * xy)[:, None], -STEP, STEP)


def _weights(slopes: _Slopes) -> np.ndarray:
    """1 / variance of the heights: what is left between the eyes over what tells the height."""
    pixels = FINE_WINDOW**2
    detail = slopes.yy - np.square(slopes.xy) / (slopes.xx + 1e-6 * pixels)
    variance = np.maximum(slopes.ee, LEAST_NOISE * pixels) / np.maximum(detail, 1e-4 * pixels)
    return 1 / (MODEL_VARIANCE + NOISE_VARIANCE * variance)


def _centered(windows: np.ndarray) -> np.ndarray:
    return windows - windows.mean(axis=(1, 2), keepdims=True)
