"""Rendered streets: facades with windows, cars, trees, lamp posts, signs and people under a sky."""

from collections.abc import Callable

import numpy as np

from data_pipeline.blender import materials as paint
from data_pipeline.blender import people, plants
from data_pipeline.blender.cars import car
from data_pipeline.blender.houses import house
from data_pipeline.blender.shapes import box, card, lathe, tube, union
from data_pipeline.blender.stage import Piece, Stage
from data_pipeline.blender.view import View, aim, random_focal

_LENGTH = 110.0  # metres of street


def street(stage: Stage) -> Callable[[], View]:
    """Builds a street along +y.

    Args:
        stage: an empty one.

    Returns:
        A function that proposes views.
    """
    rng = stage.rng
    stage.daylight()
    road, walk = float(rng.uniform(5, 11)), float(rng.uniform(1.5, 4))
    _ground(stage, road, walk)
    gap = float(rng.choice([0.0, 0.0, 4.0, 9.0]))  # between houses: town or suburb
    for side in (-1, 1):
        _row_of_houses(stage, side, road / 2 + walk, gap)
    stage.put(house(stage, 2 * road + 20, float(rng.uniform(8, 20)), 10), (0, _LENGTH + 8, 0))
    _along_the_kerb(stage, road, walk)
    _traffic(stage, road)
    _walkers(stage, road, walk)
    return lambda: _view(rng, road, walk)


def lamp_post(stage: Stage) -> Piece:
    """A street lamp with an arm over the road (towards +x)."""
    height = float(stage.rng.uniform(4, 8))
    pole = tube([(0, 0, 0), (0, 0, 0.6 * height), (0, 0, height)], (0.09, 0.06, 0.05), 8)
    arm = tube(
        [(0, 0, height - 0.02), (0.6, 0, height + 0.15), (1.3, 0, height + 0.1)], (0.04,) * 3, 6
    )
    lantern = box(0.5, 0.22, 0.12, (1.4, 0, height))
    color = paint.random_color(stage.rng, saturation=(0, 0.3), value=(0.02, 0.35))
    return stage.piece((union(pole, arm, lantern), paint.plain(stage, color, 0.5, 0.3)))


def sign(stage: Stage) -> Piece:
    """A traffic sign or signal on a pole, facing -y."""
    rng = stage.rng
    height = float(rng.uniform(2, 3))
    pole = tube([(0, 0.03, 0), (0, 0.03, height)], (0.035, 0.035), 6)
    grey = paint.plain(stage, (0.35, 0.35, 0.36), 0.4, 0.5)
    bright = paint.plain(stage, paint.random_color(rng, saturation=(0.6, 1), value=(0.3, 0.7)), 0.4)
    if rng.random() < 0.4:
        return stage.piece(
            (
                union(pole, box(0.3, 0.25, 0.9, (0, 0, height - 0.2))),
                paint.plain(stage, (0.03, 0.04, 0.03)),
            ),
            (
                card(0.2, 0.2).moved((0, -0.14, height + 0.4)),
                paint.shining(stage, (1, 0.1, 0.05), 3),
            ),
        )
    disc = lathe([(0.001, -0.01), (0.32, -0.01), (0.32, 0.01), (0.001, 0.01)], 18, smooth=False)
    inner = lathe([(0.001, 0.011), (0.24, 0.011)], 18)
    turned = [shape.moved((0, -0.03, height - 0.1), tilt=90) for shape in (disc, inner)]
    white = paint.plain(stage, (0.8, 0.8, 0.78), 0.5)
    return stage.piece((pole, grey), (turned[0], bright), (turned[1], white))


def _ground(stage: Stage, road: float, walk: float):
    rng = stage.rng
    grey = float(rng.uniform(0.03, 0.18))
    asphalt = paint.mottled(
        stage, (0.7 * grey,) * 3, (grey, grey, 0.95 * grey), 0.4, 0.85, detail=8
    )
    stage.add(box(road, _LENGTH + 40, 0.1), asphalt, (0, _LENGTH / 2 - 10, -0.1))
    stone = paint.random_color(rng, (0.05, 0.12), (0, 0.2), (0.2, 0.5))
    slabs = paint.bricks(
        stage, stone, tuple(0.85 * v for v in stone), tuple(0.4 * v for v in stone), 0.8, 0.5
    )
    kerb = paint.plain(stage, tuple(1.2 * v for v in stone), 0.8)
    for side in (-1, 1):
        x = side * (road / 2 + walk / 2)
        stage.add(box(walk, _LENGTH + 40, 0.25), slabs, (x, _LENGTH / 2 - 10, -0.12))
        stage.add(box(0.15, _LENGTH + 40, 0.25), kerb, (side * road / 2, _LENGTH / 2 - 10, -0.11))
    earth = plants.green(rng)
    meadow = paint.mottled(stage, tuple(0.5 * v for v in earth), earth, 1.0)
    stage.add(box(400, 400, 0.1), meadow, (0, 120, -0.22))
    if rng.random() < 0.75:
        white = paint.plain(stage, (0.6, 0.6, 0.58), 0.8)
        marks = [box(0.14, 2.5, 0.006, (0, y, 0)) for y in np.arange(-8, _LENGTH, 6)]
        if rng.random() < 0.4:
            y = float(rng.uniform(6, 25))
            marks += [
                box(0.5, 3, 0.006, (x, y, 0.001))
                for x in np.arange(-road / 2 + 0.6, road / 2 - 0.4, 1.0)
            ]
        stage.add(union(*marks), white)


def _row_of_houses(stage: Stage, side: int, x: float, gap: float):
    rng = stage.rng
    tall = float(rng.uniform(6, 18)) if not gap else float(rng.uniform(4, 8))
    y = -12.0
    while y < _LENGTH:
        width = float(rng.uniform(7, 18))
        piece = house(stage, width, tall * float(rng.uniform(0.7, 1.4)), float(rng.uniform(7, 12)))
        back = float(rng.uniform(0, 0.6 + 0.6 * gap))
        # a facade faces -y; turned by -90 degrees it faces -x, as the right side needs
        stage.put(piece, (side * (x + back), y + width / 2, 0), -90.0 * side)
        if gap:
            hedge = plants.bush(stage, float(rng.uniform(0.8, 1.8)))
            for _ in range(3):
                stage.put(
                    hedge,
                    (side * (x + rng.uniform(0, 2)), y + rng.uniform(0, width), 0),
                    rng.uniform(0, 360),
                )
        y += width + gap * float(rng.uniform(0.5, 1.5))


def _along_the_kerb(stage: Stage, road: float, walk: float):
    """Trees, lamps, signs and parked cars."""
    rng = stage.rng
    lamp, signs = lamp_post(stage), [sign(stage) for _ in range(2)]
    cars = [car(stage) for _ in range(5)]
    trees = [plants.broadleaf(stage, float(rng.uniform(5, 9))) for _ in range(2)]
    for side in (-1, 1):
        kerb = side * (road / 2 + 0.5)
        lamps, planted, parked = rng.uniform(15, 30), rng.uniform(6, 14), rng.random() < 0.75
        for y in np.arange(rng.uniform(2, 14), _LENGTH, lamps):
            stage.put(lamp, (kerb, y, 0.1), 180.0 if side > 0 else 0.0)
        if rng.random() < 0.6:
            for y in np.arange(rng.uniform(0, 8), _LENGTH, planted):
                stage.put(
                    trees[rng.integers(2)],
                    (kerb, y, 0.1),
                    rng.uniform(0, 360),
                    rng.uniform(0.8, 1.2),
                )
        for y in rng.uniform(4, 60, rng.integers(0, 4)):
            stage.put(signs[rng.integers(2)], (kerb, y, 0.1))
        y = float(rng.uniform(-2, 10))
        while parked and y < _LENGTH:
            stage.put(
                cars[rng.integers(5)], (side * (road / 2 - 1.1), y, 0), 0.0 if side > 0 else 180.0
            )
            y += float(rng.uniform(5.2, 6.2)) + (
                float(rng.uniform(4, 25)) if rng.random() < 0.3 else 0
            )


def _traffic(stage: Stage, road: float):
    rng = stage.rng
    for _ in range(rng.integers(0, 5)):
        side = float(rng.choice([-1, 1]))
        turn = 0.0 if side > 0 else 180.0
        stage.put(car(stage), (side * max(road / 4 - 0.7, 0.9), rng.uniform(6, 70), 0), turn)


def _walkers(stage: Stage, road: float, walk: float):
    rng = stage.rng
    crowd = [people.person(stage) for _ in range(rng.integers(1, 5))]
    for _ in range(rng.integers(2, 14)):
        x = float(rng.choice([-1, 1])) * (road / 2 + rng.uniform(0.3, walk))
        if rng.random() < 0.12:
            x = float(rng.uniform(-road / 2, road / 2))
        y = 3 + 45 * float(rng.random()) ** 1.5
        stage.put(
            crowd[rng.integers(len(crowd))],
            (x, y, 0.13 if abs(x) > road / 2 else 0.0),
            rng.choice([0, 180]) + rng.normal(0, 25),
        )


def _view(rng: np.random.Generator, road: float, walk: float) -> View:
    """From a car, a pavement or a window, mostly along the street."""
    kind = rng.choice(["driver", "walker", "across", "high"], p=(0.4, 0.35, 0.15, 0.1))
    x, height = float(rng.uniform(-0.3, 0.3)) * road, float(rng.uniform(1.2, 1.8))
    target = np.array([rng.normal(0, 2.5), 25.0, rng.uniform(1.0, 3.0)])
    if kind == "walker":
        x = float(rng.choice([-1, 1])) * (road / 2 + rng.uniform(0.2, 0.8) * walk)
    elif kind == "across":
        x = -0.5 * road * float(rng.uniform(0.6, 1))
        target = np.array([0.6 * road, rng.uniform(4, 12), rng.uniform(1, 2.5)])
    elif kind == "high":
        height = float(rng.uniform(3, 7))
    position = (x, float(rng.uniform(-6, 6)), height)
    yaw, pitch = aim(position, target)
    pace = (float(rng.normal(0, 0.02)), float(rng.uniform(0, 0.4)), 0.0)
    return View(
        position,
        yaw,
        pitch,
        float(rng.normal(0, 0.7)),
        random_focal(rng, 0.6, 1.6),
        None,
        0.0,
        pace,
        float(rng.normal(0, 0.3)),
    )
