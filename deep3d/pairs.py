"""Stereo pairs: what one is and where its files lie.

Sources of pairs are read anew every time they are iterated over and hold one pair at a time, so
that an evaluation of a whole data set needs no more memory than one of a few pairs.
"""

import csv
import dataclasses
import functools
import itertools
import pathlib
import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from deep3d.image_file import IMAGE_SUFFIXES, read_image
from deep3d.video import ShotDetector

# A table about pictures is a few lines; more than this is no such table.
MAX_TABLE_BYTES = 10_000_000


@dataclasses.dataclass(frozen=True)
class Pair:
    """A left view and its true right view.

    Attributes:
        name: Name of the pair.
        left: (h, w, 3) uint8 RGB.
        right: The same shape.
        content: What kind of picture it is ("indoor", "street", ...), "" if nobody said.
        film: Film that the pair was taken from, "" if it stands for itself.
        follows: Whether it is the next frame, in the same shot, after the pair before it.
        truth: (h, w) float32 true disparity of the pixels of the right view in pixels of the
            pair, NaN where it is unknown; None where nobody knows it.
        before: Left views of the frames before it in its shot, the latest first, of its size; as
            many as are known and were asked for.
    """

    name: str
    left: np.ndarray
    right: np.ndarray
    content: str = ""
    film: str = ""
    follows: bool = False
    truth: np.ndarray | None = None
    before: tuple[np.ndarray, ...] = ()


@dataclasses.dataclass(frozen=True)
class PairFiles:
    """A pair that has not been opened yet.

    Attributes:
        name: Name of the pair.
        left: Picture file of the left view.
        right: Of the right view.
        content: As in `Pair`.
        film: As in `Pair`.
        read_truth: Reads the true disparity of the right view's pixels; None where there is none.
    """

    name: str
    left: pathlib.Path
    right: pathlib.Path
    content: str = ""
    film: str = ""
    read_truth: Callable[[], np.ndarray] | None = None

    def precedes(self, other: "PairFiles") -> bool:
        """Whether the names say that the other is the next frame after this one."""
        numbers = [re.search(r"(\d+)$", one.left.stem.split(".")[0]) for one in (self, other)]
        if self.left.parent != other.left.parent or not all(numbers):
            return False
        beginnings = {match.string[: match.start()] for match in numbers}
        return len(beginnings) == 1 and int(numbers[0][1]) + 1 == int(numbers[1][1])


class FilePairs:
    """Opens pairs one after the other, each time that it is iterated over.

    A pair follows another where the numbers in their names do and no cut is seen between them.

    Args:
        files: Where they lie.
        table: What is known of the pairs by name (see `read_table`), of which `content` counts.
        at_most: Where there are more pairs, that many or fewer, evenly spread, two neighbouring
            frames at a time where there are any; None is all.
        frames_before: How many views before each pair are read with it, also those of files that
            are not among the fewer. May be set later.
    """

    def __init__(
        self,
        files: Sequence[PairFiles],
        table: dict[str, dict] | None = None,
        at_most: int | None = None,
        frames_before: int = 0,
    ):
        self.files = spread(files, at_most)
        self.frames_before = frames_before
        self._table = table or {}
        self._preceding = {
            other.left: one for one, other in itertools.pairwise(files) if one.precedes(other)
        }

    def __iter__(self) -> Iterator[Pair]:
        """Yields the pairs; ValueError if one is unreadable or differs in size."""
        before, detector = None, ShotDetector()
        # A view is read once for the pairs after it, too: one more than a pair has with itself,
        # as its own is not the last that it asks for.
        held = self.frames_before + 2 if self.frames_before else 0
        read = functools.lru_cache(maxsize=held)(read_image)
        for files in self.files:
            pair = self._open(files, read)
            numbered = before is not None and before.precedes(files)
            if not numbered:
                detector = ShotDetector()
            cut = detector.update(pair.left)
            before = files
            yield dataclasses.replace(pair, follows=numbered and not cut)

    def _open(self, files: PairFiles, read: Callable) -> Pair:
        left, right = read(files.left), read_image(files.right)
        _check_size(files.name, "left", left.shape, "right", right.shape)
        truth = files.read_truth() if files.read_truth else None
        if truth is not None:
            _check_size(files.name, "right", right.shape, "truth", truth.shape)
        row = self._table.get(files.name) or self._table.get(pathlib.Path(files.name).stem) or {}
        content = row.get("content") or files.content
        before = in_shot_of(left, self._views_before(files, left.shape, read))
        return Pair(files.name, left, right, content, files.film, truth=truth, before=before)

    def _views_before(self, files: PairFiles, shape, read: Callable) -> list[np.ndarray]:
        """Left views by the numbers in their names, the latest first, as long as sizes agree."""
        views: list[np.ndarray] = []
        while len(views) < self.frames_before and files.left in self._preceding:
            files = self._preceding[files.left]
            view = read(files.left)
            if view.shape != shape:
                break
            views.append(view)
        return views


def in_shot_of(left: np.ndarray, before: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Those of the frames before a view that belong to its shot.

    Args:
        left: (h, w, 3) uint8.
        before: The frames before it, the latest first.

    Returns:
        The latest of them, up to the last cut.
    """
    detector, shot = ShotDetector(), []
    for view in (*reversed(before), left):
        if detector.update(view):
            shot.clear()
        shot.insert(0, view)
    return tuple(shot[1:])


def spread(items: Sequence[PairFiles], at_most: int | None) -> list[PairFiles]:
    """At most so many items, evenly spread; two neighbouring frames at a time if there are any."""
    items = list(items)
    if at_most is None or len(items) <= at_most:
        return items
    follow = any(one.precedes(other) for one, other in itertools.pairwise(items))
    if not follow or at_most < 2:
        return items[:: -(-len(items) // at_most)]
    runs = at_most // 2
    first = [(len(items) - 1) * number // runs for number in range(runs)]
    return [items[n] for n in sorted({n for start in first for n in (start, start + 1)})]


def pair_paths(folder, at_most: int | None = None) -> list[tuple[str, pathlib.Path, pathlib.Path]]:
    """Finds the stereo pairs of a folder without opening them.

    Args:
        folder: Has `left/` and `right/` with equal names, or one folder for each pair with
            `left.*` and `right.*`.
        at_most: As for `FilePairs`.

    Returns:
        Name, left and right picture of each pair, sorted by name.

    Raises:
        ValueError: If there are no pairs, or a view has no partner.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}.")
    paths = _paired_by_name(folder) if (folder / "left").is_dir() else _paired_by_folder(folder)
    if not paths:
        raise ValueError(
            f"{folder} has no stereo pairs: neither left/ and right/ with equal names, nor "
            "folders with left.* and right.*"
        )
    return [
        (files.name, files.left, files.right)
        for files in spread([PairFiles(*path) for path in paths], at_most)
    ]


def read_pairs(
    folder, table: dict[str, dict] | None = None, at_most: int | None = None
) -> FilePairs:
    """Reads a folder of stereo pairs.

    Args:
        folder: As for `pair_paths`.
        table: As for `FilePairs`.
        at_most: As for `FilePairs`.

    Returns:
        The pairs, sorted by name.

    Raises:
        ValueError: If there are no pairs or one has no partner; while iterating, if a picture
            cannot be read or the views of a pair differ in size.
    """
    return FilePairs([PairFiles(*path) for path in pair_paths(folder)], table, at_most)


def read_table(*paths) -> dict[str, dict]:
    """Reads what is known of pictures, such as their kind of content, from CSV files.

    Args:
        *paths: Files with a header and a column `name`; what a later file says replaces what an
            earlier one said.

    Returns:
        One dictionary of columns for each name.

    Raises:
        OSError: If a file cannot be read.
        ValueError: If a file is no such table.
    """
    rows: dict[str, dict] = {}
    for path in map(pathlib.Path, paths):
        if path.stat().st_size > MAX_TABLE_BYTES:
            raise ValueError(f"{path} is too large for a table of names.")
        try:
            lines = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(f"{path} is no CSV file: {error}") from error
        if not lines or "name" not in lines[0]:
            raise ValueError(f"{path} must have a header with a column `name` and at least one row")
        for line in lines:
            known = {key: text for key, text in line.items() if key and isinstance(text, str)}
            rows.setdefault(line["name"], {}).update(known)
    return rows


def _check_size(name, one, one_shape, other, other_shape):
    if one_shape[:2] != other_shape[:2]:
        raise ValueError(
            f"Pair {name}: both views must have one size. Received: {one} "
            f"{one_shape[1]}x{one_shape[0]}, {other} {other_shape[1]}x{other_shape[0]}"
        )


def _paired_by_name(folder: pathlib.Path) -> list[tuple[str, pathlib.Path, pathlib.Path]]:
    names = {
        side: {path.name for path in (folder / side).glob("*") if is_image(path)}
        for side in ("left", "right")
    }
    alone = sorted(names["left"] ^ names["right"])
    if alone:
        raise ValueError(f"{folder}: left/ and right/ must have equal names. Alone: {alone[:5]}")
    return [
        (name, folder / "left" / name, folder / "right" / name) for name in sorted(names["left"])
    ]


def _paired_by_folder(folder: pathlib.Path) -> list[tuple[str, pathlib.Path, pathlib.Path]]:
    paths = []
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        views = [
            [p for p in sorted(inner.glob(f"{s}.*")) if is_image(p)] for s in ("left", "right")
        ]
        if all(views):
            paths.append((inner.name, views[0][0], views[1][0]))
    return paths


def is_image(path: pathlib.Path) -> bool:
    """Whether a file's name says that it is a picture."""
    return path.suffix.lower() in IMAGE_SUFFIXES
