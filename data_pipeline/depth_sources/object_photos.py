"""Photographs of one thing before a background: which is nearer, without any label.

Nothing is measured here. The thing is found by `salient_object`, where that is sure enough, and is
taken to be nearer than all around it; the background is a gentle ramp, nearer below, a smooth blue
or bright top is sky. The trust is low accordingly, and none along the outline, which may lie a few
pixels off, nor where the runs of the segmentation disagree.
"""

import os
import pathlib
from collections.abc import Iterator

import cv2
import numpy as np

from data_pipeline.depth_sources.salient_object import SalientObject, find_salient_object
from data_pipeline.packs.depth_example import DepthExample, size_within
from deep3d.image_file import read_image

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
SMALL = 0.1  # share of the picture below which the object is a part of a landscape
# Disparity of the background at the top and at the bottom of the picture, between sky and 1; what
# is out of focus lies far behind, whatever the row.
RAMP, BLURRED_RAMP = (0.15, 0.4), (0.1, 0.2)
BLURRED_ABOVE = 2.0  # sharpness of the object over that of its surroundings
STEP = 0.35  # of disparity from the nearest that is seen around the object to the object
OBJECT_WEIGHT, BACKGROUND_WEIGHT, SKY_WEIGHT = 0.7, 0.3, 0.5
BELOW_WEIGHT = 0.5  # of the background's, below the object's lowest point: it may be nearer
BRIGHT_SKY_ABOVE = 0.6  # of the height
OUTLINE = 0.012  # of the longest side is not trusted on either side of the outline


def object_examples(folder: str | os.PathLike) -> Iterator[DepthExample]:
    """The photographs of a folder in which one object is found for sure, sorted by name.

    Args:
        folder: Holds images.

    Returns:
        Examples of at most 480 px a side, disparity between 0 (sky) and about 0.8; each its own
        group. The content is "close-up", or "nature" where the object is small.

    Raises:
        ValueError: If the folder has no images; while iterating, if a file is no image.
    """
    folder = pathlib.Path(folder)
    paths = []
    if folder.is_dir():
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise ValueError(f"The folder must exist and hold images. Received: {folder}")
    return _examples(folder.resolve().name, paths)


def object_disparity(image: np.ndarray, found: SalientObject) -> tuple[np.ndarray, np.ndarray]:
    """Disparity and trust of a picture of one object.

    Args:
        image: (h, w, 3) uint8 RGB.
        found: The object.

    Returns:
        (h, w) float32 disparity in [0, 1] and (h, w) float32 weight in [0, 1].

    Raises:
        ValueError: If the mask is empty or not of the image's size.
    """
    mask = found.mask
    if mask.shape != image.shape[:2] or not mask.any():
        raise ValueError(
            "The mask must have the image's size and must not be empty. "
            f"Received: {mask.shape} with {mask.sum()} pixels for {image.shape}"
        )
    height, width = mask.shape
    blurred = found.sharpness > BLURRED_ABOVE
    ramp = np.linspace(*(BLURRED_RAMP if blurred else RAMP), height, dtype=np.float32)
    disparity = np.repeat(ramp[:, np.newaxis], width, axis=1)
    lowest = int(np.flatnonzero(mask.any(axis=1))[-1])
    weight = np.full((height, width), BACKGROUND_WEIGHT, np.float32)
    weight[lowest + 1 :] *= BELOW_WEIGHT
    if not blurred:  # a smooth top may be anything that is out of focus
        sky = find_sky(image) & ~mask
        disparity[sky], weight[sky] = 0.0, SKY_WEIGHT
    disparity[mask] = ramp[lowest] + STEP
    weight[found.doubtful] = 0.0
    weight[mask] = OBJECT_WEIGHT
    radius = max(2, round(OUTLINE * max(height, width)))
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    weight[cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, disk) > 0] = 0.0
    return disparity, weight


def find_sky(image: np.ndarray) -> np.ndarray:
    """What is smooth, bright or blue and hangs together with the top of the picture.

    Args:
        image: (h, w, 3) uint8 RGB.

    Returns:
        (h, w) bool, all False where it is hardly wider than a gap between things.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    rough = cv2.blur(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 2)), (9, 9))
    red, green, blue = (image[..., k].astype(np.float32) for k in range(3))
    is_blue = (blue > red + 15) & (blue > green - 5) & (blue > 90)
    is_bright = (grey > 200) & (np.ptp(image, axis=2) < 25)
    is_bright[round(BRIGHT_SKY_ABOVE * len(grey)) :] = False  # paper, snow, a table
    like_sky = ((is_blue | is_bright) & (rough < 3)).astype(np.uint8)
    like_sky = cv2.morphologyEx(like_sky, cv2.MORPH_OPEN, np.ones((9, 9)))
    _, piece = cv2.connectedComponents(like_sky)
    at_top = np.unique(piece[2][like_sky[2] > 0])
    sky = np.isin(piece, at_top) & (like_sky > 0)
    return sky & (sky[2].mean() > 0.25)


def _examples(source: str, paths) -> Iterator[DepthExample]:
    for path in paths:
        image = read_image(path)
        height, width = size_within(*image.shape[:2])
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        found = find_salient_object(image)
        if found.refusal:
            continue
        disparity, weight = object_disparity(image, found)
        name = f"{source}/{path.stem}"
        yield DepthExample(
            name=name,
            group=name,
            content="close-up" if found.mask.mean() >= SMALL else "nature",
            left=image,
            disparity=disparity,
            weight=weight,
        )
