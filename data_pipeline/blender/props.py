"""Small things that stand on tables and shelves of rendered scenes: cups, bottles, books, fruit."""

import numpy as np

from data_pipeline.blender import materials as paint
from data_pipeline.blender.furniture import hard_stuff, lamp
from data_pipeline.blender.shapes import ball, box, card, lathe, lumpy, union
from data_pipeline.blender.stage import Piece, Stage
from data_pipeline.blender.vessels import bottle, bowl, cup, glaze, peel, plate, pot, vase


def any_prop(stage: Stage) -> Piece:
    """Some small thing that stands on z = 0."""
    makers = (
        cup,
        bottle,
        bowl,
        book_stack,
        fruit,
        vase,
        candle,
        box_of_goods,
        figurine,
        frame,
        plate,
        ball_toy,
        pot,
    )
    weights = np.array([3, 3, 2, 3, 3, 3, 1, 2, 1, 1, 2, 1, 1.5])
    return makers[stage.rng.choice(len(makers), p=weights / weights.sum())](stage)


def book_stack(stage: Stage) -> Piece:
    """Some books on one another."""
    rng = stage.rng
    parts, z = [], 0.0
    for _ in range(rng.integers(1, 6)):
        w, d, t = (
            float(v)
            for v in (rng.uniform(0.12, 0.2), rng.uniform(0.18, 0.28), rng.uniform(0.012, 0.045))
        )
        turn = float(rng.uniform(-25, 25))
        cover = union(
            box(w, d, 0.003), box(w, d, 0.003, (0, 0, t)), box(0.003, d, t, (-w / 2, 0, 0))
        )
        pages = box(w - 0.01, d - 0.012, t - 0.003, (0, 0, 0.003))
        parts.append(
            (cover.moved((0, 0, z), turn), paint.plain(stage, paint.random_color(rng), 0.5))
        )
        parts.append((pages.moved((0, 0, z), turn), paint.plain(stage, (0.7, 0.66, 0.56), 0.9)))
        z += t + 0.004
    return stage.piece(*parts)


def fruit(stage: Stage) -> Piece:
    """An apple, orange, lemon, pear or a few of a kind."""
    rng = stage.rng
    kind, skin = rng.integers(3), peel(stage)
    shapes = []
    for _ in range(rng.integers(1, 4)):
        size = float(rng.uniform(0.03, 0.045))
        if kind == 0:
            one = lathe(
                [
                    (0.002, 0.1 * size),
                    (0.55 * size, 0),
                    (size, 0.9 * size),
                    (0.7 * size, 1.65 * size),
                    (0.2 * size, 1.7 * size),
                    (0.002, 1.5 * size),
                ]
            )
        elif kind == 1:
            one = lathe(
                [
                    (0.002, 0),
                    (0.8 * size, 0.3 * size),
                    (0.95 * size, 0.9 * size),
                    (0.45 * size, 1.9 * size),
                    (0.3 * size, 2.3 * size),
                    (0.002, 2.4 * size),
                ]
            )
        else:
            one = ball(size).moved(scale=(1.0, 1.0, 0.95))
        shapes.append(one.moved((*rng.normal(0, 0.055, 2), 0)))
    return stage.piece((union(*shapes), skin))


def candle(stage: Stage) -> Piece:
    """A burning candle on a dish."""
    h = float(stage.rng.uniform(0.06, 0.25))
    wax = lathe([(0.02, 0.01), (0.02, h), (0.001, h - 0.004)], 14)
    dish = lathe([(0.05, 0), (0.055, 0.015), (0.001, 0.008)], 18)
    flame = lathe([(0.001, h), (0.006, h + 0.012), (0.001, h + 0.035)], 8)
    return stage.piece(
        (
            wax,
            paint.plain(stage, paint.random_color(stage.rng, (0, 0.15), (0, 0.6), (0.4, 0.8)), 0.5),
        ),
        (dish, glaze(stage)),
        (flame, paint.shining(stage, (1, 0.6, 0.2), 12)),
    )


def box_of_goods(stage: Stage) -> Piece:
    """A printed carton."""
    rng = stage.rng
    w, d, h = (float(v) for v in rng.uniform((0.06, 0.04, 0.06), (0.22, 0.12, 0.3)))
    turn = float(rng.uniform(-40, 40))
    front = card(w * 0.96, h * 0.96).moved((0, -d / 2 - 0.001, 0.02 * h)).moved(turn=turn)
    side = paint.plain(stage, paint.random_color(rng), 0.5)
    return stage.piece((box(w, d, h).moved(turn=turn), side), (front, paint.photo(stage)))


def figurine(stage: Stage) -> Piece:
    """A dented lump of stone or metal, as a sculpture or a toy animal."""
    rng = stage.rng
    body = lumpy(rng, ball(0.07, 16, 20).moved(scale=(0.8, 0.7, rng.uniform(1, 1.8))), 0.5, 3)
    top = lumpy(rng, ball(0.04, 10, 14).moved((0, -0.02, body.vertices[:, 2].max() * 0.85)), 0.2)
    return stage.piece((union(body, top), glaze(stage)))


def frame(stage: Stage) -> Piece:
    """A photograph in a frame, leaning back a little."""
    w, h = (float(v) for v in stage.rng.uniform(0.1, 0.24, 2))
    board = box(w + 0.03, 0.015, h + 0.03, (0, 0.008, 0)).moved(tilt=-10)
    sheet = card(w, h).moved((0, -0.001, 0.015)).moved(tilt=-10)
    return stage.piece((board, hard_stuff(stage)), (sheet, paint.photo(stage)))


def ball_toy(stage: Stage) -> Piece:
    """A ball."""
    return stage.piece(
        (ball(float(stage.rng.uniform(0.03, 0.09)), 14, 20), paint.cloth(stage, size=0.05))
    )


def table_lamp(stage: Stage) -> Piece:
    """A small lamp that is lit."""
    return lamp(stage, float(stage.rng.uniform(0.3, 0.5)), 2.0)
