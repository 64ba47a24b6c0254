"""Draws flat surfaces: projects their outlines and warps their textures by homographies."""

import dataclasses
import math

import cv2
import numpy as np

from data_pipeline.scenes.pieces import FlatPiece, inverse_matrices
from data_pipeline.scenes.solids import Canvas

SUPERSAMPLING = 2  # samples along each side of a pixel
_DECAL_LEAD = 1.003  # by so much nearer than what it lies on


@dataclasses.dataclass(frozen=True)
class Projection:
    """A flat piece in one eye's image.

    Attributes:
        outline: int32 (n, 2), sixteenths of a sample.
        bounds: x0, y0, x1, y1 within the image; empty where x1 <= x0 or y1 <= y0.
        inverse: (3, 3), maps samples (x, y, 1) to (s, t, 1) / depth.
    """

    outline: np.ndarray
    bounds: list[int]
    inverse: np.ndarray


def project(
    pieces: list[FlatPiece], intrinsics: np.ndarray, size: tuple[int, int]
) -> list[Projection]:
    """Projects all flat pieces at once: one by one they cost more than their pixels.

    Args:
        pieces: What the camera sees.
        intrinsics: (3, 4) of the eye.
        size: Width and height of its image in samples.

    Returns:
        One projection for each piece.
    """
    if not pieces:
        return []
    counts = [len(piece.polygon) for piece in pieces]
    ends = np.cumsum(counts)
    projected = np.concatenate([piece.polygon for piece in pieces]) @ intrinsics[:, :3].T
    projected += intrinsics[:, 3]
    points = projected[:, :2] / projected[:, 2:]
    low = np.maximum(np.floor(np.minimum.reduceat(points, ends - counts)), 0)
    high = np.minimum(np.ceil(np.maximum.reduceat(points, ends - counts)) + 1, size)
    bounds = np.concatenate([low, high], 1).astype(int).tolist()
    outlines = np.split(np.round(points * 16).astype(np.int32), ends[:-1])
    homographies = intrinsics[:, :3] @ np.stack([piece.basis for piece in pieces])
    homographies[:, :, 2] += intrinsics[:, 3]
    inverses = inverse_matrices(homographies)
    return [Projection(*one) for one in zip(outlines, bounds, inverses, strict=True)]


def draw_flat(canvas: Canvas, piece: FlatPiece, projection: Projection) -> None:
    """Paints a flat piece where it is nearest.

    Args:
        canvas: What is painted on.
        piece: The piece.
        projection: Of this piece, from `project`.
    """
    x0, y0, x1, y1 = projection.bounds
    if x1 <= x0 or y1 <= y0:
        return
    inverse = projection.inverse
    inverse_depth = _plane_depth(piece, inverse[2], x0, y0, x1, y1)
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    outline = projection.outline - np.array((16 * x0, 16 * y0), np.int32)
    cv2.fillConvexPoly(mask, outline, 255, shift=4)
    area = np.s_[y0:y1, x0:x1]
    there = canvas.inverse_depth[area]
    cv2.bitwise_and(mask, cv2.compare(inverse_depth, there, cv2.CMP_GT), dst=mask)
    x, y, wide, high = cv2.boundingRect(mask)
    if not wide:
        return
    # From here on only where something is to be seen.
    x0, y0 = x0 + x, y0 + y
    mask, inverse_depth = (part[y : y + high, x : x + wide] for part in (mask, inverse_depth))
    area = np.s_[y0 : y0 + high, x0 : x0 + wide]
    if canvas.color is not None or not piece.texture.opaque:
        patch = _warp_texture(piece, inverse, x0, y0, x0 + wide, y0 + high)
        if piece.decal:
            paint = cv2.copyTo if piece.texture.opaque else _blend
            paint(patch, mask, canvas.color[area])
            return
        if not piece.texture.opaque:
            # The surface is where opacity is at least a half; averaging samples smooths its edge.
            _, solid = cv2.threshold(cv2.extractChannel(patch, 3), 127, 255, cv2.THRESH_BINARY)
            mask = cv2.bitwise_and(mask, solid)
        if canvas.color is not None:
            cv2.copyTo(patch, mask, canvas.color[area])
    cv2.copyTo(inverse_depth, mask, canvas.inverse_depth[area])


def _plane_depth(
    piece: FlatPiece, row: np.ndarray, x0: int, y0: int, x1: int, y1: int
) -> np.ndarray:
    """Inverse depth of a piece in a rectangle: row . (x, y, 1), within the surface's range.

    The limits matter for pixels that the outline only touches: a plane seen nearly edge on runs
    far away there. Decals are a little nearer than what they lie on.
    """
    factor = _DECAL_LEAD if piece.decal else 1.0
    a, b, c = (factor * row).tolist()
    across = (a * np.arange(x0, x1) + c).astype(np.float32)
    down = (b * np.arange(y0, y1)).astype(np.float32)
    inverse_depth = np.add.outer(down, across)
    nearest, farthest = piece.depth_range
    high, low = factor / nearest, factor / farthest
    corners = [a * x + b * y + c for x in (x0, x1 - 1) for y in (y0, y1 - 1)]  # the extremes
    if min(corners) < low:
        np.maximum(inverse_depth, np.float32(low), out=inverse_depth)
    if max(corners) > high:
        np.minimum(inverse_depth, np.float32(high), out=inverse_depth)
    return inverse_depth


def _warp_texture(
    piece: FlatPiece, inverse: np.ndarray, x0: int, y0: int, x1: int, y1: int
) -> np.ndarray:
    """The piece's texture as seen in a rectangle of the image, uint8 (y1 - y0, x1 - x0, 4).

    The four samples of a pixel have one color, seen at its middle; only outlines, here opacity,
    take all four.
    """
    if not piece.texture.opaque:
        return _warp_samples(piece, inverse, (x0, y0), (x1 - x0, y1 - y0), 1)
    left, top = x0 // SUPERSAMPLING, y0 // SUPERSAMPLING
    size = (-(-x1 // SUPERSAMPLING) - left, -(-y1 // SUPERSAMPLING) - top)
    patch = _warp_samples(piece, inverse, (left, top), size, SUPERSAMPLING)
    shape = (size[0] * SUPERSAMPLING, size[1] * SUPERSAMPLING)
    patch = cv2.resize(patch, shape, interpolation=cv2.INTER_NEAREST)
    x0, y0, x1, y1 = (
        v - SUPERSAMPLING * start
        for v, start in zip((x0, y0, x1, y1), (left, top) * 2, strict=True)
    )
    return patch[y0:y1, x0:x1]


def _warp_samples(
    piece: FlatPiece, inverse: np.ndarray, start: tuple, size: tuple[int, int], step: int
) -> np.ndarray:
    """The piece's texture at every `step`th sample, uint8 (size[1], size[0], 4)."""
    image, border = piece.texture.reduced(
        *(max(round(fineness + math.log2(step)), 0) for fineness in piece.fineness)
    )
    width, height = image.shape[1] - 2 * border, image.shape[0] - 2 * border
    to_texels = np.array([[width, 0, border - 0.5], [0, height, border - 0.5], [0, 0, 1.0]])
    x0, y0 = (step * value + (step - 1) / 2 for value in start)
    to_image = np.array([[step, 0, x0], [0, step, y0], [0, 0, 1]])
    if piece.texture.tiled:
        patch = _remap_tiled(image, to_texels, inverse @ to_image, size)
    else:
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        # Beyond an outline by half a pixel, which may be more than the texture's border.
        patch = cv2.warpPerspective(
            image, to_texels @ inverse @ to_image, size, None, flags, cv2.BORDER_REPLICATE
        )
    if piece.shade == 1.0:
        return patch
    opacity = patch[..., 3].copy() if not piece.texture.opaque else None
    patch = cv2.convertScaleAbs(patch, alpha=piece.shade)
    if opacity is not None:
        patch[..., 3] = opacity
    return patch


def _remap_tiled(
    image: np.ndarray, to_texels: np.ndarray, inverse: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """As warpPerspective with cv2.BORDER_WRAP, which is ten times as slow beyond the image."""
    x, y = np.arange(size[0])[None], np.arange(size[1])[:, None]
    s, t, w = ((a * x + c).astype(np.float32) + (b * y).astype(np.float32) for a, b, c in inverse)
    w = np.maximum(w, np.float32(1e-9))  # beyond the horizon nothing is painted
    maps = []
    for axis, coordinate in enumerate((s, t)):
        coordinate /= w
        coordinate -= np.floor(coordinate)
        coordinate *= np.float32(to_texels[axis, axis])
        coordinate += np.float32(to_texels[axis, 2])
        maps.append(coordinate)
    return cv2.remap(image, *maps, cv2.INTER_LINEAR)


def _blend(patch: np.ndarray, mask: np.ndarray, color: np.ndarray) -> None:
    """Lays a patch over the colors where the mask is set, with the patch's own opacity."""
    opacity = cv2.bitwise_and(cv2.extractChannel(patch, 3), mask)
    x, y, wide, high = cv2.boundingRect(opacity)
    if not wide:
        return
    part = np.s_[y : y + high, x : x + wide]
    weight = opacity[part].astype(np.float32) * np.float32(1 / 255)
    below = np.ascontiguousarray(color[part])
    color[part] = cv2.blendLinear(np.ascontiguousarray(patch[part]), below, weight, 1 - weight)
