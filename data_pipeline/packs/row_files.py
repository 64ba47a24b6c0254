"""Rows of a dataclass in HDF5 files: what packs are made of.

A folder holds files of at most about `FILE_BYTES` each, so that it travels in pieces. A file has
the attribute `format` and a column for each field: bytes as uint8 arrays of any length, a tuple of
bytes likewise with a second dimension, text, 64-bit integers and floats; and `crc32` of each row,
by which damage is found that HDF5 does not see. Files come from outside: nothing in them is
unpickled, what leads out of the file is refused, and types and sizes are checked before reading.
"""

import contextlib
import dataclasses
import io
import itertools
import os
import pathlib
import shutil
import zlib
from collections.abc import Iterable, Iterator

import h5py
import numpy as np

from deep3d.atomic_file import wait_for_disk, write_bytes

FILE_BYTES = 56_000_000
# Of one field: no real picture needs more, and damaged files may claim anything.
MAX_BYTES = 20_000_000
MAX_ROWS = 1_000_000
MAX_TUPLE = 64
CHECKSUM = "crc32"
MANY = tuple[bytes, ...]
DTYPES = {
    bytes: h5py.vlen_dtype(np.uint8),
    MANY: h5py.vlen_dtype(np.uint8),
    str: h5py.string_dtype(),
    int: np.dtype(np.int64),
    float: np.dtype(np.float64),
}


class PackError(ValueError):
    """A pack cannot be read; the message names the file."""


@contextlib.contextmanager
def folder_when_complete(folder: str | os.PathLike) -> Iterator[pathlib.Path]:
    """A folder beside the target, which takes its name when the block has ended.

    Args:
        folder: The target; must not exist yet.

    Yields:
        The folder to write to; removed if the block raises.

    Raises:
        FileExistsError: If the target exists.
    """
    folder = pathlib.Path(folder)
    if folder.exists():
        raise FileExistsError(f"{folder} is there already.")
    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        for path in partial.iterdir():
            wait_for_disk(path)
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_rows(folder: pathlib.Path, rows: Iterable, row_format: str) -> int:
    """Writes rows to 000.h5, 001.h5, ...; at most `FILE_BYTES` and a row are held.

    Args:
        folder: Must exist.
        rows: Instances of one dataclass, whose fields are of the types in `DTYPES`.
        row_format: Name of what the rows are.

    Returns:
        The number of rows.
    """
    held, size, count, files = [], 0, 0, itertools.count()
    for row in rows:
        held.append(row)
        count += 1
        size += row_bytes(row)
        if size >= FILE_BYTES:
            write_bytes(folder / f"{next(files):03d}.h5", file_of_rows(held, row_format))
            held, size = [], 0
    if held:
        write_bytes(folder / f"{next(files):03d}.h5", file_of_rows(held, row_format))
    return count


def row_bytes(row) -> int:
    """How much of a file a row takes; what is not bytes counts for nothing."""
    return sum(len(part) for part in _parts(row) if isinstance(part, bytes))


def file_of_rows(rows: list, row_format: str) -> bytes:
    """The bytes of a file, the same for the same rows.

    It is made in memory, because HDF5 does not survive a full disk.

    Args:
        rows: At least one.
        row_format: Name of what the rows are.
    """
    data = io.BytesIO()
    with h5py.File(data, "w") as file:
        file.attrs["format"] = row_format
        for field in dataclasses.fields(rows[0]):
            values = [getattr(row, field.name) for row in rows]
            if field.type in (bytes, MANY):
                _write_bytes(file, field.name, values)
            else:
                file.create_dataset(field.name, data=values, dtype=DTYPES[field.type])
        sums = [_checksum(row, vars(row)) for row in rows]
        file.create_dataset(CHECKSUM, data=sums, dtype=DTYPES[int])
    return data.getvalue()


class RowFile:
    """The rows of a file, each read when it is asked for. Small columns are held in memory.

    Args:
        path: Written by `write_rows`.
        kind: The dataclass of the rows. Columns that are missing take the field's default.
        row_format: The name that the file must bear.

    Raises:
        PackError: If the file is damaged or foreign; also when a row is read.
    """

    def __init__(self, path: str | os.PathLike, kind: type, row_format: str):
        self.path, self._kind = path, kind
        with self._clear_errors():
            self._file = h5py.File(path, "r")
            if self._file.attrs.get("format") != row_format:
                raise PackError(f"{path} is no file of a pack: its format must be {row_format}.")
            kinds = {f.name: f.type for f in dataclasses.fields(kind) if not self._may_miss(f)}
            if CHECKSUM in self._file:
                kinds[CHECKSUM] = int
            self._columns = {name: self._column(name, kind) for name, kind in kinds.items()}
            counts = {len(column) for column in self._columns.values()}
            if len(counts) != 1 or max(counts) > MAX_ROWS:
                raise PackError(f"{path} is damaged: its columns differ in length or are too long.")
            self._count = counts.pop()
        self._held: dict[str, list] = {}

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int):
        if not 0 <= number < self._count:
            raise IndexError(f"There are rows 0..{self._count - 1}. Received: {number}")
        with self._clear_errors():
            values = {name: self._value(name, number) for name in self._columns}
            expected = values.pop(CHECKSUM, None)
            row = self._kind(**values)
        if expected is not None and expected != _checksum(row, values):
            raise PackError(f"{self.path} is damaged: row {number} has changed.")
        return row

    def _may_miss(self, field: dataclasses.Field) -> bool:
        return field.default is not dataclasses.MISSING and field.name not in self._file

    def _column(self, name: str, kind: type) -> h5py.Dataset:
        """A dataset that is what `write_rows` writes for this type, and nothing worse."""
        link = self._file.get(name, getlink=True)
        column = self._file[name] if isinstance(link, h5py.HardLink) else None
        if (
            not isinstance(column, h5py.Dataset)
            or column.external
            or column.is_virtual
            or _type_of(column.dtype) != _type_of(DTYPES[kind])
            or column.ndim != 1 + (kind == MANY)
            or column.shape[1:] > (MAX_TUPLE,)
        ):
            raise PackError(f"{self.path} is damaged: its column {name} is missing or foreign.")
        return column

    def _value(self, name: str, number: int):
        column = self._columns[name]
        if h5py.check_vlen_dtype(column.dtype) == np.uint8:
            if column.ndim == 1:
                return self._bounded(column[number])
            return tuple(map(self._bounded, column[number])) if column.shape[1] else ()
        if name not in self._held:
            words = h5py.check_string_dtype(column.dtype) is not None
            self._held[name] = (column.asstr()[:] if words else column[:]).tolist()
        return self._held[name][number]

    def _bounded(self, data: np.ndarray) -> bytes:
        if data.nbytes > MAX_BYTES:
            raise PackError(f"{self.path} is damaged: a picture is too large.")
        return data.tobytes()

    @contextlib.contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except PackError:
            raise
        # What h5py raises at damaged structure.
        except (OSError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise PackError(f"{self.path} is damaged or no HDF5 file: {error}") from error


def _type_of(dtype: np.dtype) -> tuple:
    """What tells the columns' types apart; they are all of kind O for NumPy."""
    return dtype, h5py.check_vlen_dtype(dtype), h5py.check_string_dtype(dtype)


def _write_bytes(file: h5py.File, name: str, values: list) -> None:
    several = () if isinstance(values[0], bytes) else (len(values[0]),)
    column = file.create_dataset(name, (len(values), *several), DTYPES[bytes])
    for number, value in enumerate(values):
        if not several:
            column[number] = np.frombuffer(value, np.uint8)
            continue
        for place, one in enumerate(value):
            column[number, place] = np.frombuffer(one, np.uint8)


def _parts(row) -> Iterator:
    """The values of a row, a tuple's one by one."""
    for value in vars(row).values():
        yield from value if isinstance(value, tuple) else (value,)


def _checksum(row, names: Iterable[str]) -> int:
    """Over the values of the named fields, in the order of the dataclass."""
    total = 0
    for field in dataclasses.fields(row):
        if field.name in names:
            value = getattr(row, field.name)
            for part in value if isinstance(value, tuple) else (value,):
                data = part if isinstance(part, bytes) else f"{part!r};".encode()
                total = zlib.crc32(data, total)
    return total
