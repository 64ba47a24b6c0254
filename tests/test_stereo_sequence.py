import concurrent.futures
import dataclasses

import cv2
import keras
import numpy as np
import pytest
from stereo_data import DISPARITY, FRAMES, HEIGHT, WIDTH, make_pair, write_data_set

from data_pipeline.dataset import stereo_dataset
from data_pipeline.dataset_config import DataError, DatasetConfig
from data_pipeline.packs.row_files import PackError
from data_pipeline.stereo_pack import StereoPack, pack_data_set
from data_pipeline.stereo_sequence import StereoSequence, pack_batches
from deep3d.pair_changes import change_pairs
from deep3d.trainer import Trainer

PLAIN = dict(brightness=0, contrast=0, saturation=0, gamma=0, color_cast=0)
SMALL = DatasetConfig(batch_size=4, crop_height=48, crop_width=96, seed=3)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    return write_data_set(folder, ("train", "validation"), frames_before=2)


@pytest.fixture(scope="module")
def pack(data_dir, tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs") / "pack"
    pack_data_set(data_dir, folder)
    return folder


def batches(pack, count, config=SMALL, start_step=0, **options):
    """Left and right views as a network learns from them."""
    sequence = StereoSequence(pack, "train", config, start_step, **options)
    return [changed(*sequence[k]) for k in range(count)]


def changed(left, targets):
    left, targets = change_pairs(left, targets)
    return np.asarray(left), np.asarray(targets["right"])


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("height", [48, HEIGHT + 10])
def test_stereo_sequence_validation_is_that_of_tensorflow(pack, data_dir, height, frames):
    config = dataclasses.replace(SMALL, crop_height=height, frames=frames)
    sequence = StereoSequence(pack, "validation", config, training=False)
    reference = list(stereo_dataset(data_dir, "validation", config, training=False))
    assert sequence.num_batches == len(reference) == 6
    for ours, theirs in zip(sequence, reference, strict=True):
        for view, expected in zip(ours, theirs, strict=True):
            assert view.dtype == np.float32
            np.testing.assert_allclose(view, expected, atol=1e-6)


def test_stereo_sequence_whole_frames(pack, data_dir):
    config = DatasetConfig(batch_size=1, whole_frames=True)
    (left, right), *_ = StereoSequence(pack, "train", config, training=False)
    assert left.shape == right.shape == (1, HEIGHT, WIDTH, 3)


def test_stereo_sequence_evaluation_skips_and_stops(pack):
    def sequence(**options):
        return StereoSequence(pack, "train", SMALL, training=False, **options)

    whole = list(sequence())
    later = sequence(start_step=2)
    assert later.num_batches == 4
    np.testing.assert_array_equal(later[0][0], whole[2][0])
    assert sequence(start_step=4, steps=9).num_batches == 2
    assert sequence(steps=3).num_batches == 3
    assert sequence(start_step=7).num_batches == 0


def test_stereo_sequence_keeps_disparity_and_eyes_under_augmentation(pack):
    # As in test_dataset.py: a flip without exchange would make it right(x) = left(x - 5).
    for left, right in batches(pack, 6):
        assert left.shape == right.shape == (4, 48, 96, 3)
        assert left.min() >= 0 and left.max() <= 1 and left.std() > 0.1
        as_stored = np.abs(right[:, :, :-DISPARITY] - left[:, :, DISPARITY:]).mean(axis=(1, 2, 3))
        reversed_ = np.abs(right[:, :, DISPARITY:] - left[:, :, :-DISPARITY]).mean(axis=(1, 2, 3))
        assert (as_stored < 0.02).all() and (reversed_ > 0.05).all()


def test_stereo_sequence_changes_all_views_alike(pack):
    """Windows, mirroring and eyes of the frames before are those of the current one."""
    config = dataclasses.replace(SMALL, frames=3, **PLAIN)
    flips, places = 0, set()
    for left, _ in batches(pack, 3, config):
        for views in np.uint8(left * 255 + 0.5):
            current, *before = np.split(views, 3, axis=-1)
            number, eye, flipped, place = find_window(current)
            flips += flipped
            places.add(place)
            for j, view in enumerate(before, 1):
                whole = make_pair(1000 * j + number)[eye][:, :: -1 if flipped else 1]
                window = whole[place[1] : place[1] + 48, place[0] : place[0] + 96]
                assert np.abs(window.astype(int) - view).mean() < 3
    assert 0 < flips < 12 and len(places) > 6


def find_window(view):
    """Number of the pair, eye, whether mirrored, and (x, y) of a window of the stored pairs."""
    found = []
    for number in range(FRAMES):
        for eye, flipped in ((0, False), (1, True)):
            whole = np.ascontiguousarray(make_pair(number)[eye][:, :: -1 if flipped else 1])
            low, _, place, _ = cv2.minMaxLoc(cv2.matchTemplate(whole, view, cv2.TM_SQDIFF))
            found.append((low, (number, eye, flipped, place)))
    return min(found)[1]


def test_stereo_sequence_is_distributed_as_with_tensorflow(pack, data_dir):
    """Brightness, contrast and tint of the windows have the same mean and spread."""
    config = dataclasses.replace(SMALL, batch_size=FRAMES)
    ours = np.concatenate([left for left, _ in batches(pack, 12, config)])
    theirs = np.concatenate(
        [changed(*batch)[0] for batch in stereo_dataset(data_dir, "train", config).take(12)]
    )
    for measure in (
        lambda x: x.mean(axis=(1, 2, 3)),
        lambda x: x.std(axis=(1, 2, 3)),
        lambda x: x[..., 0].mean(axis=(1, 2)) - x[..., 2].mean(axis=(1, 2)),
    ):
        a, b = measure(ours), measure(theirs)
        error = np.hypot(a.std(), b.std()) / len(a) ** 0.5
        assert abs(a.mean() - b.mean()) < 4 * error
        assert a.std() / b.std() == pytest.approx(1, abs=0.25)  # 252 windows: about 4 sigma


def test_stereo_sequence_resumes_where_an_unbroken_run_is(pack):
    # 21 frames in batches of 4: step 7 lies in the second epoch, step 13 in the third.
    unbroken = batches(pack, 16)
    for start in (7, 13):
        again = batches(pack, 16 - start, start_step=start, ahead=2)
        for ours, theirs in zip(unbroken[start:], again, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    other = batches(pack, 1, dataclasses.replace(SMALL, seed=4))
    assert not np.array_equal(unbroken[0], other[0])


def test_stereo_sequence_shows_every_frame_once_per_epoch_in_another_order(pack):
    still = DatasetConfig(batch_size=1, crop_height=HEIGHT, crop_width=WIDTH, flip=False, **PLAIN)
    stored = np.stack([make_pair(k)[0] for k in range(FRAMES)]) / 255.0
    order = [
        int(np.abs(left[0] - stored).mean(axis=(1, 2, 3)).argmin())
        for left, _ in batches(pack, 2 * FRAMES, still)
    ]
    assert sorted(order[:FRAMES]) == sorted(order[FRAMES:]) == list(range(FRAMES))
    assert order[:FRAMES] != order[FRAMES:]


def test_stereo_pack_is_read_by_several_threads(pack):
    stored = StereoPack(pack, "train")
    alone = [stored[k] for k in range(FRAMES)]
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        assert list(threads.map(stored.__getitem__, 3 * list(range(FRAMES)))) == 3 * alone


def model_for(config):
    left = keras.Input((config.crop_height, config.crop_width, 3))
    model = Trainer(left, {"right": keras.layers.Conv2D(3, 1, name="right")(left)})
    model.compile("sgd", loss={"right": "mae"})
    return model


def test_pack_batches_feed_fit(pack):
    (train_from, validation), errors = pack_batches(pack, SMALL, validation_steps=2)
    with errors:
        history = model_for(SMALL).fit(
            train_from(3), validation_data=validation(), epochs=2, steps_per_epoch=2, verbose=0
        )
    assert len(history.history["val_loss"]) == 2


def test_pack_batches_keep_the_words_of_errors(pack, tmp_path, monkeypatch):
    """TensorFlow would bury them in its own error of a generator."""
    wide = dataclasses.replace(SMALL, crop_width=WIDTH + 1)
    (train_from, _), errors = pack_batches(pack, wide, validation_steps=2)
    with pytest.raises(DataError, match="pack: a stored frame is narrower than crop_width"), errors:
        model_for(wide).fit(train_from(0), steps_per_epoch=2, verbose=0)


def test_stereo_sequence_rejects_pictures_that_lie(pack, monkeypatch):
    wrong_size = lambda *_: dataclasses.replace(example, width=WIDTH - 9)  # noqa: E731
    example = StereoPack(pack, "train")[0]
    sequence = StereoSequence(pack, "train", SMALL)
    monkeypatch.setattr(StereoPack, "__getitem__", wrong_size)
    with pytest.raises(PackError, match="has another size than is stored with it"):
        sequence[0]
    example = dataclasses.replace(example, left_jpeg=b"no picture")
    monkeypatch.setattr(StereoPack, "__getitem__", lambda *_: example)
    with pytest.raises(PackError, match=r"train \d+ in .* cannot be decoded"):
        StereoSequence(pack, "train", SMALL)[0]


def test_stereo_sequence_rejects_wrong_options(pack):
    with pytest.raises(ValueError, match="start_step must not be negative"):
        StereoSequence(pack, "train", SMALL, start_step=-1)
    with pytest.raises(DataError, match=r"frames must be at most 3 .*--frames_before=3"):
        StereoSequence(pack, "train", dataclasses.replace(SMALL, frames=4))
