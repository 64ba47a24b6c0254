"""Draws both eyes of a synthetic scene with exact disparity and occlusions.

Every flat surface is warped into each eye by its homography; its inverse depth is linear in image
coordinates (Hartley and Zisserman, Multiple View Geometry, section 8.1.1), so the depth buffer is
exact. Ellipsoids and cylinders are intersected with each pixel's ray. Images are drawn at twice
the size and averaged, which smooths edges; a pixel's disparity is that of the surface that fills
most of it. Cut-outs are where their opacity is at least a half.
"""

import dataclasses
import math
from collections.abc import Iterator

import cv2
import numpy as np

from data_pipeline import camera as cameras
from data_pipeline.camera import Camera
from data_pipeline.lens import develop
from data_pipeline.pieces import FlatPiece, SolidPiece, inverse_matrices, visible_pieces
from data_pipeline.scene import Scene
from data_pipeline.solids import Canvas, draw_solid
from deep3d.disparity import disparity_from_depth

SUPERSAMPLING = 2
_DECAL_LEAD = 1.003
_SLANT = 0.1  # pixels of disparity within a pixel: more is an edge between surfaces
_OCCLUSION_TOLERANCE = 0.5  # pixels of disparity: nearer surfaces hide at most this much


@dataclasses.dataclass(frozen=True)
class StereoFrame:
    """Both eyes' views and their truth; disparity in pixels at this width, positive in front.

    Attributes:
        left: uint8 (h, w, 3) RGB.
        right: uint8 (h, w, 3) RGB.
        disparity_left: float32 (h, w), of each pixel of the left view.
        disparity_right: float32 (h, w); right(x) = left(x + disparity_right(x)).
        occluded_left: bool (h, w), visible in the left view only: hidden from the right eye or
            beyond its frame.
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
    (left, right), (left_disparity, right_disparity) = zip(
        *_render_eyes(scene, camera, (cameras.LEFT, cameras.RIGHT), width, height, time),
        strict=True,
    )
    return StereoFrame(
        left,
        right,
        left_disparity,
        right_disparity,
        occluded(left_disparity, right_disparity, -1),
        occluded(right_disparity, left_disparity, 1),
    )


def render_left(
    scene: Scene, camera: Camera, width: int, height: int, time: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """The left view of `render_stereo` and its disparity, in half the time.

    Args:
        scene: what is seen.
        camera: from where.
        width: of the view in pixels.
        height: of the view in pixels.
        time: seconds since the shot began.

    Returns:
        uint8 (h, w, 3) RGB and float32 (h, w) pixels.
    """
    ((image, disparity),) = _render_eyes(scene, camera, (cameras.LEFT,), width, height, time)
    return image, disparity


def inverse_depths(
    scene: Scene, camera: Camera, width: int, height: int, time: float = 0.0
) -> np.ndarray:
    """Inverse depth (1 / metre, 0 for nothing) from between the eyes, float32 (h, w)."""
    pieces = visible_pieces(scene, camera, (width * SUPERSAMPLING, height * SUPERSAMPLING), time)
    canvas = _draw(pieces, scene, camera, cameras.CENTER, width, height, depth_only=True)
    return _majority(canvas.inverse_depth, camera.focal_length(width) * camera.baseline)


def occluded(disparity: np.ndarray, other: np.ndarray, sign: int) -> np.ndarray:
    """Which pixels of a view the other eye does not see.

    Args:
        disparity: of this view, float32 (h, w) pixels.
        other: disparity of the other eye's view, float32 (h, w) pixels.
        sign: -1 when this view is the left one (a point at x is at x - d in the right view), else
            1.

    Returns:
        bool (h, w): the point lies outside the other frame or behind a surface there by more than
        half a pixel.
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


def _render_eyes(
    scene: Scene, camera: Camera, eyes: tuple[float, ...], width: int, height: int, time: float
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    if width < 8 or height < 8:
        raise ValueError(f"width and height must be at least 8. Received: {width} x {height}")
    pieces = visible_pieces(scene, camera, (width * SUPERSAMPLING, height * SUPERSAMPLING), time)
    focal = camera.focal_length(width)
    for index, eye in enumerate(eyes):
        canvas = _draw(pieces, scene, camera, eye, width, height)
        color = cv2.resize(canvas.color, (width, height), interpolation=cv2.INTER_AREA)
        inverse_depth = _majority(canvas.inverse_depth, focal * camera.baseline)
        rng = np.random.default_rng([scene.noise_seed, round(time * 1e6), index])
        image = develop(color[..., :3], inverse_depth, scene.look, rng)
        with np.errstate(divide="ignore"):
            depth = 1 / inverse_depth
        disparity = disparity_from_depth(depth, camera.baseline, focal, camera.convergence)
        yield image, np.asarray(disparity, np.float32)


def _draw(
    pieces: list,
    scene: Scene,
    camera: Camera,
    eye: float,
    width: int,
    height: int,
    depth_only: bool = False,
) -> Canvas:
    size = (width * SUPERSAMPLING, height * SUPERSAMPLING)
    intrinsics = camera.intrinsics(*size, eye)
    color = None
    if not depth_only:
        pixel = np.array([*(round(v) for v in scene.look.background), 255], np.uint8)
        color = np.full((size[1], size[0]), pixel.view(np.uint32)[0])
        color = color.view(np.uint8).reshape(size[1], size[0], 4)
    canvas = Canvas(color, np.zeros((size[1], size[0]), np.float32))
    flat = [piece for piece in pieces if isinstance(piece, FlatPiece)]
    projections, rotation = iter(_project(flat, intrinsics, size)), camera.rotation()
    for piece in pieces:
        if isinstance(piece, SolidPiece):
            draw_solid(canvas, piece, scene.look, intrinsics, rotation)
            continue
        projection = next(projections)
        if not (depth_only and piece.decal):
            _draw_flat(canvas, piece, projection)
    return canvas


@dataclasses.dataclass(frozen=True)
class _Projection:
    """A flat piece in one eye's image."""

    outline: np.ndarray  # int32 (n, 2), sixteenths of a pixel
    bounds: list[int]  # x0, y0, x1, y1 within the image; empty where x1 <= x0 or y1 <= y0
    inverse: np.ndarray  # (3, 3): maps pixels (x, y, 1) to (s, t, 1) / depth


def _project(
    pieces: list[FlatPiece], intrinsics: np.ndarray, size: tuple[int, int]
) -> list[_Projection]:
    """All flat pieces at once: one by one they cost more than their pixels."""
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
    return [_Projection(*one) for one in zip(outlines, bounds, inverses, strict=True)]


def _draw_flat(canvas: Canvas, piece: FlatPiece, projection: _Projection) -> None:
    """Paints a flat piece where it is nearest."""
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
    high, low = (np.float32(factor / depth) for depth in piece.depth_range)
    corners = inverse_depth[[0, 0, -1, -1], [0, -1, 0, -1]]  # a plane is extreme there
    if corners.min() < low:
        np.maximum(inverse_depth, low, out=inverse_depth)
    if corners.max() > high:
        np.minimum(inverse_depth, high, out=inverse_depth)
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


def _majority(inverse_depth: np.ndarray, scale: float) -> np.ndarray:
    """Halves the size: mean of those of four samples that lie on the pixel's main surface.

    Args:
        inverse_depth: float32 (2 h, 2 w), 1 / metre.
        scale: pixels of disparity per 1 / metre.

    Returns:
        float32 (h, w).
    """
    upper, lower = inverse_depth[::2], inverse_depth[1::2]
    nearest, farthest = np.maximum(upper, lower), np.minimum(upper, lower)
    nearest = np.maximum(nearest[:, ::2], nearest[:, 1::2])
    farthest = np.minimum(farthest[:, ::2], farthest[:, 1::2])
    size = inverse_depth.shape[1] // 2, inverse_depth.shape[0] // 2
    mean = cv2.resize(inverse_depth, size, interpolation=cv2.INTER_AREA)
    # Samples of a single slanted surface differ little and all count, which is exact for planes.
    little = np.maximum(np.float32(0.02) * nearest, np.float32(_SLANT / scale))
    rows, columns = np.nonzero(nearest - farthest >= little)
    samples = np.stack(
        [inverse_depth[2 * rows + i, 2 * columns + j] for i in (0, 1) for j in (0, 1)]
    )
    near = samples > (nearest + farthest)[rows, columns] / 2
    chosen = np.where(near.sum(0) >= 2, near, ~near)
    mean[rows, columns] = (samples * chosen).sum(0) / chosen.sum(0)
    return mean
