"""Furniture and things that stand on it, each with its contact shadow."""

import math

import numpy as np

from data_pipeline.scenes import cutouts, pictures, textures
from data_pipeline.scenes.drawings import drawn
from data_pipeline.scenes.props import box, card, shadow
from data_pipeline.scenes.scene import Look, Solid, Surface, Texture

_FURNITURE = (
    textures.wood,
    textures.wood,
    textures.cloth,
    textures.plaid,
    textures.stripes,
    textures.planks,
)


def furniture(
    rng: np.random.Generator, look: Look, x: float, z: float, ceiling: float
) -> list[Surface]:
    """One piece with its contact shadow."""
    kind = rng.random()
    yaw = float(rng.choice([0.0, 90.0]) + rng.normal(0, 12))
    surfaces: list[Surface]
    if kind < 0.22:
        wide, tall, deep = rng.uniform(0.5, 1.6), rng.uniform(0.35, 0.95), rng.uniform(0.4, 0.8)
        surfaces = _standing_box(rng, look, (x, z), (wide, tall, deep), yaw)
        if rng.random() < 0.6:
            surfaces += _small_thing(rng, look, x, tall, z)
    elif kind < 0.34:
        wide, tall = rng.uniform(0.8, 1.6), min(rng.uniform(1.5, 2.2), ceiling - 0.1)
        front = drawn(rng, pictures.shelf, 256, 192, tall / 256)
        side, top = _texture(rng, 0.35, tall), _texture(rng, wide, 0.35)
        surfaces = list(box((x, tall / 2, z), (wide, tall, 0.35), yaw, (front, side), top, look))
        surfaces.append(shadow((x, 0.004, z), wide * 1.3, 0.9, 0.6, yaw))
    elif kind < 0.54:
        surfaces = _table(rng, look, x, z, yaw)
    elif kind < 0.68:
        tall = rng.uniform(0.6, 1.5)
        picture = (drawn(rng, cutouts.plant),)
        surfaces = [shadow((x, 0.004, z), 0.6 * tall, 0.5 * tall, 0.6)]
        surfaces += card(
            (x, 0, z), 0.75 * tall, tall, yaw % 40 - 20, picture, relief=0.15, strips=4
        )
    elif kind < 0.8:
        picture = (drawn(rng, cutouts.chair),)
        surfaces = [shadow((x, 0.004, z), 0.8, 0.6, 0.5)]
        surfaces += card((x, 0, z), 0.5, 0.92, float(rng.uniform(-35, 35)), picture)
    elif kind < 0.9:
        surfaces = _floor_lamp(rng, x, z)
    else:
        radius = float(rng.uniform(0.12, 0.35))
        surfaces = [shadow((x, 0.004, z), 2.4 * radius, 2.4 * radius, 0.7)]
        surfaces.append(
            Solid(
                (x, radius, z), (radius,) * 3, _texture(rng, 2, 1), turn=float(rng.uniform(0, 360))
            )
        )
    return surfaces


def _texture(rng: np.random.Generator, width: float, height: float) -> Texture:
    """A furniture surface of this size in metres."""
    texel = max(width, height) / 256
    material = _FURNITURE[rng.integers(len(_FURNITURE))]
    return drawn(rng, material, max(int(height / texel), 4), max(int(width / texel), 4), texel)


def _standing_box(
    rng: np.random.Generator,
    look: Look,
    place: tuple[float, float],
    size: tuple[float, float, float],
    yaw: float,
) -> list[Surface]:
    wide, tall, deep = (float(v) for v in size)
    sides = (
        (_texture(rng, wide, tall), _texture(rng, deep, tall))
        if rng.random() < 0.3
        else (_texture(rng, wide, tall),)
    )
    x, z = place
    quads = box((x, tall / 2, z), (wide, tall, deep), yaw, sides, _texture(rng, wide, deep), look)
    return [shadow((x, 0.004, z), wide * 1.35, deep * 1.5, 0.65, yaw), *quads]


def _table(rng: np.random.Generator, look: Look, x: float, z: float, yaw: float) -> list[Surface]:
    wide, deep, tall = (
        float(v) for v in (rng.uniform(0.8, 2.0), rng.uniform(0.6, 1.0), rng.uniform(0.45, 0.78))
    )
    top, leg = _texture(rng, wide, deep), _texture(rng, 0.1, 0.7)
    surfaces: list[Surface] = [shadow((x, 0.004, z), wide * 1.3, deep * 1.4, 0.5, yaw)]
    surfaces += box((x, tall, z), (wide, 0.05, deep), yaw, (leg,), top, look)
    angle = math.radians(yaw)
    for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        a, b = i * (wide / 2 - 0.06), j * (deep / 2 - 0.06)
        foot = (
            x + a * math.cos(angle) + b * math.sin(angle),
            tall / 2,
            z - a * math.sin(angle) + b * math.cos(angle),
        )
        surfaces += box(foot, (0.06, tall, 0.06), yaw, (leg,), leg, look)
    for _ in range(int(rng.integers(0, 3))):
        surfaces += _small_thing(
            rng, look, x + rng.uniform(-0.3, 0.3) * wide * 0.7, tall + 0.025, z
        )
    return surfaces


def _small_thing(
    rng: np.random.Generator, look: Look, x: float, y: float, z: float
) -> list[Surface]:
    """A vase, ball, plant or box on top of something."""
    kind = rng.random()
    surfaces: list[Surface] = [shadow((x, y + 0.003, z), 0.4, 0.4, 0.5)]
    if kind < 0.35:
        r, tall = float(rng.uniform(0.05, 0.12)), float(rng.uniform(0.1, 0.22))
        surfaces.append(Solid((x, y + tall, z), (r, tall, r), _texture(rng, 0.5, 0.3)))
    elif kind < 0.6:
        size = float(rng.uniform(0.3, 0.6))
        surfaces += card(
            (x, y, z), 0.75 * size, size, 0.0, (drawn(rng, cutouts.plant),), relief=0.08, strips=4
        )
    else:
        wide, tall, deep = (float(v) for v in rng.uniform(0.12, 0.35, 3))
        yaw = float(rng.uniform(-45, 45))
        side = (_texture(rng, wide, tall),)
        surfaces += box(
            (x, y + tall / 2, z), (wide, tall, deep), yaw, side, _texture(rng, wide, deep), look
        )
    return surfaces


def _floor_lamp(rng: np.random.Generator, x: float, z: float) -> list[Surface]:
    tall, r = float(rng.uniform(1.3, 1.8)), float(rng.uniform(0.14, 0.25))
    pole, shade = (
        _texture(rng, 0.1, 1.0),
        Texture(
            textures.to_bytes(textures.mottled(rng, 64, 64, np.array([235.0, 222.0, 190.0]), 0.03))
        ),
    )
    return [
        shadow((x, 0.004, z), 0.7, 0.7, 0.6),
        Solid((x, 0.02, z), (0.16, 0.03, 0.16), pole),
        Solid((x, tall / 2, z), (0.02, tall / 2, 0.02), pole, cylinder=True),
        Solid((x, tall, z), (r, 0.15, r), shade, cylinder=True),
    ]
