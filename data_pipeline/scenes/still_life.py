"""Things of simple shape at random before a wall or a view, covered with parts of photographs.

Where a scene means nothing, its depth can only be told from occlusion, perspective, contact with
the ground and shading; parallax does not depend on its scale, so a table with boxes is a room
with cupboards.
"""

import dataclasses
import math

import numpy as np

from data_pipeline.scenes.camera import Camera
from data_pipeline.scenes.props import block, shadow, turned
from data_pipeline.scenes.scene import Ground, Look, Quad, Solid, Surface, Texture, shade_of
from data_pipeline.scenes.surface_photos import SurfacePhotos

_FARTHEST = 4.5  # metres at which things stand
_UP = np.array([0.0, 1.0, 0.0])


def still_life(
    rng: np.random.Generator, look: Look, photos: SurfacePhotos
) -> tuple[list[Surface], Camera]:
    """Boxes, boards, shelves, tables, lattices, cloths, balls and jars on a ground.

    Args:
        rng: Decides everything.
        look: For the light.
        photos: What covers them.

    Returns:
        Surfaces and the camera at the beginning, its stereo parameters unset.
    """
    view, eye = float(rng.uniform(35, 70)), float(np.exp(rng.uniform(*np.log((0.2, 1.5)))))
    # Level, or towards what stands at two metres.
    pitch = rng.normal(0, 3) - rng.choice([0, 1]) * math.degrees(math.atan(0.8 * eye / 2.0))
    camera = Camera(
        (0.0, eye, 0.0), pitch=float(pitch), roll=float(rng.normal(0, 1)), field_of_view=view
    )
    ground = Texture(photos.surface(rng, 256, 256), tiled=True)
    tile, yaw = float(rng.uniform(0.8, 3.0)), float(rng.uniform(0, 90))
    surfaces: list[Surface] = [Ground(ground, tile, yaw=yaw)]
    surfaces += _background(rng, look, photos)
    reach = math.tan(math.radians(view / 2))
    for z in np.sort(rng.uniform(1.0, _FARTHEST, int(rng.integers(4, 14)))).tolist():
        x = float(rng.uniform(-1.2, 1.2) * reach * z)
        # Something nearer as large as something far would hide all others.
        size = float(rng.uniform(0.2, 0.85) * reach * z)
        surfaces += _KINDS[rng.choice(len(_KINDS), p=_SHARES)](rng, look, photos, x, z, size)
    return surfaces, camera


def another_view(rng: np.random.Generator, camera: Camera) -> Camera:
    """A camera that sees the same things from somewhat elsewhere."""
    x, y, z = camera.position
    turn = float(rng.normal(0, 12))
    return dataclasses.replace(
        camera,
        position=(x - 2.5 * math.sin(math.radians(turn)), y * float(rng.uniform(0.6, 1.6)), z),
        yaw=camera.yaw + turn,
        pitch=camera.pitch + float(rng.normal(0, 2)),
        roll=float(rng.normal(0, 1)),
        field_of_view=camera.field_of_view * float(rng.uniform(0.75, 1.1)),
    )


def _background(rng: np.random.Generator, look: Look, photos: SurfacePhotos) -> list[Surface]:
    """One wall at an angle, a corner of two, or a whole photograph far away."""
    kind = rng.random()
    if kind < 0.3:
        z = float(rng.uniform(10, 40))
        corner, across, down = np.array([-2 * z, 1.2 * z, z]), (4 * z, 0, 0), (0, -1.3 * z, 0)
        return [Quad(tuple(corner), across, down, (Texture(photos.surface(rng, 384, 768)),))]
    z = float(rng.uniform(_FARTHEST - 0.5, 8.0))
    angle = float(rng.uniform(-0.7, 0.7))
    angles = (angle,) if kind < 0.65 else (angle - 0.6, angle + math.pi / 2 - 0.6)
    walls: list[Surface] = []
    for turn in angles:
        along = np.array([math.cos(turn), 0.0, -math.sin(turn)])
        normal = np.cross(_UP, along)
        middle = np.array([0.0, 0.0, z])
        if len(angles) > 1:
            middle = middle + along * (10.0 if turn == angles[1] else -10.0)
        corner = middle - 10.0 * along + 5.0 * _UP
        texture = Texture(photos.surface(rng, 256, 1024))
        shade = shade_of(normal, look)
        walls.append(
            Quad(tuple(corner), tuple(20.0 * along), (0, -5.0, 0), (texture,), shade=shade)
        )
    return walls


def _cover(rng, photos: SurfacePhotos, size: float, count: int = 1) -> tuple[Texture, ...]:
    side = 192 if size > 0.5 else 128
    return tuple(Texture(photos.surface(rng, side, side)) for _ in range(count))


def _contact(x: float, z: float, wide: float, deep: float, yaw: float) -> Surface:
    return shadow((x, 0.004, z), 1.4 * wide, 1.4 * deep, 0.65, math.degrees(yaw))


def _box(rng, look, photos, x, z, size):
    """A box, or a few on top of each other."""
    surfaces, bottom = [], 0.0
    yaw = float(rng.uniform(0, 2 * math.pi))
    count = 1 if rng.random() < 0.7 else int(rng.integers(2, 6))
    shape = size * rng.uniform(0.3, 1.0, 3)
    surfaces.append(_contact(x, z, shape[0], shape[2], yaw))
    for _ in range(count):
        height = float(shape[1]) * (1.0 if count == 1 else float(rng.uniform(0.1, 0.5)))
        extent = (shape[0], height, shape[2])
        covers = _cover(rng, photos, size, int(rng.integers(1, 4)))
        surfaces += block((x, bottom + height / 2, z), extent, turned(yaw), covers, look)
        bottom += height
        yaw += float(rng.normal(0, 0.2))
        shape = shape * rng.uniform(0.8, 1.0)
    return surfaces


def _board(rng, look, photos, x, z, size):
    """A board that stands or leans at any angle."""
    size = 1.5 * size
    wide, tall = size * float(rng.uniform(0.3, 1.2)), size * float(rng.uniform(0.5, 1.2))
    yaw = float(rng.normal(0, 0.7))
    rotation = turned(yaw, float(rng.normal(0, 0.3)), float(rng.normal(0, 0.15)))
    center = np.array([x, 0.47 * tall, z])
    covers = _cover(rng, photos, 1.0, 2)
    return [
        _contact(x, z, wide, 0.15 * tall, yaw),
        *block(center, (wide, tall, 0.02 * size), rotation, covers, look),
    ]


def _shelf(rng, look, photos, x, z, size):
    """An open shelf or a table: boards on two sides, with things between."""
    size = max(2 * size, 0.5)
    wide, tall, deep = (size * float(v) for v in rng.uniform((0.7, 0.5, 0.25), (1.4, 1.4, 0.6)))
    yaw, thick = float(rng.normal(0, 0.6)), 0.03 * size
    turn, cover = turned(yaw), _cover(rng, photos, size)
    place = np.array([x, 0.0, z])
    parts = [((s * wide / 2, tall / 2, 0), (thick, tall, deep)) for s in (-1, 1)]
    heights = np.linspace(0 if rng.random() < 0.5 else tall, tall, int(rng.integers(1, 5)))
    parts += [((0, float(h), 0), (wide, thick, deep)) for h in np.unique(heights)]
    surfaces = [_contact(x, z, wide, deep, yaw)]
    for offset, extent in parts:
        surfaces += block(place + turn @ offset, extent, turn, cover, look)
    for height in np.unique(heights):
        for _ in range(int(rng.integers(0, 3))):
            extent = np.minimum(size * rng.uniform(0.08, 0.3, 3), 0.9 * deep)
            offset = (rng.uniform(-0.35, 0.35) * wide, height + thick / 2 + extent[1] / 2, 0)
            covers = _cover(rng, photos, extent.max())
            surfaces += block(place + turn @ np.asarray(offset), extent, turn, covers, look)
    return surfaces


def _lattice(rng, look, photos, x, z, size):
    """A fence, grid or row of posts, which one sees through."""
    size = 2 * size
    yaw, count = float(rng.normal(0, 0.5)), int(rng.integers(3, 9))
    turn, cover = turned(yaw), _cover(rng, photos, 0.1)
    tall, thick = size * float(rng.uniform(0.4, 1.0)), size * float(rng.uniform(0.02, 0.08))
    surfaces = [_contact(x, z, size, 0.1 * size, yaw)]
    bars = [((s * size, tall / 2, 0), (thick, tall, thick)) for s in np.linspace(-0.5, 0.5, count)]
    for height in np.linspace(0.1, 0.95, int(rng.integers(0, 4))):
        bars.append(((0, height * tall, 0), (size, thick, thick)))
    for offset, extent in bars:
        center = np.array([x, 0, z]) + turn @ np.asarray(offset)
        surfaces += block(center, extent, turn, cover, look)
    return surfaces


def _cloth(rng, look, photos, x, z, size):
    """A cloth in folds, hanging, leaning or lying in waves."""
    size, strips = 2 * size, 14
    turn = turned(float(rng.normal(0, 0.6)), float(rng.normal(0, 0.4)), float(rng.normal(0, 0.5)))
    s = np.linspace(-0.5, 0.5, strips + 1)
    wave = sum(
        rng.normal(0, 0.05) * np.sin(2 * math.pi * (n * s + rng.random())) for n in (0.7, 1.5, 3)
    )
    points = size * (np.outer(s, turn[:, 0]) + np.outer(wave, turn[:, 2]))
    points += np.array([x, 0.45 * size, z]) + 0.5 * size * turn[:, 1]
    image = photos.surface(rng, 192, 16 * strips)
    surfaces: list[Surface] = []
    for i in range(strips):
        across = points[i + 1] - points[i]
        normal = np.cross(turn[:, 1], across)
        shade = shade_of(normal / np.linalg.norm(normal), look)
        texture = Texture(np.ascontiguousarray(image[:, 16 * i : 16 * (i + 1)]))
        down = tuple(-size * turn[:, 1])
        surfaces.append(Quad(tuple(points[i]), tuple(across), down, (texture,), shade=shade))
    return surfaces


def _round(rng, look, photos, x, z, size):
    """A ball, an egg, a jar or a bin."""
    del look
    radius, tall = 0.5 * size * float(rng.uniform(0.4, 1.0)), 0.5 * size
    cylinder = bool(rng.random() < 0.4)
    if rng.random() < 0.4:
        tall = radius
    (texture,) = _cover(rng, photos, size)
    turn = float(rng.uniform(0, 360))
    body = Solid((x, tall, z), (radius, tall, radius), texture, cylinder, turn)
    surfaces: list[Surface] = [_contact(x, z, 2 * radius, 2 * radius, 0.0), body]
    if cylinder:
        lid = np.zeros((64, 64, 4), np.uint8)
        lid[..., :3] = photos.surface(rng, 64, 64)
        v, u = np.mgrid[-1:1:64j, -1:1:64j]
        lid[..., 3] = np.where(u * u + v * v < 1, 255, 0)
        corner = (x - radius, 2 * tall, z + radius)
        surfaces.append(Quad(corner, (2 * radius, 0, 0), (0, 0, -2 * radius), (Texture(lid),)))
    return surfaces


_KINDS = (_box, _board, _shelf, _lattice, _cloth, _round)
_SHARES = (0.3, 0.2, 0.1, 0.07, 0.1, 0.23)
