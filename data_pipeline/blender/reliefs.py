"""Rendered close-ups of things that fill the picture and have depth of their own.

Statues, animals, cloth in folds, blossoms, boards and cones before a lattice, and a wire fence with
the country behind it: what is not flat, or hides the ground.
"""

from collections.abc import Callable

import numpy as np

from data_pipeline.blender import boards, cloths, plants
from data_pipeline.blender import interior as blender_interior
from data_pipeline.blender import materials as paint
from data_pipeline.blender import nature as blender_nature
from data_pipeline.blender import rooms as blender_rooms
from data_pipeline.blender import streets as blender_streets
from data_pipeline.blender.animals import animal
from data_pipeline.blender.closeups import near_view
from data_pipeline.blender.figures import figure
from data_pipeline.blender.shapes import box, card, scattered_leaves
from data_pipeline.blender.stage import Piece, Stage
from data_pipeline.blender.view import View, random_focal


def relief(stage: Stage) -> Callable[[], View]:
    """One of the close-ups of this module.

    Args:
        stage: an empty one.

    Returns:
        A function that proposes views.
    """
    makers = statue, beast, drapery, blossom, arrangement, fence
    return makers[stage.rng.choice(len(makers), p=(0.2, 0.24, 0.13, 0.11, 0.22, 0.1))](stage)


def statue(stage: Stage) -> Callable[[], View]:
    """A painted or plain figure with limbs and ornaments, often close before a wall."""
    rng = stage.rng
    y, ground = _indoors(stage) if rng.random() < 0.7 else _outdoors(stage)
    size = float(rng.uniform(0.6, 1.5))
    foot = ground + float(rng.uniform(0.2, 1.0))
    wide = 0.8 * size
    stage.add(box(wide, 0.7 * size, foot - ground), paint.any_stuff(stage), (0, y, ground))
    stage.put(figure(stage, size), (0, y, foot), float(rng.normal(0, 12)))
    if rng.random() < 0.5:
        stage.put(figure(stage, 0.7 * size), (rng.choice([-1, 1]) * wide, y + 0.5, foot))
    if rng.random() < 0.6:
        _backdrop(stage, y + size * float(rng.uniform(0.35, 0.9)), ground)
    subject = np.array([0.0, y, foot + 0.45 * size])
    return lambda: near_view(rng, subject, (size, 2.2 * size), (-12, 22), 0.02)


def beast(stage: Stage) -> Callable[[], View]:
    """An animal near by, or several, in a room or outdoors."""
    rng = stage.rng
    y, ground = _indoors(stage) if rng.random() < 0.4 else _outdoors(stage)
    size = float(np.exp(rng.uniform(np.log(0.4), np.log(1.8))))
    turn = float(rng.uniform(-20, 200))  # from looking to the left over at us to away
    stage.put(animal(stage, size), (0, y, ground), turn)
    for _ in range(rng.choice([0, 1, 3], p=(0.6, 0.25, 0.15))):
        x, back = rng.normal(0, 1.5 * size), y + float(rng.uniform(0.5, 4)) * size
        at = (x, back, ground if ground == 0 else stage.ground_height(x, back))
        stage.put(animal(stage, size), at, float(rng.uniform(0, 360)))
    subject = np.array([0.0, y, ground + 0.42 * size])
    return lambda: near_view(rng, subject, (1.3 * size, 3.2 * size), (-4, 32), 0.03)


def drapery(stage: Stage) -> Callable[[], View]:
    """Cloth over hidden things, before hanging cloth."""
    rng = stage.rng
    y, _ = _indoors(stage)
    height = 0.75
    stage.put(cloths.covered(stage), (0, y, height))
    if rng.random() < 0.8:
        stage.put(cloths.hanging(stage), (0, y + float(rng.uniform(0.3, 0.6)), height - 0.1))
    if rng.random() < 0.4:
        blender_rooms.put_props(stage, (0, y - 0.2, height + 0.05), 0.6, 0.2, int(rng.integers(4)))
    subject = np.array([0.0, y, height + 0.12])
    return lambda: near_view(rng, subject, (0.5, 1.1), (5, 50), 0.008)


def blossom(stage: Stage) -> Callable[[], View]:
    """Some flowers from near by, among leaves."""
    rng = stage.rng
    build = blender_nature.nature if rng.random() < 0.6 else blender_streets.street
    build(stage)
    y = 3.0
    z = stage.ground_height(0.0, y) + float(rng.uniform(0.4, 1.2))
    size = float(rng.uniform(0.06, 0.16))
    hue = paint.random_color(rng, (0.75, 1.2), (0.2, 0.95), (0.2, 0.85))
    for number in range(rng.integers(1, 6)):
        aside = rng.normal(0, 2.0 * size, 3) * (1, 0.8, 0.7) * (number > 0)
        face = plants.blossom(stage, size * float(rng.uniform(0.7, 1.1)), hue)
        stage.put(face, (aside[0], y + abs(aside[1]), z + aside[2]), float(rng.normal(0, 25)))
    spread = rng.normal(0, 1, (int(rng.integers(30, 300)), 3)) * (3, 1.2, 2.5) * size
    spread[:, 1] = 0.5 * size + 2.5 * np.abs(spread[:, 1])
    leaves = scattered_leaves(rng, spread, 1.6 * size, 0.6 * size)
    stage.add(leaves, paint.leaves(stage, plants.green(rng)), (0, y, z))
    subject = np.array([0.0, y, z])
    return lambda: near_view(rng, subject, (2.2 * size, 6 * size), (-15, 40), 0.03 * size / 0.1)


def arrangement(stage: Stage) -> Callable[[], View]:
    """Boards, cones, cartons and figures close together, before a lattice or a picture."""
    rng = stage.rng
    y, _ = _indoors(stage)
    table = 0.75
    stage.add(box(2.4, 1.4, 0.04), paint.any_stuff(stage), (0, y + 0.2, table - 0.04))
    for _ in range(rng.integers(5, 14)):
        piece = _something(stage)
        at = (float(rng.uniform(-0.55, 0.55)), y + float(rng.uniform(-0.2, 0.55)), table)
        stage.put(piece, at, float(rng.uniform(-60, 60)))
    behind = y + float(rng.uniform(0.6, 0.85))
    if rng.random() < 0.5:
        stage.put(boards.lattice(stage), (0, behind - 0.03, table))
    _backdrop(stage, behind, table)
    subject = np.array([0.0, y + 0.1, table + 0.2])
    return lambda: near_view(rng, subject, (0.6, 1.3), (0, 22), 0.008)


def fence(stage: Stage) -> Callable[[], View]:
    """The country or a street behind wire mesh or bars."""
    rng = stage.rng
    build = blender_nature.nature if rng.random() < 0.6 else blender_streets.street
    build(stage)
    y = float(rng.uniform(0.7, 2.0))
    ground = stage.ground_height(0.0, y)
    metal = paint.plain(
        stage, paint.random_color(rng, saturation=(0, 0.3), value=(0.05, 0.7)), 0.4, 0.6
    )
    turn = float(rng.normal(0, 25))
    stage.put(stage.piece((boards.wires(rng), metal)), (0, y, ground), turn)
    eye = stage.ground_height(0.0, 0.0) + float(rng.uniform(1.0, 1.7))
    return lambda: View(
        (float(rng.normal(0, 0.3)), 0.0, eye),
        float(rng.normal(0, 15)),
        float(rng.uniform(-20, 5)),
        float(rng.normal(0, 1.5)),
        random_focal(rng, 0.7, 1.3),
    )


def _indoors(stage: Stage) -> tuple[float, float]:
    """A room with light on what stands in it; where that is: y and z."""
    rng = stage.rng
    floor = blender_interior.empty_room(stage)
    for _ in range(rng.integers(2, 7)):
        blender_rooms.put_against_a_wall(stage, floor)
    y = float(rng.uniform(0.25, 0.5)) * floor.depth
    for _ in range(rng.integers(1, 3)):
        lamp = (float(rng.uniform(-1.3, 1.3)), y - float(rng.uniform(0.6, 1.5)), 2.2)
        stage.area_light(lamp, (0, y, 0.9), (0.7, 0.7), float(rng.uniform(10, 50)))
    return y, 0.0


def _outdoors(stage: Stage) -> tuple[float, float]:
    build = blender_streets.street if stage.rng.random() < 0.5 else blender_nature.nature
    build(stage)
    return 3.0, stage.ground_height(0.0, 3.0)


def _something(stage: Stage) -> Piece:
    kind = stage.rng.choice(4, p=(0.35, 0.25, 0.25, 0.15))
    if kind == 3:
        return figure(stage, float(stage.rng.uniform(0.15, 0.35)))
    return (boards.cone, boards.board, boards.carton)[kind](stage)


def _backdrop(stage: Stage, y: float, z: float):
    stuff = paint.photo(stage) if stage.rng.random() < 0.4 else paint.any_stuff(stage)
    stage.add(card(3.2, 2.4), stuff, (float(stage.rng.normal(0, 0.3)), y, z))
