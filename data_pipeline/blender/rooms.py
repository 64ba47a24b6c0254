"""Rendered rooms: walls, windows with daylight, furniture in groups, lamps, pictures, people."""

from collections.abc import Callable

import numpy as np

from data_pipeline.blender import furniture, people, plants, props
from data_pipeline.blender.interior import Floor, empty_room, on_wall
from data_pipeline.blender.stage import Piece, Stage
from data_pipeline.blender.view import View, aim, random_focal


def room(stage: Stage) -> Callable[[], View]:
    """Builds a room with its open side, where the camera stands, at y = 0.

    Args:
        stage: an empty one.

    Returns:
        A function that proposes views.
    """
    floor = empty_room(stage)
    _central_group(stage, floor)
    for _ in range(stage.rng.integers(6, 13)):
        put_against_a_wall(stage, floor)
    for _ in range(stage.rng.integers(1, 4)):
        _loose_thing(stage, floor)
    if stage.rng.random() < 0.45:
        _standing_person(stage, floor)
    return lambda: _view(stage.rng, floor)


def _central_group(stage: Stage, floor: Floor):
    """A table with chairs, a sofa with a low table, a desk, or a bed."""
    rng = stage.rng
    x = float(rng.uniform(-0.2, 0.2)) * floor.width
    y = floor.depth * float(rng.uniform(0.45, 0.65))
    kind = rng.choice(["dining", "sofa", "bed", "desk"], p=(0.37, 0.38, 0.13, 0.12))
    if rng.random() < 0.65:
        w, d = min(2.6, 0.7 * floor.width), min(1.9, 0.4 * floor.depth)
        stage.put(furniture.carpet(stage, w, d), (x, y, 0), float(rng.normal(0, 4)))
    if kind == "dining":
        _dining_group(stage, floor, x, y)
    elif kind == "sofa":
        _sofa_group(stage, floor, x, y)
    elif kind == "bed":
        wide = float(rng.choice([0.9, 1.4, 1.6]))
        if floor.take(x, floor.depth - 1.1, wide + 0.2, 2.2):
            stage.put(furniture.bed(stage, wide), (x, floor.depth - 1.1, 0))
    elif floor.take(x, y, 1.6, 1.6):
        stage.put(furniture.table(stage, 1.4, 0.7, 0.74), (x, y, 0))
        stage.put(furniture.chair(stage), (x, y + 0.55, 0), float(rng.uniform(-30, 30)))
        put_props(stage, (x, y, 0.74), 1.2, 0.5, int(rng.integers(2, 7)))


def _dining_group(stage: Stage, floor: Floor, x: float, y: float):
    rng = stage.rng
    wide, deep = float(rng.uniform(0.9, 1.7)), float(rng.uniform(0.75, 1.0))
    if not floor.take(x, y, wide + 1.1, deep + 1.1):
        return
    stage.put(furniture.table(stage, wide, deep, 0.75), (x, y, 0))
    chair = furniture.chair(stage)
    for side in (-1, 1):
        for place in np.arange(-0.5, 0.6, 1.0) * 0.5 * wide:
            at = (x + place, y + side * (deep / 2 + rng.uniform(0.05, 0.3)), 0)
            turn = float(rng.normal(0, 12)) + (0 if side > 0 else 180)
            stage.put(chair, at, turn)
            if rng.random() < 0.12:
                stage.put(people.person(stage, seated=True), at, turn)
    put_props(stage, (x, y, 0.75), 0.8 * wide, 0.7 * deep, int(rng.integers(1, 8)))


def _sofa_group(stage: Stage, floor: Floor, x: float, y: float):
    rng = stage.rng
    seats = int(rng.integers(2, 4))
    if not floor.take(x, y + 0.4, 0.68 * seats + 0.6, 2.0):
        return
    stage.put(furniture.sofa(stage, seats), (x, y + 0.8, 0), float(rng.normal(0, 5)))
    low = float(rng.uniform(0.35, 0.48))
    stage.put(furniture.table(stage, float(rng.uniform(0.7, 1.2)), 0.6, low), (x, y - 0.2, 0))
    put_props(stage, (x, y - 0.2, low), 0.6, 0.4, int(rng.integers(1, 5)))
    if rng.random() < 0.3:
        stage.put(people.person(stage, seated=True), (x + rng.uniform(-0.4, 0.4), y + 0.75, 0.02))
    if rng.random() < 0.6 and floor.take(x + 1.7, y - 0.1, 1.0, 1.0):
        stage.put(furniture.sofa(stage, 1), (x + 1.7, y - 0.1, 0), float(rng.uniform(-110, -50)))


def put_props(stage: Stage, at, width: float, depth: float, count: int):
    """Strews small things over a rectangle; those that would overlap are left out."""
    rng = stage.rng
    taken: list[tuple[float, float, float]] = []
    for _ in range(count):
        piece = props.any_prop(stage)
        x, y = (float(v) for v in rng.uniform(-0.5, 0.5, 2) * (width, depth))
        radius = max(piece.width, piece.depth) / 2
        if all((x - u) ** 2 + (y - v) ** 2 > (radius + r) ** 2 for u, v, r in taken):
            taken.append((x, y, radius))
            stage.put(
                piece,
                (at[0] + x, at[1] + y, at[2]),
                float(rng.uniform(-180, 180)) if radius < 0.06 else 0.0,
            )


def put_against_a_wall(stage: Stage, floor: Floor):
    """A shelf, cabinet, plant, lamp or the like somewhere along the walls, if there is room."""
    rng = stage.rng
    wall = str(rng.choice(["back", "left", "right"]))
    length = floor.width if wall == "back" else floor.depth
    piece = _wall_piece(stage, floor)
    (x, y), turn, inward = on_wall(floor, wall, float(rng.uniform(0.1, 0.9)) * length)
    out = piece.depth / 2 + 0.03
    x, y = x + inward[0] * out, y + inward[1] * out
    size = (piece.width, piece.depth) if wall == "back" else (piece.depth, piece.width)
    if floor.take(float(x), float(y), size[0], size[1]):
        stage.put(piece, (x, y, 0), turn)
        if 0.3 < piece.height < 1.2:
            put_props(
                stage, (x, y, piece.height), 0.7 * size[0], 0.5 * size[1], int(rng.integers(0, 5))
            )


def _wall_piece(stage: Stage, floor: Floor) -> Piece:
    rng = stage.rng
    kind = rng.choice(7, p=(0.24, 0.22, 0.14, 0.12, 0.1, 0.1, 0.08))
    if kind == 0:
        return furniture.shelf(stage, float(rng.uniform(0.5, 1.6)), float(rng.uniform(0.8, 2.2)))
    if kind == 1:
        return furniture.cabinet(
            stage, float(rng.uniform(0.5, 1.8)), float(rng.uniform(0.45, 1.1)), 0.42
        )
    if kind == 2:
        return plants.pot_plant(stage, float(rng.uniform(0.4, 1.7)))
    if kind == 3:
        return furniture.lamp(stage, float(rng.uniform(1.3, 1.8)), float(rng.choice([0, 2.5, 5])))
    if kind == 4:
        return furniture.cabinet(
            stage, float(rng.uniform(0.8, 1.8)), float(rng.uniform(1.8, 2.2)), 0.6
        )
    if kind == 5:
        return furniture.sofa(stage, int(rng.integers(1, 3)))
    return furniture.television(stage, float(rng.uniform(0.7, 1.2)))


def _loose_thing(stage: Stage, floor: Floor):
    """A chair, stool, plant or armchair, also close to the camera."""
    rng = stage.rng
    makers = (
        furniture.chair,
        furniture.stool,
        lambda s: plants.pot_plant(s, float(rng.uniform(0.5, 1.3))),
        lambda s: furniture.sofa(s, 1),
    )
    piece = makers[rng.integers(4)](stage)
    x, y = float(rng.uniform(-0.4, 0.4)) * floor.width, float(rng.uniform(0.2, 0.8)) * floor.depth
    if floor.take(x, y, piece.width, piece.depth):
        stage.put(piece, (x, y, 0), float(rng.uniform(-180, 180)))


def _standing_person(stage: Stage, floor: Floor):
    rng = stage.rng
    x, y = float(rng.uniform(-0.4, 0.4)) * floor.width, float(rng.uniform(0.25, 0.85)) * floor.depth
    if floor.take(x, y, 0.7, 0.5):
        stage.put(people.person(stage), (x, y, 0), float(rng.uniform(-90, 90)))


def _view(rng: np.random.Generator, floor: Floor) -> View:
    """From the open side at something in the room, at the height of someone who sits or stands."""
    height = float(rng.uniform(0.8, 1.8))
    position = (
        float(rng.uniform(-0.38, 0.38)) * floor.width,
        float(rng.uniform(-0.35, 0.2)) * floor.depth,
        height,
    )
    x, y, _, _ = floor.taken[rng.integers(len(floor.taken))] if floor.taken else (0, 3, 0, 0)
    middle = (0.6 * x, max(0.6 * y + 0.4 * floor.depth, position[1] + 1.5), rng.uniform(0.6, 1.2))
    yaw, pitch = aim(position, middle)
    focus, aperture = None, 0.0
    if rng.random() < 0.3:
        focus, aperture = float(rng.uniform(1.5, 5)), float(rng.uniform(0.01, 0.04))
    pace = rng.normal(0, 0.03, 3) * (1, 1, 0.2)
    return View(
        position,
        yaw + float(rng.normal(0, 6)),
        pitch + float(rng.normal(0, 2)),
        float(rng.normal(0, 1)),
        random_focal(rng, 0.65, 1.5),
        focus,
        aperture,
        tuple(pace.tolist()),
        float(rng.normal(0, 0.3)),
    )
