"""Outdoor scenes: streets, villages and open country under a sky."""

import math

import numpy as np

from data_pipeline import cutouts, textures
from data_pipeline.camera import Camera
from data_pipeline.rooms import walker
from data_pipeline.scene import (
    Ground,
    Look,
    Motion,
    Quad,
    Solid,
    Surface,
    Texture,
    box,
    card,
    shade_of,
    shadow,
)

_SKY_DISTANCE = 3000.0
_LAWNS = (textures.grass, textures.grass, textures.concrete, textures.gravel)
_PAVINGS = (textures.tiles, textures.concrete, textures.gravel, textures.bricks)


def country(rng: np.random.Generator, look: Look) -> tuple[list[Surface], Camera]:
    """Meadow or park with trees, bushes, hills, perhaps a fence, a few houses and people.

    Args:
      rng: decides everything.
      look: for the light and the color of haze.

    Returns:
      Surfaces and the camera at the beginning, its stereo parameters unset.
    """
    surfaces = _backdrop(rng, look, _LAWNS)
    if rng.random() < 0.5:
        surfaces.append(_path(rng))
    surfaces += _plants(rng, look, int(rng.integers(8, 26)), nearest=3.5, farthest=90.0)
    for _ in range(int(rng.integers(0, 4))):
        surfaces += _house(rng, look, rng.uniform(-25, 25), rng.uniform(18, 70))
    for _ in range(int(rng.integers(0, 4))):
        x, z = rng.uniform(-3, 3), rng.uniform(3.5, 20)
        surfaces += walker(rng, float(x), float(z), 0.0, moving=rng.random() < 0.7)
    if rng.random() < 0.4:
        surfaces += _fence(rng, rng.uniform(4, 14))
    for _ in range(int(rng.integers(0, 5))):
        surfaces += _thing_on_ground(rng, look, rng.uniform(-4, 4), rng.uniform(3, 16))
    return surfaces, _camera(rng)


def street(rng: np.random.Generator, look: Look) -> tuple[list[Surface], Camera]:
    """A street between two rows of facades, with poles, trees, cars and people.

    Args:
      rng: decides everything.
      look: for the light and the color of haze.

    Returns:
      Surfaces and the camera at the beginning, its stereo parameters unset.
    """
    surfaces = _backdrop(rng, look, _PAVINGS)
    half = rng.uniform(4, 10)
    road = textures.concrete(rng, 256, 256, 0.03)
    lane = _decal(
        (-0.55 * half, 0.005, 300.0), (1.1 * half, 0, 0), (0, 0, -310.0), np.tile(road, (4, 1, 1))
    )
    surfaces.append(lane)
    for side in (-1, 1):
        z = rng.uniform(-6, 2)
        while z < 80:
            deep, tall = rng.uniform(6, 16), rng.uniform(5, 15)
            inset = rng.uniform(0, 1.5) if rng.random() < 0.3 else 0.0
            x = side * (half + inset + 4)
            if rng.random() < 0.92:
                surfaces += _building(rng, look, (x, z + deep / 2), (8.0, tall, deep), 0.0)
            z += deep + (rng.uniform(2, 8) if rng.random() < 0.2 else 0.0)
        for z in np.arange(rng.uniform(4, 8), 60, rng.uniform(6, 14)):
            surfaces += _roadside(rng, side * half * 0.78, float(z))
    for _ in range(int(rng.integers(0, 4))):
        surfaces += _car(rng, rng.choice([-0.45, 0.45]) * half, rng.uniform(7, 40))
    for _ in range(int(rng.integers(1, 6))):
        x, z = rng.uniform(-0.7, 0.7) * half, rng.uniform(3.5, 25)
        surfaces += walker(rng, float(x), float(z), 0.0, moving=rng.random() < 0.7)
    return surfaces, _camera(rng)


def _camera(rng: np.random.Generator) -> Camera:
    eye = (
        rng.uniform(1.3, 1.8)
        if rng.random() < 0.75
        else rng.choice([rng.uniform(0.5, 1.0), rng.uniform(2.2, 5.0)])
    )
    return Camera(
        position=(float(rng.normal(0, 0.6)), float(eye), 0.0),
        yaw=float(rng.normal(0, 8)),
        pitch=float(rng.normal(0.5, 3) - 2.0 * max(eye - 2.0, 0)),
        roll=float(rng.normal(0, 1.0)),
        field_of_view=float(rng.uniform(35, 75)),
    )


def _backdrop(rng: np.random.Generator, look: Look, grounds: tuple) -> list[Surface]:
    """Ground, sky, and one or two ridges or a skyline at the horizon."""
    haze = np.asarray(look.background)
    texel = 0.015
    ground = Texture(grounds[rng.integers(len(grounds))](rng, 1024, 1024, texel), tiled=True)
    surfaces: list[Surface] = [Ground(ground, 1024 * texel, 0.0, float(rng.uniform(0, 90)))]
    half = 2.6 * _SKY_DISTANCE
    image = textures.sky(rng, 384, 1024, haze)
    top = 1.3 * _SKY_DISTANCE
    # The last row is the horizon; the strip below closes the gap to the end of the ground.
    image = np.vstack(
        [image, np.repeat(np.round(haze).astype(np.uint8)[None, None], 1024, 1).repeat(16, 0)]
    )
    surfaces.append(
        Quad(
            (-half, top, _SKY_DISTANCE),
            (2 * half, 0, 0),
            (0, -top * 400 / 384, 0),
            (Texture(image),),
        )
    )
    for distance in sorted(rng.uniform(180, 1200, int(rng.integers(0, 3))), reverse=True):
        color = textures.pick_color(rng, textures.GREENS + textures.EARTHS) * 0.8
        draw = cutouts.skyline if rng.random() < 0.3 else cutouts.hills
        picture = (Texture(draw(rng, color)),)
        surfaces += card(
            (0.0, -1.0, float(distance)),
            5 * distance,
            rng.uniform(0.12, 0.35) * distance,
            0.0,
            picture,
        )
    return surfaces


def _decal(corner: tuple, across: tuple, down: tuple, image: np.ndarray) -> Quad:
    return Quad(corner, across, down, (Texture(image),), decal=True)


def _path(rng: np.random.Generator) -> Quad:
    """A path across the ground with soft edges."""
    image = textures.concrete(rng, 1024, 128, 0.02)
    edge = np.clip(6 * (1 - np.abs(np.linspace(-1, 1, 128))), 0, 1)
    waves = 0.15 * textures.fractal_noise(rng, 1024, 128, 1.0)
    opacity = np.clip(edge[None] + waves * (edge[None] < 1), 0, 1)
    angle = math.radians(rng.uniform(-35, 35))
    along = np.array([math.sin(angle), 0, math.cos(angle)])
    right = np.array([math.cos(angle), 0, -math.sin(angle)])
    width = rng.uniform(1.2, 4)
    start = np.array([rng.uniform(-2, 2), 0.004, 0]) + along * 60 - right * width / 2
    picture = np.dstack([image, textures.to_bytes(255 * opacity)])
    return _decal(tuple(start), tuple(right * width), tuple(-along * 70), picture)


def _plants(
    rng: np.random.Generator, look: Look, count: int, nearest: float, farthest: float
) -> list[Surface]:
    """Trees and bushes, evenly spread in the picture: as many near as far per ratio of distance."""
    kinds = []
    for _ in range(int(rng.integers(2, 5))):
        draw, tall, aspect = (
            (cutouts.tree, rng.uniform(4, 11), 0.75),
            (cutouts.conifer, rng.uniform(5, 14), 0.5),
            (cutouts.bush, rng.uniform(0.6, 2.2), 1.33),
        )[rng.choice(3, p=[0.4, 0.2, 0.4])]
        kinds.append((Texture(draw(rng)), tall, aspect))
    surfaces: list[Surface] = []
    for z in np.exp(rng.uniform(math.log(nearest), math.log(farthest), count)):
        texture, tall, aspect = kinds[rng.integers(len(kinds))]
        tall = tall * rng.uniform(0.75, 1.25)
        x = rng.uniform(-0.8, 0.8) * z
        if z < 2.2 * tall and abs(x) < 0.6 * tall:  # not a wall of leaves before the camera
            x = math.copysign(0.6 * tall + 0.5 * abs(x), x)
        wide = tall * aspect
        strength = 0.65 if look.ambient < 0.7 else 0.4
        drift = np.asarray(look.light)[[0, 2]] * -0.3 * tall
        foot = (float(x + drift[0]), 0.006, float(z + drift[1]))
        surfaces.append(shadow(foot, wide * 1.1, wide * 0.7, strength))
        strips = 4 if z < 15 else 1
        turn = float(rng.uniform(-20, 20))
        surfaces += card(
            (float(x), -0.02, float(z)),
            wide,
            tall,
            turn,
            (texture,),
            relief=0.2 * wide,
            strips=strips,
        )
    return surfaces


def _building(
    rng: np.random.Generator,
    look: Look,
    place: tuple[float, float],
    size: tuple[float, float, float],
    yaw: float,
) -> list[Surface]:
    wide, tall, deep = size
    texel = max(tall, deep) / 640
    front = Texture(textures.facade(rng, int(tall / texel), int(wide / texel), texel))
    side = Texture(textures.facade(rng, int(tall / texel), int(deep / texel), texel))
    roof = Texture(textures.concrete(rng, 64, 64, 0.1))
    quads = box((place[0], tall / 2, place[1]), (wide, tall, deep), yaw, (front, side), roof, look)
    return [shadow((place[0], 0.006, place[1]), wide * 1.25, deep * 1.25, 0.5, yaw), *quads]


def _house(rng: np.random.Generator, look: Look, x: float, z: float) -> list[Surface]:
    """A box with a gabled roof of two slopes."""
    wide, tall, deep = rng.uniform(6, 12), rng.uniform(2.8, 6), rng.uniform(6, 10)
    surfaces = _building(rng, look, (x, z), (wide, tall, deep), 0.0)
    rise, eaves = rng.uniform(1.5, 3.5), 0.4
    tiles = Texture(textures.bricks(rng, 256, 256, 0.03))
    gable = np.zeros((128, 128, 4), np.uint8)
    gable[..., :3] = textures.plaster(rng, 128, 128, 0.05)
    v, u = np.mgrid[0:1:128j, -1:1:128j]
    gable[..., 3] = textures.to_bytes(255 * np.clip((v - np.abs(u)) * 40, 0, 1))
    left, right, front, back = (
        x - wide / 2 - eaves,
        x + wide / 2 + eaves,
        z - deep / 2 - eaves,
        z + deep / 2 + eaves,
    )
    top, low = tall + rise, tall - eaves * rise / (deep / 2)
    slope = np.array([0.0, deep / 2, -rise]) / math.hypot(deep / 2, rise)
    shade = shade_of(slope, look)
    across, down = (right - left, 0.0, 0.0), (0.0, low - top, front - z)
    surfaces.append(Quad((left, top, z), across, down, (tiles,), shade=shade))
    del back
    texture = (Texture(gable),)
    for side, toward in ((x - wide / 2, -1), (x + wide / 2, 1)):
        corner, along = (side, top, z - toward * deep / 2), (0.0, 0.0, toward * deep)
        surfaces.append(
            Quad(
                corner,
                along,
                (0.0, -rise, 0.0),
                texture,
                shade=shade_of(np.array([toward, 0.0, 0.0]), look),
            )
        )
    return surfaces


def _fence(rng: np.random.Generator, z: float) -> list[Surface]:
    surfaces: list[Surface] = []
    picture = (Texture(cutouts.fence(rng)),)
    start, tall = -14.0, float(rng.uniform(0.8, 1.4))
    angle = float(rng.uniform(-12, 12))
    for i in range(6):
        if rng.random() < 0.9:
            x = start + 5 * i
            depth = float(z - x * math.sin(math.radians(angle)))
            surfaces += card(
                (x, 0.0, depth), 5 * math.cos(math.radians(angle)) + 0.03, tall, angle, picture
            )
            surfaces.append(shadow((x, 0.005, depth), 5.5, 0.5, 0.4, angle))
    return surfaces


def _thing_on_ground(rng: np.random.Generator, look: Look, x: float, z: float) -> list[Surface]:
    """A crate, stone or rolling ball."""
    kind = rng.random()
    if kind < 0.4:
        wide, tall, deep = (float(v) for v in rng.uniform(0.4, 1.4, 3))
        side = (
            Texture(
                (textures.planks, textures.concrete, textures.bricks)[rng.integers(3)](
                    rng, 128, 128, wide / 128
                )
            ),
        )
        yaw = float(rng.uniform(-45, 45))
        quads = box((x, tall / 2, z), (wide, tall, deep), yaw, side, side[0], look)
        return [shadow((x, 0.005, z), wide * 1.5, deep * 1.6, 0.6, yaw), *quads]
    if kind < 0.75:
        radii = tuple(
            float(v) for v in rng.uniform(0.2, 0.9) * rng.uniform((0.8, 0.5, 0.8), (1.4, 0.9, 1.2))
        )
        stone = Texture(textures.concrete(rng, 128, 256, 0.01))
        return [
            shadow((x, 0.005, z), radii[0] * 2.8, radii[2] * 2.6, 0.6),
            Solid(
                (float(x), radii[1] * 0.75, float(z)), radii, stone, turn=float(rng.uniform(0, 360))
            ),
        ]
    radius = float(rng.uniform(0.12, 0.4))
    ball = Texture(
        (textures.checkers, textures.stripes, textures.plaid)[rng.integers(3)](rng, 128, 256, 0.01)
    )
    motion = Motion((float(rng.uniform(-0.8, 0.8)), 0.0, 0.0), bounce=float(rng.choice([0.0, 0.5])))
    return [
        shadow((x, 0.005, z), 2.4 * radius, 2.2 * radius, 0.6, motion=Motion(motion.velocity)),
        Solid((float(x), radius, float(z)), (radius,) * 3, ball, spin=60.0, motion=motion),
    ]


def _roadside(rng: np.random.Generator, x: float, z: float) -> list[Surface]:
    kind = rng.random()
    if kind < 0.4:
        tall, r = float(rng.uniform(3, 6)), float(rng.uniform(0.04, 0.09))
        metal = Texture(textures.concrete(rng, 256, 16, 0.02))
        pole = Solid((x, tall / 2, z), (r, tall / 2, r), metal, cylinder=True)
        head = Solid((x, tall, z), (0.25, 0.12, 0.25), metal)
        return [shadow((x, 0.006, z), 0.5, 0.4, 0.6), pole, head]
    if kind < 0.75:
        tall = float(rng.uniform(3.5, 7))
        figure = card(
            (x, 0, z), 0.75 * tall, tall, 0.0, (Texture(cutouts.tree(rng)),), relief=0.5, strips=4
        )
        return [shadow((x, 0.006, z), 0.6 * tall, 0.4 * tall, 0.6), *figure]
    tall = float(rng.uniform(0.7, 1.3))
    figure = card(
        (x, 0, z), 1.33 * tall, tall, 0.0, (Texture(cutouts.bush(rng)),), relief=0.3, strips=4
    )
    return [shadow((x, 0.006, z), 1.5 * tall, tall, 0.6), *figure]


def _car(rng: np.random.Generator, x: float, z: float) -> list[Surface]:
    """A car across the street, standing or driving by."""
    speed = float(rng.choice([0.0, 0.0, 2.5, -2.5]))
    motion = Motion((speed, 0.0, 0.0)) if speed else None
    figure = card(
        (x, 0, z),
        4.2,
        1.5,
        float(rng.uniform(-25, 25)),
        (Texture(cutouts.car(rng)),),
        motion=motion,
    )
    return [shadow((x, 0.006, z), 4.8, 1.6, 0.75, motion=motion), *figure]
