import dataclasses
import resource

import h5py
import keras
import numpy as np
import pytest

from deep3d import pretrained
from deep3d.checkpoint import (
    ArchitectureError,
    CheckpointError,
    Progress,
    load_model,
    restore,
    save_model,
)
from deep3d.config import ModelConfig
from deep3d.disparity import DisparityLevels
from deep3d.model import build_deep3d

CONFIG = ModelConfig(levels=DisparityLevels(minimum=-2, count=4, width=64), height=32, width=64)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(3)
    return build_deep3d(CONFIG)


@pytest.fixture
def path(model, tmp_path):
    save_model(tmp_path / "model.h5", model, CONFIG)
    return tmp_path / "model.h5"


def test_save_model_round_trip(model, path):
    loaded, config = load_model(path)
    assert config == CONFIG
    for ours, theirs in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert [p.name for p in path.parent.iterdir()] == ["model.h5"]


def test_save_model_half_is_half_as_large(model, path):
    half = path.with_name("half.h5")
    save_model(half, model, CONFIG, half=True)
    assert half.stat().st_size < 0.6 * path.stat().st_size
    for ours, theirs in zip(model.get_weights(), load_model(half)[0].get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-6)


def test_save_model_half_keeps_what_float16_cannot_hold(model, path):
    variance = next(v for v in model.variables if v.path.endswith("moving_variance"))
    # A value of the default model; float16 ends at 65504.
    variance.assign(np.full(variance.shape, 66033.0, np.float32))
    save_model(path, model, CONFIG, half=True)
    for ours, theirs in zip(model.get_weights(), load_model(path)[0].get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-6)


def test_restore_rejects_other_architecture(model, path):
    other = dataclasses.replace(CONFIG, padding="reflect")
    with pytest.raises(CheckpointError, match="padding is edge, not reflect"):
        restore(path, model, other)


def test_restore_names_the_flag_that_differs(model, path):
    other = dataclasses.replace(CONFIG, levels=dataclasses.replace(CONFIG.levels, minimum=-3))
    with pytest.raises(ArchitectureError, match=r"architecture: levels_minimum is -2.*, not -3"):
        restore(path, model, other)


def test_restore_rejects_another_optimizer(model, tmp_path):
    plain, averaged = (
        keras.optimizers.AdamW(use_ema=averages, ema_momentum=0.5) for averages in (False, True)
    )
    for optimizer in (plain, averaged):
        optimizer.build(model.trainable_variables)
    save_model(tmp_path / "plain.h5", model, CONFIG, optimizer=plain, progress=Progress(3, 0.5, 1))
    assert restore(tmp_path / "plain.h5", model, CONFIG, plain) == Progress(3, 0.5, 1)
    with pytest.raises(ArchitectureError, match="state of another optimizer"):
        restore(tmp_path / "plain.h5", model, CONFIG, averaged)


def test_restore_forgets_the_best_of_pictures_of_another_size(model, tmp_path):
    small = dataclasses.replace(CONFIG, picture_area=20_000)
    save_model(tmp_path / "model.h5", model, small, progress=Progress(300, 0.5, 4))
    assert restore(tmp_path / "model.h5", model, small) == Progress(300, 0.5, 4)
    large = dataclasses.replace(CONFIG, picture_area=60_000)
    assert restore(tmp_path / "model.h5", model, large) == Progress(300)


def test_restore_rejects_another_optimizer_of_the_same_shapes(model, tmp_path):
    """A momentum, and a sum or an average of the same shapes."""
    accumulating = keras.optimizers.SGD(momentum=0.9, gradient_accumulation_steps=2)
    averaged = keras.optimizers.SGD(momentum=0.9, use_ema=True)
    for optimizer in (accumulating, averaged):
        optimizer.build(model.trainable_variables)
    assert len(accumulating.variables) == len(averaged.variables)
    save_model(tmp_path / "sums.h5", model, CONFIG, optimizer=accumulating, progress=Progress(3))
    assert restore(tmp_path / "sums.h5", model, CONFIG, accumulating) == Progress(3)
    with pytest.raises(ArchitectureError, match=r"SGD with accumulation .* SGD with averaging"):
        restore(tmp_path / "sums.h5", model, CONFIG, averaged)


def test_load_model_rejects_flipped_bits(model, path):
    """A bit of a weight that the disk lost is no other weight."""
    kernel = max(model.get_weights(), key=np.size)
    data = bytearray(path.read_bytes())
    data[data.index(kernel.tobytes()[:64]) + 8] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(CheckpointError, match="damaged"):
        load_model(path)


def test_save_model_without_space_keeps_the_old_file(model, path):
    # A limit on the size of files fails like a full disk.
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
    try:
        with pytest.raises(CheckpointError, match=r"model\.h5 cannot be written \(File too large"):
            save_model(path, model, CONFIG)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["model.h5"]


def test_load_model_rejects_missing_variable(path):
    with h5py.File(path, "a") as file:
        del file["weights/logits/kernel"]
    with pytest.raises(CheckpointError, match="has no weights/logits/kernel"):
        load_model(path)


def test_load_model_rejects_shape_and_values(path):
    with h5py.File(path, "a") as file:
        del file["weights/logits/bias"]
        file["weights/logits/bias"] = np.zeros(5, "float32")
    with pytest.raises(CheckpointError, match="logits/bias must have shape"):
        load_model(path)
    with h5py.File(path, "a") as file:
        del file["weights/logits/bias"]
        file["weights/logits/bias"] = np.full(4, np.nan, "float32")
    with pytest.raises(CheckpointError, match="not finite"):
        load_model(path)


def test_load_model_rejects_links_out_of_the_file(path, tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["bias"] = np.zeros(4, "float32")
    with h5py.File(path, "a") as file:
        del file["weights/logits/bias"]
        file["weights/logits/bias"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/bias")
    with pytest.raises(CheckpointError, match="has no weights/logits/bias"):
        load_model(path)


def test_load_model_rejects_files_that_are_no_model(tmp_path):
    with pytest.raises(CheckpointError, match="no model file"):
        load_model(tmp_path / "absent.h5")
    (tmp_path / "text.h5").write_text("text")
    with pytest.raises(CheckpointError, match="damaged or no HDF5"):
        load_model(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["weights"] = 1
    with pytest.raises(CheckpointError, match="no deep3d model"):
        load_model(tmp_path / "other.h5")


def test_load_model_rejects_config_of_nonsense(path):
    with h5py.File(path, "a") as file:
        file.attrs["deep3d_config"] = '{"encoder": "plain", "run": "rm"}'
    with pytest.raises(ValueError, match=r"known fields only.*run"):
        load_model(path)
    with h5py.File(path, "a") as file:
        file.attrs["deep3d_config"] = '{"levels": {"count": "16"}}'
    with pytest.raises(ValueError, match=r"DisparityLevels.count must be"):
        load_model(path)


def test_load_model_rejects_unknown_name():
    with pytest.raises(
        CheckpointError, match=r"must be a file or one of default.*Received: 'no-such'"
    ):
        pretrained.load_model("no-such")
