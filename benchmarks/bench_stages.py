"""Processor time of every stage of a conversion to half side by side.

python benchmarks/bench_stages.py --video=film.mp4 [--frames=48]

The stages run one after the other here, so that what one of them computes in threads of its own
counts for it. A conversion overlaps them, and is done when the processors have done the sum.
"""

import collections
import contextlib
import itertools
import pathlib
import tempfile
import time

import numpy as np
from absl import flags

from deep3d.command_line import UsageError, run_script
from deep3d.conversion_config import ConversionConfig
from deep3d.eye_views import measure_prediction, placer_for, render_eyes
from deep3d.frame_packer import FramePacker
from deep3d.pretrained import RUNTIMES, load_predictor
from deep3d.temporal import Stabiliser
from deep3d.video import ShotDetector, VideoReader, VideoWriter
from deep3d.video.encoding import PictureConverter
from deep3d.video.rgb_conversion import RgbConverter

flags.DEFINE_string("video", None, "Film to convert.")
flags.DEFINE_integer("frames", 48, "How many of its frames.")
flags.DEFINE_enum("runtime", "auto", RUNTIMES, "What runs the network.")

BATCH = 8
# What plain decoding and encoding has to do as well.
PLAIN = ("decode", "to RGB", "to YUV", "encode")


class StageTimes:
    """Processor seconds of stages; what is within another counts for the inner one alone."""

    def __init__(self):
        self.seconds = collections.Counter()
        self._stages, self._since = ["other"], time.process_time()

    @contextlib.contextmanager
    def stage(self, name: str):
        """Counts what is done meanwhile for a stage."""
        self._charge()
        self._stages.append(name)
        try:
            yield
        finally:
            self._charge()
            self._stages.pop()

    def around(self, owner: type, method: str, name: str):
        """Counts a method of a class for a stage from now on."""
        original = getattr(owner, method)

        def timed(*arguments, **options):
            with self.stage(name):
                return original(*arguments, **options)

        setattr(owner, method, timed)

    def _charge(self):
        now = time.process_time()
        self.seconds[self._stages[-1]] += now - self._since
        self._since = now


def main(arguments):
    """Prints milliseconds per frame."""
    options = flags.FLAGS
    if arguments or not options.video:
        raise UsageError("Give --video=FILM and flags alone.")
    predictor, times = load_predictor("default", options.runtime), StageTimes()
    with VideoReader(options.video) as reader, tempfile.TemporaryDirectory() as folder:
        for frame in itertools.islice(reader, 1):  # what a film pays once
            predictor.disparity(np.stack([predictor.shrink(frame.image)] * BATCH))
        times.around(RgbConverter, "__call__", "to RGB")
        times.around(PictureConverter, "__call__", "to YUV")
        frames = itertools.islice(reader, options.frames)
        count = _convert(reader, frames, predictor, pathlib.Path(folder) / "3d.mp4", times)
    total = sum(times.seconds.values())
    for name, seconds in times.seconds.items():
        print(f"{name:12s} {1000 * seconds / count:8.1f} ms {seconds / total:6.1%}")
    plain = sum(times.seconds[name] for name in PLAIN)
    print(f"{'sum':12s} {1000 * total / count:8.1f} ms; {total / plain:.2f} of what plain takes")


def _convert(reader, frames, predictor, target, times) -> int:
    config, levels, stage = ConversionConfig(), predictor.config.levels, times.stage
    packer = FramePacker(reader.width, reader.height, config)
    detector, stabiliser = ShotDetector(), Stabiliser(config.steadiness)
    placer, waiting, count = placer_for(levels, config), collections.deque(), 0
    rate = reader.frame_rate, reader.time_base
    writer = VideoWriter(target, packer.width, packer.height, *rate, color=reader.color)

    def finish(placements):
        for placement in placements:
            frame, disparity = waiting.popleft()
            with stage("render"):
                depth = disparity, levels, placement, config
                views = render_eyes(frame.image, *depth, predictor.render_warp)
            with stage("pack"):
                packed = packer.pack(*views)
            with stage("encode"):
                writer.write(packed, frame.pts)

    while batch := _taken(frames, stage):
        with stage("shrink"):
            small = np.stack([predictor.shrink(frame.image) for frame in batch])
        with stage("network"):
            predictions = predictor.disparity(small)
        for frame, picture, disparity in zip(batch, small, predictions, strict=True):
            with stage("shots"):
                cut = detector.update(picture)
            with stage("stabilise"):
                disparity = stabiliser.update(picture, disparity, cut)
            waiting.append((frame, disparity))
            with stage("place"):
                measured = measure_prediction(disparity, levels)
                placements = placer.push(measured, float(frame.time), cut)
            finish(placements)
            count += 1
    finish(placer.finish())
    with stage("encode"):
        writer.close()
    return count


def _taken(frames, stage):
    with stage("decode"):
        return list(itertools.islice(frames, BATCH))


if __name__ == "__main__":
    run_script(main, __doc__)
