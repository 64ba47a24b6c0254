"""Boards, cones, cartons, lattices and fences of rendered close-ups."""

import numpy as np

from data_pipeline.blender import materials as paint
from data_pipeline.blender.furniture import hard_stuff
from data_pipeline.blender.shapes import Shape, box, card, lathe, tube, union
from data_pipeline.blender.stage import Piece, Stage


def cone(stage: Stage) -> Piece:
    """A cone, or a blunt one."""
    rng = stage.rng
    r, h = float(rng.uniform(0.05, 0.14)), float(rng.uniform(0.15, 0.45))
    neck = float(rng.choice([0.01, rng.uniform(0.1, 0.8)])) * r
    return stage.piece((lathe([(r, 0), (neck, h), (0.001, h)], 24), paint.any_stuff(stage)))


def board(stage: Stage) -> Piece:
    """A board on its edge, leaning a little."""
    rng = stage.rng
    wide, tall = float(rng.uniform(0.2, 1.2)), float(rng.uniform(0.08, 0.4))
    shape = box(wide, float(rng.uniform(0.015, 0.05)), tall)
    return stage.piece((shape.moved(tilt=float(rng.uniform(-20, 0))), hard_stuff(stage)))


def carton(stage: Stage) -> Piece:
    """A box with a picture on its front."""
    rng = stage.rng
    wide, deep, tall = (float(v) for v in rng.uniform((0.08, 0.05, 0.06), (0.35, 0.25, 0.3)))
    front = card(0.97 * wide, 0.97 * tall).moved((0, -deep / 2 - 0.001, 0.015 * tall))
    return stage.piece((box(wide, deep, tall), paint.any_stuff(stage)), (front, paint.photo(stage)))


def lattice(stage: Stage) -> Piece:
    """Laths that cross each other, upright or on the slant."""
    rng = stage.rng
    step, lath = float(rng.uniform(0.08, 0.25)), float(rng.uniform(0.015, 0.05))
    slant = float(rng.choice([0.0, 45.0]))
    shapes = []
    for turned, y in ((slant, 0.0), (slant + 90, 0.012)):
        for place in np.arange(-1.2, 1.2, step):
            long = box(lath, 0.01, 3.0, (0, y, -1.5))
            angle = np.radians(turned)
            x, z = long.vertices[:, 0] + place, long.vertices[:, 2]
            around = np.cos(angle) * x - np.sin(angle) * z, np.sin(angle) * x + np.cos(angle) * z
            points = np.stack([around[0], long.vertices[:, 1], around[1] + 0.6], 1)
            shapes.append(Shape(points, long.faces))
    return stage.piece((union(*shapes), hard_stuff(stage)))


def wires(rng: np.random.Generator) -> Shape:
    """Wire in diamonds, or upright bars, 4 m wide and 2 m high, with posts."""
    thick = float(rng.uniform(0.002, 0.006))
    posts = [tube([(x, 0.03, 0), (x, 0.03, 2.1)], (0.03, 0.03), 10) for x in (-2, -0.4, 1.2)]
    rails = [tube([(-2, 0.02, z), (2, 0.02, z)], (0.015, 0.015), 8) for z in (0.9, 2.0)]
    if rng.random() < 0.35:
        places = np.arange(-2, 2, float(rng.uniform(0.08, 0.16)))
        strands = [tube([(x, 0, 0), (x, 0, 2.05)], (3 * thick,) * 2, 8) for x in places]
        return union(*posts, *rails, *strands)
    strands, step = [], float(rng.uniform(0.06, 0.12))
    for slope in (-1, 1):
        for place in np.arange(-4, 4, step):
            z = np.linspace(0, 2, 9)
            x = np.clip(place + slope * z, -2, 2)
            strands.append(tube(np.stack([x, slope * thick + 0 * z, z], 1), np.full(9, thick), 5))
    return union(*posts, *rails, *strands)
