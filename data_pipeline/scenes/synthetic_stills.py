"""Single pictures of made-up scenes with exact disparity: variety for training, not film.

A scene costs more to make up than to show, and the next frame of a shot teaches little that is
new; but of a scene that exists anyway, another view is cheap, and so are drawings that scenes
made one after the other share (drawings.py).
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence

import numpy as np

from data_pipeline.packs.depth_example import DepthExample
from data_pipeline.scenes.camera import Camera
from data_pipeline.scenes.drawings import shared_drawings
from data_pipeline.scenes.render import render_left
from data_pipeline.scenes.scene import Scene
from data_pipeline.scenes.shot_design import random_scene
from data_pipeline.scenes.still_life import another_view
from data_pipeline.scenes.surface_photos import SurfacePhotos

CONTENT = {
    "room": "indoor",
    "country": "nature",
    "street": "street",
    "closeup": "close-up",
    "still_life": "indoor",
}
ASPECTS = (1.33, 1.5, 1.78, 2.35)
VIEWS = 3  # of a scene
WIDTH = 416
_LATER = 2.5  # seconds between the first view of a scene in which things move and the others
_SERIES = 1024  # scenes that share drawings


def synthetic_examples(
    first_seed: int,
    scenes: int,
    photos: SurfacePhotos | None = None,
    width: int = WIDTH,
    aspects: Sequence[float] = ASPECTS,
) -> Iterator[DepthExample]:
    """Pictures of random scenes.

    Args:
        first_seed: Scene number k is made from seed `first_seed + k` alone.
        scenes: Number of scenes.
        photos: If given, all scenes are still lifes covered with these photographs.
        width: Of the pictures in pixels.
        aspects: Width / height of the pictures, one of these for each scene.

    Yields:
        `VIEWS` pictures of each scene, their disparity in no particular composition; weight 1
        everywhere.
    """
    for seed in range(first_seed, first_seed + scenes):
        rng = np.random.default_rng([seed, 5])
        aspect = float(rng.choice(aspects))
        kind = None if photos is None else "still_life"
        with shared_drawings(seed // _SERIES):
            scene = random_scene(rng, kind, None, aspect, photos)
        for number, (camera, moment) in enumerate(_views(rng, scene)):
            left, disparity = render_left(scene, camera, width, round(width / aspect), moment)
            yield DepthExample(
                f"{kind or 'synthetic'}{seed}_{number}",
                f"{kind or 'synthetic'}{seed}",
                CONTENT[scene.kind],
                left,
                _without_extremes(disparity),
                np.ones(disparity.shape, np.float32),
            )


def _views(rng: np.random.Generator, scene: Scene) -> Iterator[tuple[Camera, float]]:
    yield scene.path.at(0.0), 0.0
    for _ in range(VIEWS - 1):
        if scene.kind == "still_life":
            yield another_view(rng, scene.path.start), 0.0
        else:
            yield _beside(rng, scene.path.at(_LATER), scene.kind == "closeup"), _LATER


def _beside(rng: np.random.Generator, camera: Camera, near: bool) -> Camera:
    """A camera at about the same height, turned about what is ahead; little if that is near."""
    distance, spread = (1.5, 4.0) if near else (2.5, 8.0)
    turn = float(np.clip(rng.normal(0, spread), -2 * spread, 2 * spread))
    across, up, ahead = camera.position
    return dataclasses.replace(
        camera,
        position=(across - distance * math.sin(math.radians(turn)), up, ahead),
        yaw=camera.yaw + turn,
        roll=camera.roll + float(rng.normal(0, 1)),
        field_of_view=camera.field_of_view * float(rng.uniform(0.85, 1.1)),
    )


def _without_extremes(disparity: np.ndarray) -> np.ndarray:
    """Disparity within its usual range and a quarter more: packs store it in 8 bits."""
    low, high = np.percentile(disparity[::2, ::2], (1, 99))
    margin = 0.25 * (high - low)
    return np.clip(disparity, low - margin, high + margin)
