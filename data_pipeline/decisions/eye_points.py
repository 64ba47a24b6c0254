"""Points that both eyes of a shot see, with their heights to a fraction of a pixel.

For the vertical error between the eyes a point is good if it can be told at which height it lies:
a corner or a horizontal line can, a vertical or a slanted line cannot. With the gradients gx, gy
of a window the measure of that is what a vertical shift changes and no horizontal shift can undo,

    sum gy^2 - (sum gx gy)^2 / sum gx^2.

The best window of every cell of a grid is looked for in the other eye of a small picture by
normalized correlation, which a difference in exposure does not disturb, and counts if one height
explains it clearly better than all others, at whatever horizontal shift. `refine` then follows the
points in larger pictures: Lucas-Kanade on normalized windows, each eye moved by half of the shift,
so that both are interpolated alike and the estimate is not drawn to whole pixels.
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
DRIFT = 3.0  # pixels beyond which a refined point has left what it began with


@dataclasses.dataclass(frozen=True)
class EyePoints:
    """The same n points in both eyes: (n, 2) x and y in pixels from the view's centre."""

    left: np.ndarray
    right: np.ndarray

    def __len__(self) -> int:
        return len(self.left)

    def scaled(self, factor: float) -> "EyePoints":
        """The points in views of `factor` times the size."""
        return EyePoints(self.left * factor, self.right * factor)

    def where(self, chosen: np.ndarray) -> "EyePoints":
        """The points at a mask or at indices."""
        return EyePoints(self.left[chosen], self.right[chosen])


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
    return EyePoints(*(np.array(one, float).reshape(-1, 2) - center for one in (here, there)))


def refine(
    left: np.ndarray, right: np.ndarray, points: EyePoints, iterations: int
) -> tuple[EyePoints, np.ndarray]:
    """Follows points of a pair to a fraction of a pixel.

    Args:
        left: (h, w) uint8 gray, of any size.
        right: (h, w) uint8 gray.
        points: Where they are to a pixel or so, in this size.
        iterations: How often they are moved, each time by a pixel at most.

    Returns:
        The refined points, and a mask (n,) of those that correlate and stayed near.
    """
    if not len(points):
        return points, np.zeros(0, bool)
    middle, start = (points.left + points.right) / 2, points.right - points.left
    shift = start.copy()
    for _ in range(iterations):
        seen_left = _windows(left, middle - shift / 2)
        seen_right = _windows(right, middle + shift / 2)
        shift += _shift_step(seen_left, seen_right)
    seen_left, seen_right = (
        _windows(view, middle + sign * shift / 2)[:, 1:-1, 1:-1]
        for view, sign in ((left, -1), (right, 1))
    )
    good = (_normalized(seen_left) * _normalized(seen_right)).mean(axis=(1, 2)) > STILL_FOUND
    good &= (np.abs(shift - start) < DRIFT).all(axis=1)
    return EyePoints(middle - shift / 2, middle + shift / 2), good


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
    windows = cv2.remap(gray, *maps, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return windows.reshape(-1, size, size).astype(np.float32)


def _normalized(windows) -> np.ndarray:
    """Windows of mean 0 and variance 1."""
    windows = windows - windows.mean(axis=(1, 2), keepdims=True)
    return windows / (windows.std(axis=(1, 2), keepdims=True) + 1.0)


def _shift_step(left, right) -> np.ndarray:
    """The (n, 2) change of x and y by which the right windows match the left ones better."""
    left, right = _normalized(left), _normalized(right)
    mean = (left + right) / 2
    across = (mean[:, 1:-1, 2:] - mean[:, 1:-1, :-2]) / 2
    down = (mean[:, 2:, 1:-1] - mean[:, :-2, 1:-1]) / 2
    error = (left - right)[:, 1:-1, 1:-1]
    xx, yy, xy, xe, ye = (
        np.einsum("nij,nij->n", *two)
        for two in (
            (across, across),
            (down, down),
            (across, down),
            (across, error),
            (down, error),
        )
    )
    # A horizontal line says nothing about x: without damping x would run away along it.
    damping = 0.01 * (xx + yy) + 1e-6
    xx, yy = xx + damping, yy + damping
    step = np.stack((yy * xe - xy * ye, xx * ye - xy * xe), axis=1)
    return np.clip(step / (xx * yy - xy * xy)[:, None], -STEP, STEP)
