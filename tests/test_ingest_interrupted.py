"""Ingests that do not end: what is left, what is said, and that the same command goes on."""

import errno
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from stereo_films import title_card, two_planes, write_film

from data_pipeline.ingest import IngestConfig, IngestError, ingest
from data_pipeline.movies.movie import stereo_frames
from data_pipeline.storage import assembly, data_set, movie_store
from deep3d.atomic_file import write_bytes

ROOT = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture
def films(tmp_path):
    for k, name in enumerate("ab"):
        scenes = [two_planes(10 * k + s, -2, 3, step=j) for s in range(2) for j in range(4)]
        write_film(tmp_path / "films" / f"{name}.mkv", [title_card(), *scenes])
    return tmp_path / "films"


@pytest.fixture(autouse=True)
def films_folder(tmp_path):
    (tmp_path / "films").mkdir()


def config_for(films, **changes):
    plain = dict(movies=str(films), output=str(films.parent / "data"), layout="full_sbs")
    plain["eyes"] = "left_first"
    return IngestConfig(**(plain | dict(every_s=0.25) | changes))


def shards(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.tfrecord*")}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def interrupted_at(monkeypatch, movie, shot):
    """Reads until a shot of a movie, which raises; returns the starts of all reading."""
    starts = []

    def reading(path, options, start, **called):
        starts.append((pathlib.Path(path).stem, start and start.shot))
        for frame in stereo_frames(path, options, start=start, **called):
            if pathlib.Path(path).stem == movie and frame.shot == shot and len(starts) < 3:
                raise KeyboardInterrupt
            yield frame

    monkeypatch.setattr(movie_store, "stereo_frames", reading)
    return starts


def test_ingest_goes_on_where_it_was_interrupted(films, monkeypatch):
    ingest(config_for(films, output=str(films.parent / "unbroken")))
    monkeypatch.setattr(movie_store.ingest_movie, "__defaults__", (0.0,))  # notes every shot
    starts = interrupted_at(monkeypatch, "b", 2)
    with pytest.raises(
        KeyboardInterrupt, match=r"^The same command goes on where this one stopped"
    ):
        ingest(config_for(films))
    assert names(films.parent) == [".data.partial", "films", "unbroken"]
    ingest(config_for(films))
    assert starts == [("a", None), ("b", None), ("b", 2)]
    assert names(films.parent) == ["data", "films", "unbroken"]
    assert shards(films.parent / "data") == shards(films.parent / "unbroken") != {}


@pytest.mark.parametrize(
    "place",
    [
        "_write_shards",
        *(pytest.param(p, marks=pytest.mark.slow) for p in ("report_table", "put_in_place")),
    ],
)
def test_ingest_reads_nothing_twice_when_it_was_interrupted_later(films, monkeypatch, place):
    module = data_set if place == "put_in_place" else assembly
    with monkeypatch.context() as patch:
        patch.setattr(module, place, lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            ingest(config_for(films))
    starts = interrupted_at(monkeypatch, "", 0)
    manifest = ingest(config_for(films, validation_titles="b"))  # splits may still be changed
    assert starts == [] and manifest["splits"] == {"train": 4, "validation": 4}
    assert names(films.parent) == ["data", "films"]


def test_ingest_with_other_options_does_not_go_on(films, monkeypatch):
    interrupted_at(monkeypatch, "b", 2)
    with pytest.raises(KeyboardInterrupt):
        ingest(config_for(films))
    with pytest.raises(
        ValueError, match=r"\(every_s 0.25 then, 0.5 now\).*--overwrite begins anew"
    ):
        ingest(config_for(films, every_s=0.5))
    lines = []
    manifest = ingest(config_for(films, every_s=0.5, overwrite=True), say=lines.append)
    assert "begins anew: .data.partial was made with other settings" in lines[0]
    assert manifest["options"]["every_s"] == 0.5 and names(films.parent) == ["data", "films"]


def test_ingest_reads_a_changed_film_again(films, monkeypatch):
    interrupted_at(monkeypatch, "b", 2)
    with pytest.raises(KeyboardInterrupt):
        ingest(config_for(films))
    write_film(films / "a.mkv", [two_planes(77, -2, 3, step=j) for j in range(4)])
    manifest = ingest(config_for(films))
    assert [len(movie["shots"]) for movie in manifest["movies"]] == [1, 3]


def test_ingest_on_a_full_disk_says_so_and_goes_on(films, monkeypatch):
    def full(path, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(movie_store, "write_bytes", full)
    words = r"^no space left on the device of .*\.data\.partial; the same command goes on"
    with pytest.raises(IngestError, match=words):
        ingest(config_for(films))
    monkeypatch.setattr(movie_store, "write_bytes", write_bytes)
    ingest(config_for(films))
    assert names(films.parent) == ["data", "films"]


def test_ingest_refuses_a_second_process(films):
    from data_pipeline.storage.work_folder import work_folder

    task = {}
    with (
        work_folder(films.parent / "data", task, False, print) as folder,
        pytest.raises(ValueError, match="data: another process is making it"),
    ):
        ingest(config_for(films))
    assert not folder.exists()


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.slow
def test_ingest_command_goes_on_after_signals(films, workers, sent):
    """The whole command, killed at other moments until it is through."""
    ingest(config_for(films, output=str(films.parent / "unbroken")))
    words = ["--layout=full_sbs", "--eyes=left_first", "--every_s=0.25", f"--workers={workers}"]
    data = films.parent / "data"
    words += [f"--movies={films}", f"--output={data}"]
    codes, seconds = [], 1.0
    while not data.exists():  # it may be there before a process that is killed has ended
        process = subprocess.Popen(
            [sys.executable, "-m", "data_pipeline.ingest", *words],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        try:
            _, said = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(sent)
            _, said = process.communicate(timeout=60)
        codes.append(process.returncode)
        assert codes[-1] in (0, 130, -sent), said
        assert codes[-1] != 130 or ("Interrupted." in said and "Traceback" not in said)
        seconds *= 1.3
        time.sleep(0.2)  # for workers of a killed process to end
    assert len(codes) > 2
    assert names(films.parent) == ["data", "films", "unbroken"]
    assert shards(data) == shards(films.parent / "unbroken")
