"""Stereo pairs: what one is, where its files lie, and the composition in which it is compared.

Sources of pairs are read anew every time they are iterated over and hold one pair at a time, so
that an evaluation of a whole data set needs no more memory than one of a few pairs.
"""

import csv
import dataclasses
import itertools
import pathlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import cv2
import numpy as np

from deep3d.composition import Composition, apply_composition, compose_for_levels
from deep3d.disparity import DisparityLevels
from deep3d.image_file import IMAGE_SUFFIXES, read_image
from deep3d.stereo_matching import disparity_percentiles
from deep3d.video import ShotDetector

# A table about pictures is a few lines; more than this is no such table.
MAX_TABLE_BYTES = 10_000_000
# Disparities are searched up to this share of the width before a pair is composed.
SEARCH_LIMIT = 0.15


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
    """

    name: str
    left: np.ndarray
    right: np.ndarray
    content: str = ""
    film: str = ""
    follows: bool = False
    truth: np.ndarray | None = None


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
    """

    def __init__(
        self,
        files: Sequence[PairFiles],
        table: dict[str, dict] | None = None,
        at_most: int | None = None,
    ):
        self.files = spread(files, at_most)
        self._table = table or {}

    def __iter__(self) -> Iterator[Pair]:
        """Yields the pairs; ValueError if one is unreadable or differs in size."""
        before, detector = None, ShotDetector()
        for files in self.files:
            pair = self._open(files)
            numbered = before is not None and before.precedes(files)
            if not numbered:
                detector = ShotDetector()
            cut = detector.update(pair.left)
            before = files
            yield dataclasses.replace(pair, follows=numbered and not cut)

    def _open(self, files: PairFiles) -> Pair:
        left, right = read_image(files.left), read_image(files.right)
        _check_size(files.name, "left", left.shape, "right", right.shape)
        truth = files.read_truth() if files.read_truth else None
        if truth is not None:
            _check_size(files.name, "right", right.shape, "truth", truth.shape)
        row = self._table.get(files.name) or self._table.get(pathlib.Path(files.name).stem) or {}
        content = row.get("content") or files.content
        return Pair(files.name, left, right, content, files.film, truth=truth)


class ComposedPairs:
    """Composes pairs one after the other, each time that it is iterated over.

    Args:
        pairs: The pairs, which can be iterated over again and again.
        levels: As for `compose`.
    """

    def __init__(self, pairs: Iterable[Pair], levels: DisparityLevels):
        self._pairs, self._levels = pairs, levels

    def __iter__(self) -> Iterator[Pair]:
        """Yields the composed pairs; one that follows another is composed like it."""
        composition, shape = None, None
        for pair in self._pairs:
            if not (pair.follows and pair.left.shape == shape):
                composition, shape = _composition_for(pair, self._levels), pair.left.shape
            yield _composed(pair, composition)


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


def compose(pair: Pair, levels: DisparityLevels) -> Pair:
    """Brings a pair to the composition that its disparities need to fit the levels.

    Args:
        pair: Any pair.
        levels: The levels; the pair becomes as wide as they mean it, or narrower.

    Returns:
        The composed pair, its truth with it; one in which nothing matches is only resized.
    """
    return _composed(pair, _composition_for(pair, levels))


def _composition_for(pair: Pair, levels: DisparityLevels) -> Composition:
    percentiles = disparity_percentiles(pair.left, pair.right, limit=SEARCH_LIMIT)
    if not np.isfinite(percentiles).all():
        percentiles = (0.0, 0.0)
    width = pair.left.shape[1]
    return compose_for_levels(*percentiles, width, levels, target_width=levels.width)


def _composed(pair: Pair, composition: Composition) -> Pair:
    left, right = apply_composition(pair.left, pair.right, composition)
    truth = None if pair.truth is None else _composed_truth(pair.truth, composition, left.shape)
    return dataclasses.replace(pair, left=left, right=right, truth=truth)


def _composed_truth(truth: np.ndarray, composition: Composition, shape) -> np.ndarray:
    """True disparity of the composed right view's pixels, of the composed pair's (h, w)."""
    width, shift = composition.width, composition.shift
    # Picked, not averaged: between near and far there is nothing, and beside unknown is unknown.
    size = (width, shape[0])
    resized = cv2.resize(truth, size, interpolation=cv2.INTER_NEAREST_EXACT)
    # The columns that the right view keeps, see `apply_composition`.
    first = max(0, -shift) + shift
    kept = resized[:, first : first + shape[1]]
    return (kept * (width / truth.shape[1]) + shift).astype(np.float32)


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
