import errno
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
from stereo_films import title_card, two_planes, write_film

from data_pipeline.movie_options import MovieOptions
from data_pipeline.movies.movie import stereo_frames
from data_pipeline.storage import movie_store
from data_pipeline.storage.movie_store import ingest_movie
from data_pipeline.storage.sources import find_sources
from data_pipeline.storage.stored_movies import (
    movie_folder,
    stored_examples,
    stored_movie,
    stored_pictures,
)
from deep3d.video.reading_faults import ReadingFaults

ROOT = pathlib.Path(__file__).resolve().parents[1]
OPTIONS = MovieOptions(layout="full_sbs", eyes="left_first", every_s=0.25, frames_before=1)
EVERY_SHOT = 0.0

# Kills a process at the n-th thing that is made to last, for every n of a list, and then reads the
# movie again. One process starts them all, because starting Python takes longer than the rest.
KILLED = """
import os, pathlib, signal, sys
from data_pipeline.movie_options import MovieOptions
from data_pipeline.storage.movie_store import ingest_movie
from data_pipeline.storage.sources import find_sources

movie, folder = sys.argv[1], pathlib.Path(sys.argv[2])
options = MovieOptions(layout="full_sbs", eyes="left_first", every_s=0.25, frames_before=1)
source, = find_sources([movie])

def in_a_process(run):
    process = os.fork()
    if not process:
        run()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])

def dying(number):
    left = [number]
    def mortal(call):
        def made(*arguments):
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1
            return call(*arguments)
        return made
    os.fsync, os.replace = mortal(os.fsync), mortal(os.replace)

for number in map(int, sys.argv[3].split(",")):
    target = folder / str(number)
    code = in_a_process(lambda: (dying(number), ingest_movie(source, options, target, 0.0)))
    assert code == -signal.SIGKILL, code
    assert not in_a_process(lambda: ingest_movie(source, options, target, 0.0))
"""


@pytest.fixture(scope="module")
def movie(tmp_path_factory):
    """A title and three shots, the second of which begins with what the first ended with."""
    scenes = [two_planes(10 * s, -2, 3, step=j) for s in range(3) for j in range(5)]
    path = tmp_path_factory.mktemp("films") / "film.mkv"
    write_film(path, [title_card(), title_card(), *scenes])
    (source,) = find_sources([str(path)])
    return source


@pytest.fixture(scope="module")
def unbroken(movie, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    ingest_movie(movie, OPTIONS, folder, EVERY_SHOT)
    return folder


def content(folder):
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_ingest_movie_stores_what_is_accepted(movie, unbroken):
    stored, reports = stored_movie(unbroken, "film"), []
    frames = list(stereo_frames(movie.path, OPTIONS, reports.append))
    assert stored.ended and not stored.error
    assert stored.accepted == len(frames) == 9
    assert [shot["accepted"] for shot in stored.shots] == [one.accepted for one in reports]
    assert stored.shots[0]["percentile_5"] is None  # JSON knows no NaN
    examples = list(stored_examples(unbroken, "film"))
    assert [one.pts for one in examples] == [frame.pts for frame in frames]
    assert examples[4] == movie_store.encode_frame(frames[4], "film")
    for (shot, arrays), report in zip(stored_pictures(unbroken, "film"), reports, strict=True):
        assert shot == report.shot
        np.testing.assert_array_equal(arrays["picture"], report.picture)


def test_ingest_movie_is_the_same_whatever_is_noted_at_once(movie, unbroken, tmp_path):
    ingest_movie(movie, OPTIONS, tmp_path, 1000.0)
    assert len(content(tmp_path)) < len(content(unbroken))
    assert list(stored_examples(tmp_path, "film")) == list(stored_examples(unbroken, "film"))
    assert stored_movie(tmp_path, "film") == stored_movie(unbroken, "film")


@pytest.mark.parametrize(
    "moments", [(1, 4, 10, 17), pytest.param(tuple(range(19)), marks=pytest.mark.slow)]
)
def test_ingest_movie_goes_on_after_a_kill(movie, unbroken, tmp_path, moments):
    words = movie.path, str(tmp_path), ",".join(map(str, moments))
    run = subprocess.run(
        [sys.executable, "-c", KILLED, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert run.returncode == 0, run.stderr
    expected = content(unbroken)
    for number in moments:
        assert content(tmp_path / str(number)) == expected, f"killed at {number}"


def test_ingest_movie_goes_on_behind_the_last_shot(movie, unbroken, tmp_path, monkeypatch):
    starts = []

    def watched(path, options, start, **callbacks):
        starts.append(start)
        for frame in stereo_frames(path, options, start=start, **callbacks):
            if start is None and frame.shot == 2:
                raise KeyboardInterrupt
            yield frame

    monkeypatch.setattr(movie_store, "stereo_frames", watched)
    with pytest.raises(KeyboardInterrupt):
        ingest_movie(movie, OPTIONS, tmp_path, EVERY_SHOT)
    assert not stored_movie(tmp_path, "film").ended
    ingest_movie(movie, OPTIONS, tmp_path, EVERY_SHOT)
    assert starts[0] is None and (starts[1].shot, starts[1].faults) == (2, ReadingFaults())
    assert content(tmp_path) == content(unbroken)
    ingest_movie(movie, OPTIONS, tmp_path, EVERY_SHOT)
    assert len(starts) == 2  # nothing is left to read


def test_ingest_movie_makes_damaged_files_again(movie, unbroken, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(unbroken, folder)
    damaged = sorted(movie_folder(folder, "film").glob("*.h5"))[1]
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(data)
    ingest_movie(movie, OPTIONS, folder, EVERY_SHOT)
    assert content(folder) == content(unbroken)


def test_ingest_movie_begins_anew_with_other_options(movie, unbroken, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(unbroken, folder)
    ingest_movie(movie, MovieOptions(layout="full_sbs", eyes="left_first", every_s=10.0), folder)
    assert stored_movie(folder, "film").accepted == 3


def test_ingest_movie_notes_errors(tmp_path):
    path = write_film(tmp_path / "cut.mkv", [two_planes(s // 8, -2, 3) for s in range(64)])
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    (source,) = find_sources([str(path)])
    ingest_movie(source, OPTIONS, tmp_path / "store")
    stored = stored_movie(tmp_path / "store", "cut")
    assert stored.ended and 0 < stored.accepted < 16
    path.write_bytes(b"no movie")
    ingest_movie(source, MovieOptions(), tmp_path / "store")
    stored = stored_movie(tmp_path / "store", "cut")
    assert stored.ended and stored.accepted == 0
    assert stored.error.startswith("cut.mkv: ")  # without its folder


def test_ingest_movie_notes_what_nobody_foresaw(movie, tmp_path, monkeypatch):
    monkeypatch.setattr(movie_store, "encode_frame", lambda frame, name: frame.nothing)
    ingest_movie(movie, OPTIONS, tmp_path)
    assert stored_movie(tmp_path, "film").error.startswith("AttributeError: ")


def test_ingest_movie_raises_on_a_full_disk_and_goes_on(movie, unbroken, tmp_path, monkeypatch):
    written, write_bytes = [], movie_store.write_bytes

    def full(path, data):
        written.append(path)
        if len(written) == 2:
            pathlib.Path(path).with_name(f".{path.name}.part").write_bytes(data[:100])
            raise OSError(errno.ENOSPC, "No space left on device")
        write_bytes(path, data)

    monkeypatch.setattr(movie_store, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        ingest_movie(movie, OPTIONS, tmp_path, EVERY_SHOT)
    ingest_movie(movie, OPTIONS, tmp_path, EVERY_SHOT)
    assert content(tmp_path) == content(unbroken)


def test_stored_pictures_round_trip(movie, tmp_path, monkeypatch):
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    plain = movie_store._divided

    def with_picture(report):
        return plain(report | {"seen": picture + report["shot"]})

    monkeypatch.setattr(movie_store, "_divided", with_picture)
    ingest_movie(movie, OPTIONS, tmp_path, 0.7)
    found = dict(stored_pictures(tmp_path, "film"))
    assert list(found) == [0, 1, 2, 3]
    np.testing.assert_array_equal(found[2]["seen"], picture + 2)
    assert "seen" not in stored_movie(tmp_path, "film").shots[0]


def test_movie_folder_takes_any_name(tmp_path):
    names = ["disc/main", "disc_main", "映画: Ü", "x" * 300]
    folders = [movie_folder(tmp_path, name) for name in names]
    assert len(set(folders)) == 4 and {folder.parent for folder in folders} == {tmp_path}
    for folder in folders:
        folder.mkdir()
