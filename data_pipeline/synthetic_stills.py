"""Single pictures of made-up scenes with exact disparity: variety for training, not film.

A scene costs more to make up than to draw, and the next frame of a shot teaches little that is
new; but of a scene that exists anyway, a second moment or view is cheap.
"""

from collections.abc import Iterator

import numpy as np

from data_pipeline.camera import Camera
from data_pipeline.depth_example import DepthExample
from data_pipeline.render import render_left
from data_pipeline.scene import Scene
from data_pipeline.shot_design import random_scene
from data_pipeline.still_life import another_view
from data_pipeline.surface_photos import SurfacePhotos

CONTENT = {
    "room": "indoor",
    "country": "nature",
    "street": "street",
    "closeup": "close-up",
    "still_life": "indoor",
}
ASPECTS = (1.33, 1.5, 1.78, 2.35)
MOMENTS = (0.0, 2.5)  # seconds into the shot
VIEWS = 3  # of a still life
WIDTH = 416


def synthetic_examples(
    first_seed: int, scenes: int, photos: SurfacePhotos | None = None
) -> Iterator[DepthExample]:
    """Pictures of random scenes.

    Args:
        first_seed: Scene number k is made from seed `first_seed + k` alone.
        scenes: Number of scenes.
        photos: If given, all scenes are still lifes covered with these photographs.

    Yields:
        `len(MOMENTS)` pictures of each scene, or `VIEWS` of a still life, `WIDTH` px wide, their
        disparity in no particular composition; weight 1 everywhere.
    """
    for seed in range(first_seed, first_seed + scenes):
        rng = np.random.default_rng([seed, 5])
        aspect = float(rng.choice(ASPECTS))
        kind = None if photos is None else "still_life"
        scene = random_scene(rng, kind, None, aspect, photos)
        for number, (camera, moment) in enumerate(_views(rng, scene)):
            left, disparity = render_left(scene, camera, WIDTH, round(WIDTH / aspect), moment)
            yield DepthExample(
                f"{kind or 'synthetic'}{seed}_{number}",
                f"{kind or 'synthetic'}{seed}",
                CONTENT[scene.kind],
                left,
                _without_extremes(disparity),
                np.ones(disparity.shape, np.float32),
            )


def _views(rng: np.random.Generator, scene: Scene) -> Iterator[tuple[Camera, float]]:
    if scene.kind != "still_life":
        yield from ((scene.path.at(moment), moment) for moment in MOMENTS)
        return
    yield scene.path.start, 0.0
    for _ in range(VIEWS - 1):
        yield another_view(rng, scene.path.start), 0.0


def _without_extremes(disparity: np.ndarray) -> np.ndarray:
    """Disparity within its usual range and a quarter more: packs store it in 8 bits."""
    low, high = np.percentile(disparity, (1, 99))
    margin = 0.25 * (high - low)
    return np.clip(disparity, low - margin, high + margin)
