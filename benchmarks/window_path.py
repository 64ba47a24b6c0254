"""A window that moves over a stereo pair, as a camera that pans and zooms, and misaligned eyes.

Both eyes get the same window, so that corresponding points stay in equal rows; the right one may
lie a constant number of columns further right, which moves the screen in depth. With c the middle
of the window and k its width over that of the picture, the pixel p of the picture shows

    left:  c + k (p - m)         right:  c + k A^-1 (p - m - (0, offset)),    A = zoom * rotation

m being the middle of the picture: the right picture is turned and enlarged about its middle, then
moved down by `offset`.
"""

import dataclasses
import math

import cv2
import numpy as np
from shot_sources import Still, shrunk

MOTIONS = ("pan", "zoom", "drift", "hold")


@dataclasses.dataclass(frozen=True)
class Misalignment:
    """How the right picture lies beside the left one.

    Attributes:
        offset_px: Pixels by which it lies lower.
        rotation_deg: Degrees by which it is turned clockwise as seen on the screen.
        zoom: Its size over that of the left picture.
    """

    offset_px: float = 0.0
    rotation_deg: float = 0.0
    zoom: float = 1.0


class WindowPath:
    """The pictures that a moving window over a still shows.

    Attributes:
        disparity_percent: 5th and 95th percentile in percent of the picture's width at half time;
            where only those of the whole still are known, they stand for it; None where unknown.
    """

    def __init__(
        self,
        still: Still,
        size: tuple[int, int],
        seconds: float,
        motion: str,
        misalignment: Misalignment,
        seed: int,
        share: float | None = None,
    ):
        """Chooses the path.

        Args:
            still: What is looked at.
            size: Width and height of the pictures.
            seconds: Length of the shot.
            motion: One of `MOTIONS`.
            misalignment: Of the right eye.
            seed: Decides the path.
            share: Width of the window over the largest possible; None draws one.
        """
        rng = np.random.default_rng([seed, 41])
        self.size, self._misalignment = size, misalignment
        self._seconds = max(seconds, 1e-6)
        width, height = still.left.shape[1::-1]
        self._shift = 0.0
        largest = _largest_window(width, height, size, misalignment)
        share = rng.uniform(0.55, 0.8) if share is None else share
        ratio = 1.0
        if motion in ("zoom", "drift"):
            ratio = math.exp(rng.choice([-1, 1]) * rng.uniform(0.03, 0.09) * seconds)
        self._first = largest * share * min(1.0, ratio)
        self._last = self._first / ratio
        widest = max(self._first, self._last)
        if still.disparity is not None:
            self._shift = _convergence(rng, still.disparity, widest, largest)
        room = _room(width, height, widest, size, misalignment, self._shift)
        speed = rng.uniform(0.03, 0.09) * widest if motion in ("pan", "drift") else 0.0
        angle = rng.uniform(-0.6, 0.6) + (math.pi if rng.random() < 0.5 else 0)
        travel = speed * seconds * np.array([math.cos(angle), math.sin(angle)])
        self._begin, self._end = _ends(rng, room, travel)
        if motion == "hold":
            self._last = self._first
        self._shake = rng.uniform(0.0, 0.004) * widest * (motion == "drift")
        self._phases = rng.uniform(0, 2 * math.pi, 4)
        # A window that is shrunk is averaged first.
        factor = size[0] / min(self._first, self._last)
        self._factor = factor if factor < 0.8 else 1.0
        self._still = shrunk(still, self._factor) if factor < 0.8 else still
        self.disparity_percent = self._disparity_percent(still)
        # A pan cuts its pictures, whole pixels apart, from one that was warped once: cheap.
        slides = motion in ("pan", "hold") and misalignment.rotation_deg == 0
        self._slides = slides and misalignment.zoom == 1
        self._wide: tuple[np.ndarray, np.ndarray] | None = None

    def pictures(self, time: float, still: Still | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Left and right picture.

        Args:
            time: Seconds since the shot began.
            still: Shows this instead, which must be of the size of the first.

        Returns:
            Two (h, w, 3) uint8 pictures.
        """
        part = min(time / self._seconds, 1.0)
        window = self._first * (self._last / self._first) ** part
        middle = self._begin + (self._end - self._begin) * part
        if self._slides and still is None:
            return self._cut(middle)
        middle = middle + self._shake * np.array(
            [
                sum(math.sin(f * time + p) for f, p in zip((5.1, 9.3), phases, strict=True))
                for phases in (self._phases[:2], self._phases[2:])
            ]
        )
        shown, factor = (self._still, self._factor) if still is None else (still, 1.0)
        return self._warped(shown, middle, window, factor, self.size, cv2.INTER_LINEAR)

    def _cut(self, middle) -> tuple[np.ndarray, np.ndarray]:
        scale = self._first / self.size[0]
        lowest = np.minimum(self._begin, self._end)
        if self._wide is None:
            more = np.ceil(np.abs(self._end - self._begin) / scale).astype(int) + 1
            size = (self.size[0] + int(more[0]), self.size[1] + int(more[1]))
            how = (self._first, self._factor, size, cv2.INTER_CUBIC)
            self._wide = self._warped(self._still, lowest, *how)
        x, y = np.rint((middle - lowest) / scale).astype(int).tolist()
        rows, columns = slice(y, y + self.size[1]), slice(x, x + self.size[0])
        return tuple(wide[rows, columns] for wide in self._wide)

    def _warped(self, still: Still, middle, window, factor, size, how):
        """Both pictures of a window, of which `size` may take in more to the right and below."""
        left = self._matrix(middle, window, 0.0, Misalignment(), factor)
        right = self._matrix(middle, window, self._shift, self._misalignment, factor)
        flags, border = how | cv2.WARP_INVERSE_MAP, cv2.BORDER_REFLECT_101
        return tuple(
            cv2.warpAffine(picture, matrix, size, flags=flags, borderMode=border)
            for picture, matrix in ((still.left, left), (still.right, right))
        )

    def _disparity_percent(self, still: Still) -> tuple[float, float] | None:
        window = math.sqrt(self._first * self._last)
        values = still.disparity
        if still.map is not None:
            x, y = (self._begin + self._end) / 2
            half, half_height = window / 2, window * self.size[1] / self.size[0] / 2
            rows = slice(max(round(y - half_height), 0), round(y + half_height) + 1)
            columns = slice(max(round(x - half), 0), round(x + half) + 1)
            values = np.percentile(still.map[rows, columns], (5, 95))
        return (
            None
            if values is None
            else tuple(100 * (float(value) + self._shift) / window for value in values)
        )

    def _matrix(self, middle, window, shift, misalignment, factor) -> np.ndarray:
        width, height = self.size
        turn = math.radians(misalignment.rotation_deg)
        # Inverse of a clockwise turn, y pointing down, and of the zoom.
        back = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
        linear = window / width / misalignment.zoom * back * factor
        center = np.array([(width - 1) / 2, (height - 1) / 2 + misalignment.offset_px])
        # Pixel centers are at whole numbers: the middle of the still moves by half a pixel.
        target = (middle + (shift, 0.0) + 0.5) * factor - 0.5
        return np.column_stack([linear, target - linear @ center])


def _margin(size, misalignment: Misalignment) -> tuple[float, float]:
    """Columns and rows beside the window, in its widths, that the right eye may need."""
    width, height = size
    turn = abs(math.sin(math.radians(misalignment.rotation_deg)))
    smaller = max(1 / misalignment.zoom - 1, 0.0)
    across = 0.5 * (turn * height / width + smaller)
    down = 0.5 * (turn + smaller * height / width) + abs(misalignment.offset_px) / width
    return across + 0.012, down + 0.012  # also for shaking and for the width of the filter


def _largest_window(width, height, size, misalignment) -> float:
    across, down = _margin(size, misalignment)
    return min(width / (1 + 2 * across), height / (size[1] / size[0] + 2 * down))


def _room(width, height, window, size, misalignment, shift):
    """Where the middle of the window may lie: ((x, x), (y, y)), in pixels of the still."""
    across, down = (window * margin for margin in _margin(size, misalignment))
    half, half_height = window / 2, window * size[1] / size[0] / 2
    x = (half + across + max(-shift, 0), width - 1 - half - across - max(shift, 0))
    y = (half_height + down, height - 1 - half_height - down)
    return tuple((low, high) if low <= high else ((low + high) / 2,) * 2 for low, high in (x, y))


def _convergence(rng, disparity, window, largest) -> float:
    """Columns that bring a real pair's disparities around the screen; often none."""
    low, high = disparity
    middle = 0.5 * (low + high)
    if abs(middle) < 0.02 * window or (abs(middle) < 0.05 * window and rng.random() < 0.4):
        return 0.0
    shift = rng.uniform(-0.008, 0.008) * window - middle
    room = 0.9 * (largest - window)  # so that the right window stays on the picture
    return float(np.clip(shift, -room, room))


def _ends(rng, room, travel) -> tuple[np.ndarray, np.ndarray]:
    """Begin and end of a way through the room that is as long as fits."""
    begin, end = [], []
    for (low, high), step in zip(room, travel, strict=True):
        step = float(np.clip(step, low - high, high - low))
        start = rng.uniform(max(low, low - step), min(high, high - step) + 1e-9)
        begin.append(start)
        end.append(start + step)
    return np.array(begin), np.array(end)
