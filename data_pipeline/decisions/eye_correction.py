"""Undoes a vertical misalignment between the eyes that has been measured (misalignment.py)."""

import math

import cv2
import numpy as np

from data_pipeline.decisions.misalignment import NOT_MEASURED, Misalignment


def correct_misalignment(
    left: np.ndarray,
    right: np.ndarray,
    misalignment: Misalignment,
    size: tuple[int, int] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Warps both views by half and crops what only one of them shows.

    Bicubically; where the views are shrunk as well, by up to a half, bilinearly, which is as sharp.

    Args:
        left: (h, w, 3) uint8.
        right: (h, w, 3) uint8.
        misalignment: As measured on views of any size with this aspect ratio.
        size: Width and height to which the views are shrunk; None leaves theirs. Where nothing was
            measured, they stay as they are.

    Returns:
        Two views of one size: rows and columns are cropped alike on opposite sides.
    """
    width, height = size or left.shape[1::-1]
    half = math.radians(misalignment.rotation_deg) / 2
    zoom = math.sqrt(misalignment.zoom)
    offset = misalignment.vertical_offset / 100 * height
    # Both views are turned, so what lies at another x in the left view gets another height there.
    lift = -zoom * math.sin(half) * misalignment.parallax / 100 * height
    scale, turn = max(zoom, 1 / zoom) - 1, abs(math.sin(half))
    # One pixel more on each side, which the bicubic kernel reads.
    rows = math.ceil(abs(offset) / 2 + abs(lift) + turn * width / 2 + scale * height / 2) + 1
    columns = math.ceil(turn * (height / 2 + abs(offset)) + scale * width / 2) + 1
    if misalignment == NOT_MEASURED:
        return left, right
    shrunk = left.shape[1] / width, left.shape[0] / height
    size = (width - 2 * columns, height - 2 * rows)
    warped_left = _warped(left, size, shrunk, -half, 1 / zoom, offset / 2 + lift, 0.0)
    warped_right = _warped(right, size, shrunk, half, zoom, offset / 2, offset)
    return warped_left, warped_right


def _warped(view, size, shrunk, angle, zoom, before, after) -> np.ndarray:
    """Pixel u of the result is pixel zoom * R(angle) (u - before) + after, from the centres.

    Either is meant at the result's scale, of which the view has `shrunk` times as many pixels.
    """
    columns, rows = size
    cosine, sine = zoom * math.cos(angle), zoom * math.sin(angle)
    matrix = np.array([[cosine, -sine], [sine, cosine]]) * np.array(shrunk)[:, np.newaxis]
    center = np.array([(columns - 1) / 2, (rows - 1) / 2 + before])
    middle = np.array([(view.shape[1] - 1) / 2, (view.shape[0] - 1) / 2])
    there = middle + np.array(shrunk) * (0, after)
    transform = np.column_stack((matrix, there - matrix @ center))
    interpolation = cv2.INTER_LINEAR if max(shrunk) > 1 else cv2.INTER_CUBIC
    flags = interpolation | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(view, transform, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
