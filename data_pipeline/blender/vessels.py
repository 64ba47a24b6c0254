"""Vessels that stand on tables of rendered scenes: cups, bottles, bowls, plates, vases, pots."""

import numpy as np

from data_pipeline.blender import materials as paint
from data_pipeline.blender import plants
from data_pipeline.blender.shapes import ball, cushion, lathe, lumpy, tube, union
from data_pipeline.blender.stage import Piece, Stage


def cup(stage: Stage) -> Piece:
    """A cup or mug with a handle, something to drink in it."""
    rng = stage.rng
    r, h = float(rng.uniform(0.032, 0.05)), float(rng.uniform(0.06, 0.11))
    flare = float(rng.uniform(0.7, 1.0))
    wall = lathe(
        [(0.01, 0), (flare * r, 0), (r, h), (0.92 * r, h), (0.9 * flare * r, 0.01), (0.001, 0.01)],
        20,
    )
    drink = lathe([(0.001, 0.8 * h), (0.9 * r, 0.8 * h)], 20)
    handle = tube(
        [
            (0.9 * r, 0, 0.8 * h),
            (1.7 * r, 0, 0.75 * h),
            (1.7 * r, 0, 0.35 * h),
            (0.85 * r, 0, 0.25 * h),
        ],
        (0.006,) * 4,
        8,
    )
    brew = paint.plain(stage, paint.random_color(rng, (0.03, 0.1), (0.5, 0.9), (0.01, 0.3)), 0.1)
    return stage.piece((union(wall, handle), glaze(stage)), (drink, brew))


def bottle(stage: Stage) -> Piece:
    """A bottle with a label."""
    rng = stage.rng
    r, h = float(rng.uniform(0.03, 0.045)), float(rng.uniform(0.18, 0.33))
    neck = float(rng.uniform(0.011, 0.016))
    shoulder = float(rng.uniform(0.5, 0.7)) * h
    body = lathe(
        [
            (0.001, 0),
            (r, 0.002),
            (r, shoulder),
            (neck * 1.3, shoulder + 0.2 * h),
            (neck, h),
            (0.001, h),
        ],
        20,
    )
    band = lathe([(1.01 * r, 0.25 * shoulder), (1.01 * r, 0.85 * shoulder)], 20)
    cap = lathe([(1.2 * neck, 0.93 * h), (1.2 * neck, 1.01 * h), (0.001, 1.01 * h)], 12)
    color = paint.random_color(rng, (0.05, 0.6), (0.2, 0.95), (0.01, 0.5))
    label = paint.cloth(stage, paint.random_color(rng, value=(0.4, 0.9)), 0.03)
    metal = paint.plain(stage, paint.random_color(rng), 0.4, float(rng.random() < 0.5))
    return stage.piece((body, paint.plain(stage, color, 0.06)), (band, label), (cap, metal))


def bowl(stage: Stage) -> Piece:
    """A bowl with fruit in it."""
    rng = stage.rng
    r, h = float(rng.uniform(0.08, 0.15)), float(rng.uniform(0.05, 0.09))
    wall = lathe(
        [
            (0.4 * r, 0),
            (0.45 * r, 0.01),
            (0.85 * r, 0.6 * h),
            (r, h),
            (0.95 * r, h),
            (0.4 * r, 0.2 * h),
            (0.001, 0.15 * h),
        ],
        24,
    )
    parts = [(wall, glaze(stage))]
    for index in range(rng.integers(0, 7)):
        size = float(rng.uniform(0.028, 0.042))
        angle = index * 1.3 + rng.uniform(-0.3, 0.3)
        out = 0.0 if index == 0 else 0.5 * r
        at = (np.cos(angle) * out, np.sin(angle) * out, 0.35 * h + (0.02 if index else 0.05))
        parts.append((ball(size).moved(at), peel(stage)))
    return stage.piece(*parts)


def plate(stage: Stage) -> Piece:
    """A plate, with a piece of cake or bread on it."""
    rng = stage.rng
    r = float(rng.uniform(0.09, 0.14))
    dish = lathe(
        [
            (0.5 * r, 0),
            (0.6 * r, 0.008),
            (r, 0.02),
            (0.97 * r, 0.022),
            (0.6 * r, 0.012),
            (0.001, 0.01),
        ],
        28,
    )
    parts = [(dish, glaze(stage))]
    if rng.random() < 0.6:
        cake = lumpy(
            rng, cushion(0.1, 0.07, float(rng.uniform(0.03, 0.07)), (0, 0, 0.01), 0.3), 0.05
        )
        brown = paint.random_color(rng, (0.03, 0.12), (0.3, 0.8), (0.08, 0.6))
        parts.append((cake, paint.mottled(stage, tuple(0.5 * v for v in brown), brown, 0.02)))
    return stage.piece(*parts)


def vase(stage: Stage) -> Piece:
    """A vase, mostly with flowers."""
    rng = stage.rng
    h = float(rng.uniform(0.12, 0.3))
    radii = rng.uniform(0.15, 0.38, 4) * h
    wall = lathe(
        [
            (0.001, 0),
            (radii[0], 0),
            (radii[1], 0.35 * h),
            (radii[2], 0.7 * h),
            (0.6 * radii[3], h),
            (0.5 * radii[3], h),
            (0.4 * radii[3], 0.5 * h),
        ],
        20,
    )
    piece = stage.piece((wall, glaze(stage)))
    if rng.random() < 0.8:
        bunch = plants.flowers(stage, 0.3 * h + 0.22, int(rng.integers(4, 12)), 0.07)
        # The flowers stand in the vase: their stems begin at its foot, so they share its place.
        return Piece(piece.meshes + bunch.meshes, piece.width, piece.depth, bunch.height)
    return piece


def pot(stage: Stage) -> Piece:
    """A teapot or jug."""
    rng = stage.rng
    r = float(rng.uniform(0.06, 0.09))
    body = lathe(
        [
            (0.001, 0),
            (0.6 * r, 0),
            (r, 0.8 * r),
            (0.75 * r, 1.4 * r),
            (0.3 * r, 1.55 * r),
            (0.12 * r, 1.7 * r),
            (0.001, 1.8 * r),
        ],
        22,
    )
    spout = tube(
        [(0.8 * r, 0, 0.6 * r), (1.4 * r, 0, 0.9 * r), (1.7 * r, 0, 1.5 * r)],
        (0.25 * r, 0.16 * r, 0.1 * r),
        10,
    )
    handle = tube(
        [
            (-0.8 * r, 0, 1.2 * r),
            (-1.6 * r, 0, 1.2 * r),
            (-1.6 * r, 0, 0.5 * r),
            (-0.9 * r, 0, 0.4 * r),
        ],
        (0.08 * r,) * 4,
        8,
    )
    turn = float(rng.uniform(0, 360))
    return stage.piece((union(body, spout, handle).moved(turn=turn), glaze(stage)))


def glaze(stage: Stage):
    """Ceramics, glass-like or metal surfaces of vessels."""
    rng = stage.rng
    if rng.random() < 0.15:
        return paint.plain(stage, (0.7, 0.62, 0.5), 0.2, 1.0)
    color = paint.random_color(rng, saturation=(0, 0.85), value=(0.04, 0.85))
    if rng.random() < 0.25:
        return paint.stripes(stage, color, paint.random_color(rng), 0.04, False)
    if rng.random() < 0.2:
        return paint.marble(stage, color, paint.random_color(rng), 0.08)
    return paint.plain(stage, color, float(rng.uniform(0.08, 0.6)))


def peel(stage: Stage):
    """The skin of some fruit."""
    color = paint.random_color(stage.rng, (-0.03, 0.3), (0.6, 0.95), (0.2, 0.75))
    other = tuple(
        0.75 * v for v in paint.random_color(stage.rng, (-0.03, 0.25), (0.6, 0.9), (0.2, 0.7))
    )
    return paint.mottled(stage, other, color, 0.05, 0.4)
