"""Photographs with measured depth: an index of colour images and depth maps as disparity.

The folder holds `index.csv` with one row per picture and, at least, the columns `source`, `rgb`,
`depth`, `kind` and `depth_unit`; the two paths are relative to the folder. Units:

    mm                millimetres along the optical axis
    relative_inverse  near is high, on an unknown scale
    relative_depth    near is low, on an unknown scale

0 is "no depth". Disparity of a parallel rig is focal length times baseline over depth, hence
inverse depth is disparity but for a factor. What sensors get wrong is given no trust: thin invalid
frames left by the registration to the colour camera are cropped, holes are filled with weight 0,
and the bands along depth edges, where the map may lie pixels beside the picture, count little.
"""

import csv
import os
import pathlib
from collections.abc import Iterator

import cv2
import numpy as np

from data_pipeline.depth_sources.hole_filling import fill_smoothly
from data_pipeline.packs.depth_example import DepthExample, size_within
from deep3d.image_file import read_image
from deep3d.wording import either

COLUMNS = ("source", "rgb", "depth", "kind", "depth_unit")
UNITS = ("mm", "relative_inverse", "relative_depth")
# Words of `kind` and what a picture with them shows; the first that occurs decides.
CONTENT_OF_KIND = {
    "film": "film",
    "indoor": "indoor",
    "tabletop": "close-up",
    "close-up": "close-up",
    "driving": "street",
    "street": "street",
    "outdoor": "nature",
    "nature": "nature",
}
NEAREST_MM, FARTHEST_MM = 150.0, 60_000.0  # nearer is sensor noise, farther is no parallax
# A side of the picture may lose this share to an invalid frame; a larger gap belongs to the scene.
WIDEST_FRAME = 0.12
FRAME_MARGIN = 2  # pixels cropped beyond a frame: compression lets it bleed
SPARSE_BELOW = 0.35  # share of pixels with depth; less is a LiDAR's dots, not a map
EDGE_STEP = 0.04  # of the spread of disparity, from pixel to pixel, is a depth edge and no slope
EDGE_BAND = 5  # pixels on either side of an edge in measured maps
EDGE_WEIGHT = 0.15
RELATIVE_WEIGHT = 0.7  # the curve of a relative map is not quite known
OPTIONAL_WEIGHT = 0.5


def rgbd_examples(folder: str | os.PathLike) -> Iterator[DepthExample]:
    """The pictures of an index of colour images with depth, sorted by source and name.

    Rows whose column `use` neither is empty nor says "train" or "optional" are left out, and so are
    pictures with depth on too few of their pixels.

    Args:
        folder: Holds `index.csv` and the files that it names.

    Returns:
        Examples of at most 480 px a side; disparity is inverse depth, 1/m where depth is in mm.
        The group is the scene, else source and name.

    Raises:
        ValueError: If the index is missing or lacks columns, a row has an unknown unit or kind or
            names a file that is not there or lies outside the folder; while iterating, if a file
            is no image or depth and colour differ in size.
    """
    folder = pathlib.Path(folder).resolve()
    rows = [row for row in _read_index(folder) if _is_wanted(row)]
    for row in rows:
        _check_row(folder, row)
    rows.sort(key=lambda row: (row["source"], row["rgb"]))
    return _examples(folder, rows)


def _read_index(folder: pathlib.Path) -> list[dict[str, str]]:
    path = folder / "index.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = [{key: value or "" for key, value in row.items() if key} for row in reader]
            columns = reader.fieldnames or ()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"The folder must hold a readable index.csv. Received: {error}") from error
    missing = [column for column in COLUMNS if column not in columns]
    if missing:
        raise ValueError(f"{path} must have the columns {COLUMNS}. Received: no {missing}")
    return rows


def _is_wanted(row: dict[str, str]) -> bool:
    use = row.get("use", "")
    return not use or "train" in use or use.startswith("optional")


def _check_row(folder: pathlib.Path, row: dict[str, str]) -> None:
    for column in ("rgb", "depth"):
        path = (folder / row[column]).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            raise ValueError(
                f"index.csv must name files inside {folder}. Received: {column}={row[column]!r}"
            )
    _unit(row)
    _content(row)


def _unit(row: dict[str, str]) -> str:
    unit = row["depth_unit"].partition("(")[0].strip()
    if unit not in UNITS:
        raise ValueError(
            f"depth_unit must be one of {either(UNITS)}. Received: {unit!r} for {row['depth']}"
        )
    return unit


def _content(row: dict[str, str]) -> str:
    for word, content in CONTENT_OF_KIND.items():
        if word in row["kind"]:
            return content
    raise ValueError(
        f"kind must contain one of {either(CONTENT_OF_KIND)}. "
        f"Received: {row['kind']!r} for {row['rgb']}"
    )


def _examples(folder: pathlib.Path, rows: list[dict[str, str]]) -> Iterator[DepthExample]:
    for row in rows:
        left = read_image(folder / row["rgb"])
        depth = cv2.imread(os.fspath(folder / row["depth"]), cv2.IMREAD_UNCHANGED)
        if depth is None or depth.shape != left.shape[:2]:
            received = "no image" if depth is None else f"{depth.shape} and {left.shape}"
            raise ValueError(
                f"Depth must be one channel of the colour image's size. Received: {received} "
                f"for {row['depth']}"
            )
        crop = _without_frame(left, depth > 0)
        left, depth = left[crop], depth[crop]
        if depth.size == 0 or (depth > 0).mean() < SPARSE_BELOW:
            continue
        left, depth = _resized(left, depth)
        disparity = _inverse_depth(depth, _unit(row))
        known = depth > 0
        disparity = fill_smoothly(disparity, known)
        name = f"{row['source']}/{pathlib.PurePath(row['rgb']).stem}"
        yield DepthExample(
            name=name,
            group=row.get("scene_id") or name,
            content=_content(row),
            left=left,
            disparity=disparity,
            weight=_trust(row, disparity, known),
        )


def _without_frame(image, known) -> tuple[slice, slice]:
    """Rows and columns without the thin frame that has no depth or is white or black.

    Sides are taken in turns, because a column is judged by what is left of its rows.
    """
    extreme = (image.min(axis=2) >= 235) | (image.max(axis=2) <= 12)
    height, width = known.shape
    edges = [0, height, 0, width]  # top, bottom, left, right
    for _ in range(2):
        for side, step in enumerate((1, -1, 1, -1)):
            length = (height, width)[side // 2]
            outside = 0 if step > 0 else length
            edges[side] = outside
            while abs(edges[side] - outside) <= WIDEST_FRAME * length:
                at = edges[side] - (step < 0)
                line = [slice(*edges[:2]), slice(*edges[2:])]
                line[side // 2] = at
                if known[tuple(line)].mean() >= 0.2 and extreme[tuple(line)].mean() < 0.9:
                    break
                edges[side] += step
            else:  # thicker than a frame: a sky, a white wall, a far room
                edges[side] = outside
    top, bottom, first, last = (
        edge + step * FRAME_MARGIN * (edge not in (0, length))
        for edge, step, length in zip(
            edges, (1, -1, 1, -1), (height, height, width, width), strict=True
        )
    )
    return slice(top, bottom), slice(first, last)


def _resized(left, depth):
    height, width = size_within(*depth.shape)
    if (height, width) == depth.shape:
        return np.ascontiguousarray(left), np.ascontiguousarray(depth)
    # Depth is picked, not averaged: between near and far there is nothing.
    return (
        cv2.resize(left, (width, height), interpolation=cv2.INTER_AREA),
        cv2.resize(depth, (width, height), interpolation=cv2.INTER_NEAREST_EXACT),
    )


def _inverse_depth(depth, unit: str) -> np.ndarray:
    """Something affine to disparity, (h, w) float32; meaningless where depth is 0."""
    depth = depth.astype(np.float32)
    if unit == "relative_inverse":
        return depth / 65535.0
    if unit == "mm":
        return 1000.0 / np.clip(depth, NEAREST_MM, FARTHEST_MM)
    return 1.0 / np.maximum(depth / 65535.0, 0.02)


def _trust(row: dict[str, str], disparity, known) -> np.ndarray:
    """Weight per pixel, (h, w) float32."""
    trust = 1.0 if _unit(row) == "mm" else RELATIVE_WEIGHT
    optional = row.get("use", "").startswith("optional")
    trust *= OPTIONAL_WEIGHT if optional else 1.0
    weight = np.where(known, np.float32(trust), np.float32(0))
    rendered = any(word in row["kind"] for word in ("render", "synthetic", "film"))
    if rendered:  # exact to the pixel
        return weight
    band = EDGE_BAND * (2 if optional else 1)
    window = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * band + 1, 2 * band + 1))
    near_edge = cv2.dilate(_depth_edges(disparity, known).astype(np.uint8), window) > 0
    return np.where(near_edge, weight * np.float32(EDGE_WEIGHT), weight)


def _depth_edges(disparity, known) -> np.ndarray:
    """Where disparity jumps to a neighbouring pixel, (h, w) bool.

    Holes come with edges, so the filled map is looked at: a hole in a table is no edge, a hole
    along a cup is one.
    """
    low, high = np.percentile(disparity[known], (5, 95))
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    step = cv2.morphologyEx(disparity, cv2.MORPH_GRADIENT, cross)
    # A gradient over three pixels sees a slope twice.
    return step > 2 * EDGE_STEP * max(float(high - low), 1e-6)
