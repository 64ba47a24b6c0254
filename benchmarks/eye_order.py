"""How well exchanged eyes are recognized, and the weights by which they are.

python benchmarks/eye_order.py --calibrate --films=110 --rendered=FOLDER --depth=FOLDER
python benchmarks/eye_order.py --films=60 --first_seed=700000 --pairs=FOLDER --folders=FOLDER

FOLDER of --rendered and --folders holds left/ and right/ with one picture per pair, of --depth an
index as data_pipeline.depth_sources.rgbd reads it, whose right views are made, and of --pairs one
folder for each pair. Every shot is seen in both orders of the eyes, after x264 at a random crf of
18..32. Of real pairs there is the whole as a shot of one sample, and three in which a window pans
over it, their zero parallax in the middle and 2 % of the width before and behind it: views of one
pair, no independent ones.
"""

import collections
import dataclasses
import pathlib
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np
from absl import flags
from forward_warp import forward_warp

from data_pipeline.decisions import eye_order
from data_pipeline.decisions.eye_order import EyeOrderCues, decide_eye_order, measure_eye_order
from data_pipeline.decisions.quality import QualityLimits
from data_pipeline.depth_sources.rgbd import rgbd_examples
from data_pipeline.scenes.render import render_stereo
from data_pipeline.scenes.shot_design import random_scene
from deep3d.command_line import UsageError, run_script
from deep3d.image_file import IMAGE_SUFFIXES, read_image
from deep3d.stereo_matching import disparity_percentiles, match_both_views
from deep3d.video import VideoReader, VideoWriter, pack, packed_size, unpack

flags.DEFINE_bool("calibrate", False, "Fit the weights; otherwise print what comes of them.")
flags.DEFINE_integer("films", 0, "Number of synthetic shots.")
flags.DEFINE_integer("first_seed", 200000, "Seed of the first synthetic shot.")
flags.DEFINE_multi_string("rendered", [], "Folder of rendered pairs.")
flags.DEFINE_multi_string("folders", [], "Folder of real pairs of one camera.")
flags.DEFINE_string("depth", None, "Folder of photographs with depth.")
flags.DEFINE_string("pairs", None, "Folder of real pairs.")

FILM_WIDTH = 576
ASPECTS = (1.33, 1.78, 1.85, 2.35)
MOMENTS = (0.0, 1.0, 2.0)  # seconds
FIELDS = [field.name for field in dataclasses.fields(EyeOrderCues)]
CUES = ("half_occlusions", "vertical", "structure")
# Independent of each other; what is fitted together bears on one question.
WITNESSES = {"half_occlusions": ("color", "contour"), "network": ("vertical", "structure")}
PROBABILITIES = (0.5, 0.75, 0.8, 0.85, 0.9, 0.95)


@dataclasses.dataclass(frozen=True)
class Shot:
    """Pairs that belong together, their eyes in the right order."""

    kind: str
    scene: str
    pairs: list[tuple[np.ndarray, np.ndarray]]


def main(arguments):
    """Measures all shots in both orders; prints the weights or the tables."""
    if arguments or not (shots := list(_shots(flags.FLAGS))):
        raise UsageError("Material must be given, and nothing but flags.")
    begin, samples = time.process_time(), 0
    measured = []
    for number, shot in enumerate(shots):
        pairs = _coded(shot.pairs, int(np.random.default_rng(number).integers(18, 33)))
        for swapped in (False, True):
            cues = [_measured(*(pair[::-1] if swapped else pair)) for pair in pairs]
            measured.append((shot, swapped, cues))
            samples += len(cues)
    seconds = (time.process_time() - begin) / samples
    print(f"{samples} samples, {1000 * seconds:.0f} ms each with matching and coding\n")
    (_print_weights if flags.FLAGS.calibrate else _print_tables)(measured)


def _shots(options) -> Iterator[Shot]:
    moments = MOMENTS[:1] if options.calibrate else MOMENTS
    for seed in range(options.first_seed, options.first_seed + options.films):
        rng = np.random.default_rng([seed, 77])
        aspect = float(rng.choice(ASPECTS))
        scene = random_scene(rng, None, 3.0, aspect)
        size = FILM_WIDTH, round(FILM_WIDTH / aspect)
        frames = (render_stereo(scene, scene.path.at(time), *size, time) for time in moments)
        yield Shot("film", str(seed), [(frame.left, frame.right) for frame in frames])
    for kind, folders in (("rendered", options.rendered), ("folder", options.folders)):
        for path in (path for folder in folders for path in _images(folder)):
            pair = read_image(path), read_image(path.parents[1] / "right" / path.name)
            yield Shot(kind, str(path), [_moved(*map(_middle, pair), 0.0)])
    if options.depth:
        for number, example in enumerate(rgbd_examples(options.depth)):
            yield Shot("depth", example.group, [_warped(example, np.random.default_rng(number))])
    if options.pairs:
        for folder in sorted(pathlib.Path(options.pairs).iterdir()):
            if folder.is_dir():
                yield from _panned(folder)


def _images(folder) -> list[pathlib.Path]:
    paths = sorted((pathlib.Path(folder) / "left").iterdir())
    return [path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES]


def _middle(view):
    """A window no wider than films are."""
    height, width = view.shape[:2]
    wide = min(width, round(2.35 * height))
    return view[:, (width - wide) // 2 :][:, :wide]


def _moved(left, right, zero: float):
    """The pair with the middle of its disparities at zero, as a share of the width."""
    low, high = disparity_percentiles(left, right, limit=0.15)
    width = left.shape[1]
    shift = round(zero * width - 0.5 * (low + high)) if np.isfinite(low) else 0
    first, last = max(0, -shift), min(width, width - shift)
    return left[:, first:last], right[:, first + shift : last + shift]


def _warped(example, rng):
    """A photograph and the right view that its depth makes, with parallax as in films."""
    low, high = np.percentile(example.disparity[example.weight > 0], (5, 95))
    width = example.left.shape[1]
    scale = rng.uniform(0.01, 0.04) * width / max(high - low, 1e-6)
    zero = 0.5 * (low + high) + rng.uniform(-0.01, 0.01) * width / scale
    disparity = np.clip(scale * (example.disparity - zero), -0.08 * width, 0.08 * width)
    return example.left, forward_warp(example.left, disparity.astype(np.float32))[0]


def _panned(folder: pathlib.Path) -> Iterator[Shot]:
    left, right = (read_image(next(folder.glob(f"{side}.*"))) for side in ("left", "right"))
    low, high = disparity_percentiles(left, right, limit=0.15)
    yield Shot("pair", folder.name, [_moved(left, right, 0.0)])
    width = round(0.8 * left.shape[1])
    if high - low > 2 * (QualityLimits().matching_limit - 0.02) * width:
        return  # more than the search reaches
    for zero in (0.0, 0.02, -0.02):
        moved = _moved(left, right, zero)
        starts = np.linspace(0, max(0, moved[0].shape[1] - width), 3).astype(int)
        rows = slice(0, round(0.75 * width))
        windows = [tuple(view[rows, start : start + width] for view in moved) for start in starts]
        yield Shot("pair, panned", folder.name, windows)


def _coded(pairs, crf: int):
    """The pairs after x264, side by side at half width."""
    height, width = (4 * (side // 4) for side in pairs[0][0].shape[:2])
    packed_width, packed_height = packed_size(width, height, "half_sbs")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "shot.mkv"
        rate = Fraction(24)
        with VideoWriter(path, packed_width, packed_height, rate, 1 / rate, crf=crf) as writer:
            for number, pair in enumerate(pairs):
                views = (np.ascontiguousarray(view[:height, :width]) for view in pair)
                writer.write(pack(*views, "half_sbs"), number)
        with VideoReader(path) as reader:
            return [unpack(frame.image, "half_sbs", stretch=True) for frame in reader]


def _measured(left, right) -> EyeOrderCues:
    limits = QualityLimits()
    width = limits.matching_width
    size = width, round(left.shape[0] * width / left.shape[1])
    left, right = (cv2.resize(view, size, interpolation=cv2.INTER_AREA) for view in (left, right))
    reach = round(limits.matching_limit * width)
    return measure_eye_order(left, right, *match_both_views(left, right, -reach, reach))


def _print_weights(measured):
    """Logistic regression of each witness, all kinds of material counting alike."""
    rows, weights = [], []
    kinds = collections.Counter(shot.kind for shot, _, cues in measured for _ in cues)
    for shot, swapped, cues in measured:
        for one in cues:
            values = np.nan_to_num([getattr(one, name) for name in FIELDS])
            rows.append(-values if swapped else values)
            weights.append(1 / kinds[shot.kind] / len(kinds))
    rows, weights = np.array(rows), np.array(weights)
    for witness, names in WITNESSES.items():
        fitted = _logistic(rows[:, [FIELDS.index(name) for name in names]], weights)
        print(witness, dict(zip(names, fitted.round(2).tolist(), strict=True)))
    print("\nWith the weights in the code:")
    _print_tables(measured)
    wrong = [
        max(order.probability, 1 - order.probability)
        for order, swapped in ((decide_eye_order(cues), swapped) for _, swapped, cues in measured)
        if (order.probability > 0.5) != swapped
    ]
    print(f"highest probability of a wrong opinion: {max(wrong, default=0.5):.3f}")


def _logistic(rows, weights, ridge: float = 5e-4):
    """Weights w of log odds `rows @ w`, where every row is a case of "yes"; by Newton's method."""
    result = np.zeros(rows.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-rows @ result))
        slope = rows.T @ (weights * (1 - chance)) - ridge * result
        curvature = (rows * (weights * chance * (1 - chance))[:, None]).T @ rows
        result += np.linalg.solve(curvature + ridge * np.eye(len(result)), slope)
    return result


def _print_tables(measured):
    print("| material | shots | right | unsure | wrong | " + " | ".join(CUES) + " |")
    print("|---" * (5 + len(CUES)) + "|")
    for kind in dict.fromkeys(shot.kind for shot, _, _ in measured):
        chosen = [row for row in measured if row[0].kind == kind]
        orders = [(decide_eye_order(cues), swapped) for _, swapped, cues in chosen]
        right = np.mean([order.swapped is swapped for order, swapped in orders])
        unsure = np.mean([order.swapped is None for order, _ in orders])
        wrong = np.mean([order.swapped is (not swapped) for order, swapped in orders])
        alone = " | ".join(
            f"{np.mean([(order.cues[cue] > 0) == swapped for order, swapped in orders]):.1%}"
            for cue in CUES
        )
        print(f"| {kind} | {len(orders)} | {right:.1%} | {unsure:.1%} | {wrong:.1%} | {alone} |")
    print(f"\nverdicts beyond {eye_order.VERDICT}; each cue alone: share with the right sign\n")
    print("| a verdict beyond | right | wrong |\n|---|---|---|")
    sure = np.array(
        [
            order.probability if swapped else 1 - order.probability
            for order, swapped in (
                (decide_eye_order(cues), swapped) for _, swapped, cues in measured
            )
        ]
    )
    for limit in PROBABILITIES:
        print(f"| {limit} | {np.mean(sure > limit):.1%} | {np.mean(sure < 1 - limit):.1%} |")
    for shot, swapped, cues in measured:
        order = decide_eye_order(cues)
        if order.swapped is (not swapped):
            print(f"wrong: {shot.kind} {shot.scene}, swapped {swapped}: {order}")


if __name__ == "__main__":
    run_script(main, __doc__)
