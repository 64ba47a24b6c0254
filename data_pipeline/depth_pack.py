"""Packs of pictures with disparity: HDF5 files that training reads without TensorFlow.

A pack is a folder of `000.h5`, `001.h5`, ... of at most `FILE_BYTES` each, so that it travels in
pieces. A file holds one row per picture: the left view as JPEG, disparity and trust as 8-bit PNG,
and its name, group and content. Disparity is stored as `round(255 * (d - low) / (high - low))` over
the range of the trusted pixels; it is known up to scale and offset only, and training brings it to
the composition of the levels anyway (`mixture.py`).
"""

import dataclasses
import os
import pathlib
import shutil
import warnings
from collections.abc import Iterable, Iterator

import cv2
import h5py
import numpy as np

from data_pipeline.depth_example import CONTENTS, DepthExample

FORMAT = "deep3d_depth_pack"
FILE_BYTES = 56_000_000
JPEG_QUALITY = 92
# Of one stored picture: no real one of this size needs more, and damaged files may claim anything.
MAX_BYTES = 20_000_000
MAX_SIDE = 4096
IMAGES = ("left", "disparity", "weight")
WORDS = ("name", "group", "content")


class PackError(ValueError):
    """A pack cannot be read; the message names the file."""


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
    folder = pathlib.Path(folder)
    if folder.exists():
        raise FileExistsError(f"{folder} is there already.")
    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    rows: list[PackedExample] = []
    size = count = number = 0
    for example in examples:
        if not (example.weight > 0).any():
            warnings.warn(f"{example.name} has no trusted disparity.", stacklevel=2)
            continue
        rows.append(_packed(example))
        size += sum(len(getattr(rows[-1], image)) for image in IMAGES)
        count += 1
        if size >= FILE_BYTES:
            _write_file(partial / f"{number:03d}.h5", rows)
            rows, size, number = [], 0, number + 1
    if rows:
        _write_file(partial / f"{number:03d}.h5", rows)
    os.replace(partial, folder)
    return count


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
        try:
            with h5py.File(path, "r") as file:
                yield from _rows(file, path)
        except (OSError, KeyError) as error:  # h5py's words for damaged structure
            raise PackError(f"{path} is damaged or no HDF5 file: {error}") from error


def decode(packed: PackedExample) -> DepthExample:
    """The pictures of a row; disparity is in 0..255.

    Args:
        packed: A row of `read_pack`.

    Returns:
        The example.

    Raises:
        PackError: If a picture cannot be decoded or the sizes differ.
    """
    left = _decoded(packed.left, cv2.IMREAD_COLOR, packed.name)
    disparity = _decoded(packed.disparity, cv2.IMREAD_GRAYSCALE, packed.name)
    weight = _decoded(packed.weight, cv2.IMREAD_GRAYSCALE, packed.name)
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


def _decoded(data: bytes, mode: int, name: str) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), mode)
    if image is None or max(image.shape[:2]) > MAX_SIDE:
        raise PackError(f"A picture of {name} cannot be decoded.")
    return image


def _write_file(path: pathlib.Path, rows: list[PackedExample]) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["format"] = FORMAT
        for image in IMAGES:
            stored = file.create_dataset(image, len(rows), h5py.vlen_dtype(np.uint8))
            for number, row in enumerate(rows):
                stored[number] = np.frombuffer(getattr(row, image), np.uint8)
        for word in WORDS:
            values = [getattr(row, word) for row in rows]
            file.create_dataset(word, data=values, dtype=h5py.string_dtype())


def _rows(file: h5py.File, path: pathlib.Path) -> Iterator[PackedExample]:
    if file.attrs.get("format") != FORMAT:
        raise PackError(f"{path} is no pack of pictures with disparity.")
    words = {word: file[word].asstr()[:] for word in WORDS}
    if len({len(file[name]) for name in (*IMAGES, *WORDS)}) != 1:
        raise PackError(f"{path} is damaged: its columns differ in length.")
    for number in range(len(words["name"])):
        data = {image: file[image][number].tobytes() for image in IMAGES}
        if max(map(len, data.values())) > MAX_BYTES:
            raise PackError(f"{path} is damaged: picture {number} is too large.")
        texts = {word: str(words[word][number]) for word in WORDS}
        if texts["content"] not in CONTENTS:
            raise PackError(f"{path} is damaged: content {texts['content']!r:.40}.")
        yield PackedExample(**data, **texts)
