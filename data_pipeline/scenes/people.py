"""People as cut-outs: whole figures that walk, and head and shoulders from the front.

Each is uint8 (h, w, 4) RGB and opacity, standing on its lowest row.
"""

import dataclasses
import math

import cv2
import numpy as np

from data_pipeline.scenes import textures
from data_pipeline.scenes.drawings import drawn_frames
from data_pipeline.scenes.noise import fractal_noise
from data_pipeline.scenes.props import card, cast_shadow, shadow, silhouette
from data_pipeline.scenes.scene import Look, Motion, Surface
from data_pipeline.scenes.sketch import Sketch
from data_pipeline.scenes.textures import pick_color

SKINS = ((224, 184, 154), (198, 152, 120), (150, 106, 78), (104, 72, 54), (236, 202, 176))
HAIRS = ((40, 32, 28), (84, 60, 42), (142, 106, 66), (120, 116, 112), (24, 22, 22), (176, 140, 88))


def person(
    rng: np.random.Generator, phases: int = 1, height: int = 256, width: int = 128
) -> list[np.ndarray]:
    """Someone standing, or walking through `phases` pictures of one double step."""
    wear = textures.CLOTHES
    outfit = _Outfit(
        skin=pick_color(rng, SKINS, 0.05),
        hair=pick_color(rng, HAIRS),
        shirt=pick_color(rng, wear + textures.VIVID),
        trousers=pick_color(rng, wear),
        shoes=pick_color(rng, wear),
        build=rng.uniform(0.9, 1.15),
        long_hair=rng.random() < 0.35,
        skirt=rng.random() < 0.25,
    )
    light = np.linspace(1.12, 0.85, width, dtype=np.float32)
    light = light * (1 + 0.07 * fractal_noise(rng, height, width, 1.0))
    stance = rng.uniform(0.1, 0.25)
    images = []
    for phase in range(phases):
        swing = math.sin(2 * math.pi * phase / phases) * 0.38 if phases > 1 else stance
        images.append(_shade(_draw_person(height, width, swing, outfit), light))
    return images


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
    frames = drawn_frames(rng, _figure, phases, 320 if near else 160, speed < 0)
    rate = len(frames) * abs(speed) / (0.8 * tall)  # a double step covers about 0.8 of the height
    yaw = float(rng.uniform(-15, 15))
    strips = 4 if near else 1
    figure = card((x, 0.0, z), tall / 2, tall, yaw, frames, 0.12, strips, rate=rate, motion=motion)
    foot = (x, 0.006, z)
    shadows = [shadow(foot, 0.8, 0.5, 0.55, motion=motion)]
    if sun:
        shape = silhouette(frames[0], sun)
        shadows.append(cast_shadow(foot, tall / 2, tall, yaw, shape, sun, motion=motion))
    return [*shadows, *figure]


def _figure(
    rng: np.random.Generator, phases: int, height: int, leftwards: bool
) -> list[np.ndarray]:
    pictures = person(rng, phases, height, height // 2)
    if leftwards or (phases == 1 and rng.random() < 0.5):
        pictures = [picture[:, ::-1].copy() for picture in pictures]
    return pictures


def bust(rng: np.random.Generator, height: int = 448, width: int = 448) -> np.ndarray:
    """Head and shoulders from the front, cut off below the chest."""
    skin, hair = pick_color(rng, SKINS, 0.05), pick_color(rng, HAIRS)
    shirt = pick_color(rng, textures.CLOTHES + textures.VIVID)
    sketch = Sketch(height, width)
    y, rx, ry = 0.335, rng.uniform(0.147, 0.174), rng.uniform(0.196, 0.223)
    if rng.random() < 0.5:  # long hair behind the shoulders
        sketch.ellipse((0, y + 0.5 * ry), (1.25 * rx, 1.45 * ry), hair * 0.8)
    sketch.ellipse((0, y + 0.69), (rng.uniform(0.39, 0.45), 0.39), shirt)
    neck = [(-0.5 * rx, y), (0.5 * rx, y), (0.5 * rx, y + ry + 0.12), (-0.5 * rx, y + ry + 0.12)]
    sketch.polygon(neck, skin * 0.82)
    sketch.ellipse((0, y + ry + 0.1), (0.62 * rx, 0.058), skin * 0.85)
    _draw_face(rng, sketch, y, rx, ry, skin, hair)
    sides = np.linspace(*rng.uniform(0.75, 1.2, 2), width, dtype=np.float32)
    return _shade(
        sketch.picture(blur=0.0017), sides * (1 + 0.05 * fractal_noise(rng, height, width, 1.0))
    )


def _draw_face(
    rng: np.random.Generator,
    sketch: Sketch,
    y: float,
    rx: float,
    ry: float,
    skin: np.ndarray,
    hair: np.ndarray,
) -> None:
    """A head of half width rx and half height ry about (0, y)."""
    sketch.ellipse((0, y - 0.12 * ry), (1.1 * rx, 1.02 * ry), hair)
    for side in (-1, 1):
        sketch.ellipse((0.98 * side * rx, y + 0.1 * ry), (0.14 * rx, 0.2 * ry), skin * 0.9)
    sketch.ellipse((0, y + 0.08 * ry), (0.93 * rx, 0.92 * ry), skin)
    sketch.ellipse((0, y - 0.55 * ry), (0.95 * rx, 0.5 * ry), hair, 180, 360)
    iris = pick_color(rng, HAIRS)
    for side in (-1, 1):
        x = 0.4 * side * rx
        sketch.ellipse((x, y - 0.02 * ry), (0.17 * rx, 0.07 * ry), (235, 232, 228))
        sketch.ellipse((x, y - 0.02 * ry), (0.075 * rx, 0.07 * ry), iris)
        sketch.ellipse((x, y - 0.17 * ry), (0.22 * rx, 0.03 * ry), hair * 0.8, angle=-4.0 * side)
        cheek = (1.12 * x, y + 0.38 * ry)
        sketch.ellipse(cheek, (0.25 * rx, 0.16 * ry), skin * (1.02, 0.94, 0.92))
    sketch.ellipse((0, y + 0.32 * ry), (0.14 * rx, 0.06 * ry), skin * 0.78)
    sketch.ellipse((0, y + 0.62 * ry), (0.32 * rx, 0.06 * ry), skin * (0.85, 0.6, 0.6))


@dataclasses.dataclass(frozen=True)
class _Outfit:
    skin: np.ndarray
    hair: np.ndarray
    shirt: np.ndarray
    trousers: np.ndarray
    shoes: np.ndarray
    build: float
    long_hair: bool
    skirt: bool


def _shade(image: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Multiplies the colors by brightness (h, w)."""
    light = np.broadcast_to(light, image.shape[:2]).astype(np.float32)
    weights = cv2.merge([light, light, light, np.ones_like(light)])
    return cv2.multiply(image, weights, dtype=cv2.CV_8U)


def _draw_person(height: int, width: int, swing: float, outfit: _Outfit) -> np.ndarray:
    """A figure that fills the picture; `swing` is the angle of the legs in radians."""
    sketch = Sketch(height, width)
    lift = 0.46 * (1 - math.cos(swing))  # straight legs apart lower the body
    hip, shoulder = 0.51 + lift, 0.185 + lift
    half, thick = 0.088 * outfit.build, 0.062 * outfit.build
    for sign in (-1, 1):
        bend = -max(0.0, -sign * swing) * 0.4
        start, leg = (0.35 * sign * thick, hip), (sign * swing, bend, 0.23, 0.22)
        _draw_limb(sketch, start, leg, thick, outfit.trousers, outfit.shoes)
    elbow, arm = (0.2, 0.17, 0.16), 0.65 * thick
    back, front = (-0.85 * half, shoulder + 0.008), (0.85 * half, shoulder + 0.008)
    _draw_limb(sketch, back, (swing, *elbow), arm, 0.8 * outfit.shirt, outfit.skin)
    waist = hip + 0.03
    torso = [(-half, shoulder), (half, shoulder), (0.85 * half, waist), (-0.85 * half, waist)]
    sketch.polygon(torso, outfit.shirt)
    sketch.ellipse((0, shoulder), (half, 0.45 * half), outfit.shirt, 180, 360)
    if outfit.skirt:
        top, hem = hip - 0.04, hip + 0.2
        bell = [(-0.8 * half, top), (0.8 * half, top), (1.5 * half, hem), (-1.5 * half, hem)]
        sketch.polygon(bell, outfit.trousers)
    _draw_limb(sketch, front, (-swing, *elbow), arm, outfit.shirt, outfit.skin)
    _draw_head(sketch, 0.085 + lift, shoulder, outfit)
    return sketch.picture()


def _draw_limb(
    sketch: Sketch,
    start: tuple[float, float],
    shape: tuple[float, float, float, float],
    thickness: float,
    color: np.ndarray,
    end_color: np.ndarray,
) -> None:
    """An arm or leg of `shape` (angle, bend, length to the joint, length from there on)."""
    angle, bend, upper, lower = shape
    x, y = start
    for length, turn in ((upper, angle), (lower, angle + bend)):
        end = (x + length * math.sin(turn), y + length * math.cos(turn))
        sketch.line((x, y), end, thickness, color)
        x, y = end
    sketch.ellipse((x, y), (0.55 * thickness, 0.55 * thickness), end_color)


def _draw_head(sketch: Sketch, y: float, shoulder: float, outfit: _Outfit) -> None:
    sketch.line((0, y), (0, shoulder), 0.045, outfit.skin)
    if outfit.long_hair:
        sketch.ellipse((0, y + 0.03), (0.052, 0.085), outfit.hair)
    sketch.ellipse((0, y), (0.046, 0.06), outfit.skin)
    for x in (-0.017, 0.017):
        sketch.ellipse((x, y - 0.002), (0.006, 0.006), (50, 40, 36))
    sketch.ellipse((0, y + 0.032), (0.014, 0.004), 0.65 * outfit.skin)
    sketch.ellipse((0, y - 0.012), (0.05, 0.055), outfit.hair, 185, 355)
