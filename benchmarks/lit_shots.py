"""Thumbnails of shots in which the light changes, with what is to be said of every frame."""

import cv2
import numpy as np

LIT_KINDS = (
    "plain",
    "fade to black",
    "fade from black",
    "fade to white",
    "fade from white",
    "switched on",
    "headlights",
    "lightning",
    "pan to the light",
    "somebody close",
    "dissolve",
)
FRAMES, WIDTH, HEIGHT = 120, 64, 36


def lit_shot(rng, kind: str, picture: np.ndarray, other: np.ndarray):
    """A shot that pans over a picture at 24 frames per second.

    Returns:
        (images, truth): uint8 (36, 64, 3) each, and black, flash, fade, dissolve, "" or, where
        either would do, None.
    """
    speed = rng.uniform(-0.15, 0.15)
    images = np.stack([_pan(picture, speed * k) for k in range(FRAMES)])
    truth: list[str | None] = [""] * FRAMES
    if kind.startswith("fade"):
        images, truth = _faded(rng, images, 255.0 * ("white" in kind), "from" in kind)
    elif kind == "switched on":
        images[: rng.integers(40, 80)] *= rng.uniform(0.3, 0.6)
    elif kind == "headlights":
        images *= 0.5
        for k, share in enumerate(np.clip((np.arange(FRAMES) - 30) / 50, 0, 1)):
            images[k] += _glow(10 + 40 * share, 4 + 12 * share, 250 * share)
    elif kind == "lightning":
        images *= 0.4
        for first in (24, 60, 90):
            length = rng.integers(1, 5)
            images[first : first + length] = images[first : first + length] * 1.5 + 70
            truth[first : first + length] = ["flash"] * length
    elif kind == "pan to the light":
        wide = np.concatenate((0.25 * images[0], np.float32(_pan(other, 0))), axis=1)
        shares = np.clip((np.arange(FRAMES) - 10) / rng.uniform(24, 90), 0, 1)
        images = np.stack([_window(wide, WIDTH * share) for share in shares])
    elif kind == "somebody close":
        for k in range(FRAMES):
            size = min(k // 2, 20)
            cv2.ellipse(images[k], (32, 28), (size // 2, size), 0, 0, 360, (25, 25, 25), -1)
    elif kind == "dissolve":
        shares = np.clip((np.arange(FRAMES) - 40) / rng.integers(10, 36), 0, 1)
        images += np.float32(shares)[:, None, None, None] * (np.float32(_pan(other, 0)) - images)
        truth = ["dissolve" if 0.2 < s < 0.8 else None if 0 < s < 1 else "" for s in shares]
    images += rng.normal(0, 1, images.shape)
    return np.clip(np.rint(images), 0, 255).astype(np.uint8), truth


def _faded(rng, images, color: float, backwards: bool):
    length, first = round(24 * rng.uniform(0.3, 3)), 15
    gains = np.clip(1 - (np.arange(FRAMES) - first) / length, 0, 1)
    gains = gains[::-1] if backwards else gains
    images = color + (images - color) * np.float32(gains)[:, None, None, None]
    gray = images.mean(axis=3).reshape(FRAMES, -1)
    # Distance from the color of the pixels that are furthest: nothing but the color is left.
    left = np.percentile(np.abs(gray - color), 98, axis=1)
    end, limit = ("flash", 20) if color else ("black", 30)
    truth = []
    for gain, distance in zip(gains, left, strict=True):
        near = abs(distance - limit) < 5 or 0.85 < gain < 1
        truth.append(end if distance < limit - 5 else None if near else "fade" if gain < 1 else "")
    return images, truth


def _pan(picture, offset: float):
    wide = cv2.resize(picture, (WIDTH + 40, HEIGHT), interpolation=cv2.INTER_AREA)
    return _window(wide.astype(np.float32), 20 + offset)


def _window(wide, offset: float):
    return cv2.warpAffine(wide, np.float32([[1, 0, -offset], [0, 1, 0]]), (WIDTH, HEIGHT))


def _glow(column: float, size: float, strength: float):
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return (strength * np.exp(-((x - column) ** 2 + (y - 22) ** 2) / size))[..., np.newaxis]
