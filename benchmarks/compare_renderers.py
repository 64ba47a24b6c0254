"""Both ways of making the full-resolution right view, on films whose right eye is known.

python benchmarks/compare_renderers.py [--model=default] [--seeds=3] [--frames=4]

First from the true disparity, brought down to the size of the network and (for "select") to a
distribution over its levels, which measures the renderer alone; then from the network's own
prediction. Errors over the whole picture and over what only the right eye sees.
"""

import time

import cv2
import numpy as np
from absl import flags

from deep3d.command_line import load_tensorflow, run_script

flags.DEFINE_string("model", "default", "Shipped model or path of a model file.")
flags.DEFINE_integer("seeds", 3, "Films.")
flags.DEFINE_integer("frames", 4, "Frames of each film, from shots of their own.")
flags.DEFINE_integer("width", 854, "Width in pixels.")
flags.DEFINE_integer("height", 480, "Height in pixels.")


def main(arguments):
    """Prints one row for each way."""
    del arguments
    load_tensorflow()
    from deep3d.inference import Predictor
    from deep3d.pretrained import load_model

    predictor = Predictor(*load_model(flags.FLAGS.model))
    totals = {}
    for frame in _frames():
        for name, view, seconds in _views(frame, predictor):
            error = np.abs(view.astype(np.float32) - frame.right).mean(axis=-1)
            # beyond the frame's edge nothing can be known
            hidden = frame.occluded_right.copy()
            hidden[:, -round(0.025 * hidden.shape[1]) :] = False
            hidden[:, : round(0.025 * hidden.shape[1])] = False
            totals.setdefault(name, []).append(
                (error.mean(), error[hidden].mean() if hidden.any() else np.nan, seconds)
            )
    print("| right view by | MAE | MAE where only the right eye sees | ms per frame |")
    print("|---|---|---|---|")
    for name, rows in totals.items():
        whole, hidden, seconds = np.nanmean(rows, axis=0)
        print(f"| {name} | {whole:.2f} | {hidden:.2f} | {1e3 * seconds:.0f} |")


def _frames():
    from data_pipeline.synthetic import MovieConfig, movie_frames

    options = flags.FLAGS
    for seed in range(options.seeds):
        config = MovieConfig(
            seed=9000 + seed,
            seconds=2.0 * options.frames,
            shot_seconds=2.0,
            frame_rate=0.5,
            title_seconds=0.0,
            bars="none",
            width=options.width,
            height=options.height,
        )
        for frame, *_ in movie_frames(config):
            yield frame


def _views(frame, predictor):
    from deep3d.inference import network_size
    from deep3d.rendering import render_select, render_warp

    levels, left = predictor.config.levels, frame.left
    scale = left.shape[1] / levels.width
    size = network_size(left.shape[1], left.shape[0], predictor.config)
    truth = cv2.resize(frame.disparity_right, size, interpolation=cv2.INTER_AREA) / scale
    small = predictor.shrink(left)[np.newaxis]
    sources = {
        "true disparity": (truth, _as_distribution(truth, levels)),
        "network": (predictor.disparity(small)[0], predictor.probabilities(small)[0]),
    }
    yield "copy of the left view", left, 0.0
    for source, (disparity, probabilities) in sources.items():
        disparity = np.ascontiguousarray(disparity * scale)
        ways = {
            "select": lambda p=probabilities: render_select(left, p, levels),
            "warp": lambda d=disparity: render_warp(left, d),
            "warp, not sharpened": lambda d=disparity: render_warp(left, d, sharpen=False),
            "warp, not filled": lambda d=disparity: render_warp(left, d, fill=False),
        }
        for name, render in ways.items():
            begin = time.perf_counter()
            view = render()
            yield f"{source}, {name}", view, time.perf_counter() - begin


def _as_distribution(disparity, levels):
    """The two levels next to each disparity, by their nearness."""
    position = np.clip((disparity - levels.minimum) / levels.step, 0, levels.count - 1)
    distance = np.abs(position[..., np.newaxis] - np.arange(levels.count))
    return np.maximum(0.0, 1.0 - distance).astype(np.float32)


if __name__ == "__main__":
    run_script(main, __doc__)
