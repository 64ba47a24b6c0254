"""Frames whose light is not the scene's: black, in a fade, in a flash, or in a dissolve.

A fade to black multiplies every gray level by one factor that falls evenly to 0, and one to white
does so to the distance from white. A light that is switched, a pan into the dark or somebody who
comes close changes some parts of the picture and not others, or does it at once. So what is kept of
every frame is little: levels of its sorted pixels, which motion leaves alone, and the means of a
few blocks, which must take part alike.

A flash is a few frames in which nearly the whole picture is far brighter than before and after. In
a dissolve a frame is the mean of two frames, before and after, that are unlike each other.
"""

import collections
from collections.abc import Hashable, Iterator

import cv2
import numpy as np

BLACK = 30  # all of a black frame is darker, of 255 (as in quality.py)
WHITE = 235  # and the darkest of a white frame brighter
LEVELS = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98)  # shares of the sorted pixels
BLOCKS = (4, 3)  # columns and rows of blocks
HELD = 24  # frames after a sample that are waited for
FADE_S = (0.25, 3.2)  # length of a fade: in less, a light is switched
FADED = 0.92  # a sample that keeps more of its light is as good as the others
REACHED = 0.7  # of its light a fade loses at least this much in time, or is ...
STEADY_LOSS = 0.22  # ... seen losing this much so evenly that it will
LARGEST_STEP = 0.4  # share of the loss between two frames: more is a switch
UNEVEN, STEADILY_UNEVEN = 0.16, 0.06  # deviation from one factor, as a share of the full light
FLASH_S = 0.35  # a flash is over within this time
FLASH = 30  # levels by which a flash is brighter than before and after
FLASH_BLOCKS = 0.75  # share of the blocks that take part in a flash
DISSOLVE = 10  # frames before and after of which a frame may be the mean
MIXED = 0.06  # of the difference of these two that a mean of both leaves over
UNLIKE = 0.6  # correlation of the two
CHANGED = 0.5  # share of the picture that a dissolve changes by 8 levels, ...
EITHER_WAY = 0.1  # ... and that it makes brighter as well as darker: a light does one of them


class LightWatch:
    """Follows the light of a shot and judges its samples a few frames later.

    Memory is constant: some 200 bytes for each of the last seconds, and small gray pictures of
    `HELD` frames.

    Args:
        frame_rate: Frames per second, which fades and flashes are timed by.
    """

    def __init__(self, frame_rate: float = 24.0):
        if not frame_rate > 0:
            raise ValueError(f"frame_rate must be positive. Received: {frame_rate}")
        self._frame_rate = frame_rate
        self._past = round(FADE_S[1] * frame_rate)
        self._lights: collections.deque[np.ndarray] = collections.deque(maxlen=self._past + HELD)
        self._grays: collections.deque[np.ndarray] = collections.deque(maxlen=2 * HELD)
        self._count = 0
        self._watched: collections.deque[tuple[Hashable, int]] = collections.deque()

    def update(self, thumbnail: np.ndarray, left_out: int = 0) -> None:
        """Takes the next frame.

        Args:
            thumbnail: (36, 64, 3) uint8 RGB of the packed frame; other sizes do as well.
            left_out: Frames before it that were not decoded; they are taken to lie evenly between
                it and the one before.
        """
        gray = cv2.cvtColor(thumbnail, cv2.COLOR_RGB2GRAY)
        levels = np.sort(gray[::2, ::2], axis=None)
        places = [int(share * (levels.size - 1)) for share in LEVELS]
        blocks = cv2.resize(gray, BLOCKS, interpolation=cv2.INTER_AREA)
        light = np.concatenate((levels[places], blocks.ravel())).astype(np.float32)
        if self._lights:
            before = self._lights[-1], self._grays[-1]
            for share in np.arange(1, left_out + 1) / (left_out + 1):
                self._append(
                    before[0] + np.float32(share) * (light - before[0]),
                    cv2.addWeighted(before[1], 1 - share, gray, share, 0),
                )
        self._append(light, gray)

    def watch(self, key: Hashable) -> None:
        """The frame just given is a sample, of this name.

        Raises:
            ValueError: If no frame was given.
        """
        if not self._lights:
            raise ValueError("watch must follow update. Received: no frame so far")
        self._watched.append((key, self._count - 1))

    def settled(self) -> Iterator[tuple[Hashable, str]]:
        """Yields the samples that can be judged by now, in their order.

        Yields:
            Name of the sample and black, flash, fade, dissolve, or nothing.
        """
        while self._watched and self._count > self._watched[0][1] + HELD:
            yield self._judged()

    def flush(self) -> Iterator[tuple[Hashable, str]]:
        """Ends the shot: yields all samples left, and forgets its frames."""
        while self._watched:
            yield self._judged()
        self._lights.clear()
        self._grays.clear()

    def _append(self, light: np.ndarray, gray: np.ndarray) -> None:
        self._lights.append(light)
        self._grays.append(gray)
        self._count += 1

    def _judged(self) -> tuple[Hashable, str]:
        key, number = self._watched.popleft()
        lights = np.array(self._lights)
        here = number - (self._count - len(lights))
        grays = list(self._grays)
        gray_here = number - (self._count - len(grays))
        if grays[gray_here].max() < BLACK:
            return key, "black"  # words on a dark card are none
        return key, _reason(lights, here, grays, gray_here, self._frame_rate)


def _reason(lights, here: int, grays, gray_here: int, frame_rate: float) -> str:
    levels = lights[here, : len(LEVELS)]
    if levels[0] > WHITE or _is_flash(lights, here, round(FLASH_S * frame_rate)):
        return "flash"
    if any(
        _is_fade(light[::step], here if step == 1 else len(lights) - 1 - here, frame_rate)
        for light in (lights, 255 - lights)
        for step in (1, -1)
    ):
        return "fade"
    return "dissolve" if _is_dissolve(grays, gray_here) else ""


def _is_flash(lights: np.ndarray, here: int, reach: int) -> bool:
    """Whether nearly all blocks are far brighter than a moment before and a moment after."""
    blocks = lights[:, len(LEVELS) :]
    before, after = blocks[max(0, here - reach) : here], blocks[here + 1 : here + 1 + reach]
    if not (len(before) and len(after)):
        return False
    darkest = [side[side.mean(axis=1).argmin()] for side in (before, after)]
    brighter = blocks[here] - np.maximum(*darkest) > FLASH
    return bool(brighter.mean() >= FLASH_BLOCKS)


def _is_fade(lights: np.ndarray, here: int, frame_rate: float) -> bool:
    """Whether the light is on its way to 0 here, all of it by one factor."""
    means = lights[:, len(LEVELS) :].mean(axis=1)
    # Coding noise may lift a frame by a little, and the light of a dark frame is mostly noise.
    falls = np.diff(means) < 0.25 + 0.002 * means[:-1]
    start = here - int(np.argmin(np.append(falls[:here][::-1], False)))
    end = here + int(np.argmin(np.append(falls[here:], False)))
    # Where the picture stood still before or after, the fade has not begun or is over.
    start, end = _changing_part(means, start, end)
    start = max(start, end - round(FADE_S[1] * frame_rate))
    if not start < here <= end or end - start < FADE_S[0] * frame_rate:
        return False
    if -np.diff(means[start : end + 1]).min() > LARGEST_STEP * (means[start] - means[end]):
        return False
    on_the_way = {here, *np.linspace(start, end, 5).round().astype(int)[1:]}
    kept, uneven = zip(*(_factor(lights[start], lights[k]) for k in on_the_way), strict=True)
    if _factor(lights[start], lights[here])[0] > FADED:
        return False
    if min(kept) < 1 - REACHED:
        return max(uneven) < UNEVEN
    return min(kept) < 1 - STEADY_LOSS and max(uneven) < STEADILY_UNEVEN


def _changing_part(means: np.ndarray, start: int, end: int) -> tuple[int, int]:
    """The run of frames without the ends in which the light hardly changes."""
    loss = means[start] - means[end]
    run = means[start : end + 1]
    begun = np.flatnonzero(run < means[start] - 0.02 * loss)
    going = np.flatnonzero(run > means[end] + 0.02 * loss)
    if not (len(begun) and len(going)):
        return start, start
    return start + max(0, int(begun[0]) - 1), start + min(len(run) - 1, int(going[-1]) + 1)


def _factor(full: np.ndarray, light: np.ndarray) -> tuple[float, float]:
    """The factor that leads from one light to another, and by how much it fails."""
    factor = float(full @ light / max(1.0, full @ full))
    # Some of the blocks may show something else by then: things move during fades, too.
    left_over = np.sort(np.abs(light - factor * full))[int(0.8 * len(full))]
    return factor, float(left_over / max(20.0, full.max()))


def _is_dissolve(grays: list[np.ndarray], here: int) -> bool:
    """Whether the frame is a mean of two others that are unlike each other."""
    if not DISSOLVE <= here < len(grays) - DISSOLVE:
        return False
    before, now, after = (
        grays[k].astype(np.float32).ravel() for k in (here - DISSOLVE, here, here + DISSOLVE)
    )
    way = after - before
    distance = float(way @ way)
    brighter, darker = (way > 8).mean(), (way < -8).mean()
    if brighter + darker < CHANGED or min(brighter, darker) < EITHER_WAY:
        return False
    if distance < 12.0**2 * way.size or np.corrcoef(before, after)[0, 1] > UNLIKE:
        return False
    share = float((now - before) @ way) / distance
    left_over = now - before - share * way
    return 0.15 < share < 0.85 and float(left_over @ left_over) < MIXED * distance
