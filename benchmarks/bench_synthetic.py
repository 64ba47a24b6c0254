"""Speed of the synthetic scenes: stereo frames with truth per second on one core.

python benchmarks/bench_synthetic.py [--width=432 --height=180 --shots=12 --photos=FOLDER]

Then that of training pictures with their disparity, composing included: of all kinds of scenes,
and with photographs also of still lifes; as packs hold them and at 384x160. Scenes share drawings
(drawings.py), so that the first few dozen are slower than those that follow.
"""

import argparse
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
    parser.add_argument("--scenes", type=int, default=128)
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
    sources = {"made-up scenes": None}
    if options.photos:
        sources["still lifes"] = SurfacePhotos(options.photos)
    for name, photos in sources.items():
        for size in ({}, {"width": 384, "aspects": (2.4,)}):
            start = time.process_time()
            count = sum(1 for _ in synthetic_examples(0, options.scenes, photos, **size))
            rate = count / (time.process_time() - start)
            shape = "384x160" if size else f"{WIDTH} wide"
            sys.stdout.write(f"training pictures, {name} {shape}: {rate:.1f} a second\n")


if __name__ == "__main__":
    main()
