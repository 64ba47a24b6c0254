"""Draws both eyes of a synthetic scene with exact disparity and occlusions.

Every flat surface is warped into each eye by its homography; its inverse depth is linear in image
coordinates (Hartley and Zisserman, Multiple View Geometry, section 8.1.1), so the depth buffer is
exact. Ellipsoids and cylinders are intersected with each pixel's ray. Images are drawn at twice
the size and averaged, which smooths edges; a pixel's disparity is that of the surface that fills
most of it. Cut-outs are where their opacity is at least a half.
"""

import dataclasses
from collections.abc import Iterator

import cv2
import numpy as np

from data_pipeline.scenes import camera as cameras
from data_pipeline.scenes.camera import Camera
from data_pipeline.scenes.flat_pieces import SUPERSAMPLING, draw_flat, project
from data_pipeline.scenes.lens import develop
from data_pipeline.scenes.pieces import FlatPiece, SolidPiece, visible_pieces
from data_pipeline.scenes.scene import Scene
from data_pipeline.scenes.solids import Canvas, draw_solid
from deep3d.disparity import disparity_from_depth

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
    projections, rotation = iter(project(flat, intrinsics, size)), camera.rotation()
    for piece in pieces:
        if isinstance(piece, SolidPiece):
            draw_solid(canvas, piece, scene.look, intrinsics, rotation)
            continue
        projection = next(projections)
        if not (depth_only and piece.decal):
            draw_flat(canvas, piece, projection)
    return canvas


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
