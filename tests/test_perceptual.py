import builtins
import sys
import types

import numpy as np
import pytest

from deep3d.perceptual import PerceptualDistance


def picture(seed, height=40, width=50):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


class NoGradient:
    def __enter__(self):
        return None

    def __exit__(self, *_):
        return None


@pytest.fixture
def stand_in(monkeypatch):
    """In the place of PyTorch and LPIPS: mean squared difference of what the package is given."""
    given = []

    class Network:
        def __init__(self, net, version, verbose):
            assert (net, version, verbose) == ("alex", "0.1", False)

        def __call__(self, first, second):
            given.append((first, second))
            return ((first - second) ** 2).mean(axis=(1, 2, 3), keepdims=True)

    torch = types.SimpleNamespace(no_grad=NoGradient, from_numpy=lambda array: array)
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "lpips", types.SimpleNamespace(LPIPS=Network))
    return given


def test_perceptual_distance_gives_the_package_what_it_takes(stand_in):
    truth, others = picture(0), [picture(1), picture(0), picture(2)]
    distances = PerceptualDistance().distances(truth, others)
    ((first, second),) = stand_in
    assert (first.shape, second.shape) == ((1, 3, 40, 50), (3, 3, 40, 50))
    assert first.dtype == second.dtype == np.float32
    np.testing.assert_allclose(second[2, 1, 5, 7], others[2][5, 7, 1] / 255 * 2 - 1, atol=1e-6)
    assert (second.min(), second.max()) == (-1, 1)
    assert distances[1] == 0 < min(distances[0], distances[2])
    assert all(isinstance(distance, float) for distance in distances)


def test_perceptual_distance_rejects_small_pictures(stand_in):
    with pytest.raises(ValueError, match="at least 32 x 32"):
        PerceptualDistance().distances(picture(0, height=31), [picture(1, height=31)])


def test_perceptual_distance_rejects_a_missing_package(monkeypatch):
    present = builtins.__import__

    def without(name, *rest):
        if name == "lpips":
            raise ModuleNotFoundError("No module named 'lpips'")
        return present(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ValueError, match=r"pip install lpips .*No module named"):
        PerceptualDistance()


def test_perceptual_distance_rejects_weights_out_of_reach(stand_in, monkeypatch):
    def unreachable(**_):
        raise OSError("no route to host")

    monkeypatch.setattr(sys.modules["lpips"], "LPIPS", unreachable)
    with pytest.raises(ValueError, match=r"AlexNet's weights.*no route to host"):
        PerceptualDistance()


def test_perceptual_distance_of_the_package_itself():
    pytest.importorskip("lpips", reason="LPIPS is not installed: pip install lpips")
    made = PerceptualDistance().distances(picture(0), [picture(0), picture(1)])
    assert made[0] == pytest.approx(0.0, abs=1e-6)
    assert made[1] > 0.1
