"""Speed of the synthetic scenes: stereo frames with truth per second on one core.

python benchmarks/bench_synthetic.py [--width=432 --height=180 --shots=12 --photos=FOLDER]

Then that of training pictures with their disparity, composing included, by `--processes` side by
side: of all kinds of scenes, and with photographs also of still lifes; as packs hold them and at
384x160. Scenes share drawings (drawings.py), so that the first 128 take half as long again as those
that follow; every measurement begins without any.
"""

import argparse
import concurrent.futures
import multiprocessing
import pathlib
import sys
import time

import cv2
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from data_pipeline.scenes.render import render_stereo
from data_pipeline.scenes.shot_design import KINDS, random_scene
from data_pipeline.scenes.surface_photos import SurfacePhotos
from data_pipeline.scenes.synthetic_stills import WIDTH, synthetic_examples


def main():
    """Prints, for each kind of scene, milliseconds of processor time per shot and per frame."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=432)
    parser.add_argument("--height", type=int, default=180)
    parser.add_argument("--shots", type=int, default=12)
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--photos")
    parser.add_argument("--scenes", type=int, default=512, help="of each process")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    random_scene(np.random.default_rng(0))  # fills the pool of noise
    for kind in KINDS:
        composing = rendering = 0.0
        for seed in range(options.shots):
            start = time.process_time()
            scene = random_scene(
                np.random.default_rng(seed), kind, aspect=options.width / options.height
            )
            composing += time.process_time() - start
            start = time.process_time()
            for number in range(options.frames):
                moment = number / 24
                render_stereo(scene, scene.path.at(moment), options.width, options.height, moment)
            rendering += time.process_time() - start
        frame = rendering / (options.shots * options.frames)
        sys.stdout.write(
            f"{kind:9} {options.width}x{options.height}: {1 / frame:5.1f} stereo frames/s "
            f"({1000 * frame:.0f} ms), "
            f"{1000 * composing / options.shots:.0f} ms to compose a shot\n"
        )
    for name, photos in {"made-up scenes": None, "still lifes": options.photos}.items():
        if name == "still lifes" and not photos:
            continue
        for size in ({}, {"width": 384, "aspects": (2.4,)}):
            rate = _pictures_a_second(options.processes, options.scenes, photos, size)
            shape = "384x160" if size else f"{WIDTH} wide"
            sys.stdout.write(
                f"training pictures, {options.processes} processes, {name} {shape}: "
                f"{rate:.1f} a second\n"
            )


def _pictures_a_second(processes: int, scenes: int, photos, size: dict) -> float:
    """The sum over new processes, each with scenes of its own."""
    fresh = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(processes, fresh) as pool:
        firsts = range(0, 1000 * processes, 1000)
        rates = [pool.submit(_rate, first, scenes, photos, size) for first in firsts]
        return sum(rate.result() for rate in rates)


def _rate(first_seed: int, scenes: int, photos, size: dict) -> float:
    cv2.setNumThreads(1)
    surfaces = photos and SurfacePhotos(photos)
    random_scene(np.random.default_rng(0))  # fills the pool of noise
    start = time.perf_counter()
    count = sum(1 for _ in synthetic_examples(first_seed, scenes, surfaces, **size))
    return count / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
