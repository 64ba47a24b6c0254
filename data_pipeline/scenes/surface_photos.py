"""Surfaces cut out of photographs: textures with the statistics of real pictures."""

import pathlib

import cv2
import numpy as np

from data_pipeline.scenes import textures
from deep3d.image_file import IMAGE_SUFFIXES, read_image

_LIMIT = 2000  # photographs kept in memory, some 0.2 MB each
_SIDE = 320  # px of a photograph's longer side in memory
_PROCEDURAL = (textures.plaid, textures.stripes, textures.cloth, textures.wood, textures.bricks)


class SurfacePhotos:
    """Photographs of a folder as a supply of surfaces."""

    def __init__(self, folder):
        """Reads the pictures directly in `folder`, in the order of their names.

        Raises:
            ValueError: If there are none, or one cannot be read.
        """
        paths = sorted(pathlib.Path(folder).iterdir())
        paths = [path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES]
        if not paths:
            raise ValueError(f"The folder {folder} has no pictures.")
        self._pictures = [_small(read_image(path)) for path in paths[:_LIMIT]]

    def surface(self, rng: np.random.Generator, height: int, width: int) -> np.ndarray:
        """A part of a photograph, whole or small and mirrored, or a plain or patterned material.

        Args:
            rng: Decides everything.
            height: Of the result in pixels.
            width: Of the result in pixels.

        Returns:
            (height, width, 3) uint8 RGB.
        """
        kind = rng.random()
        if kind < 0.25:
            color = textures.pick_color(rng, textures.WALLS + textures.WOODS + textures.VIVID, 0.2)
            return textures.to_bytes(
                textures.mottled(rng, height, width, color, rng.uniform(0.02, 0.12), 0.75)
            )
        if kind < 0.4:
            material = _PROCEDURAL[rng.integers(len(_PROCEDURAL))]
            return material(rng, height, width, float(rng.uniform(0.8, 2.0)) / max(height, width))
        part = _part(rng, self._pictures[rng.integers(len(self._pictures))])
        copies = 1 if kind < 0.6 else int(rng.integers(2, 5))
        return _mirrored(part, copies, height, width, _tone(rng))


def _small(picture: np.ndarray) -> np.ndarray:
    scale = _SIDE / max(picture.shape[:2])
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return picture


def _part(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """A random rectangle, a third of the picture or more on each side."""
    (top, high), (left, wide) = (
        (int(rng.integers(0, side - size + 1)), size)
        for side in picture.shape[:2]
        for size in (max(int(side * rng.uniform(0.33, 0.9)), 2),)
    )
    part = picture[top : top + high, left : left + wide]
    return part.swapaxes(0, 1) if rng.random() < 0.3 else part


def _mirrored(
    part: np.ndarray, copies: int, height: int, width: int, tone: np.ndarray
) -> np.ndarray:
    """Copies side by side, each mirrored against its neighbour, in a given size and tone."""
    size = (-(-width // copies), -(-height // copies))
    tile = cv2.LUT(cv2.resize(part, size, interpolation=cv2.INTER_AREA), tone)
    right, below = size[0] * (copies - 1), size[1] * (copies - 1)
    return cv2.copyMakeBorder(tile, 0, below, 0, right, cv2.BORDER_REFLECT)[:height, :width]


def _tone(rng: np.random.Generator) -> np.ndarray:
    """A table of brightness and tint for each color, uint8 (1, 256, 3)."""
    gain = np.exp(rng.normal(0, 0.2) + rng.normal(0, 0.06, 3))
    contrast = rng.uniform(0.5, 1.05)
    levels = (np.arange(256)[:, None] - 128) * contrast + 128
    return np.clip(np.rint(levels * gain), 0, 255).astype(np.uint8)[None]
