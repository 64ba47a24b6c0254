"""Photographs with semantic or plane labels, turned into approximate disparity.

Labels say what stands on the ground and where; with a horizon that is enough for a plausible
inverse depth (`ground`, `upright`), and real photographs with plausible depth teach what rendered
ones do not: what the sky, a facade and a person look like.

Every source is a folder SOURCE with images/NAME.jpg and labels/NAME.png of one size.
"""

import collections
import csv
import pathlib
from collections.abc import Iterator

import cv2
import numpy as np
from absl import logging

from data_pipeline.depth_sources.ground import USUAL_HORIZON, Kind, estimate_horizon, ground_top
from data_pipeline.depth_sources.label_maps import close_seams, label_regions, low_ground
from data_pipeline.depth_sources.planes import plane_kinds, shows_sky, without_border
from data_pipeline.depth_sources.subjects import (
    Stage,
    ground_edges,
    stage_of_person,
    subject_disparity,
)
from data_pipeline.depth_sources.upright import upright_disparity
from data_pipeline.packs.depth_example import LONGEST_SIDE, DepthExample, size_within
from deep3d.image_file import read_image
from deep3d.wording import either

SOURCES = ("camvid", "labelmefacade", "ade_planar_sprs", "clothing_coparsing", "davis2016_val")
# Larger files are refused before anything is made of them.
LARGEST_SIDE = 8192
TWINS = "twins_labelmefacade_sprs.csv"

CAMVID = (
    Kind.SKY, Kind.WALL, Kind.FIGURE, Kind.GROUND, Kind.GROUND, Kind.PLANT, Kind.FIGURE,
    Kind.WALL, Kind.VEHICLE, Kind.FIGURE, Kind.FIGURE, Kind.VOID,
)  # fmt: skip
LABELMEFACADE = (
    Kind.VOID, Kind.WALL, Kind.VEHICLE, Kind.WALL, Kind.GROUND, Kind.GROUND, Kind.SKY,
    Kind.PLANT, Kind.WALL,
)  # fmt: skip
SEQUENCES = ("0001TP", "0006R0", "0016E5", "Seq05VD")
# Share of the height at which each video of DAVIS has its horizon and the end of its ground,
# judged by eye.
DAVIS = {
    "blackswan": Stage(-0.3, 0.3),
    "bmx-trees": Stage(0.1, 0.6, weight=0.1),
    "breakdance": Stage(0.3, 0.85),
    "camel": Stage(0.1, 0.45),
    "car-roundabout": Stage(0.38, 0.55),
    "car-shadow": Stage(0.33, 0.5),
    "cows": Stage(-0.2, 0.0),
    "dance-twirl": Stage(0.1, 0.6),
    "dog": Stage(-0.6, 0.0),
    "drift-chicane": Stage(0.38, 0.52),
    "drift-straight": Stage(0.2, 0.4),
    "goat": Stage(0.2, 0.75, background=0.3, weight=0.1),
    "horsejump-high": Stage(0.35, 0.48, airborne=True),
    "kite-surf": Stage(0.1, 0.15, background=0.5, airborne=True),
    "libby": Stage(-0.1, 0.55),
    "motocross-jump": Stage(0.35, 0.5, airborne=True, weight=0.1),
    "paragliding-launch": Stage(0.5, 0.68, background=0.1, airborne=True),
    "parkour": Stage(0.2, 0.45, airborne=True, weight=0.1),
    "scooter-black": Stage(0.3, 0.5),
    "soapbox": Stage(0.1, 0.35, airborne=True, weight=0.15),
}
UNKNOWN_STAGE = Stage(0.3, 0.5, weight=0.1)
SMALLEST_SUBJECT = 0.002
NATURE = ("blackswan", "cows", "dog", "goat", "kite-surf", "libby", "paragliding-launch")
# Numbers under which ADE20K keeps pictures of streets, and hardly anything else.
STREETS = (16000, 20000)
# Classes of labelmefacade that name the ground when they lie: none, and vegetation.
LAWNS = (0, 7)
LAWN_WEIGHT = 0.4
# Trust in guesses where no sky confirms that the picture shows a street.
NO_SKY = 0.6


class Hopeless(ValueError):
    """Raised for a picture whose labels do not tell its depth; the message is the reason."""


def labelled_examples(folder: pathlib.Path | str, source: str) -> Iterator[DepthExample]:
    """Pictures of a source with disparity guessed from their labels, in sorted order.

    Pictures whose labels tell nothing are left out, and counted by reason in the log.

    Args:
        folder: that holds the sources.
        source: one of `SOURCES`.

    Yields:
        Examples at most 480 pixels wide and high, the disparity 0 at infinity and 1 on level
        ground on the lowest row.

    Raises:
        ValueError: for an unknown source, or labels that do not fit their picture.
        FileNotFoundError: without the source's images.
    """
    if source not in SOURCES:
        raise ValueError(f"The source must be one of {either(SOURCES)}. Received: {source!r}")
    folder = pathlib.Path(folder)
    files = sorted((folder / source / "images").glob("*.jpg"))
    if not files:
        raise FileNotFoundError(f"No images/*.jpg in {folder / source}")
    twins = _twins(folder)
    usual = _usual_horizons(files) if source == "camvid" else {}
    reasons = collections.Counter()
    for file in files:
        picture, labels = read_labelled(file)
        group = _group(source, file.stem, twins)
        try:
            content, disparity, weight = _interpret(source, file.stem, picture, labels, usual)
        except Hopeless as reason:
            reasons[str(reason)] += 1
            continue
        name = f"{source}/{file.stem}"
        yield DepthExample(name, group, content, picture, disparity, weight)
    logging.info("%s: %d pictures, left out: %s", source, len(files), dict(reasons))


def read_labelled(file: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    """A picture and its labels, at most 480 pixels wide and high.

    Args:
        file: images/NAME.jpg beside labels/NAME.png.

    Returns:
        Picture (h, w, 3) uint8 RGB and labels (h, w) uint8.

    Raises:
        ValueError: if either cannot be read, or their sizes differ or are too large.
    """
    label_file = file.parent.parent / "labels" / f"{file.stem}.png"
    picture, labels = read_image(file), cv2.imread(str(label_file), cv2.IMREAD_UNCHANGED)
    if labels is None:
        raise ValueError(f"The labels of a picture must be readable. Received: {label_file}")
    if labels.shape != picture.shape[:2] or labels.dtype != np.uint8:
        raise ValueError(
            f"Labels must be (h, w) uint8 of their picture's size, {picture.shape[:2]}. "
            f"Received: {labels.shape} {labels.dtype} in {label_file}"
        )
    if max(labels.shape) > LARGEST_SIDE:
        raise ValueError(f"Sides must be at most {LARGEST_SIDE}. Received: {labels.shape}")
    if max(labels.shape) > LONGEST_SIDE:
        size = size_within(*labels.shape)[::-1]
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        labels = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
    return picture, labels


def _interpret(source, name, picture, labels, usual) -> tuple[str, np.ndarray, np.ndarray]:
    """Content, disparity and weight of one picture.

    Raises:
        Hopeless: if its labels do not tell its depth.
    """
    if source in ("davis2016_val", "clothing_coparsing"):
        return _interpret_subject(source, name, picture, labels > 0)
    if source == "ade_planar_sprs":
        regions = close_seams(without_border(labels)).astype(np.int32)
        kinds = plane_kinds(picture, regions)
        sky = shows_sky(kinds)
        disparity, weight = _layout(regions, kinds, USUAL_HORIZON, straight=True)
        content = _planar_content(name, sky)
        return content, disparity, weight if sky or content == "street" else NO_SKY * weight
    table = CAMVID if source == "camvid" else LABELMEFACADE
    if source == "labelmefacade":
        lawn = low_ground(labels, LAWNS)
        labels = np.where(lawn, LABELMEFACADE.index(Kind.GROUND), labels)
    regions, kinds = label_regions(labels, table)
    disparity, weight = _layout(regions, kinds, usual.get(_sequence(name), USUAL_HORIZON))
    if source == "labelmefacade":
        weight[lawn] = LAWN_WEIGHT
    return "street", disparity, weight


def _planar_content(name: str, sky: bool) -> str:
    """What LS_train_NUMBER of ADE20K shows: the numbers run through the kinds of scenes."""
    number = int(name.rsplit("_", 1)[-1])
    if STREETS[0] <= number < STREETS[1]:
        return "street"
    return "nature" if sky else "indoor"


def _interpret_subject(source, name, picture, mask) -> tuple[str, np.ndarray, np.ndarray]:
    if mask.mean() < SMALLEST_SUBJECT:
        raise Hopeless("subject too small")
    if source == "clothing_coparsing":
        stage = stage_of_person(mask)
        return "street", *subject_disparity(mask, stage, ground_edges(picture, mask, stage))
    video = name.rsplit("_", 1)[0]
    content = "nature" if video in NATURE else "street"
    return content, *subject_disparity(mask, DAVIS.get(video, UNKNOWN_STAGE))


def _layout(regions, kinds, usual, straight=False) -> tuple[np.ndarray, np.ndarray]:
    seen = kinds[regions]
    horizon = estimate_horizon(regions, kinds, usual)
    if horizon is None and not 0.03 < (seen == Kind.SKY).mean() < 0.97:
        raise Hopeless("neither ground nor sky")
    if (seen == Kind.VOID).mean() > 0.6:
        raise Hopeless("hardly labelled")
    return upright_disparity(regions, kinds, horizon, straight)


def _usual_horizons(files: list[pathlib.Path]) -> dict[str, float]:
    """Horizon as a share of the height by sequence: one camera on one car, so nearly constant."""
    table = np.full(256, Kind.VOID, np.uint8)
    table[: len(CAMVID)] = CAMVID
    tops = collections.defaultdict(list)
    for file in files:
        labels = read_labelled(file)[1]
        top = ground_top(table[labels])
        if top is not None:
            tops[_sequence(file.stem)].append(top / labels.shape[0])
    return {sequence: float(np.quantile(tops[sequence], 0.25)) - 0.02 for sequence in tops}


def _sequence(name: str) -> str:
    """Driving sequence of a picture called SUBSET_SEQUENCE_FRAME, or SEQUENCE_FRAME."""
    return next((part for part in name.split("_") if part in SEQUENCES), name.split("_", 1)[0])


def _group(source: str, name: str, twins: dict[str, str]) -> str:
    """Pictures of one sequence, video or photograph share a group."""
    if source == "camvid":
        return f"camvid/{_sequence(name)}"
    if source == "davis2016_val":
        return f"davis/{name.rsplit('_', 1)[0]}"
    if source == "ade_planar_sprs" and name in twins:
        return f"labelmefacade/{twins[name]}"
    return f"{source}/{name}"


def _twins(folder: pathlib.Path) -> dict[str, str]:
    """Names in labelmefacade by the names that the same photographs have among the planes."""
    path = folder / TWINS
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {row["ade_planar_sprs"]: row["labelmefacade"] for row in csv.DictReader(file)}
