"""People as cut-outs: whole figures that walk, and head and shoulders from the front.

Drawn as cutouts.py says.
"""

import math

import cv2
import numpy as np

from data_pipeline import textures
from data_pipeline.cutouts import finish
from data_pipeline.props import card, cast_shadow, shadow, silhouette
from data_pipeline.scene import Look, Motion, Surface, Texture
from data_pipeline.textures import fractal_noise, pick_color, to_bytes

SKINS = ((224, 184, 154), (198, 152, 120), (150, 106, 78), (104, 72, 54), (236, 202, 176))
HAIRS = ((40, 32, 28), (84, 60, 42), (142, 106, 66), (120, 116, 112), (24, 22, 22), (176, 140, 88))


def person(
    rng: np.random.Generator, phases: int = 1, height: int = 256, width: int = 128
) -> list[np.ndarray]:
    """Someone standing, or walking through `phases` pictures of one double step."""
    skin, hair, shirt, trousers, shoes = (
        tuple(float(v) for v in pick_color(rng, colors))
        for colors in (
            SKINS,
            HAIRS,
            textures.CLOTHES + textures.VIVID,
            textures.CLOTHES,
            textures.CLOTHES,
        )
    )
    build = rng.uniform(0.9, 1.15)
    long_hair, skirt = rng.random() < 0.35, rng.random() < 0.25
    cloth = 1 + 0.07 * fractal_noise(rng, height, width, 1.0)[..., None]
    stance = rng.uniform(0.1, 0.25)
    images = []
    for phase in range(phases):
        swing = math.sin(2 * math.pi * phase / phases) * 0.42 if phases > 1 else stance
        image = np.zeros((2 * height, 2 * width, 4), np.uint8)
        _draw_person(image, swing, build, (skin, hair, shirt, trousers, shoes), long_hair, skirt)
        image = finish(image, height, width)
        light = np.linspace(1.12, 0.85, width, dtype=np.float32)[None, :, None]
        image[..., :3] = to_bytes(image[..., :3] * light * cloth)
        images.append(image)
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
    pictures = person(rng, phases, *((320, 160) if near else (160, 80)))
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


def bust(rng: np.random.Generator, height: int = 448, width: int = 448) -> np.ndarray:
    """Head and shoulders from the front, cut off below the chest."""
    skin, hair, shirt = (
        pick_color(rng, colors, 0.05 if colors is SKINS else 0.12)
        for colors in (SKINS, HAIRS, textures.CLOTHES + textures.VIVID)
    )
    s = 2 * width / 448
    image = np.zeros((2 * height, 2 * width, 4), np.uint8)
    cx = width
    cy, rx, ry = int(150 * s), int(rng.uniform(66, 78) * s), int(rng.uniform(88, 100) * s)

    def ellipse(center, axes, color, angle=0.0, start=0, end=360):
        center, axes = tuple(int(v) for v in center), tuple(int(v) for v in axes)
        cv2.ellipse(
            image,
            center,
            axes,
            angle,
            start,
            end,
            (*(float(v) for v in color), 255),
            -1,
            cv2.LINE_AA,
        )

    if rng.random() < 0.5:  # long hair behind the shoulders
        ellipse((cx, cy + 0.5 * ry), (1.25 * rx, 1.45 * ry), hair * 0.8)
    shoulders = rng.uniform(175, 205) * s
    ellipse((cx, cy + 310 * s), (shoulders, 175 * s), shirt)
    cv2.rectangle(
        image,
        (int(cx - 0.5 * rx), cy),
        (int(cx + 0.5 * rx), int(cy + ry + 52 * s)),
        (*(float(v) for v in skin * 0.82), 255),
        -1,
    )
    ellipse((cx, cy + ry + 45 * s), (0.62 * rx, 26 * s), skin * 0.85)
    ellipse((cx, cy - 0.12 * ry), (1.1 * rx, 1.02 * ry), hair)
    for side in (-1, 1):
        ellipse((cx + side * rx * 0.98, cy + 0.1 * ry), (0.14 * rx, 0.2 * ry), skin * 0.9)
    ellipse((cx, cy + 0.08 * ry), (0.93 * rx, 0.92 * ry), skin)
    ellipse((cx, cy - 0.55 * ry), (0.95 * rx, 0.5 * ry), hair, 0, 180, 360)
    for side in (-1, 1):
        eye = (cx + side * 0.4 * rx, cy - 0.02 * ry)
        ellipse(eye, (0.17 * rx, 0.07 * ry), (235, 232, 228))
        ellipse(eye, (0.075 * rx, 0.07 * ry), pick_color(rng, HAIRS))
        ellipse((eye[0], eye[1] - 0.15 * ry), (0.22 * rx, 0.03 * ry), hair * 0.8, -4.0 * side)
        ellipse(
            (cx + side * 0.45 * rx, cy + 0.38 * ry),
            (0.25 * rx, 0.16 * ry),
            skin * (1.02, 0.94, 0.92),
        )
    ellipse((cx, cy + 0.32 * ry), (0.14 * rx, 0.06 * ry), skin * 0.78)
    ellipse((cx, cy + 0.62 * ry), (0.32 * rx, 0.06 * ry), skin * (0.85, 0.6, 0.6))
    image = finish(cv2.GaussianBlur(image, (0, 0), 1.5 * s), height, width)
    side = np.linspace(rng.uniform(0.75, 1.2), rng.uniform(0.75, 1.2), width, dtype=np.float32)
    grain = 1 + 0.05 * fractal_noise(rng, height, width, 1.0)
    image[..., :3] = to_bytes(image[..., :3] * (side[None] * grain)[..., None])
    return image


def _draw_person(
    image: np.ndarray, swing: float, build: float, colors: tuple, long_hair: bool, skirt: bool
) -> None:
    """Draws a figure that fills the image; `swing` is the angle of the legs in radians."""
    height = image.shape[0]
    center = image.shape[1] // 2
    skin, hair, shirt, trousers, shoes = ((*color, 255) for color in colors)
    dark = (*(0.8 * v for v in colors[2]), 255)
    lift = height * 0.46 * (1 - math.cos(swing))
    hip, shoulder = 0.51 * height + lift, 0.185 * height + lift

    def limb(start, angle, bend, lengths, width, color, end_color):
        x, y = start
        for length, turn in zip(lengths, (angle, angle + bend), strict=True):
            to = (x + length * height * math.sin(turn), y + length * height * math.cos(turn))
            cv2.line(
                image,
                (int(x), int(y)),
                (int(to[0]), int(to[1])),
                color,
                max(int(width), 1),
                cv2.LINE_AA,
            )
            x, y = to
        cv2.circle(image, (int(x), int(y)), max(int(width * 0.55), 1), end_color, -1, cv2.LINE_AA)

    thick = 0.062 * height * build
    for sign in (-1, 1):
        bend = -max(0.0, -sign * swing) * 0.8
        limb(
            (center + sign * thick * 0.35, hip),
            sign * swing,
            bend,
            (0.23, 0.22),
            thick,
            trousers,
            shoes,
        )
    limb(
        (center - 0.075 * height * build, shoulder + 4),
        swing,
        0.2,
        (0.17, 0.16),
        thick * 0.65,
        dark,
        skin,
    )
    half = 0.088 * height * build
    torso = [
        (center - half, shoulder),
        (center + half, shoulder),
        (center + half * 0.85, hip + 0.03 * height),
    ]
    torso.append((center - half * 0.85, hip + 0.03 * height))
    cv2.fillConvexPoly(image, np.array(torso).astype(int), shirt, cv2.LINE_AA)
    cv2.ellipse(
        image,
        (center, int(shoulder)),
        (int(half), int(half * 0.45)),
        0,
        180,
        360,
        shirt,
        -1,
        cv2.LINE_AA,
    )
    if skirt:
        bell = [
            (center - half * 0.8, hip - 0.04 * height),
            (center + half * 0.8, hip - 0.04 * height),
        ]
        bell += [
            (center + half * 1.5, hip + 0.2 * height),
            (center - half * 1.5, hip + 0.2 * height),
        ]
        cv2.fillConvexPoly(image, np.array(bell).astype(int), trousers, cv2.LINE_AA)
    limb(
        (center + 0.075 * height * build, shoulder + 4),
        -swing,
        0.2,
        (0.17, 0.16),
        thick * 0.65,
        shirt,
        skin,
    )
    head = (center, int(0.085 * height + lift))
    neck = (center, int(shoulder))
    cv2.line(image, head, neck, skin, int(0.045 * height), cv2.LINE_AA)
    if long_hair:
        cv2.ellipse(
            image,
            (center, head[1] + 16),
            (int(0.052 * height), int(0.085 * height)),
            0,
            0,
            360,
            hair,
            -1,
        )
    cv2.ellipse(
        image, head, (int(0.046 * height), int(0.06 * height)), 0, 0, 360, skin, -1, cv2.LINE_AA
    )
    for side in (-1, 1):
        eye = (center + side * int(0.017 * height), head[1] - int(0.002 * height))
        cv2.circle(image, eye, max(int(0.006 * height), 1), (50, 40, 36, 255), -1, cv2.LINE_AA)
    mouth = (center, head[1] + int(0.032 * height))
    cv2.ellipse(
        image,
        mouth,
        (int(0.014 * height), int(0.004 * height)),
        0,
        0,
        360,
        (*(0.65 * v for v in colors[0]), 255),
        -1,
    )
    crown = (center, head[1] - int(0.012 * height))
    cv2.ellipse(
        image, crown, (int(0.05 * height), int(0.055 * height)), 0, 185, 355, hair, -1, cv2.LINE_AA
    )
