import pathlib
import shutil
from fractions import Fraction

import cv2
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from data_pipeline import dataset, schema, stereo_movies
from data_pipeline.dataset import DataError, DatasetConfig, stereo_dataset
from data_pipeline.movie import StereoFrame
from deep3d.composition import Composition

DISPARITY = 5  # of every stored pair, in front of the screen
HEIGHT, WIDTH, FRAMES = 61, 139, 21
SMALL = DatasetConfig(batch_size=4, crop_height=48, crop_width=96, seed=3, shuffle_block=8)


def make_pair(seed, height=HEIGHT, width=WIDTH):
    """Left view with left[y, x] unlike its neighbors, and right(x) = left(x + DISPARITY)."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width + DISPARITY, 3), np.uint8)
    wide = cv2.GaussianBlur(noise, (0, 0), 2.0)
    wide = cv2.normalize(wide, None, 0, 255, cv2.NORM_MINMAX)
    return wide[:, :width], wide[:, DISPARITY:]


def fake_frames(path, options, on_shot):
    for k in range(FRAMES):
        left, right = make_pair(k)
        yield StereoFrame(
            np.ascontiguousarray(left),
            np.ascontiguousarray(right),
            shot=k // 3,
            pts=1001 * k,
            time_base=Fraction(1, 24000),
            composition=Composition(width=WIDTH + 4, shift=-4),
            scale=0.25,
            percentile_5=-1.5,
            percentile_95=2.25,
        )


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    movies = {"train": [stereo_movies.Movie("x.mkv", "x")]}
    config = stereo_movies.StereoMoviesConfig(name="movies", splits=movies)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stereo_movies, "stereo_frames", fake_frames)
        builder = stereo_movies.StereoMovies(data_dir=folder, config=config)
        several_shards = tfds.download.DownloadConfig(num_shards=3)
        builder.download_and_prepare(download_config=several_shards)
        return pathlib.Path(builder.data_dir)


def batches(data_dir, count, config=SMALL, start_step=0, training=True):
    data = stereo_dataset(data_dir, "train", config, start_step, training)
    return [(left.numpy(), right.numpy()) for left, right in data.take(count)]


def test_stereo_dataset_gives_float_batches_in_range(data_dir):
    data = stereo_dataset(data_dir, "train", SMALL)
    assert data.element_spec[0].shape == (4, 48, 96, 3)
    for left, right in batches(data_dir, 3):
        assert left.dtype == right.dtype == np.float32
        assert left.shape == right.shape == (4, 48, 96, 3)
        assert left.min() >= 0 and left.max() <= 1 and left.std() > 0.1


def test_stereo_dataset_keeps_disparity_and_eyes_under_augmentation(data_dir):
    # right(x) = left(x + 5) must hold for flipped and unflipped pairs alike; the JPEG error is
    # small against the texture. A flip without exchange would make it right(x) = left(x - 5).
    for left, right in batches(data_dir, 6):
        as_stored = np.abs(right[:, :, :-DISPARITY] - left[:, :, DISPARITY:]).mean(axis=(1, 2, 3))
        reversed_ = np.abs(right[:, :, DISPARITY:] - left[:, :, :-DISPARITY]).mean(axis=(1, 2, 3))
        assert (as_stored < 0.02).all() and (reversed_ > 0.05).all()


def test_stereo_dataset_flips_about_half(data_dir):
    plain = dict(brightness=0, contrast=0, saturation=0, gamma=0, color_cast=0)
    config = DatasetConfig(batch_size=21, crop_height=HEIGHT, crop_width=WIDTH, **plain)
    (left, _), *_ = batches(data_dir, 1, config)
    stored = np.stack([make_pair(k)[0] for k in range(FRAMES)]) / 255.0
    nearest = np.abs(left[:, None] - stored[None]).mean(axis=(2, 3, 4)).min(axis=1)
    unflipped = int((nearest < 0.02).sum())
    assert 4 <= unflipped <= 17


def test_stereo_dataset_resumes_where_an_unbroken_run_is(data_dir):
    # 21 frames in batches of 4: step 7 lies in the second epoch, step 13 in the third.
    unbroken = batches(data_dir, 16)
    for start in (7, 13):
        tf.random.set_seed(start)  # must not matter
        for (left, right), (left_then, right_then) in zip(
            unbroken[start:], batches(data_dir, 16 - start, start_step=start), strict=True
        ):
            np.testing.assert_array_equal(left, left_then)
            np.testing.assert_array_equal(right, right_then)


def test_stereo_dataset_shows_every_frame_once_per_epoch_in_another_order(data_dir):
    still = DatasetConfig(
        **dict(batch_size=1, crop_height=HEIGHT, crop_width=WIDTH, flip=False, shuffle_block=8),
        **dict(brightness=0, contrast=0, saturation=0, gamma=0, color_cast=0),
    )
    stored = np.stack([make_pair(k)[0] for k in range(FRAMES)]) / 255.0
    order = [
        int(np.abs(left[0] - stored).mean(axis=(1, 2, 3)).argmin())
        for left, _ in batches(data_dir, 2 * FRAMES, still)
    ]
    assert sorted(order[:FRAMES]) == sorted(order[FRAMES:]) == list(range(FRAMES))
    assert order[:FRAMES] != order[FRAMES:]
    # Blocks of 8 do not mix everything, so the shards must change their order as well.
    assert set(order[:8]) != set(order[FRAMES : FRAMES + 8])


def test_stereo_dataset_other_seed_gives_other_batches(data_dir):
    other = DatasetConfig(batch_size=4, crop_height=48, crop_width=96, seed=4)
    assert not np.array_equal(batches(data_dir, 1)[0][0], batches(data_dir, 1, other)[0][0])


def test_stereo_dataset_evaluation_is_one_plain_pass(data_dir):
    once = batches(data_dir, 99, training=False)
    again = batches(data_dir, 99, training=False)
    assert [len(left) for left, _ in once] == [4, 4, 4, 4, 4, 1]
    np.testing.assert_array_equal(once[0][0], again[0][0])
    later = batches(data_dir, 99, start_step=2, training=False)
    np.testing.assert_array_equal(later[0][0], once[2][0])
    assert int(stereo_dataset(data_dir, "train", SMALL, 2, False).cardinality()) == len(later) == 4


def test_stereo_dataset_whole_frames(data_dir):
    config = DatasetConfig(batch_size=1, whole_frames=True)
    left, right = batches(data_dir, 1, config, training=False)[0]
    assert left.shape == right.shape == (1, HEIGHT, WIDTH, 3)


def test_stereo_dataset_continues_low_frames_by_reflection(data_dir):
    config = DatasetConfig(batch_size=1, crop_height=HEIGHT + 10, crop_width=WIDTH)
    left, _ = batches(data_dir, 1, config, training=False)[0]
    np.testing.assert_array_equal(left[0, 4], left[0, 6])
    np.testing.assert_array_equal(left[0, HEIGHT + 5], left[0, HEIGHT + 3])


def test_stored_example_round_trip(data_dir):
    builder = tfds.builder_from_directory(data_dir)
    records = builder.as_dataset(split="train", decoders=schema.undecoded_images())
    by_pts = {int(record["pts"]): record for record in records}
    example = schema.StereoExample.from_features(by_pts[5 * 1001])
    assert (example.movie, example.shot, example.time) == ("x", 1, Fraction(5005, 24000))
    assert (example.width, example.height) == (WIDTH, HEIGHT)
    assert (example.composition_width, example.composition_shift) == (WIDTH + 4, -4)
    assert (example.percentile_5, example.percentile_95) == (-1.5, 2.25)
    # d_composed = d_source * 0.25 - 4
    assert example.source_disparity(12 * 0.25 - 4) == pytest.approx(12)
    decoded = cv2.imdecode(np.frombuffer(example.left_jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(decoded[..., ::-1].astype(int) - make_pair(5)[0]).mean() < 2


def test_encode_jpeg_rejects_floats():
    with pytest.raises(ValueError, match=r"must be \(h, w, 3\) uint8. Received"):
        schema.encode_jpeg(np.zeros((4, 4, 3), np.float32))


def test_stereo_dataset_rejects_missing_folder_and_split(data_dir, tmp_path):
    with pytest.raises(DataError, match=r"must hold a data set; make one .*nowhere"):
        stereo_dataset(tmp_path / "nowhere", "train", SMALL)
    with pytest.raises(DataError, match=r"one of train, .*Received: test"):
        stereo_dataset(data_dir, "test", SMALL)
    with pytest.raises(ValueError, match="start_step must not be negative"):
        stereo_dataset(data_dir, "train", SMALL, start_step=-1)
    (tmp_path / "dataset_info.json").write_text("{")
    with pytest.raises(DataError, match="is damaged or incomplete"):
        stereo_dataset(tmp_path, "train", SMALL)


def test_clear_data_errors_names_the_folder_of_a_corrupt_shard(data_dir, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(data_dir, broken)
    shard, *_ = sorted(broken.glob("*.tfrecord*"))
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 0xFF
    shard.write_bytes(content)
    damaged = pytest.raises(DataError, match=r"broken is damaged .*again with --overwrite")
    with damaged, dataset.clear_data_errors(broken):
        batches(broken, 99, training=False)
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(DataError, match="broken is damaged"), dataset.clear_data_errors(broken):
        batches(broken, 99, training=False)
    shard.unlink()
    with pytest.raises(DataError, match="broken is damaged"), dataset.clear_data_errors(broken):
        batches(broken, 1)


def test_clear_data_errors_of_a_window_wider_than_the_frames(data_dir):
    config = DatasetConfig(batch_size=1, crop_width=WIDTH + 1, crop_height=48)
    too_narrow = pytest.raises(DataError, match="narrower than crop_width")
    with too_narrow, dataset.clear_data_errors(data_dir):
        batches(data_dir, 1, config)


def test_dataset_config_rejects_bad_values():
    with pytest.raises(ValueError, match=r"batch_size must be at least 1\. Received: 0"):
        DatasetConfig(batch_size=0)
    with pytest.raises(ValueError, match="batch_size must be 1 with whole frames"):
        DatasetConfig(whole_frames=True)
