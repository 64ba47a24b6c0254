import tempfile

import pytest
from stereo_films import title_card, two_planes, write_film

from data_pipeline.movie_options import MovieOptions
from data_pipeline.stereo_movies import Movie, StereoMoviesConfig, build
from deep3d.video import VideoError

OPTIONS = MovieOptions(layout="full_sbs", every_s=0.25)


def film(folder, name, seed):
    return Movie(
        str(write_film(folder / name, [two_planes(seed, -2, 3, step=k) for k in range(4)])), name
    )


def config_for(splits, **changes):
    return StereoMoviesConfig(name="movies", splits=splits, options=OPTIONS, **changes)


def test_build_writes_each_movie_to_its_split(tmp_path):
    import tensorflow_datasets as tfds

    splits = {
        "train": [film(tmp_path, "a.mkv", 1), film(tmp_path, "b.mkv", 2)],
        "test": [film(tmp_path, "c.mkv", 3)],
    }
    built = build(str(tmp_path / "data"), config_for(splits))
    builder = tfds.builder_from_directory(built.data_dir)
    for split, movies in splits.items():
        records = list(tfds.as_numpy(builder.as_dataset(split=split)))
        assert {record["movie"].decode() for record in records} == {m.name for m in movies}
        assert records[0]["left_jpeg"].shape == (records[0]["height"], records[0]["width"], 3)
        # d_composed = d * scale + shift with the stored numbers; far plane -2, near plane 3 px.
        for record in records:
            low, high = (record[f"percentile_{p}"] / 100 * 192 for p in (5, 95))
            assert (low, high) == pytest.approx((-2, 3), abs=0.4)
            assert record["composition_scale"] == pytest.approx(record["composition_width"] / 192)
            width = record["composition_width"] - abs(record["composition_shift"])
            assert record["width"] == width


def test_build_leaves_out_splits_without_accepted_frames(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    title = Movie(str(write_film(tmp_path / "t.mkv", [title_card()] * 3)), "t")
    built = build(
        str(tmp_path / "data"),
        config_for({"train": [film(tmp_path, "a.mkv", 1)], "validation": [title], "test": []}),
    )
    assert list(built.info.splits) == ["train"]
    assert list((tmp_path / "temporary").iterdir()) == []


def test_build_raises_or_reports_errors(tmp_path):
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(b"no movie" * 100)
    splits = {"train": [Movie(str(broken), "broken"), film(tmp_path, "a.mkv", 1)]}
    ends = []
    config = config_for(splits, on_end=lambda movie, error: ends.append((movie.name, str(error))))
    built = build(str(tmp_path / "data"), config)
    assert built.info.splits["train"].num_examples == 2
    assert [name for name, _ in ends] == ["broken", "a.mkv"]
    assert "broken.mkv" in ends[0][1] and ends[1][1] == "None"
    with pytest.raises(VideoError, match=r"broken\.mkv"):
        build(str(tmp_path / "again"), config_for(splits))
