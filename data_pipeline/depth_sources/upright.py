"""Depth of upright things from where they stand: labels and a horizon in, inverse depth out.

Every region gets a profile, one inverse depth per column, constant along the column: a vertical
plane seen by a level camera has an inverse depth linear in x and constant in y. Profiles come
from the pixels where a region meets the ground, or, where it never does, from what hides its foot.
"""

import numpy as np

from data_pipeline.depth_sources.ground import Kind, ground_ramp
from data_pipeline.depth_sources.hole_filling import fill_smoothly

# What is seen over something else is farther by some factor: a floor set back, a house behind cars.
BEHIND_WALL = 0.9
BEHIND_THING = 0.7
IN_FRONT = 1.03
# What the lower edge of the picture cuts stands nearer than the lowest row.
CUT_OFF = 1.12
NEAREST = 1.6
FARTHEST = 0.02
# Share of the height, and with it of the ramp, by which a contact line may leave a straight line.
STRAIGHTNESS = 0.035
# Residual of a contact that counts half, and variance of columns below which walls are levelled.
OUTLIER = 0.03
RIDGE = 4e-4
# Inverse depth of what is neither standing nor hidden: a sign cut out of the sky.
FLOATING = 0.1
# Share of the width up to which a region has one depth, and width over height of a single car.
NARROW = {Kind.WALL: 0.0, Kind.PLANT: 0.3, Kind.VEHICLE: 0.2, Kind.FIGURE: 1.0}
NARROW_PLANE = 0.55
LONGEST_CAR = 3.0
ROW_OF_CARS = 0.2
# Weights: how far each kind of evidence is to be trusted.
SURE, STANDING, BETWEEN, BEHIND, GUESSED, UNLABELLED = 1.0, 0.9, 0.6, 0.4, 0.3, 0.1


def upright_disparity(
    regions: np.ndarray, kinds: np.ndarray, horizon: float | None, straight: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Inverse depth and trust of every pixel of a labelled picture.

    Args:
        regions: (h, w) int region of every pixel, 0..n-1.
        kinds: (n,) `Kind` of every region.
        horizon: row of the horizon, None where no ground tells it.
        straight: whether every wall is one plane; else a wall may turn corners.

    Returns:
        Disparity (h, w) float32, 0 at infinity and 1 on the ground of the lowest row; weight
        (h, w) float32 in [0, 1].

    Raises:
        ValueError: if the regions are not two-dimensional or name more than `kinds` has.
    """
    if regions.ndim != 2 or regions.size == 0 or regions.max() >= len(kinds):
        raise ValueError(
            f"Regions must be (h, w) ids below {len(kinds)}. Received: {regions.shape}, "
            f"up to {regions.max(initial=-1)}"
        )
    height, width = regions.shape
    profiles = np.zeros((len(kinds), width), np.float32)
    trust = np.full((len(kinds), width), SURE, np.float32)
    if horizon is None:
        _guess_profiles(kinds, profiles, trust)
        ramp = np.linspace(0, 1, height, dtype=np.float32)
    else:
        ramp = ground_ramp(height, horizon)
        _stand(regions, kinds, ramp, profiles, trust, straight)
        _order(regions, kinds, profiles)
    columns = np.arange(width)[None, :]
    disparity, weight = profiles[regions, columns], trust[regions, columns]
    seen = kinds[regions]
    disparity = np.where(seen == Kind.GROUND, ramp[:, None], disparity)
    void = seen == Kind.VOID
    if not void.all():
        disparity = fill_smoothly(disparity, ~void)
    weight = np.where(void, UNLABELLED, weight)
    return disparity.astype(np.float32), weight.astype(np.float32)


def _guess_profiles(kinds, profiles, trust) -> None:
    """Fills profiles where no ground is seen: things before walls before the sky."""
    for kind, value in (
        (Kind.WALL, 0.5),
        (Kind.PLANT, 0.6),
        (Kind.VEHICLE, 0.9),
        (Kind.FIGURE, 0.8),
    ):
        profiles[kinds == kind] = value
    trust[:] = GUESSED


def _stand(regions, kinds, ramp, profiles, trust, straight) -> None:
    """Fills profiles by contact: first what meets the ground, then what is seen over it."""
    height, width = regions.shape
    rows, columns = np.nonzero(regions[:-1] != regions[1:])
    above, below = regions[rows, columns], regions[rows + 1, columns]
    upright = kinds >= Kind.WALL
    feet = upright[above] & (kinds[below] == Kind.GROUND) & (ramp[rows] > 0)
    waiting = []
    for region in np.flatnonzero(upright):
        mine = feet & (above == region)
        contact = np.full(width, -1.0, np.float32)
        np.maximum.at(contact, columns[mine], ramp[rows[mine]])
        cut = np.flatnonzero(regions[-1] == region)
        if not (mine.any() or cut.size):
            waiting.append(region)
        elif _has_one_depth(regions == region, contact, kinds[region], straight):
            profiles[region], trust[region] = _one_depth(contact, cut), STANDING
        else:
            profiles[region], trust[region] = _profile(kinds[region], contact, cut, straight)
    lowest = np.zeros(len(kinds), int)
    np.maximum.at(lowest, regions.ravel(), np.repeat(np.arange(height), width))
    fronts = upright[above] & upright[below]
    for region in sorted(waiting, key=lambda each: -lowest[each]):
        mine = fronts & (above == region)
        front = below[mine]
        seen = profiles[front, columns[mine]]
        profiles[region] = _behind(columns[mine], kinds[front] == Kind.WALL, seen, width)
        trust[region] = BEHIND


def _has_one_depth(mask: np.ndarray, contact: np.ndarray, kind: int, straight: bool) -> bool:
    """Whether a region stands in one place: a figure, a car, a tree; not a wall or a row."""
    if kind in (Kind.WALL, Kind.FIGURE):
        return kind == Kind.FIGURE
    width = np.ptp(np.flatnonzero(mask.any(axis=0))) + 1
    height = np.ptp(np.flatnonzero(mask.any(axis=1))) + 1
    if width <= (NARROW_PLANE if straight else NARROW[kind]) * mask.shape[1]:
        return True
    if kind != Kind.VEHICLE or width >= LONGEST_CAR * height:
        return False
    # Both ends of one car stand about equally near, those of a row along the street do not.
    feet = np.where(mask[-1], 1.0, contact)[mask.any(axis=0)]
    ends = [float(end.max()) for end in np.array_split(feet, 3)[::2]]
    return min(ends) < 0 or abs(ends[0] - ends[1]) < ROW_OF_CARS


def _one_depth(contact: np.ndarray, cut: np.ndarray) -> float:
    """Inverse depth of a thing: where it stands lowest, or nearer if the picture cuts it."""
    values = contact[contact >= 0]
    if values.size == 0:
        return CUT_OFF
    value = float(np.quantile(values, 0.95))
    return max(value, CUT_OFF) if cut.size > 0.2 * (values.size + cut.size) else value


def _behind(columns, walls, fronts, width) -> np.ndarray:
    """Inverse depth by column of a region whose foot is hidden.

    Args:
        columns: of the pixels where it borders on what is before it; may be empty.
        walls: whether that is a wall, at each of these pixels.
        fronts: inverse depth of what is before it there.
        width: of the picture.
    """
    if columns.size == 0:
        return np.full(width, FLOATING, np.float32)
    order = np.argsort(columns, kind="stable")
    factor = np.where(walls, BEHIND_WALL, BEHIND_THING)[order]
    line = _straight_line(columns[order], factor * fronts[order], width)
    line = _hold_ends(line, columns[order])
    nearest = float((factor * fronts[order]).max())
    return np.clip(line, FARTHEST, max(nearest, FARTHEST))


def _profile(
    kind: int, contact: np.ndarray, cut: np.ndarray, straight: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Inverse depth and trust by column of one region that may recede.

    Args:
        kind: of the region.
        contact: (w,) inverse depth of its foot by column, negative where none is seen.
        cut: columns in which the lower edge of the picture cuts the region.
        straight: whether a wall is one plane.
    """
    width = contact.size
    trust = np.full(width, BETWEEN, np.float32)
    if not (contact >= 0).any():
        return np.full(width, CUT_OFF, np.float32), trust
    # The foot of a wall crosses the lower edge where the cut begins.
    crossings = [end for end in cut[[0, -1]] if 0 < end < width - 1] if cut.size else []
    contact[crossings] = 1.0
    columns = np.flatnonzero(contact >= 0)
    values = contact[columns]
    if kind != Kind.WALL:
        # Between the wheels of a row of cars, or the trunks of trees, lies ground far behind them.
        values = _running(np.max, values, width // 6)
    if straight and kind == Kind.WALL:
        line = _straight_line(columns, values, width)
    else:
        line = _polyline(columns, _running(np.median, values, 9), width)
    line = _hold_ends(line, columns)
    line[cut] = np.maximum(line[cut], 1.0)
    trust[columns] = STANDING
    return np.clip(line, FARTHEST, NEAREST), trust


def _running(function, values: np.ndarray, size: int) -> np.ndarray:
    """A function over `size` neighbours of every value, the ends repeated."""
    half = size // 2
    padded = np.pad(values, half, mode="edge")
    return function(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1), axis=-1)


def _straight_line(columns: np.ndarray, values: np.ndarray, width: int) -> np.ndarray:
    """One line through (column, value), little moved by outliers; level through few columns.

    Least squares with Cauchy weights, renewed a few times.
    """
    places = columns / width
    trust = np.ones(columns.size)
    for _ in range(8):
        trust /= trust.sum()
        middle, level = (trust * places).sum(), (trust * values).sum()
        spread = (trust * (places - middle) ** 2).sum()
        # The ridge keeps short feet from making steep walls.
        slope = (trust * (places - middle) * (values - level)).sum() / (spread + RIDGE)
        residual = values - level - slope * (places - middle)
        trust = 1 / (1 + (residual / OUTLIER) ** 2)
    return (level + slope * (np.arange(width) / width - middle)).astype(np.float32)


def _hold_ends(line: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """A line that stays level farther from its contacts than these are from each other."""
    first, last = int(columns[0]), int(columns[-1])
    reach = last - first
    return line[
        np.clip(np.arange(line.size), max(first - reach, 0), min(last + reach, line.size - 1))
    ]


def _polyline(columns: np.ndarray, values: np.ndarray, width: int) -> np.ndarray:
    """Few straight pieces through (column, value), continued straight to both sides.

    Knots are the points that Douglas and Peucker's subdivision keeps ("Algorithms for the
    reduction of the number of points required to represent a digitized line", 1973).
    """
    knots = [0, len(columns) - 1]
    waiting = [(0, len(columns) - 1)]
    while waiting:
        first, last = waiting.pop()
        if columns[last] - columns[first] < 0.06 * width:
            continue
        inner = slice(first + 1, last)
        line = np.interp(columns[inner], columns[[first, last]], values[[first, last]])
        error = np.abs(values[inner] - line)
        if error.size and error.max() > STRAIGHTNESS:
            split = first + 1 + int(error.argmax())
            knots.append(split)
            waiting += [(first, split), (split, last)]
    knots = np.unique(knots)
    everywhere = np.arange(width)
    result = np.interp(everywhere, columns[knots], values[knots]).astype(np.float32)
    if len(knots) > 1:
        for end, inner in ((0, 1), (-1, -2)):
            run = float(columns[knots[end]] - columns[knots[inner]])
            if abs(run) > 0.1 * width:
                slope = float(values[knots[end]] - values[knots[inner]]) / run
                away = everywhere - columns[knots[end]]
                outside = away < 0 if end == 0 else away > 0
                result[outside] = values[knots[end]] + slope * away[outside]
    return result


def _order(regions, kinds, profiles) -> None:
    """Raises narrow things over the walls that they are seen before."""
    width = regions.shape[1]
    upper, lower = regions[:-1], regions[1:]
    things = (kinds[lower] > Kind.WALL) & (kinds[upper] == Kind.WALL)
    rows, columns = np.nonzero(things)
    front, back = lower[rows, columns], upper[rows, columns]
    for region in np.unique(front):
        mine = front == region
        behind = profiles[back[mine], columns[mine]]
        least = IN_FRONT * float(np.quantile(behind, 0.7))
        profiles[region] = np.maximum(profiles[region], np.full(width, least, np.float32))
