"""How still the depth holds, and what that costs in accuracy: synthetic shots of known motion.

python benchmarks/bench_flicker.py [--model=default --shots=12 --frames=36 --average=16]

Every shot is rendered with exact disparity; where a point of its surfaces was a frame ago follows
from depth and camera alone (points that move by themselves are left out). Flicker is the change of
a point's disparity beyond its true change, error the mean distance to the truth after the factor
and offset that fit the whole shot best; both in pixels at the network's width.
"""

import argparse
import pathlib
import sys
import time

import cv2
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from data_pipeline.scenes.camera import RIGHT
from data_pipeline.scenes.render import render_stereo
from data_pipeline.scenes.shot_design import KINDS, random_scene
from deep3d.inference import Predictor
from deep3d.pretrained import load_model
from deep3d.temporal import FRAMES, Stabiliser

WIDTH, HEIGHT, RATE = 384, 224, 24


def main():
    """Prints flicker and error of each kind of scene, frame by frame and stabilised."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="default")
    parser.add_argument("--shots", type=int, default=12)
    parser.add_argument("--frames", type=int, default=36)
    parser.add_argument("--average", type=float, default=FRAMES)
    options = parser.parse_args()
    predictor = Predictor(*load_model(options.model))
    rows, milliseconds = {}, []
    for number in range(options.shots):
        kind = KINDS[number % len(KINDS)]
        shot = _shot(kind, 9000 + number, options.frames)
        plain = predictor.disparity(np.stack([picture for picture, *_ in shot]))
        stabiliser, still = Stabiliser(options.average), []
        start = time.perf_counter()
        for (picture, *_), disparity in zip(shot, plain, strict=True):
            still.append(stabiliser.update(picture, disparity, is_cut=False))
        milliseconds.append(1000 * (time.perf_counter() - start) / len(shot))
        rows.setdefault(kind, []).append(
            [*_flicker_and_error(shot, plain), *_flicker_and_error(shot, np.stack(still))]
        )
    rows["all"] = [values for kind in rows.values() for values in kind]
    for kind, values in rows.items():
        before, error, after, new_error = np.mean(values, axis=0)
        sys.stdout.write(
            f"{kind:8} flicker {before:.3f} -> {after:.3f} ({100 * (after / before - 1):+.0f} %)"
            f"   error {error:.3f} -> {new_error:.3f}\n"
        )
    sys.stdout.write(f"{np.median(milliseconds):.1f} ms a frame\n")


def _shot(kind: str, seed: int, frames: int) -> list[tuple]:
    """Of each frame the left view, the right view's disparity, and what `_before` returns."""
    scene = random_scene(np.random.default_rng(seed), kind, frames / RATE, WIDTH / HEIGHT)
    shot, before = [], ()
    for number in range(frames):
        camera = scene.path.at(number / RATE)
        frame = render_stereo(scene, camera, WIDTH, HEIGHT, number / RATE)
        known = _before(camera, frame.disparity_right, *before) if number else None
        shot.append((frame.left, frame.disparity_right, known))
        before = camera, frame.disparity_right
    return shot


def _before(camera, disparity, camera_before, disparity_before) -> tuple[np.ndarray, ...]:
    """Where each point of the right view was a frame ago, its change of disparity, if certain."""
    columns, rows = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    scale = camera.focal_length(WIDTH) * camera.baseline
    depth = 1 / np.maximum(disparity / scale + 1 / camera.convergence, 1e-6)
    eye = camera.intrinsics(WIDTH, HEIGHT, RIGHT)
    pixels = np.stack([columns, rows, np.ones_like(columns)]) * depth
    points = np.linalg.inv(eye[:, :3]) @ (pixels.reshape(3, -1) - eye[:, 3:])
    points = camera.rotation().T @ points + np.reshape(camera.position, (3, 1))
    points = camera_before.rotation() @ (points - np.reshape(camera_before.position, (3, 1)))
    eye = camera_before.intrinsics(WIDTH, HEIGHT, RIGHT)
    projected = eye[:, :3] @ points + eye[:, 3:]
    x, y = (projected[:2] / projected[2]).astype(np.float32).reshape(2, HEIGHT, WIDTH)
    expected = scale * (1 / points[2].reshape(HEIGHT, WIDTH) - 1 / camera_before.convergence)
    found = cv2.remap(disparity_before, x, y, cv2.INTER_NEAREST, borderValue=1e6)
    return x, y, disparity - expected, np.abs(found - expected) < 0.1


def _flicker_and_error(shot: list[tuple], predicted: np.ndarray) -> tuple[float, float]:
    truth = np.stack([disparity for _, disparity, _ in shot])
    gain, offset = np.polyfit(predicted.ravel(), truth.ravel(), 1)
    changes = []
    for before, now, (*_, known) in zip(predicted[:-1], predicted[1:], shot[1:], strict=True):
        x, y, change, certain = known
        moved = now - cv2.remap(before, x, y, cv2.INTER_LINEAR)
        # The true change counts in the network's own, unknown scale.
        changes.append(np.abs(moved - change / max(gain, 0.1))[certain].mean())
    return float(np.mean(changes)), float(np.abs(gain * predicted + offset - truth).mean())


if __name__ == "__main__":
    main()
