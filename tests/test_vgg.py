import h5py
import numpy as np
import pytest

from deep3d import vgg
from deep3d.config import ModelConfig
from deep3d.model import VGG_BLOCKS, build_deep3d
from deep3d.vgg import VggWeightsError, load_imagenet_weights, vgg16_layer_names


@pytest.fixture(scope="module")
def model():
    return build_deep3d(ModelConfig(encoder="vgg16"))


def write_keras_file(path, skip=(), transposed=()):
    """A file of the layout of vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5."""
    rng = np.random.default_rng(0)
    inputs = 3
    with h5py.File(path, "w") as file:
        for block, (count, outputs) in enumerate(VGG_BLOCKS, start=1):
            for number in range(1, count + 1):
                name = f"block{block}_conv{number}"
                shape = (3, 3, inputs, outputs)
                inputs = outputs
                group = file.create_group(name)
                group.attrs["weight_names"] = [f"{name}_W_1:0", f"{name}_b_1:0"]
                if name in skip:
                    continue
                shape = shape[::-1] if name in transposed else shape
                group[f"{name}_W_1:0"] = rng.random(shape, dtype="float32")
                group[f"{name}_b_1:0"] = rng.random(outputs, dtype="float32")
    return path


def test_load_imagenet_weights_round_trip(model, tmp_path):
    path = write_keras_file(tmp_path / "vgg16.h5")
    load_imagenet_weights(model, str(path))
    with h5py.File(path) as file:
        for name in vgg16_layer_names():
            kernel, bias = model.get_layer(name).get_weights()
            np.testing.assert_array_equal(kernel, file[name][f"{name}_W_1:0"])
            np.testing.assert_array_equal(bias, file[name][f"{name}_b_1:0"])
    assert len(vgg16_layer_names()) == 13


def test_load_imagenet_weights_rejects_missing_layer(model, tmp_path):
    path = write_keras_file(tmp_path / "vgg16.h5", skip=["block4_conv2"])
    with pytest.raises(VggWeightsError, match="no layer block4_conv2"):
        load_imagenet_weights(model, str(path))


def test_load_imagenet_weights_rejects_shape(model, tmp_path):
    path = write_keras_file(tmp_path / "vgg16.h5", transposed=["block2_conv1"])
    before = model.get_layer("block1_conv1").get_weights()[0]
    with pytest.raises(VggWeightsError, match="block2_conv1 must have shapes"):
        load_imagenet_weights(model, str(path))
    # nothing was assigned before everything was checked
    np.testing.assert_array_equal(model.get_layer("block1_conv1").get_weights()[0], before)


def test_load_imagenet_weights_rejects_missing_and_other_files(model, tmp_path):
    with pytest.raises(VggWeightsError, match=r"no file .* Download https"):
        load_imagenet_weights(model, str(tmp_path / "absent.h5"))
    text = tmp_path / "text.h5"
    text.write_text("no weights")
    with pytest.raises(VggWeightsError, match="no readable HDF5"):
        load_imagenet_weights(model, str(text))


def test_load_imagenet_weights_offline_says_what_to_download(model, monkeypatch):
    def unreachable(*arguments, **keywords):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(vgg.keras.utils, "get_file", unreachable)
    with pytest.raises(VggWeightsError, match=r"could not be fetched.*notop\.h5.*--vgg_weights"):
        load_imagenet_weights(model, "imagenet")


def test_load_imagenet_weights_rejects_plain_encoder(tmp_path):
    with pytest.raises(ValueError, match="must have a vgg11 or vgg16 encoder"):
        load_imagenet_weights(build_deep3d(ModelConfig()), "absent.h5")
