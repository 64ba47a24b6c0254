"""Speed and memory of the ingest, from the command to the finished data set.

    python benchmarks/bench_ingest.py [--movie=film.mkv] [--seconds=100] [--workers=2]

Every worker reads a film. Without one, some seconds of a synthetic film of 1080p24 half side by
side are made, which takes some minutes, and repeated to the length that is asked for. Printed
are seconds of film per second, CPU time per second of film, which holds on a machine that others
load, too, what of it decoding alone takes, and the most memory that was seen (on Linux). Starting
and loading TensorFlow take some seconds, however long the films are. A film of which nothing is
accepted makes no data set.
"""

import csv
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import av
from absl import flags

from data_pipeline.storage.stored_files import REPORT
from data_pipeline.synthetic import MovieConfig, make_movie
from deep3d.command_line import UsageError, run_script
from deep3d.video import VideoReader

flags.DEFINE_string("movie", None, "Film to ingest; a synthetic one when absent.")
flags.DEFINE_integer("seconds", 100, "Length of the synthetic film.", 1)
flags.DEFINE_integer("workers", 2, "Films that are read at once.", 1)

ROOT = pathlib.Path(__file__).resolve().parents[1]
MADE_S = 8  # of the synthetic film: rendering takes far longer than ingesting
LOOKED_EVERY_S = 0.2


def main(arguments):
    """Prints throughput, CPU time and memory."""
    if arguments:
        raise UsageError(f"Only flags are understood. Received: {arguments}.")
    workers = flags.FLAGS.workers
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        film = pathlib.Path(flags.FLAGS.movie or _synthetic_film(folder, flags.FLAGS.seconds))
        (folder / "films").mkdir()
        for number in range(workers):
            shutil.copyfile(film, folder / "films" / f"film {number}{film.suffix}")
        with VideoReader(film) as reader:
            film_s = workers * reader.duration_s
            print(
                f"{os.cpu_count()} processors, {workers} times {reader.width}x{reader.height}, "
                f"{reader.duration_s:.0f} s",
                flush=True,
            )
        _print_run(folder, workers, film_s)
        print(f"decoding alone: {_decoding_s(film):.3f} s of CPU time per second")


def _print_run(folder: pathlib.Path, workers: int, film_s: float) -> None:
    output = folder / "set"
    flags_of_it = f"--movies={folder / 'films'}", f"--output={output}", f"--workers={workers}"
    begin = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-m", "data_pipeline.ingest", *flags_of_it], cwd=ROOT)
    of_one = of_all = 0
    while not (ended := os.wait4(child.pid, os.WNOHANG))[0]:
        sizes = _resident_bytes(child.pid)
        of_one, of_all = max(of_one, *sizes[1:], 0), max(of_all, sum(sizes))
        time.sleep(LOOKED_EVERY_S)
    wall_s = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(ended[1])
    if child.returncode:
        raise ValueError("The ingest failed.")
    cpu_s = ended[2].ru_utime + ended[2].ru_stime  # of the workers, too
    with (output / REPORT).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    accepted, sampled = (
        sum(int(row[name] or 0) for row in rows) for name in ("accepted", "sampled")
    )
    print(f"{film_s / wall_s:.2f} times real time, {cpu_s / film_s:.3f} s of CPU time per second")
    print(f"peak memory: {of_one / 2**30:.2f} GiB of a worker, {of_all / 2**30:.2f} GiB in all")
    print(f"{len(rows)} shots, {accepted} of {sampled} samples accepted")


def _decoding_s(film) -> float:
    """Seconds of CPU time for a second of film; no ingest can take less."""
    begin = time.process_time()
    with av.open(film) as source:
        track = source.streams.video[0]
        count = sum(1 for _ in source.decode(track))
        return (time.process_time() - begin) / count * float(track.average_rate)


def _resident_bytes(parent: int) -> list[int]:
    """Resident memory of a process and of each of its children; those that ended have none."""
    sizes = []
    children = pathlib.Path(f"/proc/{parent}/task/{parent}/children")
    try:
        processes = [parent, *map(int, children.read_text().split())]
    except FileNotFoundError:  # ended, or no Linux
        return [0]
    for process in processes:
        try:
            pages = int(pathlib.Path(f"/proc/{process}/statm").read_text().split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        sizes.append(pages * os.sysconf("SC_PAGE_SIZE"))
    return sizes or [0]


def _synthetic_film(folder: pathlib.Path, seconds: int) -> pathlib.Path:
    """A film of this length, or a little more, whose beginning is repeated."""
    made, film = folder / "made.mp4", folder / "film.mkv"
    length_s = min(seconds, MADE_S)
    make_movie(
        MovieConfig(
            seconds=length_s,
            width=1920,
            height=1080,
            shot_seconds=4.0,  # as long as those of films, about
            title_seconds=0.0,
            audio=False,
            bars="none",
        ),
        made,
    )
    with av.open(film, "w") as output:
        stream = None
        for number in range(-(-seconds // length_s)):
            with av.open(made) as source:
                track = source.streams.video[0]
                stream = stream or output.add_stream_from_template(track)
                for packet in source.demux(track):
                    if packet.dts is not None:
                        packet.pts += number * track.duration
                        packet.dts += number * track.duration
                        packet.stream = stream
                        output.mux(packet)
    return film


if __name__ == "__main__":
    run_script(main, __doc__)
