"""Speed of the conversion against plain decoding and encoding of the same frames.

python benchmarks/bench_conversion.py [--video=film.mp4] [--size=1920x1080] [--pairs=5] [--memory]

Without a film, a synthetic one is made first. Half side by side has the size of the source, so both
runs encode the same number of pixels, and both read, convert colors and write in the same way with
the same overlap; the plain one leaves out the third dimension alone. They alternate, so that what
else the machine does falls on both. bench_stages.py tells where the time goes.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from fractions import Fraction

import av
import cv2
from absl import flags

from data_pipeline.synthetic import MovieConfig, make_movie
from deep3d.background import in_background
from deep3d.command_line import UsageError, run_script
from deep3d.conversion import convert
from deep3d.conversion_config import ConversionConfig
from deep3d.pretrained import RUNTIMES, load_predictor
from deep3d.video import VideoReader, VideoWriter
from deep3d.video.encoding import PRESETS

flags.DEFINE_string("video", None, "Film to convert; a synthetic one when absent.")
flags.DEFINE_string("size", None, "Scales the film to this first, such as 1920x1080.")
flags.DEFINE_float("end", None, "Second of the film at which to end.")
flags.DEFINE_integer("pairs", 3, "How many times each is run, in turn; medians are printed.")
flags.DEFINE_enum("preset", "medium", PRESETS, "Of x264, for both.")
flags.DEFINE_boolean("memory", False, "Measures memory, of the film and of ten times the film.")
flags.DEFINE_enum("runtime", "auto", RUNTIMES, "What runs the network.")

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "convert_video.py"
SYNTHETIC_SECONDS = 6
LOOPS = 10


def main(arguments):
    """Prints frames/s of both and their ratio, the time to start, and memory if it is asked for."""
    if arguments:
        raise UsageError(f"Only flags are understood. Received: {arguments}.")
    options = flags.FLAGS
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        film = _film(options.video, options.size, options.end, folder)
        print(f"{os.cpu_count()} processors, {_describe(film)}, {options.pairs} pairs")
        _print_speed(film, folder, options.pairs, options.runtime)
        seconds, _ = _run_script(film, folder, "--end=0.001")
        print(f"from the command to a film of one frame: {seconds:.1f} s")
        if options.memory:
            _print_memory(film, folder)


def _print_speed(film, folder, pairs, runtime):
    predictor, config = (
        load_predictor("default", runtime),
        ConversionConfig(preset=flags.FLAGS.preset),
    )
    # Once for what a film pays once.
    convert(film, folder / "3d.mp4", predictor, ConversionConfig(end=0.5))

    def with_depth():
        return convert(film, folder / "3d.mp4", predictor, config, overwrite=True).frames

    def plain():
        return _decode_and_encode(film, folder / "2d.mp4", config)

    seconds = {with_depth: [], plain: []}
    for number in range(pairs):
        for run in (with_depth, plain) if number % 2 == 0 else (plain, with_depth):
            begin = time.perf_counter()
            frames = run()
            seconds[run].append(time.perf_counter() - begin)
    conversion, copy = (frames / statistics.median(seconds[run]) for run in (with_depth, plain))
    ratios = [a / b for a, b in zip(seconds[with_depth], seconds[plain], strict=True)]
    print(f"conversion: {conversion:.2f} frames/s, plain decode and encode: {copy:.2f} frames/s")
    print(
        f"wall time of the conversion over plain: {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f}; {frames} frames)"
    )


def _decode_and_encode(source, target, config) -> int:
    count = 0
    with (
        VideoReader(source) as reader,
        _writer_like(reader, target, reader.width, reader.height, config.preset) as writer,
        in_background((frame.image, frame.pts) for frame in reader) as frames,
    ):
        for image, pts in frames:
            writer.write(image, pts)
            count += 1
    return count


def _writer_like(reader, target, width, height, preset, crf=None):
    times = reader.frame_rate, reader.time_base
    return VideoWriter(target, width, height, *times, crf=crf, preset=preset, color=reader.color)


def _print_memory(film, folder):
    longer = folder / "longer.mp4"
    _loop(film, longer)
    for path in (film, longer):
        _, peak = _run_script(path, folder)
        print(f"peak memory of {_describe(path)}: {peak / 2**30:.2f} GiB")


def _run_script(film, folder, *options) -> tuple[float, int]:
    """Seconds that the command takes, and the most bytes that it has in memory."""
    target = f"--output={folder / 'script.mp4'}"
    command = [sys.executable, SCRIPT, film, target, "--overwrite", "--quiet", *options]
    begin = time.perf_counter()
    child = subprocess.Popen([*command, f"--runtime={flags.FLAGS.runtime}"])
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise ValueError(f"{SCRIPT} failed.")
    unit = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - begin, usage.ru_maxrss * unit


def _film(given, size, end, folder) -> pathlib.Path:
    """The film as asked for: made, cut and scaled, without sound."""
    path = given
    if given is None:
        path = folder / "synthetic.mp4"
        make_movie(MovieConfig(seconds=SYNTHETIC_SECONDS, layout="mono", title_seconds=0.0), path)
    target = folder / "film.mp4"
    with VideoReader(path, None, end) as reader:
        width, height = reader.width // 2 * 2, reader.height // 2 * 2
        if size is not None:
            width, height = map(int, size.split("x"))
        with _writer_like(reader, target, width, height, "veryfast", crf=16) as writer:
            for frame in reader:
                image = cv2.resize(frame.image, (width, height), interpolation=cv2.INTER_CUBIC)
                writer.write(image, frame.pts)
    return target


def _loop(film, target):
    """Writes a film that is `LOOPS` times as long, without encoding it anew."""
    with av.open(str(target), "w") as output:
        stream = None
        for number in range(LOOPS):
            with av.open(str(film)) as source:
                track = source.streams.video[0]
                stream = stream or output.add_stream_from_template(track)
                for packet in source.demux(track):
                    if packet.dts is None:
                        continue
                    packet.pts += number * track.duration
                    packet.dts += number * track.duration
                    packet.stream = stream
                    output.mux(packet)


def _describe(film) -> str:
    with VideoReader(film) as reader:
        seconds = float(Fraction(reader.duration_s or 0))
        return f"{reader.width}x{reader.height}, {seconds:.0f} s"


if __name__ == "__main__":
    run_script(main, __doc__)
