"""Speed of the conversion against plain decoding and encoding of the same frames.

python benchmarks/bench_conversion.py [--video=film.mp4]

Without a film, a synthetic one of 854x480 is made first. Half side by side has the size of the
source, so both runs encode the same number of pixels.
"""

import pathlib
import tempfile
import time

from absl import flags

from deep3d.command_line import load_tensorflow, run_script
from deep3d.config import ConversionConfig

flags.DEFINE_string("video", None, "Film to convert; a synthetic one when absent.")
flags.DEFINE_float("end", None, "Second at which to end.")


def main(arguments):
    """Prints frames/s of both and their ratio."""
    del arguments
    load_tensorflow()
    from deep3d.conversion import convert
    from deep3d.inference import Predictor
    from deep3d.model import set_precision
    from deep3d.pretrained import load_model

    set_precision("auto")
    predictor = Predictor(*load_model("default"))
    config = ConversionConfig(end=flags.FLAGS.end)
    with tempfile.TemporaryDirectory() as folder:
        film = flags.FLAGS.video or _make_film(pathlib.Path(folder) / "film.mp4")
        # once for the compilation of the graph, which a film pays once
        convert(film, f"{folder}/warm.mp4", predictor, ConversionConfig(end=0.5))
        begin = time.perf_counter()
        frames = convert(film, f"{folder}/3d.mp4", predictor, config).frames
        conversion = frames / (time.perf_counter() - begin)
        begin = time.perf_counter()
        copied = _decode_and_encode(film, f"{folder}/2d.mp4", config)
        plain = copied / (time.perf_counter() - begin)
    print(f"conversion: {conversion:.1f} frames/s, plain decode and encode: {plain:.1f} frames/s")
    print(f"ratio: {conversion / plain:.2f} ({frames} frames)")


def _make_film(path):
    from data_pipeline.synthetic import MovieConfig, make_movie

    make_movie(MovieConfig(seconds=6, layout="mono", title_seconds=0.0), path)
    return path


def _decode_and_encode(source, target, config) -> int:
    from deep3d.video import VideoReader, VideoWriter

    count = 0
    with VideoReader(source, config.start, config.end) as reader:
        size = reader.width // 2 * 2, reader.height // 2 * 2
        with VideoWriter(
            target,
            *size,
            reader.frame_rate,
            reader.time_base,
            crf=config.crf,
            preset=config.preset,
            color=reader.color,
        ) as writer:
            for frame in reader:
                writer.write(frame.image[: size[1], : size[0]], frame.pts)
                count += 1
    return count


if __name__ == "__main__":
    run_script(main, __doc__)
