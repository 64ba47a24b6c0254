"""Single pictures of made-up scenes with exact disparity: variety for training, not film.

A scene costs more to make up than to draw, and the next frame of a shot teaches little that is
new; but of a scene that exists anyway, a second moment is cheap.
"""

from collections.abc import Iterator

import numpy as np

from data_pipeline.depth_example import DepthExample
from data_pipeline.render import render_left
from data_pipeline.shot_design import random_scene

CONTENT = {"room": "indoor", "country": "nature", "street": "street", "closeup": "close-up"}
ASPECTS = (1.33, 1.5, 1.78, 2.35)
MOMENTS = (0.0, 2.5)  # seconds into the shot
WIDTH = 416


def synthetic_examples(first_seed: int, scenes: int) -> Iterator[DepthExample]:
    """Pictures of random scenes.

    Args:
        first_seed: Scene number k is made from seed `first_seed + k` alone.
        scenes: Number of scenes.

    Yields:
        Two pictures of each scene, `WIDTH` px wide; weight 1 everywhere.
    """
    for seed in range(first_seed, first_seed + scenes):
        rng = np.random.default_rng([seed, 5])
        aspect = float(rng.choice(ASPECTS))
        scene = random_scene(rng, None, MOMENTS[-1], aspect)
        for number, moment in enumerate(MOMENTS):
            camera = scene.path.at(moment)
            left, disparity = render_left(scene, camera, WIDTH, round(WIDTH / aspect), moment)
            yield DepthExample(
                f"synthetic{seed}_{number}",
                f"synthetic{seed}",
                CONTENT[scene.kind],
                left,
                disparity,
                np.ones(disparity.shape, np.float32),
            )
