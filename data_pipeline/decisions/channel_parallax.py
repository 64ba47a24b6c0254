"""Whether a picture is an anaglyph: one color channel shows another view than the two others.

Blocks of a channel are looked for in another one. In a photograph every channel has its edges at
the same place; lenses with chromatic aberration move them by less than is counted here. In an
anaglyph exactly one channel is displaced against both of the others: red for red-cyan glasses,
green for green-magenta, blue for amber-blue.
"""

import cv2
import numpy as np

_WIDTH = 320
_BLOCK_WIDTH, _BLOCK_HEIGHT = 24, 16
_REACH = 32  # 10 % of the width either way
_TEXTURE = 2.0  # mean horizontal change, of 255, of a block in both channels
# A block is found where it correlates so well; it is displaced if it does so much less at its own
# place, by at least one pixel: 0.3 % of the width, twice what fringes of a poor lens have.
_CORRELATED, _GAIN = 0.8, 0.08
_LEAST_FOUND, _LEAST_DISPLACED = 6, 3  # blocks
# Parallax lies around one value: three quarters of it are that many pixels from the median at most.
# Chance, where channels show different patterns, scatters over all of the reach.
_MOST_SCATTER = 12
_CHANNEL_PAIRS = ((0, 1), (0, 2), (1, 2))


def displaced_channel_share(image: np.ndarray) -> float:
    """Share of the textured blocks in which one channel is displaced against both others.

    Args:
        image: (h, w, 3) uint8 RGB.

    Returns:
        0 to 1. Of 1396 photographs none has 0.05; shots of real pairs as anaglyphs have
        0.1 to 0.8 where they have parallax.
    """
    height = max(_BLOCK_HEIGHT, round(_WIDTH * image.shape[0] / image.shape[1]))
    small = cv2.resize(image, (_WIDTH, height), interpolation=cv2.INTER_AREA)
    changes = [cv2.Sobel(channel, cv2.CV_32F, 1, 0, scale=1 / 8) for channel in cv2.split(small)]
    pairs = [_displaced_share(changes[a], changes[b]) for a, b in _CHANNEL_PAIRS]
    # The two channels of one view are not displaced against each other; a print out of register is.
    least, middle, _ = sorted(pairs)
    return middle - least


def _displaced_share(first, second) -> float:
    """Share of the blocks that are displaced; 0 where all are by the same amount, or by chance."""
    around = cv2.copyMakeBorder(second, 0, 0, _REACH, _REACH, cv2.BORDER_CONSTANT, value=0)
    blocks = list(_textured_blocks(first, second))
    found = [_displacement(first, second, around, block) for block in blocks]
    found = np.array([displacement for displacement in found if displacement is not None])
    displaced = found[found != 0]
    if len(found) < _LEAST_FOUND or len(displaced) < _LEAST_DISPLACED:
        return 0.0
    scatter = np.percentile(np.abs(displaced - np.median(displaced)), 75)
    if scatter > _MOST_SCATTER:
        return 0.0
    # Color that lags behind, as on tapes, lags everywhere: also where that is hardly seen.
    places = [_best_place(first, around, block) for block in blocks]
    least, most = np.percentile([at for at, match in places if match > _CORRELATED], (5, 95))
    return len(displaced) / len(blocks) if most - least >= 1 else 0.0


def _displacement(first, second, around, block) -> int | None:
    """Of a block, in pixels; None where it is not found."""
    own = _correlation(first[block], second[block])
    if own > 1 - _GAIN:
        return 0
    place, match = _best_place(first, around, block)
    if match <= _CORRELATED:
        return None
    return place if match > own + _GAIN else 0


def _best_place(first, around, block) -> tuple[int, float]:
    """Displacement and correlation where a block fits best."""
    rows, columns = block
    wider = around[rows, columns.start : columns.stop + 2 * _REACH]
    matches = cv2.matchTemplate(wider, first[block], cv2.TM_CCORR_NORMED)[0]
    best = int(matches.argmax())
    return best - _REACH, float(matches[best])


def _textured_blocks(first, second):
    least = _TEXTURE * (_BLOCK_WIDTH * _BLOCK_HEIGHT) ** 0.5
    height, width = first.shape
    for top in range(0, height - _BLOCK_HEIGHT + 1, _BLOCK_HEIGHT):
        for left in range(0, width - _BLOCK_WIDTH + 1, _BLOCK_WIDTH):
            block = np.s_[top : top + _BLOCK_HEIGHT, left : left + _BLOCK_WIDTH]
            if min(cv2.norm(first[block]), cv2.norm(second[block])) >= least:
                yield block


def _correlation(first, second) -> float:
    return float(np.vdot(first, second) / (cv2.norm(first) * cv2.norm(second)))
