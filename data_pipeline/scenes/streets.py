"""Street scenes: two rows of houses with trees, poles, cars and people between."""

import numpy as np

from data_pipeline.scenes import cutouts, textures
from data_pipeline.scenes.camera import Camera
from data_pipeline.scenes.drawings import drawn
from data_pipeline.scenes.landscapes import (
    backdrop,
    building,
    eye_level_camera,
    facade,
    strip_on_ground,
)
from data_pipeline.scenes.people import walker
from data_pipeline.scenes.props import card, cast_shadow, shadow, silhouette
from data_pipeline.scenes.scene import Look, Motion, Solid, Surface, Texture

_PAVINGS = (textures.tiles, textures.concrete, textures.gravel, textures.bricks)


def street(rng: np.random.Generator, look: Look) -> tuple[list[Surface], Camera]:
    """A street between two rows of facades, with poles, trees, cars and people.

    Args:
        rng: decides everything.
        look: for the light and the color of haze.

    Returns:
        Surfaces and the camera at the beginning, its stereo parameters unset.
    """
    surfaces = backdrop(rng, look, _PAVINGS)
    half = rng.uniform(4, 10)
    road = drawn(rng, _road)
    ahead = np.array([0.0, 0.0, 1.0])
    surfaces += strip_on_ground(np.array([0, 0.005, -6]), ahead, 1.1 * half, road, 24.0, 10)
    for side in (-1, 1):
        surfaces += _row_of_houses(rng, look, side * half)
    roadside = _RoadsideThings(rng, look)
    for side in (-1, 1):
        for z in np.arange(rng.uniform(4, 8), 60, rng.uniform(6, 14)):
            surfaces += roadside.one(rng, side * half * 0.78, float(z))
    for _ in range(int(rng.integers(0, 4))):
        surfaces += _car(rng, rng.choice([-0.45, 0.45]) * half, rng.uniform(7, 40))
    for _ in range(int(rng.integers(1, 6))):
        x, z = rng.uniform(-0.7, 0.7) * half, rng.uniform(3.5, 25)
        surfaces += walker(rng, float(x), float(z), rng.random() < 0.7, look)
    return surfaces, eye_level_camera(rng)


def _road(rng: np.random.Generator) -> np.ndarray:
    road = textures.concrete(rng, 1024, 256, 0.03)
    if rng.random() < 0.5:
        road[256:768, 124:132] = 0.3 * road[256:768, 124:132] + 130  # the dashed line
    return road


def _row_of_houses(rng: np.random.Generator, look: Look, edge: float) -> list[Surface]:
    """Houses along a line x = edge, with a few fronts that recur in other sizes."""
    side = np.sign(edge)
    fronts = [facade(rng, rng.uniform(8, 14), rng.uniform(7, 13)) for _ in range(4)]
    gable, roof = facade(rng, 8.0, 10.0), Texture(np.full((4, 4, 3), 96, np.uint8))
    surfaces: list[Surface] = []
    z = rng.uniform(-6, 2)
    while z < 90:
        deep, tall = rng.uniform(6, 16), rng.uniform(5, 15)
        x = edge + side * (4 + (rng.uniform(0, 1.5) if rng.random() < 0.3 else 0.0))
        if rng.random() < 0.92:
            front = fronts[rng.integers(len(fronts))]
            surfaces += building(look, (x, z + deep / 2), (8.0, tall, deep), (gable, front), roof)
        z += deep + (rng.uniform(2, 8) if rng.random() < 0.2 else 0.0)
    return surfaces


class _RoadsideThings:
    """Lamps, trees and bushes, alike within one street."""

    def __init__(self, rng: np.random.Generator, look: Look):
        self._look = look
        self._metal = drawn(rng, textures.concrete, 256, 16, 0.02)
        self._lamp_height = float(rng.uniform(3, 6))
        self._plants = []
        for draw, tall, aspect in (
            (cutouts.tree, rng.uniform(3.5, 7), 0.75),
            (cutouts.bush, rng.uniform(0.7, 1.3), 1.33),
        ):
            texture = drawn(rng, draw)
            self._plants.append((texture, silhouette(texture, look), float(tall), aspect))

    def one(self, rng: np.random.Generator, x: float, z: float) -> list[Surface]:
        """Any of them at a place."""
        kind = rng.choice(3, p=(0.4, 0.35, 0.25))
        if kind == 0:
            tall, r = self._lamp_height, 0.06
            pole = Solid((x, tall / 2, z), (r, tall / 2, r), self._metal, cylinder=True)
            head = Solid((x, tall, z), (0.25, 0.12, 0.25), self._metal)
            return [shadow((x, 0.006, z), 0.5, 0.4, 0.6), pole, head]
        texture, shape, tall, aspect = self._plants[kind - 1]
        tall *= float(rng.uniform(0.8, 1.2))
        wide = aspect * tall
        foot, strips = (x, 0.006, z), 4 if z < 9 else 1
        return [
            shadow(foot, 0.9 * wide, 0.6 * wide, 0.5),
            cast_shadow(foot, wide, tall, 0.0, shape, self._look),
            *card((x, -0.02, z), wide, tall, 0.0, (texture,), 0.15 * wide, strips),
        ]


def _car(rng: np.random.Generator, x: float, z: float) -> list[Surface]:
    """A car across the street, standing or driving by."""
    speed = float(rng.choice([0.0, 0.0, 2.5, -2.5]))
    motion = Motion((speed, 0.0, 0.0)) if speed else None
    figure = card(
        (x, 0, z),
        4.2,
        1.5,
        float(rng.uniform(-25, 25)),
        (drawn(rng, cutouts.car),),
        motion=motion,
    )
    return [shadow((x, 0.006, z), 4.8, 1.6, 0.75, motion=motion), *figure]
