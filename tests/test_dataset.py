import shutil
from fractions import Fraction

import cv2
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from stereo_data import DISPARITY, FRAMES, HEIGHT, WIDTH, make_pair, write_data_set

from data_pipeline import dataset, schema
from data_pipeline.dataset import DataError, DatasetConfig, stereo_dataset
from data_pipeline.dataset_config import RANDOM_NUMBERS
from deep3d.pair_changes import change_pairs

SMALL = DatasetConfig(batch_size=4, crop_height=48, crop_width=96, seed=3, shuffle_block=8)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return write_data_set(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def several_frames(tmp_path_factory):
    """A data set that stores two frames before each."""
    return write_data_set(tmp_path_factory.mktemp("several"), frames_before=2)


def batches(data_dir, count, config=SMALL, start_step=0, training=True):
    """Left and right views as a network learns from them."""
    data = stereo_dataset(data_dir, "train", config, start_step, training)
    ready = (change_pairs(*batch) for batch in data.take(count))
    return [tuple(view.numpy() for view in tf.nest.flatten(batch)) for batch in ready]


def test_stereo_dataset_gives_8_bit_windows_and_changes(data_dir):
    left, targets = stereo_dataset(data_dir, "train", SMALL).element_spec
    for view in (left, targets["right"]):
        assert (view.shape, view.dtype) == ((4, 48, 96, 3), tf.uint8)
    assert targets["changes"]["mirrored"].shape == (4,)
    assert targets["changes"]["cast"].shape == (4, 3)
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


def test_stereo_dataset_training_matches_reference(data_dir):
    examples = list(dataset.read_examples(data_dir, "train"))
    seen = set()
    for step, pairs in enumerate(batches(data_dir, 5)):
        for place, views in enumerate(zip(*pairs, strict=True)):
            number = 4 * step + place
            random = tf.random.stateless_uniform([RANDOM_NUMBERS], [SMALL.seed, number]).numpy()
            errors = [
                np.abs(np.stack(views) - augmented(example, random)).max() for example in examples
            ]
            assert min(errors) < 0.02  # of rounding in two JPEG decoders
            seen.add(int(np.argmin(errors)))
    assert len(seen) == 20  # of 21: none twice in an epoch


def augmented(example, random):
    """What training shows of an example, (2, 48, 96, 3), in NumPy's terms."""
    views = [
        cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        for encoded in (example.left_jpeg, example.right_jpeg)
    ]
    top, left = int(random[0] * (HEIGHT - 48 + 1)), int(random[1] * (WIDTH - 96 + 1))
    pair = np.stack(views)[:, top : top + 48, left : left + 96] / 255.0
    if random[2] < 0.5:
        pair = pair[::-1, :, ::-1]
    change = 2.0 * random[3:] - 1.0
    pair = pair ** np.exp(0.2 * change[3]) * (1.0 + 0.06 * change[4:])
    pair = (pair - 0.5) * (1.0 + 0.2 * change[1]) + 0.5 + 0.08 * change[0]
    gray = pair @ np.array([0.299, 0.587, 0.114])
    return np.clip(gray[..., None] + (pair - gray[..., None]) * (1.0 + 0.25 * change[2]), 0, 1)


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
    records = builder.as_dataset(
        split="train", decoders=schema.undecoded_images(builder.info.features)
    )
    by_pts = {int(record["pts"]): record for record in records}
    example = schema.StereoExample.from_features(by_pts[5 * 1001])
    assert (example.movie, example.shot, example.time) == ("train", 1, Fraction(5005, 24000))
    assert (example.width, example.height) == (WIDTH, HEIGHT)
    assert (example.composition_width, example.composition_shift) == (WIDTH + 4, -4)
    assert (example.percentile_5, example.percentile_95) == (-1.5, 2.25)
    # d_composed = d_source * 0.25 - 4
    assert example.source_disparity(12 * 0.25 - 4) == pytest.approx(12)
    decoded = cv2.imdecode(np.frombuffer(example.left_jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(decoded[..., ::-1].astype(int) - make_pair(5)[0]).mean() < 2


def test_stereo_dataset_stacks_frames_before(several_frames):
    config = DatasetConfig(batch_size=21, crop_height=HEIGHT, crop_width=WIDTH, frames=3)
    left, right = batches(several_frames, 1, config, training=False)[0]
    assert left.shape == (21, HEIGHT, WIDTH, 9) and right.shape == (21, HEIGHT, WIDTH, 3)
    stored = np.stack([make_pair(k)[0] for k in range(FRAMES)]) / 255.0
    for pair, partner in zip(left, right, strict=True):
        k = int(np.abs(pair[..., :3] - stored).mean(axis=(1, 2, 3)).argmin())
        np.testing.assert_allclose(partner, make_pair(k)[1] / 255.0, atol=0.1)
        for j in (1, 2):
            view = pair[..., 3 * j : 3 * j + 3]
            np.testing.assert_allclose(view, make_pair(1000 * j + k)[0] / 255.0, atol=0.1)


def test_stereo_dataset_changes_frames_before_as_the_current_one(several_frames):
    # As stored, view j shows pair 1000 * j + k in the same window; mirrored, its right view.
    plain = dict(brightness=0, contrast=0, saturation=0, gamma=0, color_cast=0)
    config = DatasetConfig(batch_size=4, crop_height=48, crop_width=96, frames=3, **plain)
    flips = 0
    for left, _ in batches(several_frames, 3, config):
        for views in np.split(left, 4):
            current, *before = np.split(np.uint8(views[0] * 255 + 0.5), 3, axis=-1)
            k, eye, flipped, place = find_window(current)
            flips += flipped
            for j, view in enumerate(before, 1):
                whole = make_pair(1000 * j + k)[eye]
                whole = whole[:, ::-1] if flipped else whole
                window = whole[place[1] : place[1] + 48, place[0] : place[0] + 96]
                assert np.abs(window.astype(int) - view).mean() < 3
    assert 0 < flips < 12


def find_window(view):
    """Number of the pair, eye, whether mirrored, and (x, y) of a window of the fake frames."""
    found = []
    for k in range(FRAMES):
        for eye, flipped in ((0, False), (1, True)):
            whole = make_pair(k)[eye][:, :: -1 if flipped else 1]
            score = cv2.matchTemplate(np.ascontiguousarray(whole), view, cv2.TM_SQDIFF)
            low, _, place, _ = cv2.minMaxLoc(score)
            found.append((low, (k, eye, flipped, place)))
    return min(found)[1]


def test_stereo_dataset_rejects_more_frames_than_stored(data_dir, several_frames):
    with pytest.raises(DataError, match=r"at most 1 .*--frames_before=1\. Received: 2"):
        stereo_dataset(data_dir, "train", DatasetConfig(frames=2))
    with pytest.raises(DataError, match=r"at most 3 .*--frames_before=3\. Received: 4"):
        stereo_dataset(several_frames, "train", DatasetConfig(frames=4))


def test_from_features_of_a_data_set_without_frames_before():
    example = schema.StereoExample(b"l", b"r", "x", 0, 0, 1, 24, 8, 6, 8, 0, 1.0, -1.0, 1.0)
    features = example.as_features() | {"movie": b"x"}
    del features["before_jpegs"], features["before_right_jpegs"]  # version 1.0.0
    assert schema.StereoExample.from_features(features) == example


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
    damaged = pytest.raises(DataError, match=r"broken is damaged .*--verify=.*broken --repair")
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
