"""ImageNet weights for the VGG encoders, from the file that Keras has always offered for VGG16.

The file is `vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5`: one group for each layer, named
`block1_conv1` and so on, with the datasets `block1_conv1_W_1:0` (kernel, HWIO) and
`block1_conv1_b_1:0` (bias). Its kernels expect BGR input with the mean subtracted, which the
model does itself. The "vgg11" encoder takes those of the layers that it has, by name, as the
released Deep3D does.
"""

import os

import h5py
import keras
import numpy as np

from deep3d.model import VGG_BLOCKS

FILE_NAME = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
FILE_URL = f"https://storage.googleapis.com/tensorflow/keras-applications/vgg16/{FILE_NAME}"


class VggWeightsError(ValueError):
    """The ImageNet weights are missing or do not fit; the message says what to fetch."""


def vgg16_layer_names() -> list[str]:
    """Names of the 13 convolutions, as in keras.applications."""
    return [
        f"block{block}_conv{number}"
        for block, (count, _) in enumerate(VGG_BLOCKS, start=1)
        for number in range(1, count + 1)
    ]


def load_imagenet_weights(model: keras.Model, source: str = "imagenet"):
    """Sets the convolutions of a VGG encoder to their ImageNet weights.

    Where the network sees several frames, the first kernel is that of ImageNet for the current
    one and 0 for the others.

    Args:
        model: Model of `build_deep3d` with a VGG encoder.
        source: Path of the file, or "imagenet" to let keras.applications fetch and cache it.

    Raises:
        VggWeightsError: If the file cannot be had, lacks a layer, or has another shape.
        ValueError: If the model has another encoder.
    """
    layers = {layer.name: layer for layer in model.layers if layer.name in vgg16_layer_names()}
    if not layers:
        raise ValueError("The model must have a vgg11 or vgg16 encoder for ImageNet weights.")
    path = _fetch() if source == "imagenet" else source
    if not os.path.isfile(path):
        raise VggWeightsError(f"There is no file {path}. {_advice()}")
    try:
        with h5py.File(path, "r") as file:
            weights = {name: _layer_weights(file, name, path) for name in layers}
    except OSError as error:
        raise VggWeightsError(f"{path} is no readable HDF5 file ({error}). {_advice()}") from error
    first = next(iter(layers))
    weights[first][0] = _for_frames(weights[first][0], layers[first].kernel.shape[2])
    for name, values in weights.items():
        wanted = [tuple(variable.shape) for variable in layers[name].weights]
        if [value.shape for value in values] != wanted:
            raise VggWeightsError(
                f"{path}: {name} must have shapes {wanted}. "
                f"Received: {[value.shape for value in values]}"
            )
    for name, values in weights.items():
        layers[name].set_weights(values)


def _for_frames(kernel: np.ndarray, channels: int) -> np.ndarray:
    """A kernel (3, 3, 3, outputs) with zeros for the channels of the frames before."""
    added = max(0, channels - kernel.shape[2])
    return np.pad(kernel, ((0, 0), (0, 0), (0, added), (0, 0)))


def _layer_weights(file: h5py.File, name: str, path) -> list:
    """Kernel and bias of one layer: first the dataset of rank 4, then that of rank 1."""
    group = file.get(name)
    datasets = []
    if isinstance(group, h5py.Group):
        group.visititems(
            lambda _, item: datasets.append(item) if isinstance(item, h5py.Dataset) else None
        )
    by_rank = {item.ndim: item for item in datasets if not item.external}
    if set(by_rank) != {1, 4} or by_rank[4].size > 512 * 512 * 9:
        raise VggWeightsError(f"{path} has no layer {name} with a kernel and a bias. {_advice()}")
    return [by_rank[4][()], by_rank[1][()]]


def _fetch() -> str:
    try:
        return keras.utils.get_file(FILE_NAME, FILE_URL, cache_subdir="models")
    except Exception as error:  # keras raises bare Exception when the network is away
        raise VggWeightsError(f"The ImageNet weights could not be fetched. {_advice()}") from error


def _advice() -> str:
    return (
        f"Download {FILE_URL} elsewhere and give its path with --vgg_weights=PATH, "
        f"or put it at ~/.keras/models/{FILE_NAME}; --vgg_weights= trains without them."
    )
