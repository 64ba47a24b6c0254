"""Frames of a shot stacked along the channels, for networks that see several at a time.

The current frame comes first, then those before it, the latest first. Where a shot has no more of
them, its earliest is repeated: in training, in evaluation and in conversion alike.
"""

import collections
from collections.abc import Sequence

import numpy as np


def repeat_earliest(frames: Sequence, count: int) -> list:
    """So many frames, of which the earliest is repeated where there are fewer.

    Args:
        frames: The current frame and those before it, the latest first; at least one.
        count: How many are wanted, at least 1.

    Returns:
        The first `count` of them, or all and the last again and again.
    """
    known = list(frames[:count])
    return known + [known[-1]] * (count - len(known))


def stack_frames(frames: Sequence[np.ndarray], count: int) -> np.ndarray:
    """What a network sees that sees several frames.

    Args:
        frames: As for `repeat_earliest`, (h, w, 3) each.
        count: How many the network sees.

    Returns:
        (h, w, 3 * count) of their type, the current frame first.
    """
    return np.concatenate(repeat_earliest(frames, count), axis=2)


class FrameStacker:
    """Stacks every frame of a film with those before it in its shot.

    Args:
        count: How many frames the network sees; only so many are held.
    """

    def __init__(self, count: int):
        self._count = count
        self._before: collections.deque = collections.deque(maxlen=count - 1)

    @property
    def state(self) -> dict[str, np.ndarray]:
        """What is remembered of the frames so far, by name; nothing before the first."""
        return {"before": np.stack(self._before)} if self._before else {}

    @state.setter
    def state(self, state: dict[str, np.ndarray]):
        self._before = collections.deque(state.get("before", ()), maxlen=self._count - 1)

    def update(self, frame: np.ndarray, is_cut: bool) -> np.ndarray:
        """Takes the next frame.

        Args:
            frame: (h, w, 3), of the size of those before it in its shot.
            is_cut: Whether a shot begins here.

        Returns:
            (h, w, 3 * count), see `stack_frames`.
        """
        if is_cut:
            self._before.clear()
        stacked = stack_frames([frame, *self._before], self._count)
        self._before.appendleft(frame)
        return stacked
