"""The default model's network: a small encoder and decoder made of 3x3 convolutions.

Plain dense convolutions run near peak speed on CPUs and GPUs, with or without matrix units, where
depthwise ones are bound by memory and train slowly; channels are multiples of 16, the width of
vector registers. Pixels are many where the picture is large, so the first stages are thin, and
most weights sit at strides 16 and 32, where one window spans the height of a person. The decoder
goes back to half the resolution (U-Net, Ronneberger et al., arXiv 1505.04597, with sums in place
of concatenation), so that what a thing is can decide which of its edges are edges of depth.
"""

import keras
from keras import layers, ops

# (3x3 convolutions, channels) at strides 2, 4, 8, 16, 32
ENCODER = ((1, 16), (2, 32), (2, 96), (3, 192), (4, 256))
DECODER = (128, 64, 32, 16)  # channels at strides 16, 8, 4, 2


def compact_logits(left, channels: int):
    """Logits of the disparity levels.

    Args:
        left: (batch, height, width, 3) in [0, 1], sides multiples of 32.
        channels: Number of levels.

    Returns:
        (batch, height / 2, width / 2, channels), of the layer "logits".
    """
    x = layers.Rescaling(4.0, offset=-2.0, name="preprocessed")(left)  # about unit variance
    stages = []
    for stage, (count, width) in enumerate(ENCODER, start=1):
        x = _convolution(x, width, f"encoder{stage}_1", strides=2)
        if stage == len(ENCODER):
            x = RowPosition(name="row_position")(x)
        for number in range(2, count + 1):
            x = _convolution(x, width, f"encoder{stage}_{number}", residual=True)
        stages.append(x)
    x = _with_context(x)
    for number, width in enumerate(DECODER, start=1):
        x = layers.Conv2D(width, 1, name=f"decoder{number}_in")(x)
        x = layers.UpSampling2D(2, name=f"decoder{number}_up")(x)
        skip = layers.Conv2D(width, 1, name=f"decoder{number}_skip")(stages[-1 - number])
        x = layers.Add(name=f"decoder{number}_sum")([x, skip])
        x = _convolution(x, width, f"decoder{number}")
    return layers.Conv2D(channels, 3, padding="same", name="logits")(x)


@keras.saving.register_keras_serializable(package="deep3d")
class BilinearDoubling(layers.Layer):
    """Twice the height and width by bilinear interpolation, edges repeated.

    The layer UpSampling2D of Keras cannot interpolate pictures whose size a TensorFlow graph does
    not know.

    Call arguments:
        inputs: (batch, height, width, channels).
    """

    def call(self, inputs):
        """Interpolates rows, then columns."""
        return _doubled(_doubled(inputs, 1), 2)

    def compute_output_shape(self, input_shape):
        """(batch, 2 height, 2 width, channels)."""
        batch, height, width, channels = input_shape
        return (batch, height and 2 * height, width and 2 * width, channels)


def _doubled(x, axis: int):
    """Linear interpolation at a quarter and three quarters between neighbors."""
    size = list(ops.shape(x))
    size[axis] = 2 * size[axis]
    if axis == 1:
        before = ops.concatenate([x[:, :1], x[:, :-1]], axis=1)
        after = ops.concatenate([x[:, 1:], x[:, -1:]], axis=1)
    else:
        before = ops.concatenate([x[:, :, :1], x[:, :, :-1]], axis=2)
        after = ops.concatenate([x[:, :, 1:], x[:, :, -1:]], axis=2)
    pair = ops.stack([0.25 * before + 0.75 * x, 0.75 * x + 0.25 * after], axis=axis + 1)
    return ops.reshape(pair, size)


@keras.saving.register_keras_serializable(package="deep3d")
class RowPosition(layers.Layer):
    """Adds a learned polynomial of the row to every channel.

    How high something lies in the picture is the first cue to its distance, and convolutions
    learn it only from the frame's edges.

    Call arguments:
        inputs: (batch, height, width, channels).
    """

    def build(self, input_shape):
        """Makes the weights: (3, channels) for the first three powers, 0 at first."""
        self.kernel = self.add_weight(
            name="kernel", shape=(3, input_shape[-1]), initializer="zeros"
        )

    def call(self, inputs):
        """Adds the polynomial."""
        rows = ops.shape(inputs)[1]
        row = (ops.cast(ops.arange(rows), self.compute_dtype) + 0.5) / ops.cast(
            rows, self.compute_dtype
        )
        row = 2.0 * row - 1.0  # -1 at the top, 1 at the bottom
        powers = ops.stack([row, row * row, row * row * row], axis=-1)  # (rows, 3)
        added = ops.matmul(powers, ops.cast(self.kernel, self.compute_dtype))
        return inputs + added[:, None]

    def compute_output_shape(self, input_shape):
        """The shape does not change."""
        return input_shape


def _convolution(x, width: int, name: str, strides: int = 1, residual: bool = False):
    y = layers.Conv2D(
        width,
        3,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    y = layers.BatchNormalization(momentum=0.98, name=f"{name}_norm")(y)
    if residual:
        y = layers.Add(name=f"{name}_sum")([x, y])
    return layers.ReLU(name=f"{name}_relu")(y)


def _with_context(x):
    """Adds what the whole picture shows, its kind of scene, to every place."""
    width = x.shape[-1]
    context = layers.GlobalAveragePooling2D(keepdims=True, name="context")(x)
    context = layers.Conv2D(width // 2, 1, activation="relu", name="context_1")(context)
    context = layers.Conv2D(width, 1, name="context_2")(context)
    return layers.Add(name="context_sum")([x, context])
