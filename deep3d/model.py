"""The Deep3D network: left view -> distribution over disparity levels -> right view.

With the "vgg16" encoder it is the paper's: the encoder halves the picture five times. Behind every
pooling stage a branch (batch normalisation,
3x3 convolution to the levels, ReLU, deconvolution that starts as bilinear interpolation) predicts
the levels at half resolution; the branches are summed, deconvolved once more to full resolution
and turned into probabilities by a softmax, with which the selection layer mixes the right view.
Source: Xie, Girshick, Farhadi, arXiv 1604.03650, section 3 and the authors' released graph. The
"compact" one (compact.py) has a smaller encoder and a decoder in place of the branches.

The network works at one width, that of its levels, and at any height that is a multiple of 32.
"""

import pathlib

import keras
import numpy as np
from keras import layers, ops

from deep3d.compact import BilinearDoubling, compact_logits
from deep3d.config import ModelConfig
from deep3d.selection import SelectionLayer

# Strides of the pooling stages; the branches meet at half resolution.
STRIDES = (2, 4, 8, 16, 32)
# Mean RGB of ImageNet on 0..255, which Caffe's VGG models have subtracted, in BGR order.
VGG_MEAN_RGB = (123.68, 116.779, 103.939)
VGG_BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))


def build_deep3d(config: ModelConfig) -> keras.Model:
    """Builds the network.

    Args:
        config: Its architecture.

    Returns:
        Model from the left view (batch, height, width, 3), float RGB in [0, 1], to a dict of
        "right": (batch, height, width, 3) float32 in [0, 1], and
        "probabilities": (batch, height, width, levels) float32 for the pixels of the right view.
        Layers take the dtype policy in force; softmax and selection are always float32.
    """
    size = (config.height, config.width) if config.fully_connected else (None, None)
    left = keras.Input((*size, 3), dtype="float32", name="left")
    if config.encoder == "vgg16":
        logits = _branched_logits(left, config)
    else:
        logits = compact_logits(left, config.levels.channels)
    x = logits
    if logits_scale(config) == 2:
        x = BilinearDoubling(name="upsampled")(x)
    probabilities = layers.Softmax(name="probabilities", dtype="float32")(x)  # (b, h, w, levels)
    right = SelectionLayer(config.levels.values, config.padding, config.levels.empty, name="right")(
        [left, probabilities]
    )
    return keras.Model(left, {"right": right, "probabilities": probabilities}, name="deep3d")


def logits_scale(config: ModelConfig) -> int:
    """Pixels of the picture along each side of a pixel of the layer "logits"."""
    return 2 if config.encoder == "compact" else 1


def _branched_logits(left, config: ModelConfig):
    """The paper's graph: a branch behind every pooling stage, summed at half resolution."""
    channels = config.levels.channels
    stages = _vgg16(left)
    branches = [
        _branch(stage, channels, stride, f"branch{number}")
        for number, (stage, stride) in enumerate(zip(stages, STRIDES, strict=True), start=1)
    ]
    if config.fully_connected:
        branches.append(_fully_connected_branch(stages[-1], config))
    x = layers.ReLU(name="fused")(layers.Add(name="sum")(branches))
    x = layers.ReLU(name="upscaled")(_deconvolution(channels, 2, "upscale")(x))
    return layers.Conv2D(channels, 3, padding="same", name="logits")(x)  # (b, h, w, levels)


def set_precision(precision: str) -> str:
    """Sets the dtype policy for models that are built from now on.

    Args:
        precision: "float32", "bfloat16", or "auto": bfloat16 where the processor or a GPU has
            matrix units for it. Elsewhere 16-bit convolutions are several times slower.

    Returns:
        The policy that was set, "float32" or "mixed_bfloat16".

    Raises:
        ValueError: If the precision is unknown.
    """
    if precision not in ("auto", "float32", "bfloat16"):
        raise ValueError(f"Precision must be auto, float32 or bfloat16. Received: {precision!r}")
    fast = precision == "bfloat16" or (precision == "auto" and _has_bfloat16_units())
    policy = "mixed_bfloat16" if fast else "float32"
    keras.config.set_dtype_policy(policy)
    return policy


@keras.saving.register_keras_serializable(package="deep3d")
class DiagonalBilinear(keras.initializers.Initializer):
    """Bilinear interpolation as the start of a deconvolution: every channel onto itself.

    The weights stand on the channel diagonal only; a kernel that is filled for all pairs of
    channels would add the channels up.
    """

    def __call__(self, shape, dtype=None):
        """The kernel (height, width, outputs, inputs) of a transposed convolution."""
        height, width, outputs, inputs = shape
        kernel = np.zeros(shape, "float32")
        diagonal = np.arange(min(outputs, inputs))
        kernel[:, :, diagonal, diagonal] = np.outer(
            _bilinear_profile(height), _bilinear_profile(width)
        )[:, :, np.newaxis]
        return ops.convert_to_tensor(kernel, dtype=dtype)


def _bilinear_profile(size: int) -> np.ndarray:
    factor = (size + 1) // 2
    center = factor - 1.0 if size % 2 else factor - 0.5
    return 1.0 - np.abs(np.arange(size) - center) / factor


def _deconvolution(channels: int, stride: int, name: str) -> layers.Layer:
    # Kernel 2S and "same" padding of S/2 make bilinear interpolation exact, as in the original.
    return layers.Conv2DTranspose(
        channels,
        kernel_size=2 * stride if stride > 1 else 1,
        strides=stride,
        padding="same",
        kernel_initializer=DiagonalBilinear(),
        name=name,
    )


def _branch(stage, channels: int, stride: int, name: str):
    x = layers.BatchNormalization(name=f"{name}_norm")(stage)
    x = layers.Conv2D(channels, 3, padding="same", activation="relu", name=f"{name}_conv")(x)
    return _deconvolution(channels, stride // 2, f"{name}_deconv")(x)


def _fully_connected_branch(stage, config: ModelConfig):
    """The original's global branch: two hidden layers see the whole picture at once."""
    rows, columns = config.height // STRIDES[-1], config.width // STRIDES[-1]
    channels = config.levels.channels
    x = layers.Flatten(name="top_flatten")(stage)
    for number in (6, 7):
        x = layers.Dense(config.fully_connected_units, activation="relu", name=f"top_fc{number}")(x)
        x = layers.Dropout(0.5, name=f"top_dropout{number}")(x)
    x = layers.Dense(rows * columns * channels, activation="relu", name="top_map")(x)
    x = layers.Reshape((rows, columns, channels), name="top_reshape")(x)
    return _deconvolution(channels, STRIDES[-1] // 2, "top_deconv")(x)


def _vgg16(left) -> list:
    """VGG16 up to its five pooling layers, with the layer names of keras.applications.

    Preprocessing is part of it: RGB in [0, 1] -> BGR in 0..255 less the ImageNet mean.
    """
    x = layers.Rescaling(255.0, offset=[-mean for mean in VGG_MEAN_RGB], name="preprocessed")(left)
    x = ops.flip(x, axis=-1)
    stages = []
    for block, (count, channels) in enumerate(VGG_BLOCKS, start=1):
        for number in range(1, count + 1):
            x = layers.Conv2D(
                channels, 3, padding="same", activation="relu", name=f"block{block}_conv{number}"
            )(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
        stages.append(x)
    return stages


def _has_bfloat16_units() -> bool:
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists() and "amx_bf16" in cpuinfo.read_text(encoding="utf-8"):
        return True
    if keras.backend.backend() == "jax":
        import jax

        return any(float(getattr(d, "compute_capability", 0) or 0) >= 8 for d in jax.devices())
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    # bfloat16 tensor cores came with compute capability 8.0
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return any(device.get("compute_capability", (0,))[0] >= 8 for device in details)
