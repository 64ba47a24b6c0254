"""Changes to a stereo pair that keep its disparity true: each is the same for both eyes.

The views of a pair, and those of the frames before it, are one tensor (n, h, w, 3), so that nothing
can be done to one view alone. `stereo_sequence.py` does the same without TensorFlow.
"""

import numpy as np
import tensorflow as tf

from data_pipeline.dataset_config import DatasetConfig

# The red, green and blue shares of brightness (ITU-R BT.601).
LUMA = (0.299, 0.587, 0.114)
# Fourth roots of brightness, Chebyshev's points of [0, 1], and the least squares through them.
_ROOTS = (1.0 - np.cos(np.pi * (np.arange(33) + 0.5) / 33)) / 2.0
_FIT = np.linalg.pinv(_ROOTS[:, None] ** np.arange(1, 11))  # (degree, points)


def extend_rows(views: tf.Tensor, height: int) -> tf.Tensor:
    """Continues views to `height` rows by reflection above and below.

    Scaling up instead would change the disparity.

    Args:
        views: (..., rows, w, 3) with rows <= `height`.
        height: Rows of the result.

    Returns:
        (..., height, w, 3).
    """
    rows = tf.shape(views)[-3]
    # 0 1 2 3 is continued to ... 2 1 0 1 2 3 2 1 ...: distance from 0 in a wave of this period.
    period = tf.maximum(2 * (rows - 1), 1)
    index = tf.math.floormod(tf.range(height) - (height - rows) // 2, period)
    return tf.gather(views, tf.minimum(index, period - index), axis=-3)


def mirror(views: tf.Tensor) -> tf.Tensor:
    """Mirrors views from left to right; the caller exchanges the eyes.

    Mirroring replaces x by -x, so d = x_left - x_right changes its sign: what was in front would
    be behind. Exchanging the eyes changes the sign again. Together they show the scene in a
    mirror, with every disparity as before.

    Args:
        views: (n, h, w, 3).

    Returns:
        (n, h, w, 3).
    """
    return tf.reverse(views, axis=[-2])


def change_colors(
    views: tf.Tensor,
    brightness: tf.Tensor | float = 0.0,
    contrast: tf.Tensor | float = 1.0,
    saturation: tf.Tensor | float = 1.0,
    gamma: tf.Tensor | float = 1.0,
    cast: tf.Tensor | float = 1.0,
) -> tf.Tensor:
    """Changes the colors of all views of a pair by one and the same function of the pixel.

    Nothing depends on a view's mean or neighborhood, so points that were equal in both eyes stay
    equal: `(views**gamma * cast - 1/2) * contrast + 1/2 + brightness`, then the distance from gray
    times `saturation`. Compiled by XLA this is a tenth of the work of TensorFlow's own operations.

    Args:
        views: (n, h, w, 3) or, a batch of pairs, (batch, n, h, w, 3) float32 in [0, 1].
        brightness: Offset; this and all below one number or, in a batch, (batch,).
        contrast: Factor around mid-gray.
        saturation: Factor; 0 is gray.
        gamma: Exponent; exact to 1e-5 between 0.6 and 3, to 2e-4 from 0.37.
        cast: (3,) or (batch, 3) factors of red, green and blue.

    Returns:
        The same shape, float32, clipped to [0, 1].
    """
    brightness, contrast, saturation, gamma = (
        tf.reshape(tf.cast(value, tf.float32), (-1, 1))
        for value in (brightness, contrast, saturation, gamma)
    )
    factors = tf.reshape(tf.ones(3) * cast, (-1, 3)) * contrast
    # Long rows, (pairs, values), are what XLA makes the fastest loops of.
    pairs = views.shape[0] if len(views.shape) == 5 else 1
    powers = tf.reshape(_power(tf.reshape(views, (pairs, -1)), gamma), (pairs, -1, 3))
    # Of gray, 1 - saturation is added to every color; the offset passes through unchanged.
    shares = factors * LUMA * (1.0 - saturation)
    gray = 0.5 - 0.5 * contrast + brightness
    gray += tf.add_n([powers[..., color] * shares[:, color, None] for color in range(3)])
    changed = powers * (factors * saturation)[:, None] + gray[..., None]
    return tf.reshape(tf.clip_by_value(changed, 0.0, 1.0), tf.shape(views))


def training_batches(config: DatasetConfig):
    """Compiled function (views, random numbers) of a batch -> (left, right), as `plain_batch`.

    The colors are changed, and pairs whose eyes were exchanged for it are mirrored.
    """

    @tf.function(jit_compile=True)
    def finish(views, random):
        mirrored = config.mirrored(random)[:, None, None, None]
        change = config.color_change(random[:, 3:])
        changed = []
        for view in views:
            view = tf.where(mirrored, mirror(view), view)
            view = tf.image.convert_image_dtype(view, tf.float32)
            changed.append(change_colors(view[:, None], **change)[:, 0])
        return _left_and_right(changed)

    return finish


def plain_batch(views: tuple[tf.Tensor, ...], _=()) -> tuple[tf.Tensor, tf.Tensor]:
    """(left, right), float32 in [0, 1], of a batch of views, each (batch, h, w, 3) uint8."""
    return _left_and_right([tf.image.convert_image_dtype(view, tf.float32) for view in views])


def _left_and_right(views) -> tuple[tf.Tensor, tf.Tensor]:
    """Views, each (batch, h, w, 3), as (batch, h, w, 3 * frames) and (batch, h, w, 3)."""
    *left, right = views
    return tf.concat(left, axis=-1), right


def _power(values: tf.Tensor, gamma: tf.Tensor) -> tf.Tensor:
    """`values ** gamma`, as a polynomial of the fourth root without a constant, so that 0 stays 0.

    The fourth root takes away the infinite slope at 0 that no polynomial of `values` could follow.

    Args:
        values: (pairs, n) float32 in [0, 1].
        gamma: (pairs, 1) or (1, 1) float32.
    """
    powers = tf.constant(_ROOTS) ** (4.0 * tf.cast(gamma, tf.float64))
    coefficients = tf.cast(tf.linalg.matmul(powers, _FIT, transpose_b=True), tf.float32)
    root = tf.sqrt(tf.sqrt(values))
    power = tf.zeros_like(root)
    for degree in reversed(range(_FIT.shape[0])):
        power = (power + coefficients[:, degree, None]) * root
    return power
