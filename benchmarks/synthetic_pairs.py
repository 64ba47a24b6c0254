"""Pairs of made-up films for experiments: rendered from both eyes, with the true disparity.

Every pair is composed as ingested films are (`deep3d.composition`), only exactly: baseline and
convergence are chosen so that the 5th..95th percentile of disparity fits the levels less one on
either side, and that everything lies within them.
"""

import dataclasses
import pathlib
import sys

import cv2
import keras
import numpy as np

from data_pipeline.scenes.camera import Camera
from data_pipeline.scenes.render import inverse_depths, render_stereo
from data_pipeline.scenes.scene import Scene
from data_pipeline.scenes.shot_design import random_scene
from deep3d import baselines, depth_scores
from deep3d.atomic_file import replaced_when_complete
from deep3d.disparity import DisparityLevels
from deep3d.metrics import mean_absolute_error

MOMENTS = (0.0, 1.5, 3.0)  # seconds into each shot
# The first scene for the scores; those for training begin at 0.
FIRST_HELD_OUT = 1_000_000


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Pairs of one size.

    Attributes:
        left: (pairs, h, w, 3) uint8 left views.
        right: Right views, likewise.
        disparity: (pairs, h, w) float32 disparity of the right view's pixels.
    """

    left: np.ndarray
    right: np.ndarray
    disparity: np.ndarray


class Batches(keras.utils.PyDataset):
    """Batches for `keras.Model.fit`; each follows from the seed and its number alone.

    Args:
        pairs: What to draw from.
        batch_size: Pairs per batch.
        steps: Number of batches.
        seed: Seed of the draws.
    """

    def __init__(self, pairs: Pairs, batch_size: int, steps: int, seed: int):
        super().__init__()
        self.pairs, self.batch_size, self.steps, self.seed = pairs, batch_size, steps, seed

    def __len__(self):
        return self.steps

    def __getitem__(self, index: int):
        rng = np.random.default_rng([self.seed, index])
        drawn = rng.choice(len(self.pairs.left), self.batch_size)
        left, right = (
            views[drawn].astype(np.float32) / 255.0 for views in (self.pairs.left, self.pairs.right)
        )
        return left, {"right": right}


def load_pairs(
    folder: pathlib.Path, first_seed: int, scenes: int, height: int, levels: DisparityLevels
) -> Pairs:
    """Pairs of made-up scenes, from a file in a folder or, when it is missing, rendered into it.

    Args:
        folder: Made if need be.
        first_seed: Scene k is made from seed `first_seed + k` alone.
        scenes: Number of scenes; each gives a pair at each of `MOMENTS`.
        height: Rows of the pairs.
        levels: Levels to which the disparities are composed; their width is that of the pairs.

    Returns:
        The pairs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"pairs_{levels.width}x{height}_{first_seed}_{scenes}.npz"
    if not path.is_file():
        cv2.setNumThreads(1)
        frames = [
            frame
            for number in range(scenes)
            for frame in _scene_frames(first_seed + number, height, levels)
        ]
        arrays = {
            "left": np.stack([frame.left for frame in frames]),
            "right": np.stack([frame.right for frame in frames]),
            "disparity": np.stack([frame.disparity_right for frame in frames]),
        }
        with replaced_when_complete(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, **arrays)
        print(f"{len(frames)} pairs in {path}", file=sys.stderr, flush=True)
    with np.load(path) as stored:
        return Pairs(**{name: stored[name] for name in ("left", "right", "disparity")})


def error_of(pairs: Pairs, right: np.ndarray) -> float:
    """Mean absolute error of right views on 0..255.

    Args:
        pairs: The truth.
        right: (pairs, h, w, 3) predictions on 0..255.

    Returns:
        The mean over all pairs.
    """
    bytes_ = np.clip(np.rint(right), 0, 255).astype(np.uint8)
    return float(np.mean([*map(mean_absolute_error, pairs.right, bytes_)]))


def ordinal_error_of(pairs: Pairs, disparity: np.ndarray) -> float:
    """Share of point pairs that a predicted disparity puts into the wrong order.

    Args:
        pairs: The truth.
        disparity: (pairs, h, w) predictions.

    Returns:
        The mean over the pairs whose depth is not flat.
    """
    errors = [
        depth_scores.ordinal_error(predicted, *depth_scores.point_pairs(true))
        for predicted, true in zip(disparity, pairs.disparity, strict=True)
    ]
    return float(np.mean([error for error in errors if error is not None]))


def baseline_scores(training: Pairs, held_out: Pairs, levels: DisparityLevels) -> dict[str, dict]:
    """Scores of what needs no network.

    Args:
        training: Pairs on which the shift for all is chosen.
        held_out: Pairs that are scored.
        levels: They bound the shift.

    Returns:
        {"copy_left", "global_shift", "oracle"}: {"mae", and "ordinal_error" of the first two}.
    """
    ends = min(levels.values), max(levels.values)
    shift = baselines.best_shift(zip(training.left, training.right, strict=True), *ends)
    constant = np.zeros_like(held_out.disparity)
    shifted = np.stack([baselines.global_shift(left, shift) for left in held_out.left])
    warped = np.stack([*map(baselines.oracle, held_out.left, held_out.disparity)])
    order = {"ordinal_error": ordinal_error_of(held_out, constant)}
    return {
        "copy_left": {"mae": error_of(held_out, held_out.left), **order},
        "global_shift": {"mae": error_of(held_out, shifted), **order},
        "oracle": {"mae": error_of(held_out, warped)},
    }


def _scene_frames(seed: int, height: int, levels: DisparityLevels):
    width = levels.width
    scene = random_scene(np.random.default_rng([seed, 11]), None, None, width / height)
    for moment in MOMENTS:
        camera = _composed(scene, moment, height, levels)
        yield render_stereo(scene, camera, width, height, moment)


def _composed(scene: Scene, moment: float, height: int, levels: DisparityLevels) -> Camera:
    """The camera of a moment, its disparities, `f b (1 / z - 1 / convergence)`, on the levels."""
    camera = scene.path.at(moment)
    # Each eye sees a little more on its side than the middle does.
    wider = dataclasses.replace(camera, field_of_view=1.1 * camera.field_of_view)
    inverse = inverse_depths(scene, wider, levels.width, height, moment)
    low, high = np.percentile(inverse, (5, 95))
    values = levels.values
    room = abs(values[-1] - values[0]) - 2.0 * abs(levels.step)
    scale = room / max(high - low, 1e-3)
    zero = 0.5 * (low + high) - 0.5 * (values[0] + values[-1]) / scale  # 1 / convergence
    ends = (inverse.max() - zero) / max(values), (inverse.min() - zero) / min(values)
    scale = float(min(scale, 1.0 / max(ends)))
    return dataclasses.replace(
        camera,
        baseline=scale / camera.focal_length(levels.width),
        convergence=float(1.0 / zero),
    )
