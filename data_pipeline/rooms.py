"""Indoor scenes: a room with furniture, pictures and people."""

import math

import numpy as np

from data_pipeline import cutouts, textures
from data_pipeline.camera import Camera
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
    cast_shadow,
    shade_of,
    shadow,
    silhouette,
)

_WALLS = (
    textures.plaster,
    textures.plaster,
    textures.stripes,
    textures.bricks,
    textures.concrete,
    textures.planks,
)
_FLOORS = (textures.planks, textures.tiles, textures.checkers, textures.concrete, textures.plaid)
_FURNITURE = (
    textures.wood,
    textures.wood,
    textures.cloth,
    textures.plaid,
    textures.stripes,
    textures.planks,
)
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
        surfaces += _furniture(rng, look, x, z, height)
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


def walker(
    rng: np.random.Generator, x: float, z: float, moving: bool, sun: Look | None = None
) -> list[Surface]:
    """A standing or walking person with a shadow at the feet.

    Args:
      rng: decides everything.
      x: where, world metres.
      z: where.
      moving: whether the person walks.
      sun: outdoors, the light that casts a shadow.

    Returns:
      Surfaces.
    """
    tall = float(rng.uniform(1.5, 1.92))
    speed = float(rng.uniform(0.5, 1.4) * rng.choice([-1, 1])) if moving else 0.0
    motion = Motion((speed, 0.0, float(rng.uniform(-0.3, 0.2)))) if moving else None
    near = z < 8
    phases = (10 if near else 6) if moving else 1
    pictures = cutouts.person(rng, phases, *((320, 160) if near else (160, 80)))
    if speed < 0 or (not moving and rng.random() < 0.5):
        pictures = [picture[:, ::-1].copy() for picture in pictures]
    frames = tuple(Texture(picture) for picture in pictures)
    rate = phases * abs(speed) / (0.8 * tall)  # a double step covers about 0.8 of the height
    yaw = float(rng.uniform(-15, 15))
    strips = 4 if near else 1
    figure = card((x, 0.0, z), tall / 2, tall, yaw, frames, 0.12, strips, rate=rate, motion=motion)
    foot = (x, 0.006, z)
    shadows = [shadow(foot, 0.8, 0.5, 0.55, motion=motion)]
    if sun:
        shape = silhouette(frames[0], sun)
        shadows.append(cast_shadow(foot, tall / 2, tall, yaw, shape, sun, motion=motion))
    return [*shadows, *figure]


def _shell(
    rng: np.random.Generator, look: Look, width: float, depth: float, height: float
) -> list[Surface]:
    """Floor, walls and ceiling; corners are darkened because less light reaches them."""
    floor_texel = 0.01
    floor = Texture(_FLOORS[rng.integers(len(_FLOORS))](rng, 512, 512, floor_texel), tiled=True)
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
        image = material(rng, int(height / texel) + 1, 1024, texel)
        normal = np.cross(across, (0, 1, 0)) / -length
        shade = shade_of(-normal, look) * rng.uniform(0.93, 1.05)
        surfaces.append(
            Quad(corner, across, (0, -height, 0), (Texture(_darken_edges(image)),), shade=shade)
        )
    ceiling = textures.mottled(rng, 256, 256, textures.pick_color(rng, _CEILING, 0.04), 0.02)
    surfaces.append(
        Quad(
            (low[0], high[1], low[2]),
            (width, 0, 0),
            (0, 0, depth + 1),
            (Texture(_darken_edges(textures.to_bytes(ceiling))),),
            shade=0.9,
        )
    )
    return surfaces


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
                image, bottom, wide, tall = _door(rng), 0.0, 0.9, 2.05
            elif kind < 0.4:
                image, tall = _bright_window(rng), min(1.3, height - 1.1)
            else:
                image = textures.painting(rng, 192, 256, 0.005)
            top = min(bottom + tall, height - 0.1)
            corner = start + along * position + np.array([0, top, 0])
            down = (0.0, bottom - top, 0.0)
            surfaces.append(
                Quad(tuple(corner), tuple(along * wide), down, (Texture(image),), decal=True)
            )
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
    image = textures.sky(rng, 192, 192, np.array([226.0, 230.0, 232.0]))
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


def _texture(rng: np.random.Generator, width: float, height: float) -> Texture:
    """A furniture surface of this size in metres."""
    texel = max(width, height) / 256
    material = _FURNITURE[rng.integers(len(_FURNITURE))]
    return Texture(material(rng, max(int(height / texel), 4), max(int(width / texel), 4), texel))


def _furniture(
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
        front = Texture(textures.shelf(rng, 256, 192, tall / 256))
        side, top = _texture(rng, 0.35, tall), _texture(rng, wide, 0.35)
        surfaces = list(box((x, tall / 2, z), (wide, tall, 0.35), yaw, (front, side), top, look))
        surfaces.append(shadow((x, 0.004, z), wide * 1.3, 0.9, 0.6, yaw))
    elif kind < 0.54:
        surfaces = _table(rng, look, x, z, yaw)
    elif kind < 0.68:
        tall = rng.uniform(0.6, 1.5)
        picture = (Texture(cutouts.plant(rng)),)
        surfaces = [shadow((x, 0.004, z), 0.6 * tall, 0.5 * tall, 0.6)]
        surfaces += card(
            (x, 0, z), 0.75 * tall, tall, yaw % 40 - 20, picture, relief=0.15, strips=4
        )
    elif kind < 0.8:
        picture = (Texture(cutouts.chair(rng)),)
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
            (x, y, z), 0.75 * size, size, 0.0, (Texture(cutouts.plant(rng)),), relief=0.08, strips=4
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
