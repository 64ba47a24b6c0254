"""Stereo pairs in the composition in which they are compared; see composition.py."""

import dataclasses
from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from deep3d.composition import Composition, apply_composition, compose_for_levels, compose_left
from deep3d.disparity import DisparityLevels
from deep3d.pairs import Pair
from deep3d.stereo_matching import disparity_percentiles

# Disparities are searched up to this share of the width before a pair is composed.
SEARCH_LIMIT = 0.15


class ComposedPairs:
    """Composes pairs one after the other, each time that it is iterated over.

    How is found out the first time and remembered by each pair's place, name and size.

    Args:
        pairs: The pairs, which can be iterated over again and again.
        levels: As for `compose`.
    """

    def __init__(self, pairs: Iterable[Pair], levels: DisparityLevels):
        self._pairs, self._levels = pairs, levels
        self._compositions: dict[tuple, Composition] = {}

    def __iter__(self) -> Iterator[Pair]:
        """Yields the composed pairs; one that follows another is composed like it."""
        composition, shape = None, None
        for number, pair in enumerate(self._pairs):
            if not (pair.follows and pair.left.shape == shape):
                shape = pair.left.shape
                composition = self._composition(number, pair)
            yield _composed(pair, composition)

    def _composition(self, number: int, pair: Pair) -> Composition:
        key = number, pair.name, pair.left.shape
        if key not in self._compositions:
            self._compositions[key] = _composition_for(pair, self._levels)
        return self._compositions[key]


def compose(pair: Pair, levels: DisparityLevels) -> Pair:
    """Brings a pair to the composition that its disparities need to fit the levels.

    Args:
        pair: Any pair.
        levels: The levels; the pair becomes as wide as they mean it, or narrower.

    Returns:
        The composed pair, its truth and the views before it with it; one in which nothing matches
        is only resized.
    """
    return _composed(pair, _composition_for(pair, levels))


def _composition_for(pair: Pair, levels: DisparityLevels) -> Composition:
    percentiles = disparity_percentiles(pair.left, pair.right, limit=SEARCH_LIMIT)
    if not np.isfinite(percentiles).all():
        percentiles = (0.0, 0.0)
    width = pair.left.shape[1]
    return compose_for_levels(*percentiles, width, levels, target_width=levels.width)


def _composed(pair: Pair, composition: Composition) -> Pair:
    left, right = apply_composition(pair.left, pair.right, composition)
    truth = None if pair.truth is None else _composed_truth(pair.truth, composition, left.shape)
    before = tuple(compose_left(view, composition) for view in pair.before)
    return dataclasses.replace(pair, left=left, right=right, truth=truth, before=before)


def _composed_truth(truth: np.ndarray, composition: Composition, shape) -> np.ndarray:
    """True disparity of the composed right view's pixels, of the composed pair's (h, w)."""
    width, shift = composition.width, composition.shift
    # Picked, not averaged: between near and far there is nothing, and beside unknown is unknown.
    size = (width, shape[0])
    resized = cv2.resize(truth, size, interpolation=cv2.INTER_NEAREST_EXACT)
    # The columns that the right view keeps, see `apply_composition`.
    first = max(0, -shift) + shift
    kept = resized[:, first : first + shape[1]]
    return (kept * (width / truth.shape[1]) + shift).astype(np.float32)
