"""What the validation error of the right view would be without a network.

Measured on the batches that validate the network and as its metric is: the mean over pairs of each
pair's mean over its known pixels, on 0..255. That makes lines that its curve has to get below.
"""

import math
from collections.abc import Iterable

import cv2
import numpy as np

from deep3d.baselines import SHIFT_STEP, global_shift
from deep3d.disparity import DisparityLevels


def right_view_baselines(batches: Iterable, levels: DisparityLevels) -> dict[str, float]:
    """Errors of the copied left view, and of the one shift that suits all pairs best.

    Args:
        batches: Pairs of (left, targets) as training has them: (batch, h, w, 3) float in [0, 1],
            and right views of 3 channels or of 4, with weights last, alone or as "right" of a
            dict. They may differ in size.
        levels: Shifts are tried in half pixels over their range, and 0.

    Returns:
        {"copy_left": error, "global_shift": error, "global_shift_px": the shift}; {} if there are
        no right views.
    """
    shifts = _shifts(levels)
    total, pairs = np.zeros(len(shifts)), 0
    for left, targets in batches:
        right = right_views(targets)
        if right is None:
            return {}
        for view, truth in zip(np.asarray(left, np.float32), right, strict=True):
            total += _errors(np.ascontiguousarray(view[..., :3]), truth, shifts)
            pairs += 1
    if not pairs:
        return {}
    errors = 255.0 * total / pairs
    best = int(np.argmin(errors))
    copied = float(errors[shifts.index(0.0)])
    return {
        "copy_left": copied,
        "global_shift": float(errors[best]),
        "global_shift_px": shifts[best],
    }


def right_views(targets) -> np.ndarray | None:
    """The right views of a batch's targets, (batch, h, w, 3 or 4) float32; None without any."""
    right = targets.get("right") if isinstance(targets, dict) else targets
    return None if right is None else np.asarray(right, np.float32)


def _shifts(levels: DisparityLevels) -> list[float]:
    first = math.floor(min(*levels.values, 0.0) / SHIFT_STEP)
    last = math.ceil(max(*levels.values, 0.0) / SHIFT_STEP)
    return [SHIFT_STEP * number for number in range(first, last + 1)]


def _errors(left, truth, shifts) -> np.ndarray:
    """Mean error of one pair over its known pixels for every shift, (shifts,)."""
    height, width = left.shape[:2]
    weights = truth[..., 3] if truth.shape[-1] == 4 else np.ones((height, width), np.float32)
    weights = weights / (3.0 * max(float(weights.sum()), 1e-3))
    right = np.ascontiguousarray(truth[..., :3])
    # Whole pixels are windows of one wide view, halves windows of that view moved by a half.
    reach = math.ceil(max(map(abs, shifts))) + 1
    wide = cv2.copyMakeBorder(left, 0, 0, reach, reach, cv2.BORDER_REFLECT_101)
    between = global_shift(wide, SHIFT_STEP)
    errors = np.empty(len(shifts))
    for number, shift in enumerate(shifts):
        whole = math.floor(shift)
        source = wide if shift == whole else between
        moved = source[:, reach + whole : reach + whole + width]
        errors[number] = np.vdot(cv2.absdiff(moved, right).sum(axis=-1), weights)
    return errors
