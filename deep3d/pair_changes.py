"""Changes to stereo pairs that keep their disparity true, made where the training step computes.

What feeds a training hands out 8-bit windows and says what is to be done with each pair. Decoding
is then all that the processor beside an accelerator has to do, and a quarter of the bytes travel.
"""

from keras import ops

from deep3d.compilation import fused

# The red, green and blue shares of brightness (ITU-R BT.601).
LUMA = (0.299, 0.587, 0.114)


def change_pairs(left, targets) -> tuple:
    """What a training step learns from, of a batch of `data_pipeline.dataset.stereo_dataset`.

    Args:
        left: (batch, h, w, 3 * frames) uint8 left views.
        targets: A dict of the "right" views, (batch, h, w, 3) uint8, and of "changes": which pairs
            are "mirrored", (batch,), and the arguments of `change_colors`. A batch whose targets
            have no "changes" is ready, and returned as it is.

    Returns:
        The left views, float32 in [0, 1], and a dict of the "right" ones.
    """
    if not isinstance(targets, dict) or "changes" not in targets:
        return left, targets
    left, right = (_change_views(views, targets["changes"]) for views in (left, targets["right"]))
    return left, {"right": right}


def mirrored_pair(left, right) -> tuple:
    """The pair that a mirror shows: the eyes change places, and every disparity stays.

    Mirroring alone replaces x by -x, so d = x_left - x_right would change its sign, and what was in
    front would be behind.

    Args:
        left: (batch, h, w, 3) left views.
        right: (batch, h, w, 3 or more) right views, colors first.

    Returns:
        The left and the right views, (batch, h, w, 3), of the mirrored scenes.
    """
    return ops.flip(right[..., :3], axis=2), ops.flip(left, axis=2)


def change_colors(views, brightness=0.0, contrast=1.0, saturation=1.0, gamma=1.0, cast=1.0):
    """Changes the colors of views by one and the same function of the pixel for each pair.

    Nothing depends on a view's mean or neighborhood, so points that were equal in both eyes stay
    equal: `(views**gamma * cast - 1/2) * contrast + 1/2 + brightness`, then the distance from gray
    times `saturation`.

    Args:
        views: (batch, h, w, 3 * frames) in [0, 1].
        brightness: Offset; this and all below one number, or (batch,).
        contrast: Factor around mid-gray.
        saturation: Factor; 0 is gray.
        gamma: Exponent.
        cast: (3,) or (batch, 3) factors of red, green and blue.

    Returns:
        The same shape, float32, clipped to [0, 1].
    """
    brightness, contrast, saturation, gamma = (
        ops.reshape(ops.cast(value, "float32"), (-1, 1, 1, 1, 1))
        for value in (brightness, contrast, saturation, gamma)
    )
    cast = ops.reshape(ops.ones(3) * cast, (-1, 1, 1, 1, 3))
    shape = ops.shape(views)
    views = ops.reshape(views, (*shape[:3], -1, 3))
    # By the logarithm, as compilers make fast loops of it, which they do not of a power.
    powers = ops.exp(gamma * ops.log(views))
    changed = (powers * cast - 0.5) * contrast + 0.5 + brightness
    gray = ops.sum(changed * ops.convert_to_tensor(LUMA), axis=-1, keepdims=True)
    changed = gray + (changed - gray) * saturation
    return ops.reshape(ops.clip(changed, 0.0, 1.0), shape)


@fused
def _change_views(views, changes):
    mirrored = ops.reshape(changes["mirrored"], (-1, 1, 1, 1))
    views = ops.where(mirrored, ops.flip(views, axis=2), views)
    colors = {name: value for name, value in changes.items() if name != "mirrored"}
    return change_colors(ops.cast(views, "float32") / 255.0, **colors)
