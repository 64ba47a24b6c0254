"""Small films with flipped bits, cut ends and blocks of nonsense, through reader and writer.

Whatever happens is a VideoError of one line or a whole new file; never another exception, a hang, a
crash, or a file that is left behind. Each film is tried in a process of its own kind: a crash of
FFmpeg would end the worker and be seen.
"""

import multiprocessing
import os
import pathlib
from fractions import Fraction

import numpy as np
import pytest
from film_samples import write_film
from video_samples import write_video

from deep3d.video import VideoError, VideoReader, VideoWriter

FEW, MANY = 24, 300
TIMEOUT_S = 60  # a film takes 0.1 s


def mutated(data, seed):
    """Bit flips, a cut end, zeroed or repeated blocks, or several of them."""
    rng = np.random.default_rng(seed)
    array = np.frombuffer(data, np.uint8).copy()
    # Headers and indexes are a small part of a film and its weakest: every other one hits them.
    edge = min(2000, len(array) // 4)
    head = np.r_[0:edge, len(array) - edge : len(array)]
    for kind in rng.choice(4, size=rng.integers(1, 4)):
        places = rng.choice(head, 8) if seed % 2 else rng.integers(0, len(array), 8)
        if kind == 0:
            flips = rng.integers(1, 9)
            array[places[:flips]] ^= (1 << rng.integers(0, 8, flips)).astype(np.uint8)
        elif kind == 1:
            array[places[0] : places[0] + rng.integers(1, 200)] = 0
        elif kind == 2:
            block = slice(places[0], places[0] + int(rng.integers(1, 200)))
            array[block] = rng.integers(0, 256, len(array[block]))
        elif rng.random() < 0.5:
            array = array[: rng.integers(1, len(array))].copy()
            head = head[head < len(array)]
            if not len(head):
                break
        places = places[places < len(array)]
    return array.tobytes()


def convert(source, folder, seed):
    """What the converter does with a film, without the network: "made" or the message."""
    target = folder / ("out.mkv", "out.mp4")[seed % 3 == 0]
    part = {"start_s": 0.2, "end_s": 0.7} if seed % 5 == 0 else {}
    try:
        with VideoReader(source, **part) as reader:
            if reader.width * reader.height > 1 << 22 or min(reader.width, reader.height) < 16:
                return "another size"
            with VideoWriter(
                target,
                reader.width + reader.width % 2,
                reader.height + reader.height % 2,
                reader.frame_rate,
                reader.time_base,
                copy_from=source,
                color=reader.color,
                sample_aspect_ratio=reader.sample_aspect_ratio,
                preset="ultrafast",
                **part,
            ) as writer:
                for frame in reader:
                    rows, columns = frame.image.shape[0] % 2, frame.image.shape[1] % 2
                    image = np.pad(frame.image, ((0, rows), (0, columns), (0, 0)), mode="edge")
                    writer.write(image, frame.pts)
    except VideoError as error:
        assert "\n" not in str(error)
        assert not list(folder.iterdir()), "a file was left behind"
        return str(error)
    assert os.listdir(folder) == [target.name]
    with VideoReader(target) as reader:  # the new file is whole
        assert next(iter(reader)) is not None
    target.unlink()
    return "made"


def _work(films, folder, seeds, results):
    os.environ["SVT_LOG"] = "1"
    for seed in seeds:
        data, suffix = films[seed % len(films)]
        source = folder / f"film{suffix}"
        source.write_bytes(mutated(data, seed))
        target = folder / "out"
        target.mkdir(exist_ok=True)
        try:
            results.put((seed, convert(source, target, seed)))
        except BaseException as error:
            results.put((seed, f"FAULT {type(error).__name__}: {error}"))


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    write_film(folder / "a.mkv", seconds=1)
    write_film(folder / "b.mkv", seconds=1, audio=("libopus",), graphics=False, cover=False)
    write_video(folder / "c.mp4", audio=["aac", "ac3"], audio_s=1)
    write_video(folder / "d.mov", audio=["aac"], container_options={"movflags": "+faststart"})
    step = Fraction(1, 25)
    write_video(folder / "e.ts", range(12), step, audio=["ac3"], codec="mpeg2video")
    write_video(folder / "f.avi", range(12), step, audio=["libmp3lame"], codec="mpeg4")
    return [(path.read_bytes(), path.suffix) for path in sorted(folder.iterdir())]


def try_films(films, folder, seeds):
    """{seed: what came of it}, tried in one process after another."""
    context, outcomes = multiprocessing.get_context("spawn"), {}
    seeds = list(seeds)
    while len(outcomes) < len(seeds):
        left, results = seeds[len(outcomes) :], context.Queue()
        worker = context.Process(target=_work, args=(films, folder, left, results), daemon=True)
        worker.start()
        for seed in left:
            try:
                done, outcome = results.get(timeout=TIMEOUT_S)
                assert done == seed
            except Exception:  # the queue is empty: it hangs, or the process is gone
                outcome = "FAULT hangs" if worker.is_alive() else f"FAULT exit {worker.exitcode}"
                outcomes[seed] = outcome
                worker.kill()
                break
            outcomes[seed] = outcome
        worker.join()
    return outcomes


def check(outcomes):
    faults = {seed: outcome for seed, outcome in outcomes.items() if outcome.startswith("FAULT")}
    assert not faults
    made = sum(outcome == "made" for outcome in outcomes.values())
    assert 0.1 * len(outcomes) < made < 0.95 * len(outcomes)  # otherwise little was tested


def test_damaged_films_few(films, tmp_path):
    check(try_films(films, tmp_path, range(FEW)))


@pytest.mark.slow
def test_damaged_films_many(films, tmp_path):
    check(try_films(films, tmp_path, range(1000, 1000 + MANY)))


def test_undamaged_films_are_made(films, tmp_path):
    for number, (data, suffix) in enumerate(films):
        source = tmp_path / f"film{number}{suffix}"
        source.write_bytes(data)
        folder = pathlib.Path(tmp_path / f"out{number}")
        folder.mkdir()
        for seed in (1, 3, 5):
            assert convert(source, folder, seed) == "made"
