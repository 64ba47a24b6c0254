"""Packs of pictures with disparity: HDF5 files that training reads without TensorFlow.

A pack is a folder of `000.h5`, `001.h5`, ... (row_files.py). A file holds one row per picture: the
left view as JPEG, disparity and trust as 8-bit PNG, and its name, group and content. Disparity is
stored as `round(255 * (d - low) / (high - low))` over the range of the trusted pixels; it is known
up to scale and offset only, and training brings it to the composition of the levels anyway
(`mixture.py`).
"""

import dataclasses
import os
import pathlib
import warnings
from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from data_pipeline.packs.depth_example import CONTENTS, DepthExample
from data_pipeline.packs.encoded_pictures import decode_picture
from data_pipeline.packs.row_files import PackError, RowFile, folder_when_complete, write_rows

FORMAT = "deep3d_depth_pack"
JPEG_QUALITY = 92


@dataclasses.dataclass(frozen=True)
class PackedExample:
    """One row of a pack: the encoded pictures of a `DepthExample` and its words."""

    left: bytes
    disparity: bytes
    weight: bytes
    name: str
    group: str
    content: str


def write_pack(folder: str | os.PathLike, examples: Iterable[DepthExample]) -> int:
    """Writes a pack, whose folder appears when it is complete.

    Args:
        folder: Must not exist yet.
        examples: What to write. Those without a trusted pixel are left out with a warning.

    Returns:
        The number of pictures written.

    Raises:
        FileExistsError: If the folder exists.
    """
    with folder_when_complete(folder) as partial:
        return write_rows(partial, _packed_rows(examples), FORMAT)


def read_pack(folder: str | os.PathLike) -> Iterator[PackedExample]:
    """Reads a pack, still encoded: about 50 kB for each picture.

    Args:
        folder: Written by `write_pack`.

    Yields:
        The rows in the order in which they were written.

    Raises:
        PackError: If there is no pack, or a file is damaged.
    """
    paths = sorted(pathlib.Path(folder).glob("*.h5"))
    if not paths:
        raise PackError(f"{folder} holds no pack of pictures with disparity (000.h5, ...).")
    for path in paths:
        rows = RowFile(path, PackedExample, FORMAT)
        for number in range(len(rows)):
            row = rows[number]
            if row.content not in CONTENTS:
                raise PackError(f"{path} is damaged: content {row.content!r:.40}.")
            yield row


def decode(packed: PackedExample) -> DepthExample:
    """The pictures of a row; disparity is in 0..255.

    Args:
        packed: A row of `read_pack`.

    Returns:
        The example.

    Raises:
        PackError: If a picture cannot be decoded or the sizes differ.
    """
    left = decode_picture(packed.left, cv2.IMREAD_COLOR, packed.name)
    disparity = decode_picture(packed.disparity, cv2.IMREAD_GRAYSCALE, packed.name)
    weight = decode_picture(packed.weight, cv2.IMREAD_GRAYSCALE, packed.name)
    try:
        return DepthExample(
            packed.name,
            packed.group,
            packed.content,
            cv2.cvtColor(left, cv2.COLOR_BGR2RGB),
            disparity.astype(np.float32),
            weight.astype(np.float32) / 255.0,
        )
    except ValueError as error:
        raise PackError(f"{packed.name}: {error}") from error


def _packed_rows(examples: Iterable[DepthExample]) -> Iterator[PackedExample]:
    for example in examples:
        if (example.weight > 0).any():
            yield _packed(example)
        else:
            warnings.warn(f"{example.name} has no trusted disparity.", stacklevel=2)


def _packed(example: DepthExample) -> PackedExample:
    trusted = example.disparity[example.weight > 0]
    low, high = float(trusted.min()), float(trusted.max())
    relative = (example.disparity - low) / max(high - low, 1e-9)
    left = cv2.cvtColor(example.left, cv2.COLOR_RGB2BGR)
    return PackedExample(
        _encoded(".jpg", left, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]),
        _encoded(".png", _bytes(relative)),
        _encoded(".png", _bytes(example.weight)),
        example.name,
        example.group,
        example.content,
    )


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.rint(255.0 * np.clip(values, 0.0, 1.0)).astype(np.uint8)


def _encoded(kind: str, image: np.ndarray, options=()) -> bytes:
    done, data = cv2.imencode(kind, image, list(options))
    if not done:
        raise ValueError(f"The picture could not be encoded. Received: shape {image.shape}")
    return data.tobytes()
