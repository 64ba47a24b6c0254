"""Ways of making the full-resolution right view, on films whose right eye is known.

python benchmarks/compare_renderers.py [--model=default] [--seed=9000] [--seeds=3] [--frames=4]
    [--pictures=DIR]

The disparity is the true one, brought down to the size of the network, which measures the renderer
alone; the same with blurred edges; the network's own prediction; and that once more with the scale
and shift that fit the truth best, so that its edges are judged and not its depth. Ways that move
pixels of the left view get the left view's disparity. Columns, in steps of 0..255:

* MAE, PSNR: the whole picture;
* uncovered: MAE of what only the right eye sees, without a margin where nothing can be known;
* band: MAE within --band % of the width around that;
* bleed: share of uncovered pixels whose color is nearer to that of the thing before them than to
  the true one, among those where the two differ;
* flicker: mean change of a pixel of both areas when the picture moves by one pixel and disparity
  with it, which is to change nothing. True disparity only.

--pictures writes the places with the most uncovered pixels side by side.
"""

import dataclasses
import itertools
import pathlib
import time
from collections.abc import Callable

import cv2
import forward_warp
import numpy as np
from absl import flags

from deep3d.command_line import load_tensorflow, run_script

flags.DEFINE_string("model", "default", "Shipped model or path of a model file.")
flags.DEFINE_integer("seed", 9000, "Seed of the first film.")
flags.DEFINE_integer("seeds", 3, "Films.")
flags.DEFINE_integer("frames", 4, "Frames of each film, from shots of their own.")
flags.DEFINE_integer("width", 854, "Width in pixels.")
flags.DEFINE_integer("height", 480, "Height in pixels.")
flags.DEFINE_float("band", 1.0, "Width of the band around uncovered pixels in % of the width.")
flags.DEFINE_boolean("select", True, "Also the mixture of shifted pictures, which is slow.")
flags.DEFINE_string("pictures", None, "Folder for PNGs of uncovered places, one for each frame.")

MARGIN = 0.025  # of the width: beyond the frame's edge nothing can be known
DISTINCT = 24  # least difference of two colors, in steps, for bleeding to be seen
BLUR = 1.0  # pixels of the network, standard deviation
PAN = 3  # pixels
CROP = 200, 120
ENLARGED = 2


@dataclasses.dataclass(frozen=True)
class Source:
    """A disparity that is to be rendered.

    Attributes:
        name: In the table.
        right: (rows, columns) float32 of the right view, pixels at the width of the film.
        left: The same of the left view.
        probabilities: (rows, columns, levels) distribution of the right view.
        values: (levels,) disparity of each level in pixels at `levels.width`.
    """

    name: str
    right: np.ndarray
    left: np.ndarray
    probabilities: np.ndarray
    values: np.ndarray


def main(arguments):
    """Prints one row for each way."""
    del arguments
    load_tensorflow()
    from deep3d.inference import Predictor
    from deep3d.pretrained import load_model

    predictor = Predictor(*load_model(flags.FLAGS.model))
    totals = {}
    for number, frame in enumerate(_frames()):
        shown = []
        for name, view, seconds, flicker in _views(frame, predictor):
            row = (*_scores(frame, view), flicker, 1e3 * seconds)
            totals.setdefault(name, []).append(row)
            shown.append(view)
        if flags.FLAGS.pictures:
            _write_crops(frame, shown, number)
    print("| right view by | MAE | PSNR | uncovered | band | bleed | flicker | CPU ms |")
    print("|---|---|---|---|---|---|---|---|")
    for name, rows in totals.items():
        mae, psnr, hidden, band, bleed, flicker, milliseconds = _means(np.array(rows))
        print(
            f"| {name} | {mae:.2f} | {psnr:.2f} | {hidden:.2f} | {band:.2f} | {bleed:.1%} "
            f"| {'' if np.isnan(flicker) else f'{flicker:.2f}'} | {milliseconds:.0f} |"
        )


def _means(rows):
    """Means over frames, of those that have the figure."""
    known = np.isfinite(rows)
    sums = np.where(known, rows, 0).sum(axis=0)
    return np.where(known.any(axis=0), sums / np.maximum(known.sum(axis=0), 1), np.nan)


def _frames():
    from data_pipeline.synthetic import MovieConfig, movie_frames

    options = flags.FLAGS
    for seed in range(options.seeds):
        config = MovieConfig(
            seed=options.seed + seed,
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


def _areas(frame):
    """Uncovered pixels and the band around them, bool (h, w)."""
    width = frame.right.shape[1]
    margin, reach = round(MARGIN * width), round(flags.FLAGS.band / 100 * width)
    inside = np.zeros(frame.occluded_right.shape, bool)
    inside[:, margin : width - margin] = True
    hidden = frame.occluded_right & inside
    square = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    near = cv2.dilate(hidden.astype(np.uint8), square) > 0
    return hidden, near & inside & ~frame.occluded_right


def _scores(frame, view):
    from deep3d.metrics import psnr

    error = np.abs(view.astype(np.float32) - frame.right).mean(axis=-1)
    hidden, band = _areas(frame)
    return (
        error.mean(),
        psnr(frame.right, view),
        error[hidden].mean() if hidden.any() else np.nan,
        error[band].mean() if band.any() else np.nan,
        _bleeding(frame, view, hidden),
    )


def _bleeding(frame, view, hidden):
    """Share of uncovered pixels that look like the thing left of them, which uncovers them."""
    columns = np.broadcast_to(np.arange(hidden.shape[1]), hidden.shape)
    # two pixels inside it, where its outline is not mixed with what lies behind
    thing = np.maximum.accumulate(np.where(frame.occluded_right, 0, columns), axis=1) - 2
    thing = np.take_along_axis(frame.right, np.maximum(thing, 0)[..., np.newaxis], axis=1)
    truth, thing, view = (
        picture[hidden].astype(np.float32) for picture in (frame.right, thing, view)
    )
    distinct = np.abs(thing - truth).mean(axis=-1) > DISTINCT
    bleeding = np.abs(view - thing).mean(axis=-1) < np.abs(view - truth).mean(axis=-1)
    return bleeding[distinct].mean() if distinct.any() else np.nan


def _views(frame, predictor):
    from deep3d.baselines import best_shift, global_shift

    left, width = frame.left, frame.left.shape[1]
    yield "copy of the left view", left, 0.0, np.nan
    shift = best_shift([(left, frame.right)], -0.03 * width, 0.03 * width)
    yield "best shift for each frame", global_shift(left, shift), 0.0, np.nan
    for number, source in enumerate(_sources(frame, predictor)):
        for name, render in _ways(predictor.config.levels).items():
            begin = time.process_time()
            view = render(left, source)
            seconds = time.process_time() - begin
            flicker = _flicker(frame, render, source) if number == 0 else np.nan
            yield f"{source.name}, {name}", view, seconds, flicker


def _sources(frame, predictor):
    from deep3d.left_disparity import disparity_of_left

    levels, left = predictor.config.levels, frame.left
    scale = left.shape[1] / levels.width
    small = predictor.shrink(left)[np.newaxis]
    values = np.array(levels.values)
    size = small.shape[2], small.shape[1]
    truth = cv2.resize(frame.disparity_right, size, interpolation=cv2.INTER_AREA) / scale
    truth_left = cv2.resize(frame.disparity_left, size, interpolation=cv2.INTER_AREA)
    distribution = _as_distribution(truth, levels)
    yield Source("true disparity", truth * scale, truth_left, distribution, values)
    blurred, blurred_left = (cv2.GaussianBlur(d, (0, 0), BLUR) for d in (truth, truth_left))
    distribution = _as_distribution(blurred, levels)
    yield Source("blurred", blurred * scale, blurred_left, distribution, values)
    disparity, distribution = predictor.disparity(small)[0], predictor.probabilities(small)[0]
    fit = np.polyfit(disparity.ravel(), truth.ravel(), 1)
    for name, gain, offset in (("network", 1.0, 0.0), ("network, fitted", *fit)):
        of_right = np.float32(gain) * disparity + np.float32(offset)
        yield Source(
            name,
            of_right * scale,
            disparity_of_left(of_right) * scale,
            distribution,
            gain * values + offset,
        )


def _as_distribution(disparity, levels):
    """The two levels next to each disparity, by their nearness."""
    position = np.clip((disparity - levels.minimum) / levels.step, 0, levels.count - 1)
    distance = np.abs(position[..., np.newaxis] - np.arange(levels.count))
    return np.maximum(0.0, 1.0 - distance).astype(np.float32)


def _ways(levels) -> dict[str, Callable[[np.ndarray, Source], np.ndarray]]:
    from deep3d.rendering import render_select, render_warp

    def moved(left, source):
        disparity = forward_warp.enlarge(source.left, left.shape[1], left.shape[0])
        return forward_warp.forward_warp(left, disparity)

    ways = {
        "warp": lambda left, source: render_warp(left, source.right),
        "warp, not sharpened": lambda left, s: render_warp(left, s.right, sharpen=False),
        "warp, not filled": lambda left, source: render_warp(left, source.right, fill=False),
        "moved, replicate": lambda left, source: moved(left, source)[0],
        "moved, Telea": lambda left, s: forward_warp.inpaint(*moved(left, s), cv2.INPAINT_TELEA),
        "moved, Navier-Stokes": lambda left, s: forward_warp.inpaint(
            *moved(left, s), cv2.INPAINT_NS
        ),
    }
    if flags.FLAGS.select:
        ways["select"] = lambda left, source: render_select(
            left, source.probabilities, levels, source.values
        )
    return ways


def _flicker(frame, render, source):
    """Mean change around uncovered pixels of a picture that only moves, moved back."""
    width = frame.left.shape[1] - PAN
    hidden, band = (area[:, PAN:width] for area in _areas(frame))
    size = source.right.shape[::-1]
    views = []
    for first in range(PAN + 1):
        window = np.s_[:, first : first + width]
        right, left = (
            cv2.resize(np.ascontiguousarray(d[window]), size, interpolation=cv2.INTER_AREA)
            for d in (frame.disparity_right, frame.disparity_left)
        )
        panned = dataclasses.replace(source, right=right, left=left)
        view = render(np.ascontiguousarray(frame.left[window]), panned)
        views.append(view[:, PAN - first : width - first].astype(np.float32))
    changes = np.mean([np.abs(b - a) for a, b in itertools.pairwise(views)], axis=0)
    near = hidden | band
    return changes.mean(axis=-1)[near].mean() if near.any() else np.nan


def _write_crops(frame, views, number):
    """The true right view and every row of the table in order, where most is uncovered."""
    hidden, _ = _areas(frame)
    wide, high = CROP
    density = cv2.boxFilter(hidden.astype(np.float32), -1, CROP, anchor=(0, 0))
    density = density[: 1 - high, : 1 - wide]
    y, x = np.unravel_index(np.argmax(density), density.shape)
    crops = [picture[y : y + high, x : x + wide] for picture in (frame.right, *views)]
    crops += [np.zeros_like(crops[0])] * (-len(crops) % 4)
    rows = [np.hstack(crops[first : first + 4]) for first in range(0, len(crops), 4)]
    size = 4 * wide * ENLARGED, len(rows) * high * ENLARGED
    sheet = cv2.resize(np.vstack(rows), size, interpolation=cv2.INTER_NEAREST)
    path = pathlib.Path(flags.FLAGS.pictures) / f"uncovered-{number}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR)):
        raise OSError(f"{path} cannot be written")


if __name__ == "__main__":
    run_script(main, __doc__)
