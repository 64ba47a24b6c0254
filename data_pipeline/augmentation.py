"""Changes to a stereo pair that keep its disparity true: each is the same for both eyes.

The views of a pair, and those of the frames before it, are one tensor (n, h, w, 3), so that nothing
can be done to one view alone. `stereo_sequence.py` does the same without TensorFlow.
"""

import tensorflow as tf

# The red, green and blue shares of brightness (ITU-R BT.601).
LUMA = (0.299, 0.587, 0.114)


def extend_rows(views: tf.Tensor, height: int) -> tf.Tensor:
    """Continues views to `height` rows by reflection above and below.

    Scaling up instead would change the disparity.

    Args:
        views: (n, rows, w, 3) with rows <= `height`.
        height: Rows of the result.

    Returns:
        (n, height, w, 3).
    """
    rows = tf.shape(views)[1]
    # 0 1 2 3 is continued to ... 2 1 0 1 2 3 2 1 ...: distance from 0 in a wave of this period.
    period = tf.maximum(2 * (rows - 1), 1)
    index = tf.math.floormod(tf.range(height) - (height - rows) // 2, period)
    return tf.gather(views, tf.minimum(index, period - index), axis=1)


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
    return tf.reverse(views, axis=[2])


def change_colors(
    views: tf.Tensor,
    brightness: tf.Tensor | float = 0.0,
    contrast: tf.Tensor | float = 1.0,
    saturation: tf.Tensor | float = 1.0,
    gamma: tf.Tensor | float = 1.0,
    cast: tf.Tensor | float = 1.0,
) -> tf.Tensor:
    """Changes the colors of all views by one and the same function of the pixel.

    Nothing depends on a view's mean or neighborhood, so points that were equal in both eyes stay
    equal: `(views**gamma * cast - 1/2) * contrast + 1/2 + brightness`, then the distance from gray
    times `saturation`.

    Args:
        views: (n, h, w, 3) float32 in [0, 1].
        brightness: Offset.
        contrast: Factor around mid-gray.
        saturation: Factor; 0 is gray.
        gamma: Exponent.
        cast: (3,) factors of red, green and blue.

    Returns:
        (n, h, w, 3) float32, clipped to [0, 1].
    """
    # As one exponential, one matrix and one offset: a tenth of the time of the plain formula,
    # because TensorFlow is slow at powers and at operations on rows of three numbers.
    views = tf.exp(gamma * tf.math.log(views))  # 0 -> exp(-inf) = 0
    to_gray = (1.0 - saturation) * tf.constant([LUMA] * 3)
    matrix = (saturation * tf.eye(3) + to_gray) * (cast * contrast)  # (out, in)
    # The rows of the saturation matrix sum to 1, so the offset passes through it unchanged.
    offset = 0.5 - 0.5 * contrast + brightness
    changed = tf.linalg.matmul(tf.reshape(views, (-1, 3)), matrix, transpose_b=True) + offset
    return tf.reshape(tf.clip_by_value(changed, 0.0, 1.0), tf.shape(views))
