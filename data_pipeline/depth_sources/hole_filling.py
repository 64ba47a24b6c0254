"""Filling what is unknown of a disparity map from what is known."""

import cv2
import numpy as np


def fill_smoothly(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Fills what is unknown from what is known around it, ever more blurred with distance.

    Known values are averaged down a pyramid, and every unknown pixel takes the finest level that
    knows it.

    Args:
        values: (h, w) float32; ignored, and may be anything, where not known.
        known: (h, w) bool, somewhere True.

    Returns:
        (h, w) float32, equal to `values` where known and finite everywhere.

    Raises:
        ValueError: If nothing is known.
    """
    if not known.any():
        raise ValueError("Something must be known to fill the rest from. Received: no known pixel")
    share = known.astype(np.float32)
    mean = np.where(known, values, 0).astype(np.float32)
    return np.where(known, values, _filled(mean, share)).astype(np.float32)


def fill_from_background(disparity: np.ndarray) -> np.ndarray:
    """Fills what is unknown with the farther of the known neighbours in its row.

    What one camera does not see is hidden by something nearer, so it lies behind that. Rows
    without any match take the values of the nearest row that has one.

    Args:
        disparity: (h, w) float32, NaN where unknown, somewhere known.

    Returns:
        (h, w) float32, finite.

    Raises:
        ValueError: If nothing is known.
    """
    known = np.isfinite(disparity)
    if not known.any():
        raise ValueError("Something must be known to fill the rest from. Received: only NaN")
    columns = np.broadcast_to(np.arange(disparity.shape[1]), disparity.shape)
    before = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
    last = disparity.shape[1]
    after = np.minimum.accumulate(np.where(known, columns, last)[:, ::-1], axis=1)[:, ::-1]
    candidates = [
        np.where(
            (at >= 0) & (at < last),
            np.take_along_axis(disparity, np.clip(at, 0, last - 1), axis=1),
            np.nan,
        )
        for at in (before, after)
    ]
    filled = np.fmin(*candidates)
    rows = np.flatnonzero(known.any(axis=1))
    nearest = np.abs(np.arange(len(filled))[:, np.newaxis] - rows).argmin(axis=1)
    return np.ascontiguousarray(filled[rows[nearest]], dtype=np.float32)


def _filled(mean, share) -> np.ndarray:
    """The normalised mean where anything is known, else that of the next coarser level."""
    normalised = mean / np.maximum(share, 1e-6)
    if share.min() > 0 or max(share.shape) <= 2:
        fallback = mean.sum() / max(float(share.sum()), 1e-6)
        return np.where(share > 0, normalised, fallback).astype(np.float32)
    coarse = _filled(cv2.pyrDown(mean), cv2.pyrDown(share))
    return np.where(share > 0.05, normalised, cv2.pyrUp(coarse, dstsize=share.shape[::-1]))
