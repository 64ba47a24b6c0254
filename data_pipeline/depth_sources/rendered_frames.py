"""Frames with exact disparity from a folder that a renderer of this project wrote.

The folder has left/ and disparity_left/ with one file per frame (16-bit PNG, see
`synthetic.encode_disparity`) and truth.json.
"""

import json
import os
import pathlib
from collections.abc import Iterator

import cv2
import numpy as np

from data_pipeline.packs.depth_example import DepthExample, size_within
from data_pipeline.synthetic import decode_disparity
from deep3d.image_file import read_image

CONTENT = {
    "room": "indoor",
    "table": "close-up",
    "closeup": "close-up",
    "relief": "close-up",
    "street": "street",
    "nature": "nature",
    "country": "nature",
}


def rendered_examples(folder: str | os.PathLike) -> Iterator[DepthExample]:
    """The frames of a folder, or of all its subfolders that hold a truth.json.

    Args:
        folder: Written by `data_pipeline.synthetic --truth` or `data_pipeline.blender_film`.

    Yields:
        Examples at most 480 px wide, weight 1; a shot is a group.

    Raises:
        ValueError: If there is no truth.json, or a frame lacks its picture or its disparity.
    """
    files = sorted(pathlib.Path(folder).rglob("truth.json"))
    if not files:
        raise ValueError(f"{folder} holds no truth.json, neither itself nor below.")
    for file in files:
        yield from _frames(file)


def _frames(file: pathlib.Path) -> Iterator[DepthExample]:
    film = file.parent
    shots = json.loads(file.read_text(encoding="utf-8"))["shots"]
    for number, shot in enumerate(shots):
        if shot.get("title"):
            continue
        for frame in range(shot["first_frame"], shot["end_frame"]):
            disparity = _read_disparity(film / "disparity_left" / f"{frame:06d}.png")
            left = _read_left(film / "left", frame)
            height, width = size_within(*left.shape[:2])
            disparity = cv2.resize(disparity, (width, height), interpolation=cv2.INTER_NEAREST)
            yield DepthExample(
                f"{film.name}_{frame:06d}",
                f"{film.name}_{number}",
                CONTENT.get(shot.get("kind", ""), "film"),
                cv2.resize(left, (width, height), interpolation=cv2.INTER_AREA),
                disparity,
                np.ones(disparity.shape, np.float32),
            )


def _read_left(folder: pathlib.Path, frame: int) -> np.ndarray:
    for suffix in (".png", ".jpg"):
        path = folder / f"{frame:06d}{suffix}"
        if path.is_file():
            return read_image(path)
    raise ValueError(f"{folder} lacks frame {frame}.")


def _read_disparity(path: pathlib.Path) -> np.ndarray:
    stored = cv2.imread(os.fspath(path), cv2.IMREAD_UNCHANGED)
    if stored is None or stored.dtype != np.uint16 or stored.ndim != 2:
        raise ValueError(f"{path} must be a 16-bit grey PNG.")
    return decode_disparity(stored)
