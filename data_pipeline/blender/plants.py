"""Plants of rendered scenes: trees, conifers, bushes, grass, flowers and pot plants."""

import numpy as np

from data_pipeline.blender import materials as paint
from data_pipeline.blender.shapes import (
    Shape,
    ball,
    lathe,
    lumpy,
    scattered_leaves,
    sheet,
    tube,
    union,
)
from data_pipeline.blender.stage import Piece, Stage


def green(rng: np.random.Generator, autumn: float = 0.12) -> tuple[float, float, float]:
    """A colour of leaves, by chance those of autumn."""
    if rng.random() < autumn:
        return paint.random_color(rng, (0.02, 0.14), (0.6, 0.9), (0.15, 0.5))
    return paint.random_color(rng, (0.19, 0.33), (0.45, 0.85), (0.05, 0.28))


def bark(stage: Stage):
    """Material of trunks."""
    color = paint.random_color(stage.rng, (0.05, 0.12), (0.1, 0.5), (0.05, 0.4))
    dark = tuple(0.3 * v for v in color)
    return paint.mottled(stage, dark, color, 0.1, stretch=(1, 1, 0.2))


def broadleaf(stage: Stage, height: float, leaves: int = 1900) -> Piece:
    """A tree with a trunk, a few boughs and clouds of leaves."""
    rng = stage.rng
    clear = height * float(rng.uniform(0.2, 0.4))
    spread = height * float(rng.uniform(0.2, 0.36))
    radius = height * float(rng.uniform(0.018, 0.035))
    bend = rng.normal(0, 0.03 * height, 2)
    trunk = [(0, 0, -0.3), (bend[0] / 2, bend[1] / 2, clear), (*bend, 0.8 * height)]
    wooden = [tube(trunk, (1.3 * radius, radius, 0.3 * radius), 9)]
    clouds = []
    for _ in range(rng.integers(4, 9)):
        angle, out = rng.uniform(0, 6.28), spread * rng.uniform(0.2, 0.75)
        end = np.array(
            [np.cos(angle) * out, np.sin(angle) * out, rng.uniform(clear, 0.85 * height)]
        )
        start = (bend[0] * 0.6, bend[1] * 0.6, 0.5 * (clear + end[2]) - 0.15 * spread)
        wooden.append(
            tube(
                [start, (np.asarray(start) + end) / 2, end],
                (0.5 * radius, 0.3 * radius, 0.1 * radius),
                6,
            )
        )
        clouds.append(np.add(end, (0, 0, 0.1 * spread)))
    crown = _leaf_clouds(rng, np.array([*clouds, (*bend, 0.85 * height)]), 0.5 * spread, leaves)
    crown = scattered_leaves(rng, crown, 0.05 * height**0.75, 0.03 * height**0.75)
    return stage.piece((union(*wooden), bark(stage)), (crown, paint.leaves(stage, green(rng))))


def conifer(stage: Stage, height: float, leaves: int = 2600) -> Piece:
    """A spruce: a straight trunk with drooping branches, wide below and pointed above."""
    rng = stage.rng
    spread = height * float(rng.uniform(0.14, 0.24))
    trunk = tube([(0, 0, -0.3), (0, 0, height)], (0.02 * height, 0.004 * height), 8)
    up = rng.uniform(0, 1, leaves) ** 1.25
    layers = np.floor(up * 14 + rng.uniform(-0.3, 0.3, leaves)) / 14
    out = (1 - up) * spread * rng.uniform(0.15, 1, leaves) ** 0.6
    angle = rng.uniform(0, 6.28, leaves)
    z = height * (0.1 + 0.88 * layers) - 0.35 * out
    centers = np.stack([np.cos(angle) * out, np.sin(angle) * out, z], 1)
    needles = scattered_leaves(rng, centers, 0.042 * height**0.85, 0.014 * height**0.85)
    color = paint.random_color(rng, (0.24, 0.4), (0.4, 0.8), (0.03, 0.14))
    return stage.piece((trunk, bark(stage)), (needles, paint.leaves(stage, color)))


def bush(stage: Stage, height: float, leaves: int = 900) -> Piece:
    """A round heap of leaves on the ground."""
    rng = stage.rng
    middles = rng.normal(0, 0.3 * height, (4, 3)) * (1, 1, 0.4) + (0, 0, 0.45 * height)
    centers = _leaf_clouds(rng, middles, 0.5 * height, leaves)
    centers[:, 2] = np.maximum(centers[:, 2], 0.02)
    shape = scattered_leaves(rng, centers, 0.11 * height**0.6, 0.06 * height**0.6, 0.2)
    color = green(rng)
    parts = [(shape, paint.leaves(stage, color))]
    if rng.random() < 0.3:
        blossom = scattered_leaves(rng, centers[:: rng.integers(4, 9)] * 1.06, 0.06, 0.06)
        bright = paint.random_color(rng, (0.8, 1.15), (0.2, 0.9), (0.5, 0.9))
        parts.append((blossom, paint.plain(stage, bright, 0.8)))
    return stage.piece(*parts)


def grass(stage: Stage, height: float, blades: int, radius: float, color=None) -> Piece:
    """A tuft or patch of blades."""
    rng = stage.rng
    spots = rng.normal(0, radius / 2, (blades, 2))
    centers = np.column_stack([spots, np.full(blades, -0.02)])
    shape = scattered_leaves(rng, centers, height, 0.05 * height + 0.004, 0.55)
    return stage.piece((shape, paint.leaves(stage, color or green(rng, 0.2))))


def flowers(stage: Stage, height: float, count: int, radius: float) -> Piece:
    """Stems with a blossom each, as in a meadow or a vase."""
    rng = stage.rng
    stems, petals, hearts = [], [], []
    for _ in range(count):
        x, y = rng.normal(0, radius, 2)
        tall = height * rng.uniform(0.7, 1.1)
        stems.append(
            tube(
                [(0.2 * x, 0.2 * y, 0), (0.7 * x, 0.7 * y, 0.6 * tall), (x, y, tall)],
                (0.004, 0.003, 0.002),
                5,
            )
        )
        size = float(rng.uniform(0.015, 0.035))
        angles = np.linspace(0, 6.28, 7)[:-1] + rng.uniform(0, 1)
        for angle in angles:
            leaf = _petal(size).moved((0, 0, 0), np.degrees(angle), float(rng.uniform(-10, 30)))
            petals.append(leaf.moved((x, y, tall)))
        hearts.append(
            lathe([(0.001, 0), (0.3 * size, 0.005), (0.001, 0.012)], 8).moved((x, y, tall))
        )
    bright = paint.random_color(rng, (0.75, 1.2), (0.1, 0.95), (0.4, 0.95))
    middle = paint.plain(stage, (0.6, 0.4, 0.03), 0.8)
    stem = paint.plain(stage, (0.06, 0.16, 0.03), 0.8)
    return stage.piece(
        (union(*stems), stem),
        (union(*petals), paint.leaves(stage, bright)),
        (union(*hearts), middle),
    )


def pot_plant(stage: Stage, height: float) -> Piece:
    """A plant with large leaves in a pot."""
    rng = stage.rng
    wide, tall = 0.16 * height + 0.04, 0.28 * height
    pot = lathe(
        [
            (0.7 * wide, 0),
            (wide, tall),
            (0.9 * wide, tall),
            (0.85 * wide, 0.9 * tall),
            (0.001, 0.9 * tall),
        ]
    )
    stems, spots = [], []
    for _ in range(rng.integers(6, 22)):
        angle, out = rng.uniform(0, 6.28), height * rng.uniform(0.05, 0.38)
        end = np.array([np.cos(angle) * out, np.sin(angle) * out, height * rng.uniform(0.5, 1)])
        stems.append(
            tube([(0, 0, 0.8 * tall), end * (0.4, 0.4, 0.8), end], (0.008, 0.006, 0.003), 5)
        )
        spots += [end * t + (0, 0, tall * (1 - t)) for t in rng.uniform(0.6, 1, 3)]
    length = height * float(rng.uniform(0.12, 0.3))
    shape = scattered_leaves(
        rng, np.array(spots), length, length * float(rng.uniform(0.2, 0.6)), 0.25
    )
    clay = paint.random_color(rng, (0, 0.12), (0, 0.7), (0.1, 0.8))
    color = green(rng, 0.03)
    return stage.piece(
        (pot, paint.plain(stage, clay, 0.6)),
        (union(*stems), paint.plain(stage, color, 0.8)),
        (shape, paint.leaves(stage, color)),
    )


def rock(stage: Stage, size: float) -> Piece:
    """A boulder, partly in the ground."""
    rng = stage.rng
    from data_pipeline.blender.shapes import ball

    body = ball(size / 2, 9, 13).moved((0, 0, -0.3 * size), scale=tuple(rng.uniform(0.7, 1.4, 3)))
    body = lumpy(rng, body, 0.35, 3.5)
    color = paint.random_color(rng, (0.05, 0.15), (0, 0.3), (0.12, 0.5))
    return stage.piece(
        (body, paint.mottled(stage, tuple(0.4 * v for v in color), color, 0.3 * size, bump=0.3))
    )


def _petal(size: float) -> Shape:
    corners = np.array([(0, 0, 0), (0.35, 0.6, 0.1), (0, 1, 0.15), (-0.35, 0.6, 0.1)]) * size
    return Shape(corners, np.array([(0, 1, 2, 3)]))


def _leaf_clouds(rng, middles: np.ndarray, radius: float, count: int) -> np.ndarray:
    """Points in the outer parts of balls around the middles, more above than below."""
    rays = rng.normal(size=(count, 3))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    out = radius * rng.uniform(0.5, 1.0, (count, 1))
    return middles[rng.integers(len(middles), size=count)] + rays * out * (1, 1, 0.75)


def blossom(stage: Stage, size: float, hue: tuple) -> Piece:
    """A blossom around the origin that faces -y, and its stem.

    Args:
        stage: for chance and materials.
        size: of a petal in metres.
        hue: linear RGB of the petals' tips.
    """
    rng = stage.rng
    count, cup = int(rng.integers(5, 10)), float(rng.uniform(0.1, 1.0))
    narrow, wavy = float(rng.uniform(0.25, 0.5)), float(rng.uniform(0, 0.08))
    u, v = np.meshgrid(np.linspace(0.02, 1, 14), np.linspace(-1, 1, 9))
    petals = []
    for ring in range(rng.integers(1, 4)):
        for number in range(count):
            across = narrow * np.sin(np.pi * u**0.75) * v * float(rng.uniform(0.85, 1.1))
            rise = cup * (0.5 + 0.4 * ring) * u * (1 - 0.6 * u) + 0.25 * narrow * v**2 * u
            rise += wavy * np.sin(7 * v + rng.uniform(0, 6)) * u
            angle = 2 * np.pi * (number + 0.5 * ring) / count + rng.normal(0, 0.06)
            length = u * (1 - 0.2 * ring)
            x = np.cos(angle) * length - np.sin(angle) * across
            z = np.sin(angle) * length + np.cos(angle) * across
            petals.append(size * np.stack([x, -rise, z], -1))
    other = tuple(float(rng.uniform(0.3, 1.0)) * v for v in hue)
    skin = paint.mottled(stage, other, hue, 0.5 * size, 0.6)
    texture = np.stack([u, v], -1)
    heart = ball(0.16 * size, 8, 12).moved((0, -0.1 * size, -0.16 * size))
    stem = tube(
        [(0, 0.02, 0), (rng.normal(0, 0.05), 0.06, -3 * size), (0, 0.1, -8 * size)],
        (0.05 * size,) * 3,
    )
    yellow = paint.random_color(rng, (0.05, 0.17), (0.6, 0.9), (0.1, 0.8))
    return stage.piece(
        (union(*(sheet(petal, texture) for petal in petals)), skin),
        (heart, paint.mottled(stage, tuple(0.3 * v for v in yellow), yellow, 0.1 * size)),
        (stem, paint.plain(stage, green(rng))),
    )
