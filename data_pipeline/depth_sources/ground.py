"""Horizon and ground of a photograph with labels: the frame in which contacts become depth.

A flat ground seen by a level camera has an inverse depth that grows linearly with the row below
the horizon and is zero on it (Hoiem, Efros and Hebert, "Putting Objects in Perspective", 2006).
Here it is scaled to be 1 on the lowest row of the picture. An upright thing has the inverse depth
of the row where it meets the ground.
"""

import enum

import numpy as np


class Kind(enum.IntEnum):
    """What a region is for the purpose of depth."""

    VOID = 0
    SKY = 1
    GROUND = 2
    WALL = 3  # large and upright: a facade, a fence; may recede along the columns
    PLANT = 4  # trees and hedges: upright, with an irregular foot
    VEHICLE = 5  # one depth each, unless parked in a row
    FIGURE = 6  # one depth each: persons, poles, signs, animals


# The horizon is at least this share of the height above the farthest ground: seen ground ends at
# something, and what ends at infinity is rare.
GROUND_GAP = 0.02
USUAL_HORIZON = 0.46
# Height of the eye over the height of a car: about 1.55 m over 1.45 m.
EYE_OVER_CAR = 1.07
SMALLEST_GROUND = 0.015


def ground_ramp(height: int, horizon: float) -> np.ndarray:
    """Inverse depth of level ground by row.

    Args:
        height: of the picture, in rows.
        horizon: row of the horizon; may lie above the picture, not at or below its lowest row.

    Returns:
        (height,) float32: 0 on and above the horizon, 1 on the lowest row.

    Raises:
        ValueError: without rows below the horizon.
    """
    if not horizon < height - 1:
        raise ValueError(
            f"The horizon must lie above the lowest row, {height - 1}. Received: {horizon}"
        )
    rows = np.arange(height, dtype=np.float32)
    return np.maximum((rows - horizon) / (height - 1 - horizon), 0).astype(np.float32)


def ground_top(kinds: np.ndarray) -> int | None:
    """Highest row with ground worth the name: a hundredth of the width, or None without ground.

    Args:
        kinds: (h, w) `Kind` of every pixel.
    """
    ground = kinds == Kind.GROUND
    if ground.mean() < SMALLEST_GROUND:
        return None
    rows = np.flatnonzero(ground.sum(axis=1) >= max(2, 0.01 * kinds.shape[1]))
    return int(rows[0]) if rows.size else None


def estimate_horizon(
    regions: np.ndarray, kinds: np.ndarray, usual: float = USUAL_HORIZON
) -> float | None:
    """Row of the horizon: between sky and ground, near the roofs of cars or the usual height.

    Args:
        regions: (h, w) int region of every pixel.
        kinds: (number of regions,) `Kind` of every region.
        usual: horizon as a share of the height where nothing else tells.

    Returns:
        The row, above all ground; None without ground.
    """
    seen = kinds[regions]
    height, width = seen.shape
    top = ground_top(seen)
    if top is None:
        return None
    sky = np.flatnonzero((seen == Kind.SKY).sum(axis=1) >= 0.02 * width)
    highest = float(sky[-1]) if sky.size else -0.1 * height
    lowest = top - GROUND_GAP * height
    from_cars = _horizon_from_cars(regions, kinds)
    guess = usual * height if from_cars is None else from_cars
    return float(min(max(guess, min(highest, lowest)), lowest, 0.9 * height))


def _horizon_from_cars(regions: np.ndarray, kinds: np.ndarray) -> float | None:
    """Row at eye height over the vehicles that are whole, or None without such."""
    height, width = regions.shape
    rows = []
    for region in np.flatnonzero(kinds == Kind.VEHICLE):
        place = np.nonzero(regions == region)
        if place[0].size < 0.004 * height * width:
            continue
        top, bottom = place[0].min(), place[0].max()
        left, right = place[1].min(), place[1].max()
        cut = bottom >= height - 2 or left <= 1 or right >= width - 2
        # A row of parked cars is not taken for one long car.
        if not cut and 1.0 < (right - left) / max(bottom - top, 1) < 3.2:
            rows.append(bottom - EYE_OVER_CAR * (bottom - top))
    return float(np.median(rows)) if rows else None
