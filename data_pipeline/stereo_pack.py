"""Packs an ingested data set into HDF5 files, which machines without TensorFlow read.

    python -m data_pipeline.stereo_pack --data=data/films --output=data/films_pack

DIR then holds `train-000-of-003.h5` and so on (row_files.py): for every example all that
`schema.StereoExample` has, the JPEG bytes as they lie in the TFRecords. `stereo_sequence.py` draws
batches from them, and train.py takes the folder as --data.
"""

import bisect
import dataclasses
import functools
import itertools
import os
import pathlib
import re
import sys
from collections.abc import Sequence

from data_pipeline.dataset_config import DataError
from data_pipeline.packs.row_files import PackError, RowFile, folder_when_complete, write_rows
from data_pipeline.schema import StereoExample
from deep3d.command_line import UsageError, define_flags, load_tensorflow, only_flags, run_script
from deep3d.wording import either

FORMAT = "deep3d_stereo_pack"
# Files that are open at a time; systems allow a process 256 or more.
OPEN_FILES = 128


@dataclasses.dataclass(frozen=True)
class PackConfig:
    """The options of the command.

    Attributes:
        data: Folder written by data_pipeline.ingest.
        output: Folder for the pack; must not exist yet.
    """

    data: str = ""
    output: str = ""


def pack_data_set(data_dir: str | os.PathLike, output: str | os.PathLike) -> dict[str, int]:
    """Writes a pack of an ingested data set; its folder appears when it is complete.

    Args:
        data_dir: Folder written by `python -m data_pipeline.ingest`.
        output: Folder for the pack; must not exist yet.

    Returns:
        The number of examples in each split.

    Raises:
        DataError: If there is no data set, or it is damaged.
        FileExistsError: If the output exists.
    """
    from data_pipeline.dataset import read_examples, split_names

    counts = {}
    with folder_when_complete(output) as partial:
        for split in split_names(data_dir):
            counts[split] = write_rows(partial, read_examples(data_dir, split), FORMAT)
            paths = sorted(partial.glob("[0-9]*.h5"))
            for number, path in enumerate(paths):
                path.rename(partial / f"{split}-{number:03d}-of-{len(paths):03d}.h5")
    return counts


def is_stereo_pack(folder: str | os.PathLike) -> bool:
    """Whether a folder holds files named as those of `pack_data_set`."""
    return bool(_files_by_split(pathlib.Path(folder)))


def pack_splits(folder: str | os.PathLike) -> list[str]:
    """The splits that a pack has; none if the folder is no pack."""
    return sorted(_files_by_split(pathlib.Path(folder)))


class StereoPack:
    """The examples of one split, each read when it is asked for; threads may share it.

    Args:
        folder: Written by `pack_data_set`.
        split: "train", "validation" or "test".

    Raises:
        DataError: If the folder is no pack or lacks the split.
        PackError: If a file is missing, damaged or foreign; also when an example is read.
    """

    def __init__(self, folder: str | os.PathLike, split: str):
        by_split = _files_by_split(pathlib.Path(folder))
        if not by_split:
            raise DataError(
                f"{folder} must hold a pack; make one with `python -m data_pipeline.stereo_pack`."
            )
        if split not in by_split:
            raise DataError(
                f"split must be one of {either(sorted(by_split))}, which {folder} holds. "
                f"Received: {split}"
            )
        self._paths = _complete(by_split[split])
        self._open = functools.lru_cache(OPEN_FILES)(
            lambda number: RowFile(self._paths[number], StereoExample, FORMAT)
        )
        counts = (len(self._open(number)) for number in range(len(self._paths)))
        self._ends = list(itertools.accumulate(counts))

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, number: int) -> StereoExample:
        if not 0 <= number < len(self):
            raise IndexError(f"There are examples 0..{len(self) - 1}. Received: {number}")
        file = bisect.bisect_right(self._ends, number)
        return self._open(file)[number - (self._ends[file - 1] if file else 0)]


def main(arguments: Sequence[str]) -> None:
    """Flags -> config -> one call of `pack_data_set`."""
    config = only_flags(PackConfig(), arguments)
    if not config.data or not config.output:
        raise UsageError("Both --data and --output must be given.")
    load_tensorflow()
    counts = pack_data_set(config.data, config.output)
    words = ", ".join(f"{split} {count}" for split, count in counts.items())
    print(f"{config.output}: {words} frames", file=sys.stderr)


def run() -> None:
    """Entry point of the console script."""
    # Not at import: other scripts define flags of the same names.
    define_flags(PackConfig)
    run_script(main, __doc__)


def _files_by_split(folder: pathlib.Path) -> dict[str, list[pathlib.Path]]:
    files: dict[str, list[pathlib.Path]] = {}
    for path in sorted(folder.glob("*-of-*.h5")):
        if name := re.fullmatch(r"(\w+)-\d+-of-\d+\.h5", path.name):
            files.setdefault(name[1], []).append(path)
    return files


def _complete(paths: list[pathlib.Path]) -> list[pathlib.Path]:
    """The files of a split, none of which may be missing."""
    split, _, _, count = paths[0].stem.rsplit("-", 3)
    for number in range(int(count)):
        path = paths[0].with_name(f"{split}-{number:03d}-of-{count}.h5")
        if path not in paths:
            raise PackError(f"{path} is missing; pack the data set again or copy the file.")
    if len(paths) != int(count):
        raise PackError(f"{paths[0].parent} holds files of two packs; pack the data set again.")
    return paths


if __name__ == "__main__":
    run()
