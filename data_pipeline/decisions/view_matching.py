"""How well one half of a packed frame explains the other.

A block of one half is looked for in the other: anywhere on its own rows within what films have of
parallax. Halves of a mono picture have edges in common, a horizon on the same rows or a wall that
goes on downwards; so horizontal and vertical change are compared apart and the worse of the two
counts, and a block votes only if it has enough of both. Over 1767 photographs the median block of a
picture's halves agrees to 0.22 and in the worst picture to 0.46; real stereo pairs begin at 0.67.
"""

import dataclasses

import cv2
import numpy as np

VIEW_WIDTH, VIEW_HEIGHT = 128, 72  # pixels at which views are compared
_BLOCK_WIDTH, _BLOCK_HEIGHT = 16, 12
# Search, in pixels either way: 15 % of the width and 1.4 % of the height.
_REACH, _SLACK = 19, 1
# Mean change, of 255, that a block has in both directions.
_TEXTURE = 2.0
# Views are alike where they differ by less than half of a shift by one pixel of 256, and so much
# more that coding noise leaves; a share of the picture may differ.
_ALIKE_WIDTH, _ALIKE_HEIGHT, _CODING_NOISE, _ALIKE_SHARE = 256, 144, 1.5, 0.02
_WINDOW = 9


@dataclasses.dataclass(frozen=True)
class HalvesMatch:
    """What the halves of one frame have in common.

    Attributes:
        agreement: Correlation of the median block at its best place, -1 to 1; 0 without blocks.
        blocks: Blocks that have texture.
    """

    agreement: float
    blocks: int


def match_halves(first: np.ndarray, second: np.ndarray) -> HalvesMatch:
    """Compares two views block by block.

    Args:
        first: (h, w) uint8 gray, of any size and pixel aspect.
        second: Likewise, of the same shape.

    Returns:
        Their agreement.
    """
    first, second = (
        cv2.resize(view, (VIEW_WIDTH, VIEW_HEIGHT), interpolation=cv2.INTER_AREA)
        for view in (first, second)
    )
    changes = _changes(first)
    around = [
        cv2.copyMakeBorder(change, _SLACK, _SLACK, _REACH, _REACH, cv2.BORDER_CONSTANT, value=0)
        for change in _changes(second)
    ]
    agreements = []
    for top in range(0, VIEW_HEIGHT - _BLOCK_HEIGHT + 1, _BLOCK_HEIGHT):
        for left in range(0, VIEW_WIDTH - _BLOCK_WIDTH + 1, _BLOCK_WIDTH):
            block = np.s_[top : top + _BLOCK_HEIGHT, left : left + _BLOCK_WIDTH]
            wider = np.s_[
                top : top + _BLOCK_HEIGHT + 2 * _SLACK, left : left + _BLOCK_WIDTH + 2 * _REACH
            ]
            if min(cv2.norm(change[block]) for change in changes) < _LEAST_NORM:
                continue
            across, down = (
                cv2.matchTemplate(place[wider], change[block], cv2.TM_CCORR_NORMED)
                for place, change in zip(around, changes, strict=True)
            )
            agreements.append(cv2.min(across, down).max())
    return HalvesMatch(float(np.median(agreements)) if agreements else 0.0, len(agreements))


def are_alike(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two views are the same picture but for coding noise.

    Args:
        first: (h, w) uint8 gray.
        second: Likewise, of the same shape.

    Returns:
        Whether they differ nowhere by more than 0.2 % of the width of parallax would make.
    """
    first, second = (
        cv2.resize(view, (_ALIKE_WIDTH, _ALIKE_HEIGHT), interpolation=cv2.INTER_AREA)
        for view in (first, second)
    )
    window = (_WINDOW, _WINDOW)
    difference = cv2.blur(cv2.absdiff(first, second).astype(np.float32), window)
    shifted = cv2.absdiff(first[:, 1:], first[:, :-1]).astype(np.float32)
    change = cv2.blur(cv2.copyMakeBorder(shifted, 0, 0, 0, 1, cv2.BORDER_REPLICATE), window)
    return bool((difference > 0.5 * change + _CODING_NOISE).mean() < _ALIKE_SHARE)


_LEAST_NORM = _TEXTURE * (_BLOCK_WIDTH * _BLOCK_HEIGHT) ** 0.5


def _changes(view) -> list[np.ndarray]:
    """Horizontal and vertical change per pixel."""
    return [cv2.Sobel(view, cv2.CV_32F, *axes, scale=1 / 8) for axes in ((1, 0), (0, 1))]
