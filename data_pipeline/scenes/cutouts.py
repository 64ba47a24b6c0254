"""Cut-outs that stand in synthetic scenes: plants, vehicles, furniture, distant hills.

Each function returns uint8 (h, w, 4) RGB and opacity; transparent pixels have the color of opaque
ones nearby. The lowest row is where the thing touches the ground.
"""

import math

import cv2
import numpy as np

from data_pipeline.scenes import textures
from data_pipeline.scenes.noise import fractal_noise
from data_pipeline.scenes.sketch import finish
from data_pipeline.scenes.textures import brightened, mix, pick_color, to_bytes


def tree(rng: np.random.Generator, height: int = 384, width: int = 288) -> np.ndarray:
    """A broad-leaved tree with gaps in its crown."""
    v, u = _unit_grid(height, width)
    crown_y, crown_r = rng.uniform(-0.35, -0.25), rng.uniform(0.5, 0.6)
    body = 1 - np.hypot(u / rng.uniform(0.6, 0.74), (v - crown_y) / crown_r)
    body = body - 6 * (np.clip(np.abs(u) - 0.9, 0, 1) + np.clip(-v - 0.92, 0, 1))
    clumps = fractal_noise(rng, height, width, 1.25)
    leaves = cv2.GaussianBlur(fractal_noise(rng, height, width, 0.5), (0, 0), 1.2)
    opacity = _edge(body * 3.0 + 0.55 * clumps + 0.5 * leaves + 0.25)
    color = _foliage(rng, clumps, leaves, v)
    trunk = _trunk(rng, height, width, rng.uniform(0.04, 0.08))
    return _over(_rgba(color, opacity), trunk)


def conifer(rng: np.random.Generator, height: int = 384, width: int = 192) -> np.ndarray:
    """A fir with drooping rows of branches."""
    v, u = _unit_grid(height, width)
    rows = rng.uniform(7, 13)
    skirt = 0.12 * np.abs(((v + 1) * rows / 2 + 0.3 * np.abs(u)) % 1.0)
    half = np.clip((v + 0.98) * 0.45 + skirt, 0, 1)
    clumps = fractal_noise(rng, height, width, 1.0)
    leaves = fractal_noise(rng, height, width, 0.5)
    opacity = _edge((half - np.abs(u)) * 12 + 0.9 * leaves) * (v < 0.88)
    color = _foliage(rng, clumps, leaves, np.abs(u)) * 0.75
    return _over(_rgba(color, opacity), _trunk(rng, height, width, 0.05))


def bush(rng: np.random.Generator, height: int = 192, width: int = 256) -> np.ndarray:
    """A shrub or a tuft of tall grass."""
    v, u = _unit_grid(height, width)
    clumps = fractal_noise(rng, height, width, 1.25)
    leaves = cv2.GaussianBlur(fractal_noise(rng, height, width, 0.5), (0, 0), 1.0)
    body = 1 - np.hypot(u / 0.7, (v - 0.9) / rng.uniform(1.3, 1.6))
    body = body - 6 * (np.clip(np.abs(u) - 0.85, 0, 1) + np.clip(-v - 0.8, 0, 1))
    opacity = _edge(body * 5 + 0.6 * clumps + 0.6 * leaves + 0.3)
    return _rgba(_foliage(rng, clumps, leaves, v), opacity)


def hills(
    rng: np.random.Generator, color: np.ndarray, height: int = 128, width: int = 1024
) -> np.ndarray:
    """A distant ridge, wooded or bare."""
    ridge = fractal_noise(rng, 1, width, 1.5)[0] * rng.uniform(0.15, 0.35) + rng.uniform(0.35, 0.6)
    ridge = cv2.GaussianBlur(ridge[None], (0, 0), rng.uniform(6, 30))[0]
    ridge += 0.01 * fractal_noise(rng, 1, width, 0.5)[0]
    v = (height - np.arange(height, dtype=np.float32))[:, None] / height
    opacity = np.clip((ridge[None] - v) * height / 2 + 0.5, 0, 1)
    return _rgba(textures.mottled(rng, height, width, color, 0.1, 1.0), opacity)


def skyline(
    rng: np.random.Generator, color: np.ndarray, height: int = 128, width: int = 1024
) -> np.ndarray:
    """Roofs of a distant town."""
    image = np.zeros((height, width, 4), np.uint8)
    x = 0
    while x < width:
        wide = int(rng.integers(16, 80))
        top = int(height * rng.uniform(0.25, 0.85))
        shade = np.clip(color * rng.uniform(0.75, 1.15), 0, 255)
        image[top:, x : x + wide] = (*shade, 255)
        if rng.random() < 0.4 and top > wide // 3:
            roof = np.array([[x, top], [x + wide // 2, top - wide // 3], [x + wide, top]])
            cv2.fillConvexPoly(image, roof, (*(shade * 0.85).tolist(), 255), cv2.LINE_AA)
        for row in range(top + 6, height - 4, 9):
            image[row : row + 4, x + 4 : x + wide - 4 : 7, :3] = shade * 0.75
        x += wide
    return finish(image, height, width)


def car(rng: np.random.Generator, height: int = 144, width: int = 400) -> np.ndarray:
    """A car from the side."""
    paint = pick_color(rng, textures.CLOTHES + textures.VIVID + textures.GREYS)
    image = np.zeros((2 * height, 2 * width, 4), np.uint8)
    w, h = 2 * width, 2 * height
    nose, roof = rng.uniform(0.2, 0.3), rng.uniform(0.06, 0.14)
    body = [
        (0.02, 0.62),
        (0.06, 0.46),
        (nose, 0.4),
        (nose + 0.13, roof),
        (0.74, roof - 0.02),
        (0.87, 0.4),
    ]
    body += [(0.98, 0.48), (0.98, 0.82), (0.02, 0.82)]
    _polygon(image, body, paint)
    glass = np.array((52.0, 62.0, 72.0))
    _polygon(
        image,
        [(nose + 0.04, 0.4), (nose + 0.15, roof + 0.05), (0.53, roof + 0.04), (0.53, 0.4)],
        glass,
    )
    _polygon(
        image, [(0.55, 0.4), (0.55, roof + 0.04), (0.72, roof + 0.05), (0.83, 0.4)], glass * 1.1
    )
    _polygon(image, [(0.02, 0.74), (0.98, 0.74), (0.98, 0.84), (0.02, 0.84)], paint * 0.6)
    for x in (0.2, 0.79):
        center = (int(x * w), int(0.82 * h))
        cv2.circle(image, center, int(0.18 * h), (28, 28, 30, 255), -1, cv2.LINE_AA)
        cv2.circle(image, center, int(0.1 * h), (150, 150, 154, 255), -1, cv2.LINE_AA)
    image = finish(image, height, width)
    light = np.linspace(1.15, 0.8, height, dtype=np.float32)[:, None, None]
    image[..., :3] = to_bytes(image[..., :3] * light)
    return image[:, ::-1].copy() if rng.random() < 0.5 else image


def fence(rng: np.random.Generator, height: int = 96, width: int = 512) -> np.ndarray:
    """Pickets or bars with gaps between."""
    color = (
        textures.wood(rng, height, width, 0.02)
        if rng.random() < 0.6
        else textures.concrete(rng, height, width, 1)
    )
    u = np.arange(width) / rng.uniform(10, 26) % 1.0
    opacity = np.zeros((height, width), np.float32)
    opacity[int(height * 0.04) :, u < rng.uniform(0.25, 0.6)] = 1
    for rail in (0.2, 0.75):
        opacity[int(height * rail) : int(height * (rail + 0.1))] = 1
    opacity[:, -3:] = opacity[:, :3] = 0
    return _rgba(color, opacity)


def plant(rng: np.random.Generator, height: int = 256, width: int = 192) -> np.ndarray:
    """A pot plant with long leaves."""
    image = np.zeros((2 * height, 2 * width, 4), np.uint8)
    w, h = 2 * width, 2 * height
    green = pick_color(rng, textures.GREENS)
    for _ in range(int(rng.integers(18, 40))):
        angle = rng.uniform(-1.2, 1.2)
        length = rng.uniform(0.3, 0.66) * h
        tip = np.array([math.sin(angle) * length * 0.5, -math.cos(angle) * length])
        center = np.array([w / 2, 0.74 * h]) + tip * rng.uniform(0.45, 0.6)
        axes = (int(length / 2), int(rng.uniform(0.02, 0.06) * h))
        color = (*(float(v) for v in np.clip(green * rng.uniform(0.5, 1.4), 0, 255)), 255)
        degrees = math.degrees(math.atan2(tip[1], tip[0]))
        cv2.ellipse(
            image, tuple(int(v) for v in center), axes, degrees, 0, 360, color, -1, cv2.LINE_AA
        )
    _polygon(
        image,
        [(0.3, 0.72), (0.7, 0.72), (0.64, 1.0), (0.36, 1.0)],
        pick_color(rng, textures.BRICKS),
    )
    _polygon(
        image,
        [(0.28, 0.7), (0.72, 0.7), (0.72, 0.76), (0.28, 0.76)],
        pick_color(rng, textures.BRICKS),
    )
    return finish(image, height, width)


def chair(rng: np.random.Generator, height: int = 224, width: int = 128) -> np.ndarray:
    """A chair from the front, see-through between legs and slats."""
    image = np.zeros((2 * height, 2 * width, 4), np.uint8)
    color = pick_color(rng, textures.WOODS + textures.CLOTHES)
    for x in (0.1, 0.8):
        _polygon(image, [(x, 0.02), (x + 0.1, 0.02), (x + 0.1, 1.0), (x, 1.0)], color * 0.9)
    for y in np.linspace(0.06, 0.4, int(rng.integers(2, 4))):
        _polygon(image, [(0.1, y), (0.9, y), (0.9, y + 0.08), (0.1, y + 0.08)], color)
    _polygon(image, [(0.06, 0.52), (0.94, 0.52), (0.98, 0.62), (0.02, 0.62)], color * 1.1)
    for x in (0.03, 0.87):
        _polygon(image, [(x, 0.6), (x + 0.1, 0.6), (x + 0.1, 1.0), (x, 1.0)], color)
    return finish(image, height, width)


def _polygon(image: np.ndarray, points: list[tuple[float, float]], color: np.ndarray) -> None:
    corners = np.array(points) * (image.shape[1] - 1, image.shape[0] - 1)
    cv2.fillPoly(
        image,
        [np.round(corners).astype(np.int32)],
        (*np.clip(color, 0, 255).tolist(), 255),
        cv2.LINE_AA,
    )


def _unit_grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows v (h, 1) and columns u (1, w) in [-1, 1], v downwards."""
    v = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    return v, np.linspace(-1, 1, width, dtype=np.float32)[None]


def _edge(field: np.ndarray) -> np.ndarray:
    """Opacity of a field whose zero line is the outline; transparent along the image's border."""
    opacity = np.clip(field * 3 + 0.5, 0, 1).astype(np.float32)
    opacity[:, :2] = opacity[:, -2:] = 0
    opacity[:2] = 0
    return opacity


def _foliage(
    rng: np.random.Generator, clumps: np.ndarray, leaves: np.ndarray, v: np.ndarray
) -> np.ndarray:
    colors = (
        textures.GREENS if rng.random() < 0.85 else ((160, 110, 50), (150, 84, 44), (170, 140, 60))
    )
    green = pick_color(rng, colors)
    light = 1 + 0.16 * clumps + 0.16 * leaves - 0.22 * v
    return (
        mix(0.5 + 0.25 * leaves, green * 0.8, green * (1.15, 1.1, 0.95))
        * np.clip(light, 0.3, 1.6)[..., None]
    )


def _trunk(rng: np.random.Generator, height: int, width: int, half: float) -> np.ndarray:
    image = np.zeros((height, width, 4), np.uint8)
    bark = pick_color(rng, textures.EARTHS) * 0.6
    _polygon(
        image,
        [(0.5 - half * 0.6, 0.6), (0.5 + half * 0.6, 0.6), (0.5 + half, 1.0), (0.5 - half, 1.0)],
        bark,
    )
    bark_light = 1 + 0.15 * fractal_noise(rng, height, width, 0.75)
    image[..., :3] = brightened(image[..., :3], bark_light)
    return image


def _rgba(color: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    return np.dstack([to_bytes(np.asarray(color, np.float32)), to_bytes(255 * opacity)])


def _over(front: np.ndarray, back: np.ndarray) -> np.ndarray:
    weight = front[..., 3:].astype(np.float32) / 255
    opacity = weight + (1 - weight) * (back[..., 3:] / np.float32(255))
    behind = np.where(back[..., 3:] > 0, back[..., :3], front[..., :3])
    color = weight * front[..., :3] + (1 - weight) * behind
    return np.dstack([to_bytes(color), to_bytes(255 * opacity)])
