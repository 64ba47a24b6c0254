"""Draws both eyes of a synthetic scene with exact disparity and occlusions.

Every flat surface is warped into each eye by its homography; its inverse depth is linear in image coordinates (Hartley
and Zisserman, Multiple View Geometry, section 8.1.1), so the depth buffer is exact. Ellipsoids and cylinders are
intersected with each pixel's ray. Images are drawn at twice the size and averaged, which smooths edges; a pixel's
disparity is that of the surface that fills most of it.
"""

import dataclasses
import math

import cv2
import numpy as np

from data_pipeline import camera as cameras
from data_pipeline.camera import Camera
from data_pipeline.lens import develop
from data_pipeline.pieces import FlatPiece, SolidPiece, visible_pieces
from data_pipeline.scene import Scene
from deep3d.disparity import disparity_from_depth

SUPERSAMPLING = 2
_OCCLUSION_TOLERANCE = 0.5  # pixels of disparity: nearer surfaces hide at most this much


@dataclasses.dataclass(frozen=True)
class StereoFrame:
    """Both eyes' views of a moment and their truth; disparity in pixels at this width, positive in front.

    Attributes:
      left: uint8 (h, w, 3) RGB.
      right: uint8 (h, w, 3) RGB.
      disparity_left: float32 (h, w), of each pixel of the left view.
      disparity_right: float32 (h, w); right(x) = left(x + disparity_right(x)).
      occluded_left: bool (h, w), visible in the left view only: hidden from the right eye or beyond its frame.
      occluded_right: bool (h, w), visible in the right view only.
    """

    left: np.ndarray
    right: np.ndarray
    disparity_left: np.ndarray
    disparity_right: np.ndarray
    occluded_left: np.ndarray
    occluded_right: np.ndarray


def render_stereo(
    scene: Scene, camera: Camera, width: int, height: int, time: float = 0.0
) -> StereoFrame:
    """Renders both eyes of a scene at a moment; the same arguments give the same bytes.

    Args:
      scene: what is seen.
      camera: from where; usually scene.path.at(time).
      width: of one eye's view in pixels.
      height: of one eye's view in pixels.
      time: seconds since the shot began.

    Returns:
      The views, their disparity and occlusions.
    """
    if width < 8 or height < 8:
        raise ValueError(f"width and height must be at least 8. Received: {width} x {height}")
    pieces = visible_pieces(scene, camera, (width * SUPERSAMPLING, height * SUPERSAMPLING), time)
    images, disparities = [], []
    focal = camera.focal_length(width)
    for index, eye in enumerate((cameras.LEFT, cameras.RIGHT)):
        canvas = _draw(pieces, scene, camera, eye, width, height)
        color = cv2.resize(canvas.color, (width, height), interpolation=cv2.INTER_AREA)
        inverse_depth = _majority(canvas.inverse_depth)
        rng = np.random.default_rng([scene.noise_seed, round(time * 1e6), index])
        images.append(develop(color[..., :3], inverse_depth, scene.look, rng))
        with np.errstate(divide="ignore"):
            depth = 1 / inverse_depth
        disparities.append(disparity_from_depth(depth, camera.baseline, focal, camera.convergence))
    left, right = (np.asarray(d, np.float32) for d in disparities)
    return StereoFrame(*images, left, right, occluded(left, right, -1), occluded(right, left, 1))


def inverse_depths(
    scene: Scene, camera: Camera, width: int, height: int, time: float = 0.0
) -> np.ndarray:
    """Inverse depth (1 / metre) seen from between the eyes, float32 (height, width); 0 where there is nothing."""
    pieces = visible_pieces(scene, camera, (width * SUPERSAMPLING, height * SUPERSAMPLING), time)
    return _majority(_draw(pieces, scene, camera, cameras.CENTER, width, height).inverse_depth)


def occluded(disparity: np.ndarray, other: np.ndarray, sign: int) -> np.ndarray:
    """Which pixels of a view the other eye does not see.

    Args:
      disparity: of this view, float32 (h, w) pixels.
      other: disparity of the other eye's view, float32 (h, w) pixels.
      sign: -1 when this view is the left one (a point at x is at x - d in the right view), else 1.

    Returns:
      bool (h, w): the point lies outside the other frame or behind a surface there by more than half a pixel.
    """
    width = disparity.shape[1]
    target = np.arange(width, dtype=np.float32)[None] + sign * disparity
    inside = (target > -0.5) & (target < width - 0.5)
    column = np.clip(np.floor(target), 0, width - 1).astype(np.int64)
    rows = np.arange(disparity.shape[0])[:, None] * width
    flat = other.ravel()
    seen = np.abs(flat[rows + column] - disparity) < _OCCLUSION_TOLERANCE
    seen |= (
        np.abs(flat[rows + np.minimum(column + 1, width - 1)] - disparity) < _OCCLUSION_TOLERANCE
    )
    return ~(seen & inside)


@dataclasses.dataclass(frozen=True)
class _Canvas:
    color: np.ndarray  # uint8 (h, w, 4), the last channel unused
    inverse_depth: np.ndarray  # float32 (h, w)


def _draw(
    pieces: list, scene: Scene, camera: Camera, eye: float, width: int, height: int
) -> _Canvas:
    size = (width * SUPERSAMPLING, height * SUPERSAMPLING)
    intrinsics = camera.intrinsics(*size, eye)
    color = np.empty((size[1], size[0], 4), np.uint8)
    color[:] = (*(round(v) for v in scene.look.background), 255)
    canvas = _Canvas(color, np.zeros((size[1], size[0]), np.float32))
    for piece in pieces:
        if isinstance(piece, SolidPiece):
            _draw_solid(canvas, piece, scene, intrinsics, camera)
        else:
            _draw_flat(canvas, piece, intrinsics)
    return canvas


def _draw_flat(canvas: _Canvas, piece: FlatPiece, intrinsics: np.ndarray) -> None:
    """Paints a flat piece wherever it is nearer than what is there."""
    projected = piece.polygon @ intrinsics[:, :3].T + intrinsics[:, 3]
    points = projected[:, :2] / projected[:, 2:]
    height, width = canvas.inverse_depth.shape
    x0, y0 = np.maximum(np.floor(points.min(0)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(points.max(0)).astype(int) + 1, (width, height))
    if x1 <= x0 or y1 <= y0:
        return
    homography = intrinsics[:, :3] @ piece.basis
    homography[:, 2] += intrinsics[:, 3]
    if abs(np.linalg.det(homography)) < 1e-9:
        return
    inverse = np.linalg.inv(homography)
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.fillConvexPoly(mask, np.round((points - (x0, y0)) * 16).astype(np.int32), 255, shift=4)

    slope_x, slope_y, constant = inverse[2]
    row = (slope_x * np.arange(x0, x1) + constant).astype(np.float32)
    column = (slope_y * np.arange(y0, y1)).astype(np.float32)
    depth = piece.polygon[:, 2]
    low, high = np.float32(1 / depth.max()), np.float32(1 / depth.min())
    inverse_depth = np.clip(row[None] + column[:, None], low, high)
    area = np.s_[y0:y1, x0:x1]
    there = canvas.inverse_depth[area]
    nearer = inverse_depth * np.float32(1.003) >= there if piece.decal else inverse_depth > there
    mask &= nearer.view(np.uint8) * np.uint8(255)
    if not cv2.countNonZero(mask):
        return
    patch = _warp_texture(piece, inverse, x0, y0, x1, y1)
    if piece.texture.opaque:
        cv2.copyTo(patch, mask, canvas.color[area])
    else:
        _blend(canvas.color, area, patch, mask)
        mask &= (patch[..., 3] >= 128).view(np.uint8) * np.uint8(255)
    if not piece.decal:
        cv2.copyTo(inverse_depth, mask, there)


def _warp_texture(
    piece: FlatPiece, inverse: np.ndarray, x0: int, y0: int, x1: int, y1: int
) -> np.ndarray:
    """The piece's texture as seen in a rectangle of the image, uint8 (y1 - y0, x1 - x0, 4)."""
    image, border = piece.texture.reduced(*piece.levels)
    width, height = image.shape[1] - 2 * border, image.shape[0] - 2 * border
    to_texels = np.array([[width, 0, border - 0.5], [0, height, border - 0.5], [0, 0, 1.0]])
    to_image = np.array([[1.0, 0, x0], [0, 1, y0], [0, 0, 1]])
    size = (int(x1 - x0), int(y1 - y0))
    if piece.texture.tiled:
        patch = _remap_tiled(image, to_texels, inverse @ to_image, size)
    else:
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        patch = cv2.warpPerspective(image, to_texels @ inverse @ to_image, size, flags=flags)
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
    """As warpPerspective with cv2.BORDER_WRAP, which takes ten times as long outside of the image."""
    x, y = np.arange(size[0])[None], np.arange(size[1])[:, None]
    s, t, w = ((a * x + c).astype(np.float32) + (b * y).astype(np.float32) for a, b, c in inverse)
    maps = []
    for axis, coordinate in enumerate((s, t)):
        coordinate /= w
        coordinate -= np.floor(coordinate)
        coordinate *= np.float32(to_texels[axis, axis])
        coordinate += np.float32(to_texels[axis, 2])
        maps.append(coordinate)
    return cv2.remap(image, *maps, cv2.INTER_LINEAR)


def _blend(color: np.ndarray, area: tuple, patch: np.ndarray, mask: np.ndarray) -> None:
    """Lays a patch over the colors with its own opacity where the mask is set."""
    weight = cv2.bitwise_and(cv2.extractChannel(patch, 3), mask).astype(np.float32) * np.float32(
        1 / 255
    )
    below = np.ascontiguousarray(color[area])
    color[area] = cv2.blendLinear(patch, below, weight, 1 - weight)


def _draw_solid(
    canvas: _Canvas, piece: SolidPiece, scene: Scene, intrinsics: np.ndarray, camera: Camera
) -> None:
    """Intersects the rays of all pixels around an ellipsoid or cylinder with it and paints the near side."""
    bounds = _solid_bounds(piece, intrinsics, canvas.inverse_depth.shape)
    if bounds is None:
        return
    x0, y0, x1, y1 = bounds
    # With q the point in units of the radii about the center, q = start + depth * direction(pixel).
    radii = np.asarray(piece.solid.radii)
    to_unit = (camera.rotation().T / radii[:, None]).astype(np.float64)
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
    cv2.copyTo(_solid_colors(piece, point, scene), mask, canvas.color[area])
    cv2.copyTo(inverse_depth, mask, canvas.inverse_depth[area])


def _solid_colors(piece: SolidPiece, point: list[np.ndarray], scene: Scene) -> np.ndarray:
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
        sum(n * np.float32(light) for n, light in zip(normal, scene.look.light, strict=True))
        / length
    )
    shade = scene.look.ambient + (1 - scene.look.ambient) * np.maximum(cosine, 0)
    return np.clip(patch * shade[..., None], 0, 255).astype(np.uint8)


def _solid_bounds(
    piece: SolidPiece, intrinsics: np.ndarray, shape: tuple
) -> tuple[int, int, int, int] | None:
    """Pixel rectangle x0, y0, x1, y1 that contains the solid, or None when that is out of frame."""
    reach = np.linalg.norm(piece.solid.radii) if piece.solid.cylinder else max(piece.solid.radii)
    signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T
    corners = (piece.center + reach * signs) @ intrinsics[:, :3].T + intrinsics[:, 3]
    points = corners[:, :2] / corners[:, 2:]
    x0, y0 = np.maximum(np.floor(points.min(0)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(points.max(0)).astype(int) + 1, (shape[1], shape[0]))
    return (int(x0), int(y0), int(x1), int(y1)) if x1 > x0 and y1 > y0 else None


def _majority(inverse_depth: np.ndarray) -> np.ndarray:
    """Halves the size: the mean over those of the four samples that belong to the surface holding at least half."""
    samples = np.stack([inverse_depth[i::2, j::2] for i in (0, 1) for j in (0, 1)])
    nearest, farthest = samples.max(0), samples.min(0)
    near = samples > 0.5 * (nearest + farthest)
    chosen = np.where(near.sum(0) >= 2, near, ~near)
    # A single slanted surface has no two groups: all four samples count.
    chosen |= nearest - farthest < 0.02 * nearest
    return (samples * chosen).sum(0) / chosen.sum(0, dtype=np.float32)
