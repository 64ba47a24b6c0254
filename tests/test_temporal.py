import cv2
import numpy as np
import pytest

from deep3d.temporal import Stabiliser

HEIGHT, WIDTH = 96, 192


def texture(seed=0, width=WIDTH):
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((HEIGHT, width, 3)), (0, 0), 2.0)
    return cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def trembling(truth, seed, deviation=0.3):
    noise = np.random.default_rng(seed).normal(0, deviation, truth.shape)
    return (truth + noise).astype(np.float32)


def test_update_averages_what_stands_still():
    truth = np.tile(np.linspace(-4, 4, WIDTH, dtype=np.float32), (HEIGHT, 1))
    stabiliser, picture = Stabiliser(frames=16), texture()
    for number in range(40):
        steady = stabiliser.update(picture, trembling(truth, number), is_cut=number == 0)
    inner = np.s_[8:-8, 16:-16]
    # An average in which the newest of n counts 1 / n has a deviation of about 1 / sqrt(2 n).
    assert (steady - truth)[inner].std() < 0.3 / np.sqrt(2 * 16) * 1.2
    assert abs((steady - truth)[inner].mean()) < 0.02


def test_update_follows_motion():
    wide = texture(width=WIDTH + 120)
    ramp = np.tile(np.linspace(-6, 6, WIDTH + 120, dtype=np.float32), (HEIGHT, 1))
    stabiliser = Stabiliser(frames=16)
    for number in range(40):
        window = np.s_[:, 3 * number : 3 * number + WIDTH]
        # Disparity belongs to the right view: its pixel x shows the left view's x + d.
        left_columns = np.arange(WIDTH, dtype=np.float32)
        truth = np.stack([np.interp(left_columns, left_columns - r, r) for r in ramp[window]])
        steady = stabiliser.update(wide[window], trembling(truth, number), is_cut=False)
    inner = np.s_[8:-8, 16:-40]  # what enters on the right has not been averaged yet
    error = steady - truth
    assert error[inner].std() < 0.15 and abs(error[inner].mean()) < 0.05


def test_update_moves_what_the_right_view_shows():
    """The right half of the left view scrolls; at a disparity of 32, the right view's from 64."""
    still, scrolling = texture(7), np.vstack([texture(8), texture(8)])
    waves = np.tile(32 + 2 * np.sin(np.arange(2 * HEIGHT) * 2 * np.pi / 32)[:, None], (1, WIDTH))
    stabiliser = Stabiliser()
    for number in range(16):
        rows = np.s_[3 * number : 3 * number + HEIGHT]
        picture = still.copy()
        picture[:, 96:] = scrolling[rows, 96:]
        truth = waves[rows].astype(np.float32)
        truth[:, :60] = 32.0
        steady = stabiliser.update(picture, truth, is_cut=number == 0)
    error = np.abs(steady - truth)[12:-12]
    assert error[:, 80:92].mean() < 0.4 and error[:, 10:52].mean() < 0.1


def test_update_starts_anew_at_a_cut():
    stabiliser = Stabiliser()
    for number in range(5):
        stabiliser.update(texture(1), np.full((HEIGHT, WIDTH), 5, np.float32), number == 0)
    # Even where the new shot resembles the old one.
    new = trembling(np.full((HEIGHT, WIDTH), 4, np.float32), 0)
    np.testing.assert_array_equal(stabiliser.update(texture(1), new, is_cut=True), new)


def test_update_leaves_nothing_behind_a_moving_thing():
    background, thing = texture(2), texture(3)[20:76, :40]
    stabiliser = Stabiliser()
    for number in range(12):
        left = 20 + 8 * number
        picture, truth = background.copy(), np.full((HEIGHT, WIDTH), -1.0, np.float32)
        picture[20:76, left : left + 40] = thing
        truth[20:76, left - 1 : left + 39] = 1.0  # of the right view
        steady = stabiliser.update(picture, truth, is_cut=number == 0)
    # Behind it, where it was one to five frames ago, is background again; on it nothing changed.
    assert np.abs(steady[24:72, left - 40 : left - 6] + 1).mean() < 0.1
    assert np.abs(steady[24:72, left + 4 : left + 34] - 1).mean() < 0.1


def test_update_takes_news_at_once():
    stabiliser, picture = Stabiliser(), texture(4)
    far, near = (np.full((HEIGHT, WIDTH), value, np.float32) for value in (-5, 5))
    for number in range(10):
        stabiliser.update(picture, far, is_cut=number == 0)
    np.testing.assert_allclose(stabiliser.update(picture, near, is_cut=False), 5.0, atol=1e-5)


def test_update_of_a_distribution():
    rng = np.random.default_rng(5)
    levels = np.arange(-3, 4, dtype=np.float32)
    one, two = Stabiliser(), Stabiliser()
    for number in range(6):
        picture = texture(6)
        distribution = rng.dirichlet(np.full(7, 5.0), (HEIGHT, WIDTH)).astype(np.float32)
        disparity = distribution @ levels
        steady = one.update(picture, disparity, number == 0)
        steady_distribution = two.update(picture, disparity, number == 0, distribution)
    np.testing.assert_allclose(steady_distribution.sum(2), 1.0, atol=1e-4)
    np.testing.assert_allclose(steady_distribution @ levels, steady, atol=1e-3)


def test_update_starts_anew_at_another_size():
    stabiliser = Stabiliser()
    stabiliser.update(texture(), np.zeros((HEIGHT, WIDTH), np.float32), True)
    small = np.ones((HEIGHT // 2, WIDTH // 2), np.float32)
    picture = cv2.resize(texture(), (WIDTH // 2, HEIGHT // 2))
    np.testing.assert_array_equal(stabiliser.update(picture, small, False), small)


@pytest.mark.parametrize("frames", [0, -3, float("nan")])
def test_stabiliser_refuses(frames):
    with pytest.raises(ValueError, match="at least 1"):
        Stabiliser(frames)


def test_update_over_one_frame_changes_nothing():
    stabiliser = Stabiliser(frames=1)
    for number in range(3):
        prediction = trembling(np.zeros((HEIGHT, WIDTH), np.float32), number)
        np.testing.assert_allclose(
            stabiliser.update(texture(), prediction, False), prediction, atol=1e-5
        )
