"""Depth of one person, animal or vehicle before a background of which only guesses are known.

The subject is sure to be nearer than what is seen around it. The ground below the horizon is a
ramp, the background begins where the ground ends, and both weigh little.
"""

import dataclasses

import cv2
import numpy as np

from data_pipeline.depth_sources.ground import ground_ramp

# Rows between feet and eye of the camera over the height of the person, for photographers of
# street fashion: heads of standing strangers far behind lie at 0.6 to 0.75 of the person's height.
PERSON_EYE = 0.62
SUBJECT_WEIGHT, AIRBORNE_WEIGHT = 0.9, 0.6
GROUND_GAIN = 0.5
# How much nearer than what it is seen before a subject is at least, in inverse depth.
LEAD = 0.15
# What the lower edge of the picture cuts stands nearer than the lowest row.
CUT_OFF = 1.12
# Pixels of a column that tell as much about the ground's colour as one independent observation.
INDEPENDENT = 12.0


@dataclasses.dataclass(frozen=True)
class Stage:
    """Where a subject stands.

    Attributes:
        horizon: row of the horizon as a share of the height; negative above the picture.
        edge: row at which the ground ends and the background rises, as a share of the height.
        background: inverse depth of the background over that of the ground at the edge.
        airborne: whether the subject hangs above the ground.
        weight: trust in ground and background.
    """

    horizon: float
    edge: float
    background: float = 0.9
    airborne: bool = False
    weight: float = 0.2


def stage_of_person(mask: np.ndarray) -> Stage:
    """Stage of a picture of one standing person, by the person's height.

    Args:
        mask: (h, w) bool, true on the person.

    Raises:
        ValueError: if the mask is empty.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        raise ValueError("The mask of the person must not be empty.")
    height = mask.shape[0]
    head, feet = rows[0] / height, (rows[-1] + 1) / height
    horizon = feet - PERSON_EYE * (feet - head)
    return Stage(horizon=horizon, edge=horizon + 0.25 * (feet - horizon), weight=0.4)


def ground_edges(picture: np.ndarray, mask: np.ndarray, stage: Stage) -> np.ndarray:
    """Row at which the ground ends in every column, by colour.

    Colours below the feet speak for ground, colours above the horizon for background; the edge
    is the straight line under which the evidence is largest.

    Args:
        picture: (h, w, 3) uint8 RGB.
        mask: (h, w) bool, true on the subject, which tells nothing.
        stage: whose edge and horizon are the expectation.

    Returns:
        (w,) float32 rows.
    """
    height, width = mask.shape
    feet = int(np.flatnonzero(mask.any(axis=1))[-1])
    horizon = stage.horizon * height
    rows = np.arange(height)[:, None]
    free = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    colour = cv2.cvtColor(cv2.blur(picture, (5, 5)), cv2.COLOR_RGB2LAB) // (24, 8, 8)
    code = (colour[..., 0].astype(int) * 32 + colour[..., 1]) * 32 + colour[..., 2]
    near = free & (rows > feet - 0.25 * (feet - horizon))
    far = free & (rows < horizon)
    if near.sum() < 0.02 * mask.size or far.sum() < 0.02 * mask.size:
        return np.full(width, stage.edge * height, np.float32)
    size = 11 * 32 * 32
    counts = [np.bincount(code[part], minlength=size) / part.sum() for part in (near, far)]
    evidence = np.log((counts[0] + 1e-3) / (counts[1] + 1e-3))[code] * free
    belief = np.cumsum(np.clip(evidence, -2, 2)[::-1], axis=0)[::-1] / (INDEPENDENT * width)
    lowest, highest = int(max(horizon + 1, 0)), int(feet - 0.1 * (feet - horizon))
    middles = np.arange(lowest, highest, 2)
    tilts = np.linspace(-1, 1, 13) * 0.5 * (feet - horizon)
    lines = middles[:, None, None] + tilts[None, :, None] * np.linspace(-1, 1, width)
    lines = np.clip(lines, lowest, highest)
    total = belief[lines.astype(int), np.arange(width)].sum(axis=2)
    # Two standard deviations reach from the expected edge to the horizon, or half way to the feet.
    spread = (feet - horizon) / 8
    total -= 0.5 * ((middles[:, None] - stage.edge * height) / spread) ** 2
    total -= 0.5 * (tilts / (2 * spread)) ** 2
    best = np.unravel_index(total.argmax(), total.shape)
    return lines[best].astype(np.float32)


def subject_disparity(
    mask: np.ndarray, stage: Stage, edges: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Inverse depth and trust of a picture with one subject.

    Args:
        mask: (h, w) bool, true on the subject.
        stage: around it.
        edges: (w,) row at which the ground ends in every column; that of the stage if None.

    Returns:
        Disparity (h, w) float32 and weight (h, w) float32 in [0, 1].

    Raises:
        ValueError: if the mask is empty or the edges are not one per column.
    """
    height, width = mask.shape
    if edges is None:
        edges = np.full(width, stage.edge * height, np.float32)
    if not mask.any() or edges.shape != (width,):
        raise ValueError(
            f"The mask must not be empty, and the edges must be ({width},). "
            f"Received: {mask.sum()} pixels, {edges.shape}"
        )
    ramp = ground_ramp(height, stage.horizon * height)
    rows = np.arange(height)[:, None]
    edges = np.clip(edges, 0, height - 1)
    far = stage.background * ramp[edges.astype(int)]
    disparity = np.where(rows < edges, far, ramp[:, None]).astype(np.float32)
    # How far the ground goes is a guess; near the feet it certainly is ground.
    weight = stage.weight * (1 + GROUND_GAIN * np.clip((rows - edges) / (height - edges), 0, 1))
    disparity[mask] = _subject_value(mask, ramp, disparity)
    weight[mask] = AIRBORNE_WEIGHT if stage.airborne else SUBJECT_WEIGHT
    return disparity, weight.astype(np.float32)


def _subject_value(mask: np.ndarray, ramp: np.ndarray, around: np.ndarray) -> float:
    """Inverse depth of the subject: of its lowest row, and nearer than what it is seen before."""
    lowest = int(np.flatnonzero(mask.any(axis=1))[-1])
    value = float(ramp[lowest])
    if lowest >= len(ramp) - 2:
        value = max(value, CUT_OFF)
    return max(value, LEAD + float(np.median(around[mask])))
