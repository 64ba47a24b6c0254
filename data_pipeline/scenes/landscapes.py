"""Outdoor scenes: villages and open country under a sky."""

import math

import numpy as np

from data_pipeline.scenes import cutouts, pictures, textures
from data_pipeline.scenes.camera import Camera
from data_pipeline.scenes.drawings import are_shared, drawn
from data_pipeline.scenes.noise import fractal_noise
from data_pipeline.scenes.people import walker
from data_pipeline.scenes.props import box, card, cast_shadow, shadow, silhouette
from data_pipeline.scenes.scene import Ground, Look, Motion, Quad, Solid, Surface, Texture, shade_of

_SKY_DISTANCE = 3000.0
_COMMON_HAZE = (184.3, 190.0, 195.7)
_LAWNS = (textures.grass, textures.grass, textures.concrete, textures.gravel)


def country(rng: np.random.Generator, look: Look) -> tuple[list[Surface], Camera]:
    """Meadow or park with trees, bushes, hills, perhaps a fence, a few houses and people.

    Args:
        rng: decides everything.
        look: for the light and the color of haze.

    Returns:
        Surfaces and the camera at the beginning, its stereo parameters unset.
    """
    surfaces = backdrop(rng, look, _LAWNS)
    if rng.random() < 0.5:
        surfaces += _path(rng)
    surfaces += _plants(rng, look, int(rng.integers(8, 26)), nearest=3.5, farthest=90.0)
    for _ in range(int(rng.integers(0, 4))):
        surfaces += _house(rng, look, rng.uniform(-25, 25), rng.uniform(18, 70))
    for _ in range(int(rng.integers(0, 4))):
        x, z = rng.uniform(-3, 3), rng.uniform(3.5, 20)
        surfaces += walker(rng, float(x), float(z), rng.random() < 0.7, look)
    if rng.random() < 0.4:
        surfaces += _fence(rng, rng.uniform(4, 14))
    for _ in range(int(rng.integers(0, 5))):
        surfaces += _thing_on_ground(rng, look, rng.uniform(-4, 4), rng.uniform(3, 16))
    return surfaces, eye_level_camera(rng)


def eye_level_camera(rng: np.random.Generator) -> Camera:
    """A camera at a person's eyes, sometimes lower or from a first floor."""
    eye = (
        rng.uniform(1.3, 1.8)
        if rng.random() < 0.75
        else rng.choice([rng.uniform(0.5, 1.0), rng.uniform(2.2, 5.0)])
    )
    return Camera(
        position=(float(rng.normal(0, 0.6)), float(eye), 0.0),
        yaw=float(rng.normal(0, 8)),
        pitch=float(np.clip(rng.normal(-0.5, 2.5), -6, 4) - 2.0 * max(eye - 2.0, 0)),
        roll=float(rng.normal(0, 1.0)),
        field_of_view=float(rng.uniform(35, 75)),
    )


def backdrop(rng: np.random.Generator, look: Look, grounds: tuple) -> list[Surface]:
    """Ground, sky, and one or two ridges or a skyline at the horizon."""
    texel = 0.015
    ground = drawn(rng, grounds[rng.integers(len(grounds))], 1024, 1024, texel, tiled=True)
    surfaces: list[Surface] = [Ground(ground, 1024 * texel, 0.0, float(rng.uniform(0, 90)))]
    half = 2.6 * _SKY_DISTANCE
    # A shared sky has the haze of another scene, whose color differs in brightness alone.
    horizon = _COMMON_HAZE if are_shared() else look.background
    sky = drawn(rng, _sky, horizon)
    top = 0.85 * _SKY_DISTANCE
    surfaces.append(
        Quad(
            (-half, top, _SKY_DISTANCE),
            (2 * half, 0, 0),
            (0, -top * 400 / 384, 0),
            (sky,),
            shade=look.background[1] / horizon[1],
        )
    )
    for distance in sorted(rng.uniform(180, 1200, int(rng.integers(0, 3))), reverse=True):
        color = textures.pick_color(rng, textures.GREENS + textures.EARTHS) * 0.8
        town = rng.random() < 0.3
        picture = (Texture((cutouts.skyline if town else cutouts.hills)(rng, color)),)
        tall = distance * (rng.uniform(0.06, 0.15) if town else rng.uniform(0.1, 0.35))
        surfaces += card((0.0, -1.0, float(distance)), 5 * distance, tall, 0.0, picture)
    return surfaces


def _sky(rng: np.random.Generator, horizon: tuple[float, float, float]) -> np.ndarray:
    haze = np.asarray(horizon)
    image = pictures.sky(rng, 384, 1024, haze)
    # The last row is the horizon; the strip below closes the gap to the end of the ground.
    return np.vstack(
        [image, np.repeat(np.round(haze).astype(np.uint8)[None, None], 1024, 1).repeat(16, 0)]
    )


def strip_on_ground(
    start: np.ndarray, along: np.ndarray, width: float, texture: Texture, length: float, count: int
) -> list[Surface]:
    """A road or path: `count` equal pieces of `length` metres, one behind the other.

    Args:
        start: middle of its near end, world metres.
        along: unit vector.
        width: metres.
        texture: of one piece, seen from above, its first and last row fitting together.
        length: of one piece.
        count: of pieces.

    Returns:
        Decals.
    """
    right = np.array([along[2], 0.0, -along[0]]) * width
    return [
        Quad(
            tuple(start + along * length * (index + 1) - right / 2),
            tuple(right),
            tuple(-along * length),
            (texture,),
            decal=True,
        )
        for index in range(count)
    ]


def _path(rng: np.random.Generator) -> list[Surface]:
    """A path across the ground."""
    texture = drawn(rng, _path_picture)
    angle = math.radians(rng.uniform(-35, 35))
    along = np.array([math.sin(angle), 0, math.cos(angle)])
    start = np.array([rng.uniform(-2, 2), 0.004, 0]) - along * 10
    return strip_on_ground(start, along, rng.uniform(1.2, 4), texture, 60.0, 5)


def _path_picture(rng: np.random.Generator) -> np.ndarray:
    """A stretch of path with soft edges."""
    image = textures.concrete(rng, 1024, 64, 0.05)
    edge = np.clip(6 * (1 - np.abs(np.linspace(-1, 1, 64))), 0, 1)
    waves = 0.15 * fractal_noise(rng, 1024, 64, 1.0)
    opacity = np.clip(edge[None] + waves * (edge[None] < 1), 0, 1)
    return np.dstack([image, textures.to_bytes(255 * opacity)])


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
        texture = drawn(rng, draw)
        kinds.append((texture, silhouette(texture, look), tall, aspect))
    surfaces: list[Surface] = []
    for z in np.exp(rng.uniform(math.log(nearest), math.log(farthest), count)):
        texture, shape, tall, aspect = kinds[rng.integers(len(kinds))]
        tall = tall * rng.uniform(0.75, 1.25)
        x = rng.uniform(-0.8, 0.8) * z
        if z < 2.2 * tall and abs(x) < 0.6 * tall:  # not a wall of leaves before the camera
            x = math.copysign(0.6 * tall + 0.5 * abs(x), x)
        wide = tall * aspect
        turn = float(rng.uniform(-20, 20))
        foot = (float(x), 0.006, float(z))
        if z < 12:
            surfaces.append(shadow(foot, wide * 0.9, wide * 0.6, 0.5))
        surfaces.append(cast_shadow(foot, wide, tall, turn, shape, look))
        strips = 4 if z < 9 else 1
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


def building(
    look: Look,
    place: tuple[float, float],
    size: tuple[float, float, float],
    facades: tuple[Texture, ...],
    roof: Texture,
) -> list[Surface]:
    """A box with facades, its flat roof and the darkness at its foot.

    Args:
        look: for the light.
        place: x and z of its middle in metres.
        size: width, height and depth in metres.
        facades: of front, right side, back and left side, taken in turn.
        roof: texture of the roof.

    Returns:
        Surfaces.
    """
    wide, tall, deep = size
    quads = box((place[0], tall / 2, place[1]), size, 0.0, facades, roof, look)
    return [shadow((place[0], 0.006, place[1]), wide * 1.25, deep * 1.25, 0.5), *quads]


def facade(rng: np.random.Generator, wide: float, tall: float) -> Texture:
    """A house front of this size in metres."""
    texel = max(tall, wide) / 512
    return drawn(rng, pictures.facade, int(tall / texel), int(wide / texel), texel)


def _house(rng: np.random.Generator, look: Look, x: float, z: float) -> list[Surface]:
    """A box with a gabled roof of two slopes."""
    wide, tall, deep = rng.uniform(6, 12), rng.uniform(2.8, 6), rng.uniform(6, 10)
    sides = (facade(rng, wide, tall), facade(rng, deep, tall))
    roof = Texture(np.full((4, 4, 3), 90, np.uint8))
    surfaces = building(look, (x, z), (wide, tall, deep), sides, roof)
    rise, eaves = rng.uniform(1.5, 3.5), 0.4
    tiles = drawn(rng, textures.bricks, 256, 256, 0.03)
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
    picture = (drawn(rng, cutouts.fence),)
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
            drawn(
                rng,
                (textures.planks, textures.concrete, textures.bricks)[rng.integers(3)],
                128,
                128,
                wide / 128,
            ),
        )
        yaw = float(rng.uniform(-45, 45))
        quads = box((x, tall / 2, z), (wide, tall, deep), yaw, side, side[0], look)
        return [shadow((x, 0.005, z), wide * 1.5, deep * 1.6, 0.6, yaw), *quads]
    if kind < 0.75:
        radii = tuple(
            float(v) for v in rng.uniform(0.2, 0.9) * rng.uniform((0.8, 0.5, 0.8), (1.4, 0.9, 1.2))
        )
        stone = drawn(rng, textures.concrete, 128, 256, 0.01)
        return [
            shadow((x, 0.005, z), radii[0] * 2.8, radii[2] * 2.6, 0.6),
            Solid(
                (float(x), radii[1] * 0.75, float(z)), radii, stone, turn=float(rng.uniform(0, 360))
            ),
        ]
    radius = float(rng.uniform(0.12, 0.4))
    ball = drawn(
        rng,
        (textures.checkers, textures.stripes, textures.plaid)[rng.integers(3)],
        128,
        256,
        0.01,
    )
    motion = Motion((float(rng.uniform(-0.8, 0.8)), 0.0, 0.0), bounce=float(rng.choice([0.0, 0.5])))
    return [
        shadow((x, 0.005, z), 2.4 * radius, 2.2 * radius, 0.6, motion=Motion(motion.velocity)),
        Solid((float(x), radius, float(z)), (radius,) * 3, ball, spin=60.0, motion=motion),
    ]
