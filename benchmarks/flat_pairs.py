"""Pairs of one disparity, and pairs with a little parallax, packed and compressed as films are."""

import cv2
import numpy as np
from labelled_shots import (
    clip_picture,
    compressed,
    drawn_shot,
    pair_shot,
    photo_paths,
    read_image,
    shifted_views,
)
from PIL import Image, ImageDraw, ImageFont

FLAT_KINDS = ("title card", "flat photograph", "2D photograph", "2D clip")
PARALLAX_KINDS = ("0.3 % of the width", "small thing before flat ground", "real pair", "drawn")


def flat_pair(rng, kind: str, shared, half: int):
    """A pair without parallax, compressed.

    Args:
        rng: numpy Generator.
        kind: One of FLAT_KINDS.
        shared: Folder with the photographs and clips.
        half: Which half of them.

    Returns:
        Left and right view.
    """
    height, width = _size(rng)
    disparity = float(rng.uniform(-0.02, 0.02) * width * (rng.random() < 0.6))
    if kind == "2D clip":
        image = cv2.resize(clip_picture(rng, shared, half), (width, height))
        return _coded(rng, (image, image.copy()))
    image = _card(rng, height, width) if kind == "title card" else _photo(rng, shared, half, height)
    disparity = 0.0 if kind == "2D photograph" else disparity
    return _coded(rng, _seen(image, np.full(image.shape[:2], disparity), height, width))


def parallax_pair(rng, kind: str, shared, half: int):
    """A pair with parallax, of which some have very little, compressed; arguments as above."""
    height, width = _size(rng)
    if kind == "drawn":
        return _coded(rng, drawn_shot(int(rng.integers(10**6)), 480, 854, 1)[0])
    if kind == "real pair":
        folders = [path for path in sorted((shared / "stereo").iterdir()) if path.is_dir()]
        folder = folders[rng.integers(len(folders))]
        views = (read_image(next(folder.glob(f"{eye}.*"))) for eye in ("left", "right"))
        return _coded(rng, pair_shot(rng, *views, height, width, 1)[0])
    middle = float(rng.uniform(-0.02, 0.02) * width * (rng.random() < 0.6))
    image = _photo(rng, shared, half, height)
    y, x = (grid.astype(np.float32) for grid in np.indices(image.shape[:2]))
    if kind.startswith("small"):
        return _coded(rng, _small_thing(rng, image, _photo(rng, shared, half, height), middle))
    across, down = x / x.max() - 0.5, y / y.max()
    slope = down
    if rng.random() < 0.5:
        slope = np.exp(-(across**2 + (down - 0.5) ** 2) / rng.uniform(0.15, 0.35) ** 2)
    slope = (slope - slope.min()) / np.ptp(slope)
    return _coded(rng, _seen(image, middle + 0.003 * width * slope, height, width))


def _size(rng) -> tuple[int, int]:
    height = int(rng.choice((480, 720)))
    return height, round(height * 16 / 9 / 2) * 2


def _coded(rng, pair):
    layout = str(rng.choice(("half_sbs", "full_sbs", "half_tab")))
    return compressed([pair], int(rng.integers(18, 33)), layout, gap=2)[0]


def _photo(rng, shared, half, height):
    paths = photo_paths(shared)[half::2]
    size = (round(height * 1.2 * 16 / 9), round(height * 1.2))
    return cv2.resize(read_image(paths[rng.integers(len(paths))]), size)


def _seen(image, disparity, height, width):
    x, y = (image.shape[1] - width) / 2, (image.shape[0] - height) / 2
    return shifted_views(image, np.float32(disparity), x, y, height, width)


def _small_thing(rng, ground, thing, middle: float):
    """A disc of another photograph before a flat ground."""
    tall, wide = ground.shape[:2]
    height, width = round(tall / 1.2), round(wide / 1.2)
    near = rng.uniform(0.005, 0.02) * width
    radius = height * rng.uniform(0.05, 0.12)
    column, row = width * rng.uniform(0.35, 0.65), height * rng.uniform(0.35, 0.65)
    behind = _seen(ground, np.full((tall, wide), middle), height, width)
    before = _seen(thing, np.full((tall, wide), middle + near), height, width)
    y, x = np.indices((height, width))
    views = []
    for ground_view, thing_view, shift in zip(behind, before, (0, middle + near), strict=True):
        disc = (x - column + shift) ** 2 + (y - row) ** 2 < radius**2
        views.append(np.where(disc[..., np.newaxis], thing_view, ground_view))
    return tuple(views)


def _card(rng, height, width):
    """Words and sometimes a ring on a dark ground, wider than the view."""
    wide = width + 200
    image = Image.new("RGB", (wide, height), tuple(map(int, rng.integers(0, 60, 3))))
    draw = ImageDraw.Draw(image)
    for text in rng.choice(("A FILM BY", "Chapter Two", "THE END", "1987", "four months later"), 3):
        font = ImageFont.load_default(int(height * rng.uniform(0.05, 0.16)))
        color = tuple(map(int, rng.integers(120, 256, 3)))
        place = (wide - draw.textlength(text, font=font)) / 2, height * rng.uniform(0.1, 0.8)
        draw.text(place, text, fill=color, font=font)
    if rng.random() < 0.4:
        middle, radius = (wide / 2, height / 2), height * rng.uniform(0.1, 0.3)
        draw.circle(middle, radius, outline=(200, 170, 60), width=int(height * 0.02))
    return np.asarray(image)
