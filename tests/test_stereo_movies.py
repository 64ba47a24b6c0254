from stereo_data import FRAMES, fake_frames, make_pair

from data_pipeline.stereo_movies import StereoMoviesConfig, build
from data_pipeline.storage.movie_store import encode_frame


def examples(name):
    return [encode_frame(frame, name) for frame in fake_frames()]


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_build_stores_examples_in_their_splits_as_they_are(tmp_path):
    import tensorflow_datasets as tfds

    from data_pipeline.dataset import read_examples

    splits = {"train": examples("a") + examples("b"), "test": examples("c"), "validation": []}
    built = build(str(tmp_path / "data"), StereoMoviesConfig(name="movies", splits=splits))
    builder = tfds.builder_from_directory(built.data_dir)
    assert sorted(builder.info.splits) == ["test", "train"]  # none without examples
    records = list(tfds.as_numpy(builder.as_dataset(split="train")))
    assert {record["movie"].decode() for record in records} == {"a", "b"}
    assert len(records) == 2 * FRAMES
    left, _ = make_pair(0)
    assert records[0]["left_jpeg"].shape == left.shape
    stored = sorted(read_examples(built.data_dir, "test"), key=lambda one: one.pts)
    assert stored == splits["test"]


def test_build_does_not_depend_on_the_order_of_examples(tmp_path):
    order = examples("a") + examples("b")
    folders = [
        build(str(tmp_path / name), StereoMoviesConfig(name="movies", splits={"train": given}))
        for name, given in (("one", order), ("other", order[::-1]))
    ]
    one, other = (content(folder.data_path) for folder in folders)
    assert one == other


def test_build_orders_the_fields_of_a_record(tmp_path):
    """The order would be another in every process."""
    import tensorflow as tf

    config = StereoMoviesConfig(name="movies", splits={"train": examples("a")})
    built = build(str(tmp_path / "data"), config)
    for record in tf.data.TFRecordDataset(built.info.splits["train"].filepaths):
        data = record.numpy()
        names = tf.train.Example.FromString(data).features.feature
        places = [data.index(b"\n" + bytes([len(name)]) + name.encode()) for name in sorted(names)]
        assert len(places) > 10 and places == sorted(places)
