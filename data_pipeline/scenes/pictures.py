"""Textures with a layout of their own: house fronts, book shelves, paintings and skies."""

import cv2
import numpy as np

from data_pipeline.scenes.noise import fractal_noise
from data_pipeline.scenes.textures import (
    CLOTHES,
    EARTHS,
    GREENS,
    GREYS,
    VIVID,
    WALLS,
    WOODS,
    bricks,
    brightened,
    concrete,
    mix,
    mottled,
    pick_color,
    plaster,
    to_bytes,
    wood,
)


def facade(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """The front of a house: a wall with rows of windows."""
    wall = (bricks, plaster, concrete, plaster)[rng.integers(4)](rng, height, width, texel)
    storey = rng.uniform(2.8, 3.6) / texel
    bay = rng.uniform(1.6, 3.5) / texel
    window = np.array([rng.uniform(0.35, 0.65) * bay, rng.uniform(0.4, 0.6) * storey])
    frame = tuple(int(v) for v in pick_color(rng, WALLS + WOODS + GREYS))
    rows, columns = int(height // storey), max(int(width // bay), 1)
    for row in range(rows):
        for column in range(columns):
            center = np.array([(column + 0.5) * width / columns, height - (row + 0.55) * storey])
            _draw_window(
                rng, wall, center - window / 2, center + window / 2, frame, max(0.06 / texel, 1)
            )
    return wall


def shelf(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Shelves full of books seen from the front."""
    image = wood(rng, height, width, texel)
    board = max(int(rng.uniform(0.28, 0.38) / texel), 8)
    for bottom in range(height - board // 10, board - 1, -board):
        x = board // 8
        while x < width - board // 8:
            thickness = max(int(rng.uniform(0.015, 0.06) / texel), 2)
            top = bottom - int(board * rng.uniform(0.5, 0.85))
            color = pick_color(rng, CLOTHES + VIVID + EARTHS)
            if rng.random() < 0.93:
                image[top:bottom, x : x + thickness] = color * rng.uniform(0.6, 1.1) ** 1.0 * 0.95
                image[top:bottom, x : x + 1] = color * 0.45
            x += thickness
        image[max(bottom - board + board // 14, 0) : max(bottom - board + board // 5, 1)] //= (
            2  # shadow
        )
    return image


def painting(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """A framed picture: a landscape of soft bands, or shapes."""
    del texel
    image = mottled(rng, height, width, pick_color(rng, WALLS + VIVID), 0.15, 1.5)
    for _ in range(rng.integers(3, 9)):
        color = tuple(float(v) for v in pick_color(rng, VIVID + EARTHS + GREENS))
        center = (int(rng.integers(width)), int(rng.integers(height // 3, height)))
        axes = (int(rng.uniform(0.1, 0.8) * width), int(rng.uniform(0.05, 0.4) * height))
        cv2.ellipse(
            image, center, axes, float(rng.uniform(-30, 30)), 0, 360, color, -1, cv2.LINE_AA
        )
    image = to_bytes(cv2.GaussianBlur(image, (0, 0), width / 150))
    border = max(width // 22, 1)
    frame = tuple(int(v) for v in pick_color(rng, WOODS + GREYS))
    cv2.rectangle(image, (0, 0), (width - 1, height - 1), frame, 2 * border)
    cv2.rectangle(
        image, (border, border), (width - 1 - border, height - 1 - border), (40, 36, 32), 1
    )
    return image


def sky(rng: np.random.Generator, height: int, width: int, horizon: np.ndarray) -> np.ndarray:
    """Clouded sky whose last row has the color `horizon` (3,); uint8 (h, w, 3)."""
    overcast = rng.random() < 0.3
    zenith = pick_color(
        rng, ((150, 156, 164),) if overcast else ((86, 128, 186), (110, 150, 200), (70, 106, 160))
    )
    elevation = np.linspace(1, 0, height, dtype=np.float32)[:, None]
    image = mix(
        np.broadcast_to(elevation ** rng.uniform(0.3, 0.7), (height, width)), horizon, zenith
    )
    clouds = cv2.resize(
        fractal_noise(rng, height, width // 3, 1.5), (width, height), interpolation=cv2.INTER_CUBIC
    )
    cover = np.clip((clouds - rng.uniform(-0.6, 1.2)) * rng.uniform(0.3, 1.0), 0, 1)
    light = pick_color(rng, ((240, 238, 234), (226, 222, 220)), 0.04)
    shaded = brightened(light, 1 - 0.12 * np.clip(clouds, 0, 2))
    return to_bytes(mix(cover * elevation**0.3 * 0.9, image, shaded))


def _draw_window(
    rng: np.random.Generator,
    wall: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    frame: tuple,
    border: float,
) -> None:
    (x0, y0), (x1, y1) = low.astype(int), high.astype(int)
    if y0 < 0 or x1 <= x0 or y1 <= y0:
        return
    glass = pick_color(rng, ((52, 62, 74), (86, 100, 114), (40, 44, 50), (120, 132, 142)), 0.2)
    cv2.rectangle(wall, (x0, y0), (x1, y1), frame, -1)
    b = max(round(border), 1)
    pane = wall[y0 + b : y1 - b, x0 + b : x1 - b]
    fade = np.linspace(rng.uniform(0.9, 1.3), rng.uniform(0.6, 1.0), max(pane.shape[0], 1))[
        : pane.shape[0]
    ]
    pane[:] = to_bytes(fade[:, None, None] * glass)
    if rng.random() < 0.5:  # a curtain or blind
        pane[: int(pane.shape[0] * rng.uniform(0.1, 0.7))] = pick_color(rng, WALLS) * 0.8
    middle = (x0 + x1) // 2
    wall[y0:y1, middle - b // 2 : middle - b // 2 + b] = frame
    wall[y1 : y1 + b, max(x0 - b, 0) : x1 + b] = np.asarray(frame) * 0.6  # sill with its shadow
