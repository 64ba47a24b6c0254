"""The shell of rendered rooms: floor, walls, ceiling, windows with daylight, pictures, lamps."""

import dataclasses

import numpy as np

from data_pipeline.blender import furniture
from data_pipeline.blender import materials as paint
from data_pipeline.blender.shapes import box, card
from data_pipeline.blender.stage import Piece, Stage


@dataclasses.dataclass
class Floor:
    """Free space of a room: x in -width/2 .. width/2, y in 0 .. depth.

    Attributes:
        width: metres.
        depth: metres.
        height: metres.
        taken: rectangles (x, y, half width, half depth) where something stands.
    """

    width: float
    depth: float
    height: float
    taken: list[tuple[float, float, float, float]]

    def take(self, x: float, y: float, width: float, depth: float) -> bool:
        """Claims a rectangle around a point; False where it is not free."""
        a, b = width / 2, depth / 2
        inside = (
            abs(x) + a <= self.width / 2 + 1e-6 and b <= y + 1e-6 and y + b <= self.depth + 1e-6
        )
        free = all(abs(x - u) >= a + c or abs(y - v) >= b + d for u, v, c, d in self.taken)
        if inside and free:
            self.taken.append((x, y, a, b))
        return inside and free


def empty_room(stage: Stage) -> Floor:
    """Floor, walls, ceiling, windows, pictures and light; no furniture yet."""
    rng = stage.rng
    width, depth = float(rng.uniform(2.8, 7)), float(rng.uniform(3.2, 8))
    floor = Floor(width, depth, float(rng.uniform(2.35, 3.3)), [])
    stage.grey_world(
        (1, float(rng.uniform(0.88, 1)), float(rng.uniform(0.75, 1))), rng.uniform(0.15, 0.6)
    )
    wall, other = _wall_stuff(stage), _wall_stuff(stage)
    other = wall if rng.random() < 0.6 else other
    behind = 3.0
    stage.add(
        box(width, depth + behind, 0.05), _floor_stuff(stage), (0, (depth - behind) / 2, -0.05)
    )
    white = paint.plain(stage, (0.75, 0.74, 0.72), 0.9)
    stage.add(box(width, depth + behind, 0.05), white, (0, (depth - behind) / 2, floor.height))
    for side in (-1, 1):
        stage.add(
            box(0.1, depth + behind, floor.height),
            wall,
            (side * (width / 2 + 0.05), (depth - behind) / 2, 0),
        )
    stage.add(box(width + 0.2, 0.1, floor.height), other, (0, depth + 0.05, 0))
    skirting = _skirting(floor)
    stage.put(stage.piece(*((shape, white) for shape in skirting)))
    _openings(stage, floor)
    _lamps(stage, floor)
    return floor


def on_wall(floor: Floor, wall: str, along: float):
    """Place, turn and inward direction of a thing that hangs on a wall."""
    if wall == "back":
        return (along - floor.width / 2, floor.depth), 0.0, np.array([0.0, -1.0, 0.0])
    side = -1 if wall == "left" else 1
    turn = 90.0 if side < 0 else -90.0
    return (side * floor.width / 2, along), turn, np.array([-side, 0.0, 0.0])


def window(stage: Stage, width: float, height: float) -> Piece:
    """A window at y = 0 that faces -y, with what is seen through it."""
    rng = stage.rng
    view = card(width, height).moved((0, -0.005, 0))
    bars = [box(0.06, 0.06, height, (x * width / 2, -0.03, 0)) for x in (-1, 1)]
    bars += [box(width + 0.1, 0.06, 0.06, (0, -0.03, z)) for z in (-0.03, height - 0.03)]
    bars += [
        box(0.04, 0.04, height, (x, -0.03, 0))
        for x in ((0,) if rng.random() < 0.6 else (-width / 6, width / 6))
    ]
    if rng.random() < 0.5:
        bars.append(box(width, 0.04, 0.035, (0, -0.03, height * rng.uniform(0.4, 0.7))))
    sill = box(width + 0.2, 0.2, 0.03, (0, -0.1, -0.06))
    color = (0.75, 0.74, 0.72) if rng.random() < 0.6 else paint.random_color(rng)
    outside = paint.photo(stage, 1.6) if stage.photos else paint.shining(stage, (0.8, 0.9, 1), 1.6)
    frame = paint.plain(stage, color, 0.5)
    return stage.piece((view, outside), *((bar, frame) for bar in (*bars, sill)))


def _skirting(floor: Floor):
    """The boards along the foot of the walls."""
    long = box(0.015, floor.depth, 0.08)
    return [
        long.moved((-floor.width / 2, floor.depth / 2, 0)),
        long.moved((floor.width / 2, floor.depth / 2, 0)),
        box(floor.width, 0.015, 0.08, (0, floor.depth, 0)),
    ]


def _wall_stuff(stage: Stage):
    rng = stage.rng
    color = paint.random_color(rng, saturation=(0, 0.35), value=(0.35, 0.85))
    if rng.random() < 0.15:
        color = paint.random_color(rng, saturation=(0.3, 0.8), value=(0.1, 0.5))
    kind = rng.choice(5, p=(0.5, 0.15, 0.12, 0.13, 0.1))
    other = tuple(v * rng.uniform(0.6, 0.9) for v in color)
    if kind == 1:
        return paint.stripes(stage, color, other, float(rng.uniform(0.08, 0.4)), True)
    if kind == 2:
        return paint.bricks(stage, color, other, (0.6, 0.58, 0.55), 0.24, 0.075)
    if kind == 3:
        return paint.dotted(stage, other, color, float(rng.uniform(0.06, 0.3)))
    if kind == 4:
        return paint.wood(stage)
    return paint.mottled(stage, tuple(0.93 * v for v in color), color, 0.8, 0.9)


def _floor_stuff(stage: Stage):
    rng = stage.rng
    color = paint.random_color(rng, (0.04, 0.11), (0.2, 0.75), (0.06, 0.5))
    other = tuple(v * rng.uniform(0.5, 0.9) for v in color)
    kind = rng.choice(4, p=(0.45, 0.25, 0.15, 0.15))
    if kind == 0:
        dark = tuple(0.3 * v for v in color)
        return paint.bricks(
            stage, color, other, dark, float(rng.uniform(0.8, 1.8)), float(rng.uniform(0.08, 0.18))
        )
    if kind == 1:
        size = float(rng.uniform(0.2, 0.6))
        grey = paint.random_color(rng, saturation=(0, 0.3), value=(0.2, 0.8))
        return paint.bricks(
            stage, grey, tuple(0.9 * v for v in grey), tuple(0.5 * v for v in grey), size, size
        )
    if kind == 2:
        return paint.checker(
            stage,
            color,
            paint.random_color(rng, saturation=(0, 0.3)),
            float(rng.uniform(0.15, 0.5)),
        )
    return paint.cloth(stage, size=0.3)


def _openings(stage: Stage, floor: Floor):
    """Windows, pictures and doors on the three walls."""
    rng = stage.rng
    for wall in ("back", "left", "right"):
        length = floor.width if wall == "back" else floor.depth
        spots = max(int(length / rng.uniform(1.3, 2.2)), 1)
        for index in range(spots):
            along = (index + 0.5) / spots * length
            kind = rng.choice(["window", "picture", "door", "nothing"], p=(0.35, 0.35, 0.1, 0.2))
            if kind != "nothing":
                at, turn, inward = on_wall(floor, wall, along)
                _hang(stage, floor, str(kind), at, turn, inward, 0.8 * length / spots)


def _hang(stage: Stage, floor: Floor, kind: str, at, turn: float, inward, room_for: float):
    rng = stage.rng
    if kind == "picture":
        for _ in range(1 if rng.random() < 0.75 else 2):
            w, h = (float(v) for v in rng.uniform(0.25, 1.0, 2) * (min(room_for, 1.3), 0.9))
            stage.put(furniture.picture(stage, w, h), (*at, float(rng.uniform(1.15, 1.55))), turn)
    elif kind == "door":
        stage.put(furniture.cabinet(stage, 0.85, 2.05, 0.06), (*at, 0), turn)
    else:
        w, h = float(rng.uniform(0.7, 1.8)), float(rng.uniform(0.9, 1.5))
        w, sill = min(w, room_for), float(rng.uniform(0.3, 1.0))
        h = min(h, floor.height - sill - 0.25)
        place = np.array([*at, sill])
        stage.put(window(stage, w, h), place, turn)
        middle = place + 0.12 * inward + (0, 0, h / 2)
        power = float(rng.uniform(40, 220)) * w * h
        stage.area_light(middle, middle + inward - (0, 0, 0.3), (w, h), power, (1, 0.96, 0.9))
        if rng.random() < 0.5:
            for side in (-1, 1):
                along = np.array([inward[1], -inward[0], 0]) * side * (w / 2 + 0.1)
                cloth = furniture.curtain(stage, float(rng.uniform(0.25, 0.5)), sill + h + 0.15)
                stage.put(cloth, np.array([*at, 0]) + along + 0.1 * inward, turn)


def _lamps(stage: Stage, floor: Floor):
    rng = stage.rng
    warm = (1.0, float(rng.uniform(0.75, 0.95)), float(rng.uniform(0.5, 0.85)))
    if rng.random() < 0.7:
        at = (0.0, 0.45 * floor.depth, floor.height - 0.06)
        size = float(rng.uniform(0.3, 1.6))
        stage.area_light(at, (at[0], at[1], 0), (size, size), float(rng.uniform(30, 200)), warm)
    if rng.random() < 0.6:
        drop = float(rng.uniform(0.3, 1.0))
        x, y = float(rng.uniform(-0.5, 0.5)), floor.depth * float(rng.uniform(0.4, 0.7))
        stage.put(furniture.pendant(stage, drop, 4.0), (x, y, floor.height))
        stage.bulb((x, y, floor.height - drop - 0.3), float(rng.uniform(10, 60)))
