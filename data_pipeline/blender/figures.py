"""Statues of rendered scenes: made-up beings with limbs, faces and ornaments."""

import numpy as np

from data_pipeline.blender import materials as paint
from data_pipeline.blender.shapes import Shape, ball, lathe, lumpy, tube, union
from data_pipeline.blender.stage import Piece, Stage
from data_pipeline.blender.vessels import glaze


def figure(stage: Stage, size: float) -> Piece:
    """A made-up being that faces -y, the same on both sides.

    Args:
        stage: for chance and materials.
        size: about its height in metres.
    """
    rng = stage.rng
    wide, deep, tall = (float(v) for v in rng.uniform((0.28, 0.2, 0.3), (0.5, 0.36, 0.6)))
    body = lumpy(rng, ball(0.5, 24, 30).moved(scale=(wide, deep, tall)), 0.08, 3)
    seat = lumpy(rng, ball(0.5, 14, 24).moved(scale=(1.5 * wide, 1.4 * deep, 0.2)), 0.1, 3)
    r = float(rng.uniform(0.1, 0.19))
    top = 0.88 * tall
    head = lumpy(rng, ball(r, 20, 24).moved((0, -0.03, top), scale=(1, 1, 1.15)), 0.12, 3)
    face = [ball(0.2 * r, 8, 10).moved((x * r, -0.95 * r, top + 1.1 * r)) for x in (-0.4, 0.4)]
    steps = rng.normal(0, 0.03, (int(rng.integers(1, 4)), 3)) - (0, 0.03, 0.02)
    bridge = np.cumsum(np.vstack([(0, -0.95 * r, top + 0.9 * r), steps]), axis=0)
    nose = tube(bridge, np.linspace(0.2, 0.3, len(bridge)) * r, 10)
    ear = float(rng.uniform(0.3, 0.8))
    crown = lathe([(0.9 * r, 0), (r * rng.uniform(0.5, 1), 0.8 * r), (0.001, 1.6 * r)], 20)
    parts = [seat, body, head]
    limbs = [_limb(rng, (0.45 * wide, -0.1 * deep, z)) for z in (0.75 * tall, 0.2)]
    fan = ball(ear * r, 12, 16).moved((r, 0, top + r), scale=(1, 0.3, rng.uniform(0.8, 2.5)))
    parts += [mirrored(shape) for shape in (*limbs, lumpy(rng, fan, 0.1))]
    angles = np.linspace(-1.3, 1.3, 9)
    chains = [
        tube(
            np.stack(
                [0.5 * wide * np.sin(angles), -0.56 * deep * np.cos(angles), z + 0 * angles], 1
            )
            - np.outer(np.cos(angles), (0, 0, rng.uniform(0, 0.15))),
            np.full(9, rng.uniform(0.008, 0.02)),
        )
        for z in rng.uniform(0.3, 0.9, rng.integers(1, 4)) * tall
    ]
    main = paint.any_stuff(stage)
    made = (
        (union(*parts), main),
        (union(nose, *face), main if rng.random() < 0.6 else paint.any_stuff(stage)),
        (crown.moved((0, -0.03, top + 1.9 * r)), glaze(stage)),
        (union(*chains), glaze(stage)),
    )
    return stage.piece(*((shape.moved(scale=size), stuff) for shape, stuff in made))


def _limb(rng: np.random.Generator, start: tuple[float, float, float]) -> Shape:
    """An arm or leg with a hand or foot, on the side of +x."""
    elbow = np.add(start, rng.uniform((0.05, -0.15, -0.15), (0.25, 0.05, 0.1)))
    wrist = elbow + rng.uniform((-0.1, -0.3, -0.15), (0.15, -0.05, 0.25))
    path = [start, (np.add(start, elbow)) / 2, elbow, (elbow + wrist) / 2, wrist]
    hand = lumpy(rng, ball(0.06, 10, 12).moved(wrist - (0, 0, 0.06)), 0.15)
    return union(tube(path, (0.09, 0.08, 0.065, 0.05, 0.04), 12), hand)


def mirrored(shape: Shape) -> Shape:
    """A shape and its mirror image in the plane x = 0."""
    other = Shape(shape.vertices * (-1, 1, 1), shape.faces[:, ::-1], shape.smooth)
    return union(Shape(shape.vertices, shape.faces, shape.smooth), other)
