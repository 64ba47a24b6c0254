"""The selection layer: a right view as the mixture of shifted left views.

`right(x) = sum_k p_k(x) * left(x + d_k)` with a distribution p over disparity levels d_k at every
pixel of the right view. It is differentiable in both inputs, which lets right views alone teach
disparity. Source: Xie, Girshick, Farhadi, "Deep3D", arXiv 1604.03650, section 3.2.

The sum runs over the levels one at a time; the (h, w, 3, levels) stack of shifted images that the
formula suggests is never built, neither forward nor backward.
"""

import math

import keras
from keras import ops

from deep3d.compilation import fused
from deep3d.wording import either

PADDINGS = ("edge", "reflect")


def shift_columns(image, disparity: float, padding: str = "edge"):
    """Moves an image so that `shifted(x) = image(x + disparity)`.

    Fractions of a pixel are interpolated linearly between the two neighbouring columns.

    Args:
        image: (batch, height, width, channels) float tensor.
        disparity: Pixels, may be fractional and negative.
        padding: What lies beyond the frame: "edge" repeats the outermost column, "reflect"
            mirrors around it.

    Returns:
        Tensor of the same shape and type.

    Raises:
        ValueError: If the padding is unknown, or "reflect" reaches beyond the image.
    """
    padded, before = _pad_columns(image, (disparity,), padding)
    return _shifted(padded, before, disparity, ops.shape(image)[2])


def select(left, probabilities, disparities, padding: str = "edge", empty: bool = False):
    """Mixes shifted left views by their probabilities, `sum_k p_k * left(x + d_k)`.

    Args:
        left: (batch, height, width, channels) float tensor, the left view.
        probabilities: (batch, height, width, levels) float tensor.
        disparities: Levels in pixels at the width of `left`, any order, fractions allowed.
        padding: "edge" or "reflect", see `shift_columns`.
        empty: Whether channel 0 of `probabilities` is an empty label without pixels.

    Returns:
        (batch, height, width, channels) float32 right view.

    Raises:
        ValueError: If the levels do not fit the channels, or the padding is unknown.
    """
    channels = len(disparities) + int(empty)
    if probabilities.shape[-1] != channels:
        raise ValueError(
            f"The distribution must have {channels} channels. "
            f"Received: shape {tuple(probabilities.shape)}"
        )
    # Sums of many products: 16-bit floats lose up to 3.4 steps of 255 here.
    left, probabilities = ops.cast(left, "float32"), ops.cast(probabilities, "float32")
    first = int(empty)

    @ops.custom_gradient
    def mix(left, probabilities):
        padded, before = _pad_columns(left, disparities, padding)
        width = ops.shape(left)[2]
        right = None
        for k, disparity in enumerate(disparities):
            term = probabilities[..., first + k : first + k + 1] * _shifted(
                padded, before, disparity, width
            )
            right = term if right is None else right + term

        def gradient(*upstream, **_):
            # torch hands over (context, gradient), the other backends the gradient alone
            return _select_gradient(upstream[-1], left, probabilities, disparities, padding, first)

        return right, gradient

    return mix(left, probabilities)


@keras.saving.register_keras_serializable(package="deep3d")
class SelectionLayer(keras.layers.Layer):
    """Layer over `select`; computes in float32 under every dtype policy.

    Args:
        disparities: Levels in pixels at the width of the images that it is called on.
        padding: "edge" or "reflect".
        empty: Whether channel 0 of the distribution is an empty label.
        **kwargs: Arguments of `keras.layers.Layer`; the dtype is float32 unless given.

    Call arguments:
        inputs: Pair of the left view (batch, height, width, 3) and the distribution
            (batch, height, width, levels).

    Raises:
        ValueError: If there are fewer than two levels or the padding is unknown.
    """

    def __init__(self, disparities, padding: str = "edge", empty: bool = False, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        if len(disparities) < 2:
            raise ValueError(
                f"At least two disparity levels must be given. Received: {disparities}"
            )
        _check_padding(padding)
        self.disparities = tuple(float(disparity) for disparity in disparities)
        self.padding = padding
        self.empty = empty
        self._select = fused(self._select_levels)

    def call(self, inputs):
        """Mixes the right view."""
        return self._select(*inputs)

    def _select_levels(self, left, probabilities):
        return select(left, probabilities, self.disparities, self.padding, self.empty)

    def compute_output_shape(self, input_shape):
        """The right view has the shape of the left one."""
        return tuple(input_shape[0])

    def get_config(self):
        """Every argument of the constructor."""
        return {
            **super().get_config(),
            "disparities": self.disparities,
            "padding": self.padding,
            "empty": self.empty,
        }


def _check_padding(padding: str):
    if padding not in PADDINGS:
        raise ValueError(f"The padding must be one of {either(PADDINGS)}. Received: {padding!r}")


def _margins(disparities) -> tuple[int, int]:
    """Columns that the shifts reach beyond the left and the right edge."""
    before = max(0, -math.floor(min(disparities)))
    after = max(0, math.ceil(max(disparities)))
    return before, after


def _pad_columns(image, disparities, padding: str):
    """The image with all columns that the shifts reach, and how many were put before it."""
    _check_padding(padding)
    before, after = _margins(disparities)
    if padding == "reflect":
        width = image.shape[2]
        if width is not None and max(before, after) >= width:
            raise ValueError(
                "Reflect padding must be smaller than the image width. "
                f"Received: {max(before, after)} columns for width {width}"
            )
        return ops.pad(image, ((0, 0), (0, 0), (before, after), (0, 0)), mode="reflect"), before
    # ops.pad has no edge mode on the TensorFlow backend
    parts = [image]
    if before:
        parts.insert(0, ops.repeat(image[:, :, :1], before, axis=2))
    if after:
        parts.append(ops.repeat(image[:, :, -1:], after, axis=2))
    return (ops.concatenate(parts, axis=2) if len(parts) > 1 else image), before


def _shifted(padded, before: int, disparity: float, width):
    """Window of `width` columns of the padded image, moved by a possibly fractional disparity."""
    whole = math.floor(disparity)
    fraction = disparity - whole
    start = before + whole
    window = padded[:, :, start : start + width]
    if fraction == 0.0:
        return window
    return (1.0 - fraction) * window + fraction * padded[:, :, start + 1 : start + 1 + width]


def _select_gradient(upstream, left, probabilities, disparities, padding: str, first: int):
    """Gradients of `select`, level by level, so that no shifted image has to be kept.

    For p_k it is the shifted image times the upstream gradient, summed over the colours. For the
    left view every level sends `p_k * upstream` back by its shift; columns beyond the frame go to
    those that they were copied from.
    """
    padded, before = _pad_columns(left, disparities, padding)
    width = ops.shape(left)[2]
    of_probabilities = [ops.zeros_like(probabilities[..., :first])] if first else []
    for disparity in disparities:
        shifted = _shifted(padded, before, disparity, width)
        of_probabilities.append(ops.sum(upstream * shifted, axis=-1, keepdims=True))
    return (
        _gradient_of_left(upstream, probabilities, disparities, padding, first, width),
        ops.concatenate(of_probabilities, axis=-1),
    )


def _gradient_of_left(upstream, probabilities, disparities, padding: str, first: int, width):
    before, after = _margins(disparities)
    reach = before + after
    # Zeros on both sides turn "send back by the shift" into reading windows, as forward.
    columns = ((0, 0), (0, 0), (reach, reach), (0, 0))
    upstream, probabilities = ops.pad(upstream, columns), ops.pad(probabilities, columns)
    of_padded = None
    for k, disparity in enumerate(disparities):
        whole = math.floor(disparity)
        fraction = disparity - whole
        for shift, weight in ((whole, 1.0 - fraction), (whole + 1, fraction)):
            if weight == 0.0:
                continue
            start = reach - before - shift
            window = slice(start, start + width + reach)
            term = weight * probabilities[:, :, window, first + k : first + k + 1]
            term = term * upstream[:, :, window]
            of_padded = term if of_padded is None else of_padded + term
    return _fold_columns(of_padded, before, after, padding, width)


def _fold_columns(of_padded, before: int, after: int, padding: str, width):
    """Transpose of `_pad_columns`: gradient of the padded image -> gradient of the image."""
    inner = of_padded[:, :, before : before + width]
    if before:
        outer = of_padded[:, :, :before]
        if padding == "edge":
            folded = ops.sum(outer, axis=2, keepdims=True)
            inner = ops.concatenate([inner[:, :, :1] + folded, inner[:, :, 1:]], axis=2)
        else:  # padded column -j mirrors column j, j = 1..before
            folded = ops.flip(outer, axis=2)
            inner = ops.concatenate(
                [inner[:, :, :1], inner[:, :, 1 : before + 1] + folded, inner[:, :, before + 1 :]],
                axis=2,
            )
    if after:
        outer = of_padded[:, :, -after:]
        if padding == "edge":
            folded = ops.sum(outer, axis=2, keepdims=True)
            inner = ops.concatenate([inner[:, :, :-1], inner[:, :, -1:] + folded], axis=2)
        else:
            folded = ops.flip(outer, axis=2)
            inner = ops.concatenate(
                [
                    inner[:, :, : -after - 1],
                    inner[:, :, -after - 1 : -1] + folded,
                    inner[:, :, -1:],
                ],
                axis=2,
            )
    return inner
