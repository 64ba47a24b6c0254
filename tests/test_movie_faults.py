"""Films that are cut off, damaged or of two sizes: what is said of them, also by resumed runs."""

import csv
import io
from fractions import Fraction

import cv2
import numpy as np
import pytest
from stereo_films import two_planes, write_film
from test_movie_store import OPTIONS
from test_time_offset import late
from test_time_offset import shot as eyes_apart
from video_samples import write_video

from data_pipeline.ingest_report.report_table import report_table
from data_pipeline.movies.movie import stereo_frames
from data_pipeline.storage import movie_store
from data_pipeline.storage.assembly import movie_entry
from data_pipeline.storage.data_set import _movie_line
from data_pipeline.storage.movie_store import ingest_movie
from data_pipeline.storage.sources import find_sources
from data_pipeline.storage.stored_movies import stored_movie
from data_pipeline.storage.work_folder import movies_in
from deep3d.video import pack
from deep3d.video.reading_faults import ReadingFaults


def packed(seed, step=0):
    return pack(*two_planes(seed, -2, 3, step=step), "full_sbs")


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory):
    """A third of a film of 10 s and four shots."""
    path = tmp_path_factory.mktemp("films") / "cut.mkv"
    scenes = [two_planes(10 * (k // 20), -2, 3, step=k % 20) for k in range(80)]
    write_film(path, scenes)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 35 // 100])
    return path


@pytest.fixture(scope="module")
def two_sizes(tmp_path_factory):
    """A transport stream of ten frames of one size and thirty of another, in four shots."""
    folder = tmp_path_factory.mktemp("films")
    images = [packed(10 * (k // 10), k % 10) for k in range(40)]
    parts = []
    for name, first, last in (("a", 0, 10), ("b", 10, 40)):
        some = images[first:last]
        if name == "b":
            some = [cv2.resize(image, (256, 72), interpolation=cv2.INTER_AREA) for image in some]
        path = folder / f"{name}.ts"
        write_video(path, range(first, last), Fraction(1, 25), images=some, codec="mpeg2video")
        parts.append(path.read_bytes())
        path.unlink()
    path = folder / "sizes.ts"
    path.write_bytes(b"".join(parts))
    return path


def read(path, folder, step_s=20.0):
    (source,) = find_sources([str(path)])
    ingest_movie(source, OPTIONS, movies_in(folder), step_s)
    return movie_entry(source, folder, "") | {"split": "train"}


def test_a_sound_film_has_no_remarks(tmp_path):
    path = write_film(tmp_path / "a.mkv", [two_planes(3, -2, 3, step=k) for k in range(8)])
    entry = read(path, tmp_path / "work")
    assert (entry["remarks"], entry["error"]) == ([], "") and entry["accepted"] > 0
    assert "remarks" not in _movie_line(entry)


def test_a_film_that_is_cut_off_says_so(cut_off, tmp_path):
    entry = read(cut_off, tmp_path)
    assert entry["error"] == "" and entry["accepted"] > 0
    (remark,) = entry["remarks"]
    last = entry["shots"][-1]["end_s"]
    assert remark == f"its pictures end {10 - last:.1f} s before its stated end"
    assert 4 < 10 - last < 9
    assert _movie_line(entry).endswith(f"shots; remarks: {remark}")


def test_a_film_of_two_sizes_says_so(two_sizes, tmp_path):
    entry = read(two_sizes, tmp_path)
    assert "30 frames were of another size and scaled to 384x108" in entry["remarks"]


def test_a_damaged_film_says_so(tmp_path):
    path = write_film(tmp_path / "a.mkv", [two_planes(3, -2, 3, step=k) for k in range(24)])
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 300] = np.random.default_rng(1).bytes(300)
    path.write_bytes(data)
    entry = read(path, tmp_path / "work")
    assert entry["error"] == "" and entry["accepted"] > 0
    assert any("damaged" in remark for remark in entry["remarks"])


@pytest.mark.slow
@pytest.mark.parametrize(("film", "shot"), [("cut_off", 1), ("two_sizes", 2)])
def test_a_resumed_run_says_the_same(film, shot, request, tmp_path, monkeypatch):
    path = request.getfixturevalue(film)
    expected = read(path, tmp_path / "unbroken", 0.0)
    starts = []

    def interrupted(path, options, start, on_cut, **callbacks):
        def interrupting(following):
            on_cut(following)
            if following.shot == shot and len(starts) == 1:
                raise KeyboardInterrupt

        starts.append(start)
        return stereo_frames(path, options, start=start, on_cut=interrupting, **callbacks)

    monkeypatch.setattr(movie_store, "stereo_frames", interrupted)
    with pytest.raises(KeyboardInterrupt):
        read(path, tmp_path / "again", 0.0)
    assert read(path, tmp_path / "again", 0.0) == expected and expected["remarks"]
    assert starts[0] is None and starts[1].shot == shot
    # What lacks at the end is no fault of what was read.
    assert (starts[1].faults == ReadingFaults()) == (film == "cut_off")


def test_report_table_has_remarks_in_the_first_row_of_a_movie():
    shots = [{"shot": k, "accepted": 2, "reason": ""} for k in range(2)]
    movie = {"name": "a", "split": "train", "shots": shots, "error": "", "remarks": ["one", "two"]}
    plain = movie | {"name": "b", "remarks": []}
    rows = list(csv.DictReader(io.StringIO(report_table([plain, movie]))))
    assert [(row["movie"], row["shot"], row["remarks"]) for row in rows] == [
        ("b", "0", ""),
        ("b", "1", ""),
        ("a", "0", "one, two"),
        ("a", "1", ""),
    ]


@pytest.mark.parametrize("lag", [0, 2])
def test_a_movie_whose_eyes_are_frames_apart_is_refused(tmp_path, lag):
    views = np.concatenate([eyes_apart(seed, 45) for seed in range(2)])
    pairs = zip(*late(views, lag), strict=True)
    large = [[np.kron(view, np.ones((3, 3, 1), np.uint8)) for view in pair] for pair in pairs]
    path = write_film(tmp_path / "a.mkv", large, "full_sbs", frame_rate=24)
    (source,) = find_sources([str(path)])
    ingest_movie(source, OPTIONS, tmp_path / "store")
    stored = stored_movie(tmp_path / "store", "a")
    if not lag:
        assert stored.error == "" and {shot["time_offset_frames"] for shot in stored.shots} <= {
            0,
            None,
        }
        return
    assert stored.error == "the right eye lags by 2 frames"
    assert stored.accepted == 0 and stored.hashes == []
    assert sum(shot["accepted"] for shot in stored.shots) == 0
    for shot in stored.shots:
        assert shot["reason"] == "time_offset"
        assert sum(shot["rejected"].values()) == shot["sampled"]
