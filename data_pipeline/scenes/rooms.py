"""Indoor scenes: a room with furniture, pictures and people."""

import math

import numpy as np

from data_pipeline.scenes import pictures, textures
from data_pipeline.scenes.camera import Camera
from data_pipeline.scenes.drawings import drawn
from data_pipeline.scenes.furniture import furniture
from data_pipeline.scenes.people import walker
from data_pipeline.scenes.scene import Ground, Look, Quad, Surface, Texture, shade_of

_WALLS = (
    textures.plaster,
    textures.plaster,
    textures.stripes,
    textures.bricks,
    textures.concrete,
    textures.planks,
)
_FLOORS = (textures.planks, textures.tiles, textures.checkers, textures.concrete, textures.plaid)
_CEILING = ((236, 234, 228), (220, 220, 216))


def room(rng: np.random.Generator, look: Look) -> tuple[list[Surface], Camera]:
    """A furnished room seen from inside, near one of its walls.

    Args:
        rng: decides everything.
        look: for the light.

    Returns:
        Surfaces and the camera at the beginning, its stereo parameters unset.
    """
    width, depth, height = rng.uniform(3.5, 9), rng.uniform(4.5, 12), rng.uniform(2.4, 3.4)
    surfaces: list[Surface] = _shell(rng, look, width, depth, height)
    surfaces += _on_walls(rng, look, width, depth, height)
    places = _free_places(rng, width, depth, int(rng.integers(3, 9)))
    for x, z in places:
        surfaces += furniture(rng, look, x, z, height)
    for _ in range(int(rng.integers(0, 3))):
        x, z = rng.uniform(-0.35, 0.35) * width, rng.uniform(0.35, 0.85) * depth
        surfaces += walker(rng, x, z, moving=rng.random() < 0.5)
    eye = rng.uniform(1.2, 1.75) if rng.random() < 0.8 else rng.uniform(0.6, 2.1)
    camera = Camera(
        position=(float(rng.uniform(-0.2, 0.2) * width), float(eye), 0.35),
        yaw=float(rng.normal(0, 9)),
        pitch=float(rng.normal(-4, 4) - 6 * (eye > 1.9)),
        roll=float(rng.normal(0, 1.2)),
        field_of_view=float(rng.uniform(45, 75)),
    )
    return surfaces, camera


def _shell(
    rng: np.random.Generator, look: Look, width: float, depth: float, height: float
) -> list[Surface]:
    """Floor, walls and ceiling; corners are darkened because less light reaches them."""
    floor_texel = 0.01
    floor = drawn(rng, _FLOORS[rng.integers(len(_FLOORS))], 512, 512, floor_texel, tiled=True)
    surfaces: list[Surface] = [
        Ground(floor, 512 * floor_texel, 0.0, float(rng.choice([0.0, 90.0, 45.0])))
    ]
    material = _WALLS[rng.integers(len(_WALLS))]
    low, high = np.array([-width / 2, 0.0, -1.0]), np.array([width / 2, height, depth])
    for corner, across in (
        ((low[0], high[1], high[2]), (width, 0, 0)),
        ((low[0], high[1], low[2]), (0, 0, depth + 1)),
        ((high[0], high[1], high[2]), (0, 0, -depth - 1)),
    ):
        length = float(np.abs(across).sum())
        texel = length / 1024
        wall = drawn(rng, _wall, material, int(height / texel) + 1, 1024, texel)
        normal = np.cross(across, (0, 1, 0)) / -length
        shade = shade_of(-normal, look) * rng.uniform(0.93, 1.05)
        surfaces.append(Quad(corner, across, (0, -height, 0), (wall,), shade=shade))
    surfaces.append(
        Quad(
            (low[0], high[1], low[2]),
            (width, 0, 0),
            (0, 0, depth + 1),
            (drawn(rng, _ceiling),),
            shade=0.9,
        )
    )
    return surfaces


def _wall(
    rng: np.random.Generator, material: textures.Material, height: int, width: int, texel: float
) -> np.ndarray:
    return _darken_edges(material(rng, height, width, texel))


def _ceiling(rng: np.random.Generator) -> np.ndarray:
    ceiling = textures.mottled(rng, 256, 256, textures.pick_color(rng, _CEILING, 0.04), 0.02)
    return _darken_edges(textures.to_bytes(ceiling))


def _darken_edges(image: np.ndarray) -> np.ndarray:
    """Ambient occlusion towards the borders of a wall."""
    v = np.linspace(0, 1, image.shape[0], dtype=np.float32)[:, None, None]
    u = np.linspace(0, 1, image.shape[1], dtype=np.float32)[None, :, None]
    nearness = np.exp(-16 * np.minimum(v, 1 - v)) + np.exp(-24 * np.minimum(u, 1 - u))
    return textures.to_bytes(image * (1 - 0.3 * np.clip(nearness, 0, 1)))


def _on_walls(
    rng: np.random.Generator, look: Look, width: float, depth: float, height: float
) -> list[Surface]:
    """Pictures, a bright window or a door on the back and side walls."""
    surfaces: list[Surface] = []
    for wall in range(3):
        if wall == 0:
            start, along = np.array([-width / 2, 0, depth - 0.02]), np.array([1.0, 0, 0])
        elif wall == 1:
            start, along = np.array([-width / 2 + 0.02, 0, 0.5]), np.array([0, 0, 1.0])
        else:
            start, along = np.array([width / 2 - 0.02, 0, depth]), np.array([0, 0, -1.0])
        length = width if wall == 0 else depth
        position = rng.uniform(0.2, 0.6)
        while position < length - 1.5:
            wide, tall = rng.uniform(0.4, 1.3), rng.uniform(0.4, 1.0)
            bottom = rng.uniform(1.0, 1.4)
            kind = rng.random()
            if kind < 0.15:
                picture, bottom, wide, tall = drawn(rng, _door), 0.0, 0.9, 2.05
            elif kind < 0.4:
                picture, tall = drawn(rng, _bright_window), min(1.3, height - 1.1)
            else:
                picture = Texture(pictures.painting(rng, 192, 256, 0.005))
            top = min(bottom + tall, height - 0.1)
            corner = start + along * position + np.array([0, top, 0])
            down = (0.0, bottom - top, 0.0)
            surfaces.append(Quad(tuple(corner), tuple(along * wide), down, (picture,), decal=True))
            position += wide + rng.uniform(0.3, 2.5)
    return surfaces


def _door(rng: np.random.Generator) -> np.ndarray:
    image = textures.wood(rng, 256, 112, 0.008)
    for y in (20, 140):
        image[y : y + 96, 20:92] = image[y : y + 96, 20:92] * 0.85
    image[120:128, 96:106] = (170, 160, 120)
    image[:4] = image[:, :4] = image[:, -4:] = 60
    return image


def _bright_window(rng: np.random.Generator) -> np.ndarray:
    image = pictures.sky(rng, 192, 192, np.array([226.0, 230.0, 232.0]))
    green = textures.grass(rng, 60, 192, 0.02)
    image[-60:] = 0.5 * green + 110
    frame = textures.pick_color(rng, textures.WALLS + textures.WOODS).astype(np.uint8)
    for edge in (np.s_[:8], np.s_[-8:], np.s_[:, :8], np.s_[:, -8:], np.s_[:, 93:99]):
        image[edge] = frame
    return image


def _free_places(
    rng: np.random.Generator, width: float, depth: float, count: int
) -> list[tuple[float, float]]:
    """Positions at least 0.9 m apart, none right before the camera."""
    places: list[tuple[float, float]] = []
    for _ in range(60):
        x, z = rng.uniform(-0.44, 0.44) * width, rng.uniform(1.6, depth - 0.5)
        clear = abs(x) > 0.5 or z > 2.6
        if clear and all(math.hypot(x - a, z - b) > 0.9 for a, b in places):
            places.append((float(x), float(z)))
        if len(places) == count:
            break
    return places
