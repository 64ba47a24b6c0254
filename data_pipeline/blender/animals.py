"""Animals of rendered scenes: four-legged ones and birds, with fur or feathers in patches."""

import numpy as np

from data_pipeline.blender import materials as paint
from data_pipeline.blender.shapes import Shape, ball, lathe, lumpy, tube, union
from data_pipeline.blender.stage import Piece, Stage

# Girth of a trunk from rump to throat, in parts of the widest.
_BODY = (0.75, 0.95, 1.0, 1.0, 0.95, 1.0, 1.02, 1.0, 0.8)


def animal(stage: Stage, size: float) -> Piece:
    """A made-up animal that looks to -x, on z = 0.

    Args:
        stage: for chance and materials.
        size: about its length in metres, without head and tail.
    """
    made = _bird(stage) if stage.rng.random() < 0.25 else _beast(stage)
    return stage.piece(*((shape.moved(scale=size), stuff) for shape, stuff in made))


def _beast(stage: Stage) -> list[tuple[Shape, object]]:
    """Four legs, standing, sitting or lying, of a length of about 1."""
    rng = stage.rng
    pose = rng.choice(["stands", "sits", "lies"], p=(0.5, 0.25, 0.25))
    stout = float(rng.uniform(0.13, 0.23))
    high = stout if pose == "lies" else float(rng.uniform(0.3, 0.6))
    rump_z = high if pose == "stands" else 1.05 * stout
    path = np.array([(0.42, 0, rump_z), (0.2, 0, 0), (-0.1, 0, 0), (-0.32, 0, high), (-0.42, 0, 0)])
    path[1:3, 2] = np.interp((0.2, -0.1), (-0.32, 0.42), (high, rump_z)) - 0.02
    path[4, 2] = high + 0.05
    trunk = lumpy(rng, tube(_dense(path), stout * np.array(_BODY), 20), 0.03, 3)
    legs = [_leg(rng, pose, -0.3, side, stout, high) for side in (-1, 1)]
    legs += [
        _leg(rng, "lies" if pose == "sits" else pose, 0.36, side, stout, rump_z) for side in (-1, 1)
    ]
    lift = float(rng.uniform(-0.02, 0.32))
    head_at = np.array(
        [-0.5 - float(rng.uniform(0, 0.12)), float(rng.normal(0, 0.05)), high + 0.1 + lift]
    )
    neck = tube(
        [(-0.32, 0, high + 0.03), (path[4] + head_at) / 2, head_at],
        (0.85 * stout, 0.6 * stout, 0.5 * stout),
        14,
    )
    turn = float(rng.normal(0, 45))
    head, details = _head(rng, 0.62 * stout)
    head = [shape.moved(head_at, turn) for shape in head]
    details = [shape.moved(head_at, turn) for shape in details]
    tail = np.cumsum(
        np.vstack(
            [
                (0.42, 0, rump_z + 0.03),
                np.add(rng.normal(0, 0.05, (4, 3)), (0.07, 0, rng.uniform(-0.06, 0.08))),
            ]
        ),
        axis=0,
    )
    tail[:, 2] = np.maximum(tail[:, 2], 0.03)
    fur, other = _fur(stage), _fur(stage)
    dark = paint.plain(stage, (0.02, 0.015, 0.012), 0.2)
    ends = [tube(tail, np.linspace(0.3, 0.12, 5) * stout, 8)]
    return [
        (union(trunk, neck, *legs), fur),
        (union(*head, *ends), fur if rng.random() < 0.6 else other),
        (union(*details), dark),
    ]


def _dense(path: np.ndarray) -> np.ndarray:
    """Nine points along a path of five."""
    place = np.linspace(0, len(path) - 1, len(_BODY))
    return np.stack([np.interp(place, np.arange(len(path)), column) for column in path.T], 1)


def _leg(
    rng: np.random.Generator, pose: str, x: float, side: int, stout: float, top: float
) -> Shape:
    thick = stout * float(rng.uniform(0.28, 0.4))
    y = 0.6 * stout * side
    if pose == "lies":
        joints = [(x, y, top), (x - 0.05, 1.7 * y, 0.6 * top), (x - 0.3, 1.9 * y, thick)]
    else:
        stride = float(rng.normal(0, 0.07))
        joints = [(x, y, top), (x + 0.03, y, 0.5 * top), (x + stride, y, thick)]
    paw = ball(1.25 * thick, 8, 12).moved(np.subtract(joints[2], (0.4 * thick, 0, 1.2 * thick)))
    return union(tube(joints, (1.9 * thick, 1.2 * thick, 0.9 * thick), 10), paw)


def _head(rng: np.random.Generator, r: float) -> tuple[list[Shape], list[Shape]]:
    """Skull, muzzle and ears around the origin; eyes and nose."""
    skull = ball(r, 14, 18).moved((0, 0, -r))
    long = float(rng.uniform(0.7, 1.9)) * r
    muzzle = tube(
        [(-0.4 * r, 0, -0.2 * r), (-0.5 * (r + long), 0, -0.3 * r), (-r - 0.5 * long, 0, -0.4 * r)],
        (0.75 * r, 0.55 * r, 0.38 * r),
        14,
    )
    tall, wide = float(rng.uniform(0.4, 2.2)) * r, float(rng.uniform(0.25, 0.5)) * r
    droop = float(rng.choice([0.0, 150.0], p=(0.7, 0.3)))
    ears = [
        lathe([(wide, 0), (0.9 * wide, 0.5 * tall), (0.001, tall)], 12)
        .moved(scale=(0.4, 1, 1))
        .moved((0.2 * r, 0.5 * r * side, 0.7 * r), tilt=-side * (15 + droop))
        for side in (-1, 1)
    ]
    eyes = [ball(0.14 * r, 8, 10).moved((-0.75 * r, 0.55 * r * side, 0.1 * r)) for side in (-1, 1)]
    nose = ball(0.2 * r, 8, 10).moved((-1.15 * r - 0.5 * long, 0, -0.45 * r))
    return [lumpy(rng, skull, 0.04), muzzle, *ears], [*eyes, nose]


def _bird(stage: Stage) -> list[tuple[Shape, object]]:
    """A bird that stands or swims, of a length of about 1."""
    rng = stage.rng
    leg = float(rng.choice([-0.08, rng.uniform(0.1, 0.4)]))
    body = lumpy(rng, ball(0.5, 18, 24).moved((0, 0, leg), scale=(1.0, 0.5, 0.5)), 0.06, 3)
    long, r = float(rng.uniform(0.05, 0.6)), float(rng.uniform(0.07, 0.13))
    bend = np.linspace(0, 1, 8)[:, np.newaxis]
    foot, crown = (
        np.array([-0.35, 0, leg + 0.3]),
        np.array([-0.45, rng.normal(0, 0.1), leg + 0.4 + long]),
    )
    neck = foot + bend * (crown - foot) - np.sin(np.pi * bend) * (0.3 * long, 0, 0)
    throat = tube(neck, np.linspace(1.6, 0.8, 8) * r * 0.8, 12)
    head = ball(r, 12, 16).moved(crown - (0, 0, r))
    beak = lathe([(0.4 * r, 0), (0.001, float(rng.uniform(0.8, 2.5)) * r)], 10)
    beak = Shape(beak.vertices[:, [2, 1, 0]] * (-1, 1, 1) + crown - (0.8 * r, 0, 0), beak.faces)
    wings = [
        lumpy(
            rng,
            ball(0.36, 12, 16).moved((0.12, 0.21 * s, leg + 0.14), scale=(1.1, 0.22, 0.55)),
            0.08,
        )
        for s in (-1, 1)
    ]
    tail = ball(0.2, 8, 12).moved((0.55, 0, leg + 0.25), scale=(1.2, 0.6, 0.15))
    feet = [
        tube([(0, 0.1 * s, leg + 0.1), (0.02, 0.1 * s, 0), (-0.08, 0.1 * s, 0.01)], (0.02,) * 3, 6)
        for s in (-1, 1)
    ]
    plumage, other = _fur(stage), _fur(stage)
    yellow = paint.plain(
        stage, paint.random_color(rng, (0.02, 0.15), (0.3, 0.95), (0.05, 0.7)), 0.4
    )
    eyes = [ball(0.16 * r, 6, 8).moved(np.add(crown, (-0.5 * r, 0.75 * r * s, 0))) for s in (-1, 1)]
    return [
        (union(body, throat, head), plumage),
        (union(*wings, tail), plumage if rng.random() < 0.4 else other),
        (union(beak, *feet), yellow),
        (union(*eyes), paint.plain(stage, (0.02, 0.02, 0.02), 0.2)),
    ]


def _fur(stage: Stage):
    rng = stage.rng
    color = paint.random_color(rng, (0.03, 0.12), (0, 0.7), (0.03, 0.8))
    other = paint.random_color(rng, (0.03, 0.12), (0, 0.5), (0.02, 0.85))
    kind = rng.choice(4, p=(0.45, 0.3, 0.12, 0.13))
    if kind == 1:
        return paint.mottled(stage, color, other, float(rng.uniform(0.1, 0.4)), 0.9, bump=0.05)
    if kind == 2:
        return paint.dotted(stage, other, color, float(rng.uniform(0.04, 0.15)))
    if kind == 3:
        return paint.stripes(stage, color, other, float(rng.uniform(0.05, 0.15)), True)
    return paint.mottled(stage, tuple(0.6 * v for v in color), color, 0.02, 0.9, bump=0.3)
