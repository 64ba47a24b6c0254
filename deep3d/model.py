"""The Deep3D network: left view -> distribution over disparity levels -> right view.

With a VGG encoder it is the paper's: the encoder halves the picture five times. Behind the first
four pooling stages a branch (batch normalization, 3x3 convolution to the levels, ReLU,
deconvolution that starts as bilinear interpolation) predicts the levels at half resolution; behind
the fifth that is done by fully connected layers or, where the size is to be free, by one more such
branch. They are summed, deconvolved once more to full resolution and turned into probabilities by
a softmax, with which the selection layer mixes the right view.
Source: Xie, Girshick, Farhadi, arXiv 1604.03650, section 3 and the authors' released graph
(github.com/piiswrong/deep3d, sym.py), whose trunk is "vgg11". The "compact" encoder (compact.py)
is smaller and has a decoder in place of the branches.

The network works at one width, that of its levels, and at any height that is a multiple of 32.
"""

import pathlib

import keras
import numpy as np
from keras import layers, ops

from deep3d.compact import BilinearDoubling, compact_logits
from deep3d.config import ALL_BRANCHES, PRECISIONS, ModelConfig
from deep3d.selection import SelectionLayer
from deep3d.wording import either

# Strides of the pooling stages; the branches meet at half resolution.
STRIDES = (2, 4, 8, 16, 32)
# Mean RGB of ImageNet on 0..255, which Caffe's VGG models have subtracted, in BGR order.
VGG_MEAN_RGB = (123.68, 116.779, 103.939)
# (3x3 convolutions, channels) of every block. Those of the released code bear the names of VGG16's
# first ones and have their shapes, so that they start from its weights.
VGG_BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
VGG11_BLOCKS = ((1, 64), (1, 128), (2, 256), (2, 512), (2, 512))
# The released code initializes by it whatever is neither loaded nor a deconvolution.
UNIFORM_LIMIT = 0.01


def build_deep3d(config: ModelConfig) -> keras.Model:
    """Builds the network.

    Args:
        config: Its architecture.

    Returns:
        Model from the left view (batch, height, width, 3 * frames), float RGB in [0, 1], the
        current frame first, to a dict of
        "right": (batch, height, width, 3) float32 in [0, 1], and, with a selection layer,
        "probabilities": (batch, height, width, levels) float32 for the pixels of the right view.
        Layers take the dtype policy in force; softmax and selection are always float32.
    """
    size = (config.height, config.width) if config.fully_connected else (None, None)
    left = keras.Input((*size, 3 * config.frames), dtype="float32", name="left")
    if config.encoder == "compact":
        logits = compact_logits(left, config.levels.channels)
    else:
        logits = _branched_logits(left, config)
    x = logits
    if logits_scale(config) == 2:
        x = BilinearDoubling(name="upsampled")(x)
    outputs = _selected(left, x, config) if config.selection else {"right": _colors(x, config)}
    return keras.Model(left, outputs, name="deep3d")


def logits_scale(config: ModelConfig) -> int:
    """Pixels of the picture along each side of a pixel of the layer "logits"."""
    return 2 if config.encoder == "compact" else 1


def _selected(left, logits, config: ModelConfig) -> dict:
    """The distribution, and the right view that it selects from the current frame."""
    probabilities = layers.Softmax(name="probabilities", dtype="float32")(logits)
    current = left[..., :3] if config.frames > 1 else left
    select = SelectionLayer(config.levels.values, config.padding, config.levels.empty, name="right")
    return {"right": select([current, probabilities]), "probabilities": probabilities}


def _colors(features, config: ModelConfig):
    """The right view by regression: the same layers, and one convolution from them to colors."""
    x = layers.ReLU(name="features")(features)
    return layers.Conv2D(
        3,
        3,
        padding="same",
        activation="sigmoid",
        kernel_initializer=_initializer(config),
        dtype="float32",
        name="right",
    )(x)


def _branched_logits(left, config: ModelConfig):
    """The paper's graph: a branch behind every pooling stage, summed at half resolution."""
    channels = config.levels.channels
    stages = _vgg_stages(left, config)
    branches = [
        _branch(stages[number - 1], STRIDES[number - 1], f"branch{number}", config)
        for number in range(ALL_BRANCHES - config.branches + 1, ALL_BRANCHES)
    ]
    if config.fully_connected:
        branches.append(_fully_connected_branch(stages[-1], config))
    else:
        branches.append(_branch(stages[-1], STRIDES[-1], f"branch{ALL_BRANCHES}", config))
    x = layers.Add(name="sum")(branches) if len(branches) > 1 else branches[0]
    x = layers.ReLU(name="fused")(x)
    x = layers.ReLU(name="upscaled")(_deconvolution(channels, 2, "upscale")(x))
    return layers.Conv2D(
        channels, 3, padding="same", kernel_initializer=_initializer(config), name="logits"
    )(x)  # (b, h, w, levels)


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
    if precision not in PRECISIONS:
        raise ValueError(
            f"The precision must be one of {either(PRECISIONS)}. Received: {precision!r}"
        )
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


def _initializer(config: ModelConfig):
    """What convolutions and fully connected layers start with; biases start at 0."""
    if config.initialization == "uniform":
        return keras.initializers.RandomUniform(-UNIFORM_LIMIT, UNIFORM_LIMIT)
    return "glorot_uniform"


def _branch(stage, stride: int, name: str, config: ModelConfig):
    channels = config.levels.channels
    x = layers.BatchNormalization(name=f"{name}_norm")(stage)
    x = layers.Conv2D(
        channels,
        3,
        padding="same",
        activation="relu",
        kernel_initializer=_initializer(config),
        name=f"{name}_conv",
    )(x)
    return _deconvolution(channels, stride // 2, f"{name}_deconv")(x)


def _fully_connected_branch(stage, config: ModelConfig):
    """The original's deepest branch: two hidden layers see the whole picture at once."""
    rows, columns = config.height // STRIDES[-1], config.width // STRIDES[-1]
    channels = config.levels.channels
    dense = {"activation": "relu", "kernel_initializer": _initializer(config)}
    x = layers.Flatten(name="top_flatten")(stage)
    for number in (6, 7):
        x = layers.Dense(config.fully_connected_units, name=f"top_fc{number}", **dense)(x)
        x = layers.Dropout(0.5, name=f"top_dropout{number}")(x)
    x = layers.Dense(rows * columns * channels, name="top_map", **dense)(x)
    x = layers.Reshape((rows, columns, channels), name="top_reshape")(x)
    return _deconvolution(channels, STRIDES[-1] // 2, "top_deconv")(x)


def _vgg_stages(left, config: ModelConfig) -> list:
    """A VGG trunk up to its five pooling layers, with the layer names of keras.applications.

    Preprocessing is part of it: RGB in [0, 1] -> BGR in 0..255 less the ImageNet mean, in every
    frame by itself.
    """
    offset = [-mean for mean in VGG_MEAN_RGB] * config.frames
    x = layers.Rescaling(255.0, offset=offset, name="preprocessed")(left)
    frames = [x[..., 3 * k : 3 * k + 3] for k in range(config.frames)] if config.frames > 1 else [x]
    frames = [ops.flip(frame, axis=-1) for frame in frames]
    x = ops.concatenate(frames, axis=-1) if config.frames > 1 else frames[0]
    stages = []
    blocks = VGG11_BLOCKS if config.encoder == "vgg11" else VGG_BLOCKS
    for block, (count, channels) in enumerate(blocks, start=1):
        for number in range(1, count + 1):
            x = layers.Conv2D(
                channels // config.channel_divisor,
                3,
                padding="same",
                activation="relu",
                kernel_initializer=_initializer(config),
                name=f"block{block}_conv{number}",
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
