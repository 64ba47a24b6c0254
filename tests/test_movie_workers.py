import errno
import os
import pathlib
import signal
import time

import cv2
import pytest
from stereo_films import two_planes, write_film

from data_pipeline.movie_options import MovieOptions
from data_pipeline.storage import movie_workers
from data_pipeline.storage.movie_workers import read_movies
from data_pipeline.storage.sources import Source, find_sources

OPTIONS = MovieOptions(layout="full_sbs", eyes="left_first", every_s=0.25)


def movie(name):
    return Source(name, name, name, 0, "")


def do_as_told(source):
    """Stands for the reading of a movie, in another process."""
    word, _, number = source.name.partition(" ")
    if word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "exit":
        os._exit(3)
    if word == "forget":
        raise MemoryError("of 9 GB")
    if word == "full":
        raise OSError(errno.ENOSPC, "No space left on device")
    if word == "wait":
        pathlib.Path(number).touch()
        time.sleep(60)
    if word == "threads" and cv2.getNumThreads() != int(number):
        raise ValueError(f"{cv2.getNumThreads()} threads")


def test_read_movies_in_processes_leaves_the_same_files(tmp_path):
    for k in range(2):
        write_film(tmp_path / f"{k}.mkv", [two_planes(k, -2, 3, step=j) for j in range(4)])
    sources = find_sources([str(tmp_path)])
    assert [done for done in read_movies(sources, OPTIONS, tmp_path / "one")] == [
        (source, "") for source in sources
    ]
    done = list(read_movies(sources, OPTIONS, tmp_path / "two", workers=2))
    assert sorted(done, key=lambda pair: pair[0].name) == [(source, "") for source in sources]
    files = [p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.is_file()]
    assert len(files) == 6
    for path in files:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()


def test_read_movies_reports_processes_that_die_and_goes_on():
    threads = max(1, os.cpu_count() // 2)
    names = ["die", "a", "exit", "forget", f"threads {threads}"]
    done = movie_workers._in_processes([movie(name) for name in names], do_as_told, 2)
    words = {source.name: outcome for source, outcome in done}
    assert words == {
        "die": "its process was ended by SIGKILL, as for lack of memory",
        "a": "",
        "exit": "its process was ended by exit code 3",
        "forget": "too little memory (of 9 GB)",
        f"threads {threads}": "",
    }


def test_read_movies_stops_all_on_a_full_disk(tmp_path):
    waiting = tmp_path / "waiting"
    movies = [movie(name) for name in (f"wait {waiting}", "full", "never")]
    begun = time.monotonic()
    with pytest.raises(OSError, match="No space left") as error:
        list(movie_workers._in_processes(movies, do_as_told, 2))
    assert error.value.errno == errno.ENOSPC
    assert time.monotonic() - begun < 50  # nobody waited for the one that waits
