"""Errors of what is measured between the two eyes, on a corpus whose truth is known.

python benchmarks/eye_alignment.py [--part=misalignment|color|time] [--pairs=FOLDER] [--seed=0]
    [--cases=24] [--films=4]

The corpus is made up of synthetic scenes, whose eyes are aligned exactly, and of the rectified
pairs of FOLDER (left and right in a folder each), against what is measured before they are
disturbed. The right view is turned, zoomed and shifted at full size, recolored, packed, encoded
and decoded again.
"""

import argparse
import dataclasses
import pathlib
import sys
import tempfile
import time
from fractions import Fraction

import cv2
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from data_pipeline.decisions.color_difference import ColorLimits, measure_color_difference
from data_pipeline.decisions.misalignment import Misalignment, measure_misalignment
from data_pipeline.decisions.time_offset import MAX_LAG, TimeOffset, combine
from data_pipeline.scenes.film import MovieConfig, movie_frames
from data_pipeline.scenes.render import render_stereo
from data_pipeline.scenes.shot_design import random_scene
from deep3d.stereo_matching import match_stereo
from deep3d.video import ShotDetector, VideoReader, VideoWriter, pack, packed_size, unpack

SIZES = ((854, 480), (1280, 720), (1920, 1080), (3840, 2160))
LAYOUTS = ("half_sbs", "full_sbs", "half_tab", "full_tab")
MARGIN = 0.08  # by which pictures are larger than their views, so that no border comes in


@dataclasses.dataclass(frozen=True)
class Disturbance:
    """What is done to the right view, and to both by packing."""

    offset_px: float
    rotation_deg: float
    zoom: float
    crf: float
    layout: str
    recolored: bool


def random_disturbance(rng: np.random.Generator, only_offset: bool) -> Disturbance:
    """Offsets of 1-8 px to either side; turned up to 1 degree and zoomed up to 2 % if wanted."""
    return Disturbance(
        float(rng.uniform(1, 8) * rng.choice((-1, 1))),
        0.0 if only_offset else float(rng.uniform(-1, 1)),
        1.0 if only_offset else float(np.exp(rng.uniform(-0.02, 0.02))),
        float(rng.uniform(18, 32)),
        str(rng.choice(LAYOUTS)),
        bool(rng.random() < 0.5),
    )


def disturbed(left, right, size, change: Disturbance) -> tuple[np.ndarray, np.ndarray]:
    """The middle of both views, `size` large, the right one changed."""
    width, height = size
    rows, columns = left.shape[:2]
    top, first = (rows - height) // 2, (columns - width) // 2
    middle = ((columns - 1) / 2, (rows - 1) / 2)
    if (change.offset_px, change.rotation_deg, change.zoom) != (0.0, 0.0, 1.0):
        # OpenCV turns counterclockwise, and about the middle of the view, not of the picture.
        middle = (first + (width - 1) / 2, top + (height - 1) / 2)
        matrix = cv2.getRotationMatrix2D(middle, -change.rotation_deg, change.zoom)
        matrix[1, 2] += change.offset_px
        right = cv2.warpAffine(
            right, matrix, (columns, rows), flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT
        )
    if change.recolored:
        colors = (right / 255.0) ** (0.9, 1.0, 1.1) * 0.85 + 0.03
        right = np.clip(255 * colors, 0, 255).astype(np.uint8)
    here = np.s_[top : top + height, first : first + width]
    return np.ascontiguousarray(left[here]), np.ascontiguousarray(right[here])


def through_codec(pairs, change: Disturbance) -> list[tuple[np.ndarray, np.ndarray]]:
    """The pairs as a film shows them: packed, encoded, decoded and unpacked."""
    height, width = pairs[0][0].shape[:2]
    rate = Fraction(24)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "film.mp4"
        writer = VideoWriter(
            path,
            *packed_size(width, height, change.layout),
            rate,
            1 / rate,
            crf=change.crf,
            preset="veryfast",
        )
        with writer:
            for number, pair in enumerate(pairs):
                writer.write(pack(*pair, change.layout), number)
        with VideoReader(path) as reader:
            return [unpack(frame.image, change.layout, stretch=True) for frame in reader]


def synthetic_pairs(seed: int, size: tuple[int, int], moments: int) -> list:
    """Moments of a shot, larger than `size` by the margin."""
    width, height = (round(side * (1 + MARGIN)) for side in size)
    scene = random_scene(np.random.default_rng([seed, 77]), aspect=width / height)
    frames = (
        render_stereo(scene, scene.path.at(0.5 * k), width, height, 0.5 * k) for k in range(moments)
    )
    return [(frame.left, frame.right) for frame in frames]


def real_pairs(folder: str) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Name, left and right view of every pair of the folder."""
    pairs = []
    for one in sorted(pathlib.Path(folder).iterdir()):
        views = [
            cv2.imread(str(path)) for eye in ("left", "right") for path in one.glob(eye + ".*")
        ]
        if len(views) == 2:
            pairs.append((one.name, *(view[..., ::-1].copy() for view in views)))
    return pairs


def misalignment_cases(options):
    """Yields a name, the pairs, the truth in the terms of Misalignment, and the disturbance."""
    rng = np.random.default_rng([options.seed, 1])
    for case in range(options.cases):
        size, change = SIZES[case % len(SIZES)], random_disturbance(rng, case % 2 == 0)
        pairs = synthetic_pairs(1000 * options.seed + case, size, 3)
        pairs = [disturbed(*pair, size, change) for pair in pairs]
        yield f"synthetic {size[1]}", pairs, _truth(change, size[1], Misalignment()), change
    for name, left, right in real_pairs(options.pairs) if options.pairs else ():
        height, width = (round(side / (1 + MARGIN)) // 2 * 2 for side in left.shape[:2])
        still = dataclasses.replace(random_disturbance(rng, True), offset_px=0.0, recolored=False)
        before = measure_misalignment([disturbed(left, right, (width, height), still)])
        for only_offset in (True, False):
            change = random_disturbance(rng, only_offset)
            pairs = [disturbed(left, right, (width, height), change)]
            yield name, pairs, _truth(change, height, before), change


def _truth(change: Disturbance, height: int, before: Misalignment) -> Misalignment:
    """The change after what was there before, to first order."""
    return Misalignment(
        100 * change.offset_px / height + before.vertical_offset,
        change.rotation_deg + before.rotation_deg,
        change.zoom * before.zoom,
    )


def compare_misalignment(options) -> None:
    """Prints each case and the spread of the errors."""
    _print("case              crf layout    true px  error px  error deg  error zoom % points  ms")
    errors = []
    for name, pairs, truth, change in misalignment_cases(options):
        pairs = through_codec(pairs, change)
        start = time.process_time()
        found = measure_misalignment(pairs)
        spent = time.process_time() - start
        height = pairs[0][0].shape[0]
        error = np.array(
            [
                (found.vertical_offset - truth.vertical_offset) * height / 100,
                found.rotation_deg - truth.rotation_deg,
                100 * (found.zoom - truth.zoom),
            ]
        )
        if found.points:
            errors.append(error)
        _print(
            f"{name:18}{change.crf:4.0f} {change.layout:9}{change.offset_px:8.2f}"
            + (
                "{:10.2f}{:10.3f}{:12.3f}".format(*error)
                if found.points
                else f"{'not measured':32}"
            )
            + f"{found.points:8}{1000 * spent:6.0f}  residual {found.residual:.3f}"
        )
    errors = np.abs(errors)
    _print("median {:.3f} px {:.3f} deg {:.3f} %".format(*np.median(errors, axis=0)))
    _print("worst  {:.3f} px {:.3f} deg {:.3f} %".format(*errors.max(axis=0)))
    _print(f"within 0.3 px: {(errors[:, 0] <= 0.3).sum()} of {len(errors)} measured")


def compare_color(options) -> None:
    """Prints what is found where a pair is recolored or softened by a known amount."""
    _print("case              change             red green  blue  contrast sharpness  refused")
    pairs = [(f"synthetic {seed}", *synthetic_pairs(seed, (288, 162), 1)[0]) for seed in range(6)]
    for name, *views in pairs + (real_pairs(options.pairs) if options.pairs else []):
        height = round(views[0].shape[0] * 288 / views[0].shape[1])
        left, right = (cv2.resize(v, (288, height), interpolation=cv2.INTER_AREA) for v in views)
        changes = {
            "none": right,
            "12 brighter": cv2.add(right, (12, 12, 12, 0)),
            "30 redder": cv2.add(right, (30, 0, 0, 0)),
            "contrast 0.6": np.rint(right * 0.6 + 0.4 * right.mean()).astype(np.uint8),
            "blurred by 2 px": cv2.GaussianBlur(right, (0, 0), 2.0),
        }
        for label, other in changes.items():
            found = measure_color_difference(left, other, match_stereo(left, other, -29, 29))
            _print(
                f"{name:18}{label:16}"
                + "".join(f"{value:6.1f}" for value in found.mean)
                + f"{found.contrast:10.2f}{found.sharpness:10.2f}"
                + ("  refused" if found.is_refused(ColorLimits()) else "")
            )


def compare_time(options) -> None:
    """Prints, for synthetic films whose right eye is late, how many shots are decided rightly."""
    _print("film  true  movie  shots right unsure wrong  ms per frame")
    rng = np.random.default_rng(options.seed)
    for number in range(options.films):
        config = MovieConfig(
            seed=100 * options.seed + number, seconds=8, width=256, height=144, bars="none"
        )
        eyes = np.array(
            [
                [
                    cv2.resize(view, (64, 36), interpolation=cv2.INTER_AREA)
                    for view in (frame.left, frame.right)
                ]
                for frame, _, _ in movie_frames(config)
            ]
        )
        grain = rng.normal(0, 0.5, eyes.shape)
        for late in (0, 1, -2, 3):
            inner = np.arange(MAX_LAG, len(eyes) - MAX_LAG)
            film = np.stack((eyes[inner, 0], eyes[inner - late, 1]), axis=1) + grain[inner]
            decisions, cost = _time_decisions(np.clip(film, 0, 255).astype(np.uint8))
            shots = [decision.frames for decision in decisions]
            right, unsure = shots.count(late), shots.count(None)
            _print(
                f"{number:4}{late:6}{combine(decisions).frames!s:>7}{right:12}{unsure:7}"
                f"{len(shots) - right - unsure:6}{1000 * cost:14.2f}"
            )


def _time_decisions(film: np.ndarray) -> tuple[list, float]:
    """The decision of every shot, cut where the packed frames cut, and seconds per frame."""
    detector, watch, decisions = ShotDetector(), TimeOffset(), []
    spent = 0.0
    for number, (left, right) in enumerate(film):
        if detector.update(np.hstack((left, right))) and number:
            decisions.append(watch.decide())
            watch.reset()
        start = time.process_time()
        watch.update(left, right)
        spent += time.process_time() - start
    return [*decisions, watch.decide()], spent / len(film)


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


_PARTS = {"misalignment": compare_misalignment, "color": compare_color, "time": compare_time}


def main():
    """Prints the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=tuple(_PARTS), default="misalignment")
    parser.add_argument("--pairs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cases", type=int, default=24)
    parser.add_argument("--films", type=int, default=4)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    _PARTS[options.part](options)


if __name__ == "__main__":
    main()
