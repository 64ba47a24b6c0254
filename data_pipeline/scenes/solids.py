"""Draws ellipsoids and cylinders: the exact intersection with the ray of every pixel."""

import dataclasses
import math

import cv2
import numpy as np

from data_pipeline.scenes.pieces import SolidPiece
from data_pipeline.scenes.scene import Look

_CORNERS = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1)


@dataclasses.dataclass(frozen=True)
class Canvas:
    """The picture of one eye while it is drawn."""

    color: np.ndarray | None  # uint8 (h, w, 4), the last channel unused
    inverse_depth: np.ndarray  # float32 (h, w)


def draw_solid(
    canvas: Canvas, piece: SolidPiece, look: Look, intrinsics: np.ndarray, rotation: np.ndarray
) -> None:
    """Intersects the rays around an ellipsoid or cylinder with it and paints the near side.

    Args:
        canvas: What is painted on.
        piece: The solid.
        look: For the light.
        intrinsics: (3, 4) of the eye.
        rotation: (3, 3), world to camera.
    """
    bounds = _solid_bounds(piece, rotation, intrinsics, canvas.inverse_depth.shape)
    if bounds is None:
        return
    x0, y0, x1, y1 = bounds
    # With q the point in units of the radii about the center, q = start + depth * direction(pixel).
    radii = np.asarray(piece.solid.radii)
    to_unit = (rotation.T / radii[:, None]).astype(np.float64)
    eye_x = -intrinsics[0, 3] / intrinsics[0, 0]
    start = (to_unit @ (np.array([eye_x, 0.0, 0.0]) - piece.center)).astype(np.float32)
    u = ((np.arange(x0, x1) - intrinsics[0, 2]) / intrinsics[0, 0])[None]
    v = ((np.arange(y0, y1) - intrinsics[1, 2]) / intrinsics[1, 1])[:, None]
    direction = [
        (to_unit[i, 0] * u + to_unit[i, 1] * v + to_unit[i, 2]).astype(np.float32) for i in range(3)
    ]
    axes = (0, 2) if piece.solid.cylinder else (0, 1, 2)
    a = sum(direction[i] ** 2 for i in axes)
    b = sum(start[i] * direction[i] for i in axes)
    c = sum(start[i] ** 2 for i in axes) - 1
    root = np.sqrt(np.maximum(b * b - a * c, 0))
    inverse_depth = (root - b) / c  # of the nearer of the two intersections
    area = np.s_[y0:y1, x0:x1]
    hit = (b * b > a * c) & (inverse_depth > canvas.inverse_depth[area])
    depth = 1 / np.where(hit, inverse_depth, 1)
    point = [start[i] + depth * direction[i] for i in range(3)]
    if piece.solid.cylinder:
        hit &= np.abs(point[1]) <= 1
    if not hit.any():
        return
    mask = hit.view(np.uint8) * np.uint8(255)
    if canvas.color is not None:
        cv2.copyTo(_solid_colors(piece, point, look), mask, canvas.color[area])
    cv2.copyTo(inverse_depth, mask, canvas.inverse_depth[area])


def _solid_colors(piece: SolidPiece, point: list[np.ndarray], look: Look) -> np.ndarray:
    """Texture and shading at points of the unit sphere or cylinder, uint8 (h, w, 4)."""
    image, border = piece.solid.texture.reduced(piece.level, piece.level)
    width, height = image.shape[1] - 2 * border, image.shape[0] - 2 * border
    longitude = cv2.phase(-point[2], point[0]) * np.float32(1 / (2 * math.pi))
    s = (longitude + np.float32(0.5 + piece.solid.turn / 360)) % 1
    t = (
        0.5 - 0.5 * point[1]
        if piece.solid.cylinder
        else np.arccos(np.clip(point[1], -1, 1)) / np.float32(np.pi)
    )
    map_x = s * np.float32(width) + np.float32(border - 0.5)
    map_y = np.clip(t, 0, 1) * np.float32(height) + np.float32(border - 0.5)
    patch = cv2.remap(image, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    normal = [p / np.float32(r) for p, r in zip(point, piece.solid.radii, strict=True)]
    if piece.solid.cylinder:
        normal[1] = np.zeros_like(normal[0])
    length = np.sqrt(sum(n * n for n in normal)) + np.float32(1e-6)
    cosine = (
        sum(n * np.float32(light) for n, light in zip(normal, look.light, strict=True)) / length
    )
    shade = look.ambient + (1 - look.ambient) * np.maximum(cosine, 0)
    return cv2.multiply(patch, cv2.merge([shade] * 4), dtype=cv2.CV_8U)


def _solid_bounds(
    piece: SolidPiece, rotation: np.ndarray, intrinsics: np.ndarray, shape: tuple
) -> tuple[int, int, int, int] | None:
    """Pixel rectangle x0, y0, x1, y1 that contains the solid, or None when that is out of frame."""
    corners = piece.center[:, None] + rotation @ (_CORNERS * np.reshape(piece.solid.radii, (3, 1)))
    corners = corners.T @ intrinsics[:, :3].T + intrinsics[:, 3]
    points = corners[:, :2] / corners[:, 2:]
    x0, y0 = np.maximum(np.floor(points.min(0)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(points.max(0)).astype(int) + 1, (shape[1], shape[0]))
    return (int(x0), int(y0), int(x1), int(y1)) if x1 > x0 and y1 > y0 else None
