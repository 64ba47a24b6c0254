"""What a camera sees of a scene: surfaces cut to the view and into bands of depth.

Cutting and the choice of reduced textures depend on the middle camera alone, so both eyes see the
same colors.
"""

import dataclasses
import math
from collections.abc import Iterator

import numpy as np

from data_pipeline.scenes import camera as cameras
from data_pipeline.scenes.camera import Camera
from data_pipeline.scenes.scene import Ground, Quad, Scene, Solid, Texture

NEAR = 0.1  # metres; nothing nearer is drawn
# One reduced texture serves this range of depths: about half a level of footprint either way.
_BAND_RATIO = 1.8
_GROUND_REACH = 4000.0  # metres; farther ground is thinner than a pixel


@dataclasses.dataclass(frozen=True)
class FlatPiece:
    """A convex part of a flat surface at about one depth, in coordinates of the middle camera."""

    polygon: np.ndarray  # (n, 3) metres
    basis: np.ndarray  # (3, 3): point = basis @ (s, t, 1)
    texture: Texture
    fineness: tuple[float, float]  # log2 of the texels, across and down, within a pixel
    shade: float
    decal: bool
    depth_range: tuple[float, float]  # metres, of the whole surface in view


@dataclasses.dataclass(frozen=True)
class SolidPiece:
    """An ellipsoid or cylinder in view."""

    solid: Solid
    center: np.ndarray  # (3,) metres, camera coordinates
    level: int


def visible_pieces(
    scene: Scene, camera: Camera, size: tuple[int, int], time: float
) -> list[FlatPiece | SolidPiece]:
    """What is in view, near things first, so that what they hide is skipped; then decals.

    Args:
        scene: what there is.
        camera: the stereo camera.
        size: width and height in pixels of the image that will be drawn.
        time: seconds since the shot began.
    """
    rotation, position = camera.rotation(), np.asarray(camera.position)
    intrinsics = camera.intrinsics(*size, cameras.CENTER)
    view = _View(intrinsics, _view_planes(intrinsics, size))
    pieces, decals = [], []
    for quad, found in _quad_pieces(scene, rotation, position, view, time):
        (decals if quad.decal else pieces).extend(found)
    for surface in scene.surfaces:
        if isinstance(surface, Ground):
            basis, corners = _ground_basis(surface, position)
            basis[:, 2] -= position
            basis = rotation @ basis
            inverse = np.linalg.inv(intrinsics[:, :3] @ basis)
            points = (basis @ corners).T
            pieces += _flat_pieces(basis, inverse, points, surface.texture, 1.0, False, view)
        elif isinstance(surface, Solid):
            offset = surface.motion.offset(time) if surface.motion else 0.0
            center = rotation @ (np.asarray(surface.center) + offset - position)
            pieces += _solid_pieces(surface, center, intrinsics, size, time)
    return sorted(pieces, key=_nearest_depth) + decals


def inverse_matrices(matrices: np.ndarray) -> np.ndarray:
    """Inverses of (n, 3, 3) by cofactors: unlike numpy.linalg's also of a plane seen edge on."""
    (a, b, c), (d, e, f), (g, h, i) = np.moveaxis(matrices, 0, 2)
    cofactors = [
        [e * i - f * h, c * h - b * i, b * f - c * e],
        [f * g - d * i, a * i - c * g, c * d - a * f],
        [d * h - e * g, b * g - a * h, a * e - b * d],
    ]
    determinants = a * cofactors[0][0] + b * cofactors[1][0] + c * cofactors[2][0]
    determinants[determinants == 0] = 1e-12
    return np.moveaxis(np.array(cofactors) / determinants, 2, 0)


_UNIT_SQUARE = np.array([[0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]])


def _nearest_depth(piece: FlatPiece | SolidPiece) -> float:
    return float(piece.center[2] if isinstance(piece, SolidPiece) else piece.polygon[:, 2].min())


def _ground_basis(ground: Ground, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """World basis in tiles, its origin below the camera, and the corners of a vast square."""
    angle = math.radians(ground.yaw)
    across = ground.tile * np.array([math.cos(angle), 0.0, -math.sin(angle)])
    down = -ground.tile * np.array([math.sin(angle), 0.0, math.cos(angle)])
    s, t = (round(float(position @ axis) / ground.tile**2) for axis in (across, down))
    origin = s * across + t * down + np.array([0.0, ground.height, 0.0])
    reach = _GROUND_REACH / ground.tile
    corners = _UNIT_SQUARE * 2 * reach - reach
    corners[2] = 1.0
    return np.stack([across, down, origin], 1), corners


@dataclasses.dataclass(frozen=True)
class _View:
    intrinsics: np.ndarray  # (3, 4) of the middle camera
    planes: np.ndarray  # (5, 4): seen is where planes . (x, y, z, 1) >= 0


def _view_planes(intrinsics: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """What either eye may see: the middle camera's view and a tenth of its size around it."""
    x, y = (1.2 * extent / (2 * intrinsics[0, 0]) for extent in size)
    sides = [(1, 0, x, 0), (-1, 0, x, 0), (0, 1, y, 0), (0, -1, y, 0)]
    return np.array([(0, 0, 1, -NEAR), *sides], float)


def _quad_pieces(
    scene: Scene, rotation: np.ndarray, position: np.ndarray, view: _View, time: float
) -> Iterator[tuple[Quad, list[FlatPiece]]]:
    """The pieces of each quad in view; culls all quads at once."""
    quads = scene.quads
    if not quads:
        return
    bases = np.array(scene.quad_bases)
    for index, quad in enumerate(quads):
        if quad.motion:
            bases[index, :, 2] += quad.motion.offset(time)
    bases[:, :, 2] -= position
    bases = rotation @ bases
    corners = (bases @ _UNIT_SQUARE).swapaxes(1, 2)  # (n, 4, 3)
    reach = corners @ view.planes[:, :3].T + view.planes[:, 3]  # (n, 4, 5)
    # Opaque faces have a front only (the backs of a box are hidden anyway).
    facing = np.where(scene.two_sided, np.abs(np.linalg.det(bases)), np.linalg.det(bases))
    seen = (facing > 1e-7) & (reach >= 0).any(1).all(-1)
    crossed = (reach < 0).any(1)  # (n, 5)
    whole = ~crossed.any(1) & (corners[..., 2].max(1) < _BAND_RATIO * corners[..., 2].min(1))
    middle = corners.mean(1).tolist()
    depths = corners[..., 2]
    ranges = np.stack([depths.min(1), depths.max(1)], 1).tolist()
    inverses = inverse_matrices(view.intrinsics[:, :3] @ bases)
    for index in np.nonzero(seen)[0].tolist():
        quad, basis = quads[index], bases[index]
        texture = quad.texture(time)
        if whole[index]:
            fineness = _texture_fineness(inverses[index], view.intrinsics, middle[index], texture)
            limits = tuple(ranges[index])
            found = [
                FlatPiece(corners[index], basis, texture, fineness, quad.shade, quad.decal, limits)
            ]
        else:
            cut = dataclasses.replace(view, planes=view.planes[crossed[index]])
            found = _flat_pieces(
                basis, inverses[index], corners[index], texture, quad.shade, quad.decal, cut
            )
        yield quad, found


def _flat_pieces(
    basis: np.ndarray,
    inverse: np.ndarray,
    corners: np.ndarray,
    texture: Texture,
    shade: float,
    decal: bool,
    view: _View,
) -> list[FlatPiece]:
    """Cuts a flat surface to the view and into bands of depth."""
    polygon = [tuple(point) for point in corners.tolist()]
    for *normal, offset in view.planes.tolist():
        polygon = _clip(polygon, normal, offset)
    if len(polygon) < 3:
        return []
    depth = [point[2] for point in polygon]
    nearest, farthest = min(depth), max(depth)
    bands = [polygon]
    if farthest > _BAND_RATIO * nearest:
        first, last = (math.floor(math.log(z, _BAND_RATIO)) for z in (nearest, farthest))
        bands = []
        for k in range(first, last + 1):
            band = _clip(polygon, (0.0, 0.0, 1.0), -(_BAND_RATIO**k))
            bands.append(_clip(band, (0.0, 0.0, -1.0), _BAND_RATIO ** (k + 1)))
    pieces = []
    for band in bands:
        if len(band) >= 3:
            middle = [sum(values) / len(band) for values in zip(*band, strict=True)]
            fineness = _texture_fineness(inverse, view.intrinsics, middle, texture)
            pieces.append(
                FlatPiece(
                    np.array(band), basis, texture, fineness, shade, decal, (nearest, farthest)
                )
            )
    return pieces


def _texture_fineness(
    inverse: np.ndarray, intrinsics: np.ndarray, point: list[float], texture: Texture
) -> tuple[float, float]:
    """Powers of two by which the texture is finer than the pixels at a point."""
    # In Python's numbers, which for so few are faster than NumPy's.
    (focal, _, x0, _), (_, _, y0, _), _ = intrinsics.tolist()
    x, y = focal * point[0] / point[2] + x0, focal * point[1] / point[2] + y0
    (a, b, c), (d, e, f), (g, h, i) = inverse.tolist()
    w = g * x + h * y + i
    s, t = (a * x + b * y + c) / w, (d * x + e * y + f) / w
    across = math.hypot(a - s * g, b - s * h) / abs(w) * texture.width
    down = math.hypot(d - t * g, e - t * h) / abs(w) * texture.height
    return math.log2(max(across, 0.1)), math.log2(max(down, 0.1))


def _clip(polygon: list, normal: tuple, offset: float) -> list:
    """The part of a polygon where normal . point + offset >= 0 (Sutherland and Hodgman 1974)."""
    if not polygon:
        return polygon
    distances = [normal[0] * p[0] + normal[1] * p[1] + normal[2] * p[2] + offset for p in polygon]
    if min(distances) >= 0:
        return polygon
    clipped = []
    for index, (point, distance) in enumerate(zip(polygon, distances, strict=True)):
        previous, before = polygon[index - 1], distances[index - 1]
        if (distance >= 0) != (before >= 0):
            share = before / (before - distance)
            clipped.append(tuple(a + share * (b - a) for a, b in zip(previous, point, strict=True)))
        if distance >= 0:
            clipped.append(point)
    return clipped


def _solid_pieces(
    solid: Solid, center: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int], time: float
) -> list[SolidPiece]:
    reach = max(solid.radii) * 1.8
    if center[2] - reach < NEAR:
        return []
    pixel = intrinsics[:, :3] @ (center / center[2])
    extent = intrinsics[0, 0] * reach / center[2]
    if not all(
        -1.1 * extent - 0.1 * n < p < 1.1 * (n + extent)
        for p, n in zip(pixel[:2], size, strict=True)
    ):
        return []
    circumference = 2 * math.pi * intrinsics[0, 0] * solid.radii[0] / center[2]
    level = round(math.log2(max(solid.texture.width / circumference, 1.0)))
    turned = dataclasses.replace(solid, turn=solid.turn + solid.spin * time)
    return [SolidPiece(turned, center, level)]
