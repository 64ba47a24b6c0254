import numpy as np

from deep3d.video.disparity_picture import disparity_to_gray, gray_to_disparity


def test_disparity_to_gray_preset():
    gray = disparity_to_gray(np.array([[0.0, 1.0, -2.0, 0.03, 9.0, -9.0]]))
    np.testing.assert_array_equal(gray[0, :, 0], [128, 153, 78, 129, 255, 0])
    assert gray.dtype == np.uint8 and gray.shape == (1, 6, 3)


def test_disparity_gray_round_trip_deep():
    percent = np.random.default_rng(0).uniform(-5.1, 5.06, (7, 9)).astype(np.float32)
    gray = disparity_to_gray(percent, np.uint16)
    np.testing.assert_allclose(gray_to_disparity(gray), percent, atol=0.0001)
    np.testing.assert_array_equal(disparity_to_gray(np.zeros((1, 1)), np.uint16), 128 * 256)


def test_disparity_gray_round_trip():
    percent = np.random.default_rng(0).uniform(-5.1, 5.06, (7, 9)).astype(np.float32)
    back = gray_to_disparity(disparity_to_gray(percent))
    np.testing.assert_allclose(back, percent, atol=0.02 + 1e-6)  # half a step of 0.04
    every = np.arange(256, dtype=np.uint8)[np.newaxis]
    np.testing.assert_array_equal(disparity_to_gray(gray_to_disparity(every))[..., 0], every)
