"""Stereo pairs and pictures from folders, and the composition in which they are compared."""

import csv
import dataclasses
import pathlib
from collections.abc import Iterator

import numpy as np

from deep3d.composition import apply_composition, compose_for_levels
from deep3d.disparity import DisparityLevels
from deep3d.image_file import IMAGE_SUFFIXES, read_image
from deep3d.stereo_matching import disparity_percentiles

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


def pair_paths(folder, at_most: int | None = None) -> list[tuple[str, pathlib.Path, pathlib.Path]]:
    """Finds the stereo pairs of a folder without opening them.

    Args:
        folder: Has `left/` and `right/` with equal names, or one folder for each pair with
            `left.*` and `right.*`.
        at_most: Where there are more pairs, that many or fewer, evenly spread; None is all.

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
    return paths[:: -(-len(paths) // (at_most or len(paths)))]


def read_pairs(
    folder, table: dict[str, dict] | None = None, at_most: int | None = None
) -> Iterator[Pair]:
    """Reads a folder of stereo pairs.

    Args:
        folder: As for `pair_paths`.
        table: What is known of the pairs by name (see `read_table`), of which `content` counts.
        at_most: As for `pair_paths`.

    Yields:
        The pairs, sorted by name.

    Raises:
        ValueError: If there are no pairs, one has no partner, or a pair differs in size.
    """
    for name, left_path, right_path in pair_paths(folder, at_most):
        left, right = read_image(left_path), read_image(right_path)
        if left.shape != right.shape:
            raise ValueError(
                f"Pair {name}: both views must have one size. Received: left "
                f"{left.shape[1]}x{left.shape[0]}, right {right.shape[1]}x{right.shape[0]}"
            )
        row = (table or {}).get(name) or (table or {}).get(pathlib.Path(name).stem) or {}
        yield Pair(name, left, right, row.get("content") or "")


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
        The composed pair; one in which nothing matches is only resized.
    """
    width = pair.left.shape[1]
    percentiles = disparity_percentiles(pair.left, pair.right, limit=SEARCH_LIMIT)
    if not np.isfinite(percentiles).all():
        percentiles = (0.0, 0.0)
    composition = compose_for_levels(*percentiles, width, levels, target_width=levels.width)
    left, right = apply_composition(pair.left, pair.right, composition)
    return dataclasses.replace(pair, left=left, right=right)


def _paired_by_name(folder: pathlib.Path) -> list[tuple[str, pathlib.Path, pathlib.Path]]:
    names = {
        side: {path.name for path in (folder / side).glob("*") if _is_image(path)}
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
            [p for p in sorted(inner.glob(f"{s}.*")) if _is_image(p)] for s in ("left", "right")
        ]
        if all(views):
            paths.append((inner.name, views[0][0], views[1][0]))
    return paths


def _is_image(path: pathlib.Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES
