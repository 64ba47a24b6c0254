"""Rendered close-ups: things on a table, and people before a room, a street or the country."""

from collections.abc import Callable

import numpy as np

from data_pipeline.blender import furniture
from data_pipeline.blender import interior as blender_interior
from data_pipeline.blender import materials as paint
from data_pipeline.blender import nature as blender_nature
from data_pipeline.blender import people as blender_people
from data_pipeline.blender import rooms as blender_rooms
from data_pipeline.blender import streets as blender_streets
from data_pipeline.blender.shapes import box, card
from data_pipeline.blender.stage import Stage
from data_pipeline.blender.view import View, aim, random_focal


def closeup(stage: Stage) -> Callable[[], View]:
    """A table top with things on it, or one or two people, near the camera.

    Args:
        stage: an empty one.

    Returns:
        A function that proposes views.
    """
    return portrait(stage) if stage.rng.random() < 0.35 else table_top(stage)


def table_top(stage: Stage) -> Callable[[], View]:
    """Things on a table before the blurred depth of a room, or before a wall."""
    rng = stage.rng
    floor = blender_interior.empty_room(stage)
    for _ in range(rng.integers(3, 8)):
        blender_rooms.put_against_a_wall(stage, floor)
    height = float(rng.uniform(0.7, 0.8))
    wide, deep = float(rng.uniform(0.8, 1.6)), float(rng.uniform(0.6, 1.0))
    y = float(rng.uniform(0.2, 0.5)) * floor.depth + deep / 2
    stage.put(furniture.table(stage, wide, deep, height), (0, y, 0))
    if rng.random() < 0.3:
        cover = box(wide * rng.uniform(0.5, 1.02), deep * 1.02, 0.004)
        stage.add(cover, paint.cloth(stage, size=0.08), (0, y, height + 0.001))
    if rng.random() < 0.3:
        backdrop = card(2.5, 1.6)
        stuff = paint.photo(stage) if rng.random() < 0.5 else paint.cloth(stage, size=0.3)
        stage.add(backdrop, stuff, (0, y + deep / 2 + rng.uniform(0.05, 0.5), height - 0.3))
    count = int(rng.integers(8, 26))
    blender_rooms.put_props(stage, (0, y, height + 0.005), 0.7, 0.6 * deep, count)
    side = (float(rng.uniform(-1, 1)), y - 1.2, height + 1.3)
    stage.area_light(side, (0, y, height), (0.6, 0.6), float(rng.uniform(8, 45)))
    subject = np.array([0.0, y, height + 0.08])
    return lambda: near_view(rng, subject, (0.45, 1.2), (4, 40), 0.012)


def portrait(stage: Stage) -> Callable[[], View]:
    """A person, or two, at speaking distance."""
    rng = stage.rng
    place = rng.choice(["room", "street", "nature"], p=(0.5, 0.25, 0.25))
    ground = 0.0
    if place == "room":
        floor = blender_interior.empty_room(stage)
        for _ in range(rng.integers(4, 9)):
            blender_rooms.put_against_a_wall(stage, floor)
        y = float(rng.uniform(0.2, 0.4)) * floor.depth
        stage.area_light((rng.uniform(-1.5, 1.5), y - 1.2, 2.2), (0, y, 1.5), (0.8, 0.8), 40)
    else:
        build = blender_streets.street if place == "street" else blender_nature.nature
        build(stage)
        y = 3.0
        ground = stage.ground_height(0.0, y)
    subject = np.array([0.0, y, ground + 1.5])
    stage.put(blender_people.bust(stage), (0, y, ground + 0.9), float(rng.uniform(-40, 40)))
    if rng.random() < 0.4:
        side = float(rng.choice([-1, 1]))
        at = (side * rng.uniform(0.45, 0.9), y + rng.uniform(-0.3, 1.5), ground + 0.85)
        stage.put(blender_people.bust(stage), at, float(-side * rng.uniform(0, 80)))
    return lambda: near_view(rng, subject, (0.8, 2.2), (-8, 8), 0.035)


def near_view(
    rng: np.random.Generator,
    subject: np.ndarray,
    distances: tuple[float, float],
    elevations: tuple[float, float],
    widest: float,
) -> View:
    """A view of something near, mostly with a background out of focus.

    Args:
        rng: decides everything.
        subject: about what the camera looks at, metres.
        distances: metres from it.
        elevations: degrees above it.
        widest: diameter of the lens in metres.
    """
    distance = float(rng.uniform(*distances))
    up, around = np.radians(rng.uniform(*elevations)), np.radians(rng.normal(0, 14))
    ray = np.array([np.sin(around) * np.cos(up), -np.cos(around) * np.cos(up), np.sin(up)])
    position = subject + distance * ray
    target = subject + rng.normal(0, 0.12 * distance, 3) * (1, 0.3, 0.4)
    yaw, pitch = aim(position, target)
    blurred = rng.random() < 0.75
    return View(
        tuple(position.tolist()),
        yaw,
        pitch,
        float(rng.normal(0, 1.5)),
        random_focal(rng, 0.9, 1.8),
        float(distance * rng.uniform(0.9, 1.15)) if blurred else None,
        float(rng.uniform(0.2, 1) * widest) if blurred else 0.0,
        tuple((rng.normal(0, 0.01, 3) * distance).tolist()),
        float(rng.normal(0, 0.2)),
    )
