"""Windows of pictures with disparity: what a network is shown at a time."""

import dataclasses

import cv2
import numpy as np

from data_pipeline.packs.depth_example import DepthExample


def cut_window(
    example: DepthExample,
    height: int,
    width: int,
    rng: np.random.Generator | None = None,
    smallest: float = 1.0,
) -> DepthExample:
    """A window of the picture with the aspect of the result; the largest, central one without rng.

    Where the pictures are upright and the window is wide, it is a strip of the picture.

    Args:
        example: The picture and its disparity.
        height: Of the result in pixels.
        width: Of the result in pixels.
        rng: Decides size and place.
        smallest: Least share of the largest possible window's sides.

    Returns:
        The window, its disparity as it was.
    """
    rows, columns = example.disparity.shape
    scale = min(rows / height, columns / width)
    across = down = 0.5
    if rng is not None:
        scale *= rng.uniform(smallest, 1.0)
        across, down = rng.random(2)
    high, wide = max(8, round(height * scale)), max(8, round(width * scale))
    high, wide = min(high, rows), min(wide, columns)
    top, left = round(down * (rows - high)), round(across * (columns - wide))
    area = np.s_[top : top + high, left : left + wide]
    size = (width, height)
    # Disparities on both sides of an edge must not be averaged.
    return dataclasses.replace(
        example,
        left=cv2.resize(
            example.left[area], size, interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC
        ),
        disparity=cv2.resize(example.disparity[area], size, interpolation=cv2.INTER_NEAREST),
        weight=cv2.resize(example.weight[area], size, interpolation=cv2.INTER_NEAREST),
    )


def mirrored(example: DepthExample) -> DepthExample:
    """Left and right exchanged: disparity is that of a mirrored scene, unchanged."""
    return dataclasses.replace(
        example,
        left=np.ascontiguousarray(example.left[:, ::-1]),
        disparity=np.ascontiguousarray(example.disparity[:, ::-1]),
        weight=np.ascontiguousarray(example.weight[:, ::-1]),
    )
