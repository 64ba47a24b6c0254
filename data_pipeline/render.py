"""Draws both eyes of a synthetic scene with exact disparity and occlusions.

Every flat surface is warped into each eye by its homography; its inverse depth is linear in image coordinates (Hartley
and Zisserman, Multiple View Geometry, section 8.1.1), so the depth buffer is exact. Ellipsoids and cylinders are
intersected with each pixel's ray. Images are drawn at twice the size and averaged, which smooths edges; a pixel's
disparity is that of the surface that fills most of it. Cut-outs are where their opacity is at least a half.
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
    return _majority(
        _draw(pieces, scene, camera, cameras.CENTER, width, height, depth_only=True).inverse_depth
    )


def occluded(disparity: np.ndarray, other: np.ndarray, sign: int) -> np.ndarray:
    """Which pixels of a view the other eye does not see.

    Args:
      disparity: of this view, float32 (h, w) pixels.
      other: disparity of the other eye's view, float32 (h, w) pixels.
      sign: -1 when this view is the left one (a point at x is at x - d in the right view), else 1.

    Returns:
      bool (h, w): the point lies outside the other frame or behind a surface there by more than half a pixel.
    """
    height, width = disparity.shape
    target = np.arange(width, dtype=np.float32) + np.float32(sign) * disparity
    inside = (target > -0.5) & (target < width - 0.5)
    rows = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, axis=1)
    columns = np.floor(target)
    seen = np.zeros((height, width), bool)
    for step in (0, 1):
        there = cv2.remap(
            other,
            columns + np.float32(step),
            rows,
            cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_REPLICATE,
        )
        seen |= np.abs(there - disparity) < _OCCLUSION_TOLERANCE
    return ~(seen & inside)


@dataclasses.dataclass(frozen=True)
class _Canvas:
    color: np.ndarray | None  # uint8 (h, w, 4), the last channel unused
    inverse_depth: np.ndarray  # float32 (h, w)


def _draw(
    pieces: list,
    scene: Scene,
    camera: Camera,
    eye: float,
    width: int,
    height: int,
    depth_only: bool = False,
) -> _Canvas:
    size = (width * SUPERSAMPLING, height * SUPERSAMPLING)
    intrinsics = camera.intrinsics(*size, eye)
    color = None
    if not depth_only:
        pixel = np.array([*(round(v) for v in scene.look.background), 255], np.uint8)
        color = np.full((size[1], size[0]), pixel.view(np.uint32)[0])
        color = color.view(np.uint8).reshape(size[1], size[0], 4)
    canvas = _Canvas(color, np.zeros((size[1], size[0]), np.float32))
    inverses: dict[
        int, np.ndarray
    ] = {}  # by the identity of the surface's basis, which bands share
    for piece in pieces:
        if isinstance(piece, SolidPiece):
            _draw_solid(canvas, piece, scene, intrinsics, camera)
        elif not (depth_only and piece.decal):
            if id(piece.basis) not in inverses:
                homography = intrinsics[:, :3] @ piece.basis
                homography[:, 2] += intrinsics[:, 3]
                inverses[id(piece.basis)] = _inverse(homography)
            _draw_flat(canvas, piece, intrinsics, inverses[id(piece.basis)])
    return canvas


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a 3x3 matrix from its cross products, a fraction of the time of the general routine."""
    (a, b, c), (d, e, f), (g, h, i) = matrix.tolist()
    adjugate = np.array(
        [
            [e * i - f * h, c * h - b * i, b * f - c * e],
            [f * g - d * i, a * i - c * g, c * d - a * f],
            [d * h - e * g, b * g - a * h, a * e - b * d],
        ]
    )
    determinant = a * adjugate[0, 0] + b * adjugate[1, 0] + c * adjugate[2, 0]
    return adjugate / (determinant or 1e-12)


def _draw_flat(
    canvas: _Canvas, piece: FlatPiece, intrinsics: np.ndarray, inverse: np.ndarray
) -> None:
    """Paints a flat piece wherever it is nearer than what is there; `inverse` maps pixels to (s, t, 1) / depth."""
    projected = piece.polygon @ intrinsics[:, :3].T + intrinsics[:, 3]
    points = projected[:, :2] / projected[:, 2:]
    height, width = canvas.inverse_depth.shape
    x0, y0 = (max(math.floor(v), 0) for v in points.min(0).tolist())
    x1, y1 = (
        min(math.ceil(v) + 1, n)
        for v, n in zip(points.max(0).tolist(), (width, height), strict=True)
    )
    if x1 <= x0 or y1 <= y0:
        return
    inverse_depth = _plane_depth(piece, inverse[2], x0, y0, x1, y1)
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.fillConvexPoly(mask, np.round((points - (x0, y0)) * 16).astype(np.int32), 255, shift=4)
    area = np.s_[y0:y1, x0:x1]
    there = canvas.inverse_depth[area]
    tested = inverse_depth * np.float32(1.003) if piece.decal else inverse_depth
    cv2.bitwise_and(mask, cv2.compare(tested, there, cv2.CMP_GT), dst=mask)
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
    """Inverse depth of the piece in a rectangle, float32: row . (x, y, 1), within the piece's own range.

    The limits matter for pixels that the outline only touches: a plane seen nearly edge on runs far away there.
    """
    across = (row[0] * np.arange(x0, x1) + row[2]).astype(np.float32)
    down = (row[1] * np.arange(y0, y1)).astype(np.float32)
    depth = piece.polygon[:, 2]
    inverse_depth = across[None] + down[:, None]
    low, high = np.float32(1 / depth.max()), np.float32(1 / depth.min())
    return np.clip(inverse_depth, low, high, out=inverse_depth)


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


def _draw_solid(
    canvas: _Canvas, piece: SolidPiece, scene: Scene, intrinsics: np.ndarray, camera: Camera
) -> None:
    """Intersects the rays of all pixels around an ellipsoid or cylinder with it and paints the near side."""
    rotation = camera.rotation()
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
    piece: SolidPiece, rotation: np.ndarray, intrinsics: np.ndarray, shape: tuple
) -> tuple[int, int, int, int] | None:
    """Pixel rectangle x0, y0, x1, y1 that contains the solid, or None when that is out of frame."""
    signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1)
    corners = piece.center[:, None] + rotation @ (signs * np.reshape(piece.solid.radii, (3, 1)))
    corners = corners.T @ intrinsics[:, :3].T + intrinsics[:, 3]
    points = corners[:, :2] / corners[:, 2:]
    x0, y0 = np.maximum(np.floor(points.min(0)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(points.max(0)).astype(int) + 1, (shape[1], shape[0]))
    return (int(x0), int(y0), int(x1), int(y1)) if x1 > x0 and y1 > y0 else None


def _majority(inverse_depth: np.ndarray) -> np.ndarray:
    """Halves the size: the mean over those of four samples that belong to the surface holding at least half of them."""
    upper, lower = inverse_depth[::2], inverse_depth[1::2]
    nearest, farthest = np.maximum(upper, lower), np.minimum(upper, lower)
    nearest = np.maximum(nearest[:, ::2], nearest[:, 1::2])
    farthest = np.minimum(farthest[:, ::2], farthest[:, 1::2])
    size = inverse_depth.shape[1] // 2, inverse_depth.shape[0] // 2
    mean = cv2.resize(inverse_depth, size, interpolation=cv2.INTER_AREA)
    # Samples of a single slanted surface differ little and all count.
    rows, columns = np.nonzero(nearest - farthest >= np.float32(0.02) * nearest)
    samples = np.stack(
        [inverse_depth[2 * rows + i, 2 * columns + j] for i in (0, 1) for j in (0, 1)]
    )
    near = samples > (nearest + farthest)[rows, columns] / 2
    chosen = np.where(near.sum(0) >= 2, near, ~near)
    mean[rows, columns] = (samples * chosen).sum(0) / chosen.sum(0)
    return mean
