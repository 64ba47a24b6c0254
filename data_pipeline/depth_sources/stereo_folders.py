"""Rectified stereo pairs in two folders, with the disparity that stereo matching finds.

Pairs of cameras on a car are wide; a window of the full height at the left, in the middle and at
the right keeps the picture's aspect near that of films. Pixels whose partner lies outside the
window are not trusted, nor are those that do not match in both directions.
"""

import os
import pathlib
from collections.abc import Iterator

import cv2
import numpy as np

from data_pipeline.depth_sources.hole_filling import fill_from_background
from data_pipeline.packs.depth_example import DepthExample, size_within
from deep3d.image_file import read_image
from deep3d.stereo_matching import match_stereo

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
ASPECT = 2.4  # of a window; pictures that are hardly wider are taken whole
SLACK = 1.15
# Share of the width, searched: a car 4 m ahead of KITTI's cameras has 8 %, and films go below 0.
SMALLEST, LARGEST = -0.02, 0.12
MATCHED_ABOVE = 0.25  # share of a window that must match
BLOCK = 11  # side of the window, in pixels, in which texture is looked for
TEXTURE = 1.0  # mean change from pixel to pixel, of 255; even ground matches at any disparity


def stereo_folder_examples(
    folder: str | os.PathLike, group: str, content: str = "street"
) -> Iterator[DepthExample]:
    """Windows of the pairs of a folder, sorted by name, then from left to right.

    Args:
        folder: Holds `left/` and `right/` with images of equal names, rectified.
        group: What the pairs have in common, for splits.
        content: What they show, one of `data_pipeline.packs.depth_example.CONTENTS`.

    Returns:
        Examples of at most 480 px a side; disparity in pixels of the
        example. Windows in which too little matches are left out.

    Raises:
        ValueError: If a folder is missing or empty or names differ; while iterating, if a file is
            no image or the views of a pair differ in size.
    """
    folder = pathlib.Path(folder)
    names = _image_names(folder / "left")
    lonely = set(names) ^ set(_image_names(folder / "right"))
    if lonely:
        raise ValueError(
            f"left/ and right/ of {folder} must have equal names. "
            f"Received: {sorted(lonely)[:3]} on one side only"
        )
    return _examples(folder, names, group, content)


def _image_names(folder: pathlib.Path) -> list[str]:
    names = []
    if folder.is_dir():
        names = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not names:
        raise ValueError(f"The folder must exist and hold images. Received: {folder}")
    return names


def _examples(folder, names, group: str, content: str) -> Iterator[DepthExample]:
    for name in names:
        left, right = (read_image(folder / side / name) for side in ("left", "right"))
        if left.shape != right.shape:
            raise ValueError(
                f"Both views must have one size. Received: {left.shape}, {right.shape} for {name}"
            )
        width = left.shape[1]
        low, high = int(np.floor(SMALLEST * width)), int(np.ceil(LARGEST * width))
        disparity = match_stereo(left, right, low, high)
        disparity[~_textured(left)] = np.nan
        for first, last in _windows(*left.shape[:2]):
            window = _window(left, disparity, first, last)
            if (window["weight"] > 0).mean() < MATCHED_ABOVE:
                continue
            yield DepthExample(
                name=f"{group}/{pathlib.Path(name).stem}_{first}",
                group=group,
                content=content,
                **window,
            )


def _windows(height: int, width: int) -> list[tuple[int, int]]:
    """First and last column, exclusive, of every window."""
    wide = round(ASPECT * height)
    if width <= SLACK * wide:
        return [(0, width)]
    return [(first, first + wide) for first in (0, (width - wide) // 2, width - wide)]


def _window(left, disparity, first: int, last: int) -> dict[str, np.ndarray]:
    """The fields of a window: view, disparity and weight, resized."""
    left, disparity = left[:, first:last], disparity[:, first:last]
    height, width = size_within(*disparity.shape)
    scale = width / disparity.shape[1]
    partner = np.arange(disparity.shape[1]) - disparity
    seen = (partner >= 0) & (partner <= disparity.shape[1] - 1)  # False where NaN
    if not seen.any():
        return {"weight": np.zeros((height, width), np.float32)}
    filled = fill_from_background(disparity)
    size = (width, height)
    return {
        "left": cv2.resize(left, size, interpolation=cv2.INTER_AREA),
        # Picked, not averaged: between near and far there is nothing.
        "disparity": cv2.resize(filled, size, interpolation=cv2.INTER_NEAREST_EXACT) * scale,
        "weight": cv2.resize(seen.astype(np.float32), size, interpolation=cv2.INTER_NEAREST_EXACT),
    }


def _textured(image) -> np.ndarray:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    change = np.abs(np.diff(grey, axis=1, append=grey[:, -1:]))
    return cv2.blur(change, (BLOCK, BLOCK)) > TEXTURE
