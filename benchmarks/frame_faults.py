"""Confusion tables of what is found wrong with frames: subtitles, fades and flashes, no parallax.

python benchmarks/frame_faults.py --shared=../shared [--fonts=FOLDER] [--shots=60] [--half=1]

Subtitles are drawn over photographs, real pairs and drawn scenes, which are packed and compressed;
half 0 of the photographs was used to calibrate, half 1 was not. Without --fonts only Pillow's own
font is used.
"""

import argparse
import collections
import pathlib
import time

import cv2
import numpy as np
from flat_pairs import FLAT_KINDS, PARALLAX_KINDS, flat_pair, parallax_pair
from labelled_shots import (
    compressed,
    drawn_shot,
    letterboxed,
    pair_shot,
    photo_paths,
    photo_shot,
    read_image,
)
from lit_shots import LIT_KINDS, lit_shot
from subtitle_drawing import burn_in, draw_subtitle, find_fonts

from data_pipeline.decisions.burnt_in_text import find_subtitles
from data_pipeline.decisions.light import LightWatch
from data_pipeline.decisions.quality import QualityLimits, glance_at, measure_pair

SAMPLES = 3
BRIGHT = 120  # mean gray level of a ground on which white needs an outline
HEIGHTS = (480, 540, 720, 1080)


class Table:
    """Counts of what was decided for what was there, and the time it took."""

    def __init__(self, title: str):
        self._title, self._counts, self._seconds = title, {}, 0.0

    def timed(self, function, *arguments):
        """Calls the function and remembers the CPU time."""
        start = time.process_time()
        result = function(*arguments)
        self._seconds += time.process_time() - start
        return result

    def add(self, truth: str, decision: str, count: int = 1) -> None:
        """Counts a decision."""
        self._counts.setdefault(truth, collections.Counter())[decision] += count

    def print(self, unit: str = "", units: int = 0) -> None:
        """Prints a row per truth, and the CPU time per unit if there are any."""
        cost = f"  ({1e3 * self._seconds / units:.2f} ms per {unit})" if units else ""
        print(f"\n{self._title}{cost}")
        for truth, row in self._counts.items():
            decided = ", ".join(f"{name or 'nothing'} {n}" for name, n in row.most_common())
            print(f"  {truth:28s} {decided}")


def subtitle_table(shared: pathlib.Path, fonts, shots: int, half: int) -> None:
    """Subtitled and plain shots by turns."""
    table, styles = Table("subtitles"), Table("found by style and script")
    photos, samples = photo_paths(shared)[half::2], 0
    stereo = [path for path in sorted((shared / "stereo").iterdir()) if path.is_dir()][half::2]
    for seed in range(shots):
        rng = np.random.default_rng([seed, half, 21])
        pairs = _background(rng, seed, photos, stereo)
        height, width = pairs[0][0].shape[:2]
        bars = 2 * int(height * rng.uniform(0.05, 0.13) / 2) if rng.random() < 0.2 else 0
        pairs, subtitle = letterboxed(pairs, bars), None
        if seed % 2:
            subtitle = _legible(rng, pairs, fonts, bars)
            disparity = int(width * rng.uniform(-0.01, 0.03)) * (rng.random() < 0.7)
            shifts = disparity // 2, disparity // 2 - disparity
            pairs = [
                tuple(burn_in(v, subtitle, s) for v, s in zip(pair, shifts, strict=True))
                for pair in pairs
            ]
        layout = str(rng.choice(("half_sbs", "full_sbs", "half_tab"), p=(0.6, 0.25, 0.15)))
        pairs = compressed(pairs, int(rng.integers(18, 33)), layout, gap=2)
        samples += len(pairs)
        for band in table.timed(find_subtitles, pairs):
            table.add("subtitle" if subtitle else "none", "found" if band else "")
            if subtitle:
                styles.add(subtitle.style, "found" if band else "")
                styles.add(subtitle.script, "found" if band else "")
    table.print("sample", samples)
    styles.print()


def light_table(shared: pathlib.Path, shots: int, half: int) -> None:
    """Every sixth frame of made-up changes of light is judged."""
    table, frames = Table("light"), 0
    photos = photo_paths(shared)[half::2]
    for seed in range(shots):
        for kind in LIT_KINDS:
            rng = np.random.default_rng([seed, half, 22])
            pictures = [read_image(photos[rng.integers(len(photos))]) for _ in range(2)]
            images, truth = lit_shot(rng, kind, *pictures)
            frames += len(images)
            for number, reason in table.timed(_judge, images).items():
                if truth[number] is not None:
                    table.add(f"{kind}: {truth[number] or 'nothing'}", reason)
    table.print("frame", frames)


def parallax_table(shared: pathlib.Path, shots: int, half: int) -> None:
    """Pairs of one disparity, and pairs of little more."""
    table, pairs = Table("parallax"), 0
    for seed in range(shots):
        for kind in (*FLAT_KINDS, *PARALLAX_KINDS):
            make = flat_pair if kind in FLAT_KINDS else parallax_pair
            pair = make(np.random.default_rng([seed, half, 23]), kind, shared, half)
            reason = glance_at(*pair, QualityLimits()).reason
            table.add(kind, reason or table.timed(measure_pair, *pair, QualityLimits()).reason)
            pairs += 1
    table.print("pair", pairs)


def _legible(rng, pairs, fonts, bars):
    """A subtitle; white letters on a bright ground have an outline."""
    height, width = pairs[0][0].shape[:2]
    subtitle = draw_subtitle(rng, height, width, fonts, bars)
    rows, columns = slice(subtitle.top, subtitle.bottom), slice(subtitle.left, subtitle.right)
    ground = np.mean([pair[0][rows, columns].mean() for pair in pairs])
    if subtitle.style in ("plain", "shadow") and ground > BRIGHT:
        return draw_subtitle(rng, height, width, fonts, bars, "outline")
    return subtitle


def _background(rng, seed, photos, stereo):
    height = int(rng.choice(HEIGHTS, p=(0.3, 0.25, 0.3, 0.15)))
    width = round(height * 16 / 9 / 2) * 2
    choice = rng.random()
    if choice < 0.8:
        return photo_shot(rng, photos[rng.integers(len(photos))], height, width, SAMPLES)
    if choice < 0.95:
        folder = stereo[rng.integers(len(stereo))]
        views = (read_image(next(folder.glob(f"{eye}.*"))) for eye in ("left", "right"))
        return pair_shot(rng, *views, height, width, SAMPLES)
    return drawn_shot(seed, 480, 854, SAMPLES)


def _judge(images) -> dict[int, str]:
    light, reasons = LightWatch(), {}
    for number, image in enumerate(images):
        light.update(image)
        if number % 6 == 0:
            light.watch(number)
        reasons.update(light.settled())
    reasons.update(light.flush())
    return reasons


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=pathlib.Path, required=True)
    parser.add_argument("--fonts", nargs="*", default=["/usr/share/fonts"])
    parser.add_argument("--shots", type=int, default=60)
    parser.add_argument("--half", type=int, default=1, choices=(0, 1))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    subtitle_table(options.shared, find_fonts(options.fonts), options.shots, options.half)
    light_table(options.shared, max(1, options.shots // 10), options.half)
    parallax_table(options.shared, max(1, options.shots // 5), options.half)


if __name__ == "__main__":
    _main()
