"""Kills a conversion again and again, lets it go on, and compares with one that was left alone.

python benchmarks/kill_test.py [--video=film.mp4] [--kills=20] [--seed=0]

Every round begins anew, is ended by SIGKILL at a random moment of the time that the whole
conversion takes, and continued by the same command. Without a film, a synthetic one is made.
"""

import pathlib
import random
import subprocess
import sys
import tempfile
import time

from absl import flags

from deep3d.command_line import run_script
from deep3d.journal import finished_steps
from deep3d.output_files import journal_folder
from deep3d.video import VideoReader

flags.DEFINE_string("video", None, "Film to convert; a synthetic one when absent.")
flags.DEFINE_integer("kills", 20, "Rounds.")
flags.DEFINE_integer("seed", 0, "Seed of the moments.")

_SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "convert_video.py"


def main(arguments):
    """Prints a row for each round; returns 1 if one differs."""
    del arguments
    options = flags.FLAGS
    moments = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        film = options.video or _make_film(folder / "film.mp4")
        whole_s = _convert(film, folder / "whole.mkv")
        whole = _frames(folder / "whole.mkv")
        print(f"{len(whole)} frames, {whole_s:.1f} s with nothing killed\n", flush=True)
        print("| killed after | frames kept | time to go on | equal frame for frame |")
        print("|---|---|---|---|")
        differing = 0
        for _ in range(options.kills):
            target = folder / "killed.mkv"
            moment_s = moments.uniform(0, whole_s)
            kept = _convert_killed(film, target, moment_s)
            seconds = _convert(film, target)
            equal = _frames(target) == whole and len(list(folder.glob(".*"))) == 0
            differing += not equal
            answer = "yes" if equal else "NO"
            print(f"| {moment_s:.1f} s | {kept} | {seconds:.1f} s | {answer} |", flush=True)
            target.unlink()
    return 1 if differing else 0


def _make_film(path):
    from data_pipeline.synthetic import MovieConfig, make_movie

    config = MovieConfig(
        seconds=20, shot_seconds=2.5, layout="mono", title_seconds=0.0, width=480, height=204
    )
    make_movie(config, path)
    return path


def _command(film, target):
    return [sys.executable, _SCRIPT, film, f"--output={target}", "--quiet"]


def _convert(film, target) -> float:
    begin = time.perf_counter()
    subprocess.run(_command(film, target), check=True)
    return time.perf_counter() - begin


def _convert_killed(film, target, moment_s) -> int:
    """Frames that are finished when the process is killed."""
    with subprocess.Popen(_command(film, target)) as process:
        try:
            process.wait(moment_s)
        except subprocess.TimeoutExpired:
            process.kill()
    if target.exists():
        target.unlink()
        return 0
    steps = finished_steps(journal_folder(target))
    return steps[-1]["times"]["count"] if steps else 0


def _frames(path):
    with VideoReader(path) as reader:
        return [(frame.time, hash(frame.image.tobytes())) for frame in reader]


if __name__ == "__main__":
    run_script(main, __doc__)
