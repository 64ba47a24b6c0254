import csv
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from stereo_films import title_card, two_planes, write_film

from data_pipeline.dataset import DatasetConfig, read_examples, stereo_dataset
from data_pipeline.ingest import IngestConfig, IngestError, ingest
from deep3d.pair_changes import change_pairs

ROOT = pathlib.Path(__file__).resolve().parents[1]


def write_films(folder, names, shots=1):
    for k, name in enumerate(names):
        scenes = [two_planes(10 * k + s, -2, 3, step=j) for s in range(shots) for j in range(4)]
        write_film(folder / name, [title_card(), *scenes])


def config_for(tmp_path, **changes):
    plain = dict(movies=str(tmp_path / "*.mkv"), output=str(tmp_path / "data"), layout="full_sbs")
    # Of noise nobody can tell which eye is first.
    return IngestConfig(**(plain | dict(every_s=0.25, eyes="left_first") | changes))


@pytest.fixture(scope="module")
def ingested(tmp_path_factory):
    """Data set of four good films, two of one title, and a broken one; its manifest; its lines."""
    folder = tmp_path_factory.mktemp("films")
    write_films(folder, ["Film.2009.part1.mkv", "film.2009.part2.mkv", "Second.mkv", "Third.mkv"])
    (folder / "broken.mkv").write_bytes(b"this is no movie" * 100)
    lines = []
    manifest = ingest(config_for(folder), say=lines.append)
    return folder / "data", manifest, lines


def read_report(data_dir):
    with (data_dir / "report.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_ingest_splits_by_title(ingested):
    import tensorflow_datasets as tfds

    data_dir, manifest, _ = ingested
    split_of = {movie["name"]: movie["split"] for movie in manifest["movies"]}
    assert split_of["Film.2009.part1"] == split_of["film.2009.part2"]
    builder = tfds.builder_from_directory(data_dir)
    assert set(builder.info.splits) >= {"train"}
    for split in builder.info.splits:
        stored = {r["movie"].decode() for r in tfds.as_numpy(builder.as_dataset(split=split))}
        assert stored == {name for name, s in split_of.items() if s == split and name != "broken"}


def test_ingest_leaves_a_complete_folder(ingested):
    data_dir, manifest, _ = ingested
    assert json.loads((data_dir / "manifest.json").read_text()) == json.loads(json.dumps(manifest))
    assert sum(manifest["splits"].values()) == sum(m["accepted"] for m in manifest["movies"]) > 0
    assert manifest["config"]["layout"] == manifest["options"]["layout"] == "full_sbs"
    assert [path.name for path in data_dir.parent.iterdir() if "partial" in path.name] == []


def test_ingest_reports_every_shot(ingested):
    data_dir, manifest, lines = ingested
    rows = read_report(data_dir)
    names = ["movie", "shot", "start_s", "end_s", "layout", "swapped", "accepted", "reason"]
    assert list(rows[0])[: len(names)] == names
    by_movie = {m["name"]: [r for r in rows if r["movie"] == m["name"]] for m in manifest["movies"]}
    title, scene = by_movie["Third"]
    assert (title["accepted"], title["reason"]) == ("0", "no_parallax")
    assert (scene["accepted"], scene["reason"], scene["layout"]) == ("2", "", "full_sbs")
    assert float(scene["percentile_5"]) == pytest.approx(-2 / 1.92, abs=0.2)
    assert float(scene["percentile_95"]) == pytest.approx(3 / 1.92, abs=0.2)
    (broken,) = by_movie["broken"]
    assert broken["reason"].startswith("error: ") and "broken.mkv" in broken["reason"]
    assert len(lines) == 5 and sum("error" in line for line in lines) == 1


def test_ingest_output_is_read_as_training_batches(ingested):
    data_dir, _, _ = ingested
    data = stereo_dataset(data_dir, "train", DatasetConfig(batch_size=2))
    left, targets = change_pairs(*next(iter(data)))
    right = targets["right"]
    assert left.shape == right.shape == (2, 160, 384, 3)
    assert 0.02 < float(np.abs(left - right).mean()) < 0.3


def test_ingest_stores_frames_before(tmp_path):
    write_films(tmp_path, ["a.mkv"])
    manifest = ingest(config_for(tmp_path, frames_before=2))
    assert manifest["schema_version"] == "1.2.0" and manifest["options"]["frames_before"] == 2
    first, second = sorted(read_examples(tmp_path / "data", "train"), key=lambda one: one.pts)
    # The shot begins with a frame that has none before it, and then takes every second frame.
    assert first.before_jpegs == (first.left_jpeg,) * 2
    assert first.before_right_jpegs == (first.right_jpeg,) * 2
    assert second.before_jpegs[1] == first.left_jpeg != second.before_jpegs[0]
    assert second.before_right_jpegs[1] == first.right_jpeg
    data = stereo_dataset(tmp_path / "data", "train", DatasetConfig(batch_size=2, frames=3))
    left, _ = next(iter(data))
    assert left.shape == (2, 160, 384, 9)


def test_ingest_is_reproducible(tmp_path):
    write_films(tmp_path, ["a.mkv", "b.mkv"])
    ingest(config_for(tmp_path))
    ingest(config_for(tmp_path, output=str(tmp_path / "again")))
    shards = sorted(path.name for path in (tmp_path / "data").glob("*.tfrecord*"))
    assert len(shards) == 2
    for name in shards:
        assert (tmp_path / "data" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_ingest_refuses_to_overwrite(ingested, tmp_path):
    data_dir, _, _ = ingested
    with pytest.raises(IngestError, match="exists; give another --output or add --overwrite"):
        ingest(config_for(data_dir.parent))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "precious.txt").write_text("mine")
    with pytest.raises(IngestError, match="is not a data set made by this command"):
        ingest(config_for(tmp_path, overwrite=True))
    assert (tmp_path / "data" / "precious.txt").exists()


def test_ingest_overwrites_on_request_and_leaves_nothing_on_failure(tmp_path):
    write_films(tmp_path, ["a.mkv"])
    ingest(config_for(tmp_path))
    manifest = ingest(config_for(tmp_path, overwrite=True, every_s=0.125))
    assert manifest["splits"] == {"train": 4}
    before = sorted(path.name for path in tmp_path.iterdir())
    write_film(tmp_path / "title.mkv", [title_card()] * 3)
    titles_only = config_for(tmp_path, movies=str(tmp_path / "title.mkv"), overwrite=True)
    with pytest.raises(ValueError, match=r"accepted for training \(no_parallax 2\)"):
        ingest(titles_only)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "title.mkv"])
    assert json.loads((tmp_path / "data" / "manifest.json").read_text())["splits"] == {"train": 4}


def test_ingest_rejects_no_movies_and_equal_names(tmp_path):
    with pytest.raises(IngestError, match=r"no movie found by .*\*\.mkv"):
        ingest(config_for(tmp_path))
    for folder in ("x/disc", "y/disc"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "main.mkv").write_bytes(b"")
    with pytest.raises(ValueError, match="2 movies are called disc/main; rename"):
        ingest(config_for(tmp_path, movies=f"{tmp_path}/**/*.mkv"))


def test_ingest_gives_no_split_to_unreadable_movies(tmp_path):
    write_films(tmp_path, ["a.mkv"])
    for name in ("b.mkv", "c.mkv", "d.mkv"):
        (tmp_path / name).write_bytes(b"")
    manifest = ingest(config_for(tmp_path))
    assert [movie["split"] for movie in manifest["movies"]] == ["train", "", "", ""]
    with pytest.raises(IngestError, match=r"no movie can be read: .*b\.mkv"):
        ingest(config_for(tmp_path, movies=str(tmp_path / "b.mkv"), overwrite=True))


def test_ingest_command_exit_codes(tmp_path):
    def command(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "data_pipeline.ingest", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )

    assert "--every_s" in command("--help").stdout
    wrong = command("--movies=x.mkv", "--output=y", "--layout=mono")
    assert wrong.returncode == 2 and "layout must be one of" in wrong.stderr
    assert command("--movies=x.mkv").returncode == 2
    failed = command(f"--movies={tmp_path}/*.mkv", f"--output={tmp_path}/data")
    assert failed.returncode == 1 and "no movie found" in failed.stderr
    assert "Traceback" not in failed.stderr
