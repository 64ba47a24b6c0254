"""What a camera sees of a scene: surfaces cut to the view and into bands of depth, in the order of painting.

Cutting and the choice of reduced textures depend on the middle camera alone, so both eyes see the same colors.
"""

import dataclasses
import math

import numpy as np

from data_pipeline import camera as cameras
from data_pipeline.camera import Camera
from data_pipeline.scene import Ground, Scene, Solid, Texture

NEAR = 0.1  # metres; nothing nearer is drawn
_BAND_RATIO = (
    1.6  # one reduced texture per this range of depths: less than half a level of footprint
)
_GROUND_REACH = 4000.0  # metres; farther ground is thinner than a pixel


@dataclasses.dataclass(frozen=True)
class FlatPiece:
    """A convex part of a flat surface at about one depth, in coordinates of the middle camera."""

    polygon: np.ndarray  # (n, 3) metres
    basis: np.ndarray  # (3, 3): point = basis @ (s, t, 1)
    texture: Texture
    levels: tuple[int, int]
    shade: float
    decal: bool


@dataclasses.dataclass(frozen=True)
class SolidPiece:
    solid: Solid
    center: np.ndarray  # (3,) metres, camera coordinates
    level: int


def visible_pieces(
    scene: Scene, camera: Camera, size: tuple[int, int], time: float
) -> list[FlatPiece | SolidPiece]:
    """What is in view, in the order of painting: opaque, then decals, then cut-outs from far to near.

    Args:
      scene: what there is.
      camera: the stereo camera.
      size: width and height in pixels of the image that will be drawn.
      time: seconds since the shot began.
    """
    rotation = camera.rotation()
    position = np.asarray(camera.position)
    intrinsics = camera.intrinsics(*size, cameras.CENTER)
    opaque, decals, cutouts = [], [], []
    for surface in scene.surfaces:
        offset = (
            0.0
            if isinstance(surface, Ground) or not surface.motion
            else surface.motion.offset(time)
        )
        if isinstance(surface, Solid):
            center = rotation @ (np.asarray(surface.center) + offset - position)
            opaque += _solid_pieces(surface, center, intrinsics, size, time)
            continue
        if isinstance(surface, Ground):
            basis, corners = _ground_basis(surface, position)
            texture, shade, decal = surface.texture, 1.0, False
        else:
            basis = np.array([surface.across, surface.down, surface.corner], float).T
            basis[:, 2] += offset
            corners = _UNIT_SQUARE
            texture, shade, decal = surface.texture(time), surface.shade, surface.decal
        basis[:, 2] -= position
        basis = rotation @ basis
        found = _flat_pieces(basis, corners, texture, shade, decal, intrinsics, size)
        if decal:
            decals += found
        elif texture.opaque:
            opaque += found
        elif found:
            cutouts.append((-float(np.mean((basis @ corners)[2])), found))
    cutouts.sort(key=lambda item: item[0])
    return opaque + decals + [piece for _, found in cutouts for piece in found]


_UNIT_SQUARE = np.array([[0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]])


def _ground_basis(ground: Ground, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """World basis in tiles from the tile corner nearest below the camera, and the corners of a vast square."""
    angle = math.radians(ground.yaw)
    across = ground.tile * np.array([math.cos(angle), 0.0, -math.sin(angle)])
    down = -ground.tile * np.array([math.sin(angle), 0.0, math.cos(angle)])
    s, t = (round(float(position @ axis) / ground.tile**2) for axis in (across, down))
    origin = s * across + t * down + np.array([0.0, ground.height, 0.0])
    reach = _GROUND_REACH / ground.tile
    corners = _UNIT_SQUARE * 2 * reach - reach
    corners[2] = 1.0
    return np.stack([across, down, origin], 1), corners


def _flat_pieces(
    basis: np.ndarray,
    corners: np.ndarray,
    texture: Texture,
    shade: float,
    decal: bool,
    intrinsics: np.ndarray,
    size: tuple[int, int],
) -> list[FlatPiece]:
    """Cuts a flat surface to the view and into bands of depth."""
    polygon = _clip_to_view((basis @ corners).T, intrinsics, size)
    if len(polygon) < 3:
        return []
    depth = [point[2] for point in polygon]
    nearest, farthest = min(depth), max(depth)
    if farthest < _BAND_RATIO * nearest:
        bands = [polygon]
    else:
        first, last = (math.floor(math.log(z, _BAND_RATIO)) for z in (nearest, farthest))
        bands = []
        for k in range(first, last + 1):
            band = _clip(polygon, (0.0, 0.0, 1.0), -(_BAND_RATIO**k))
            bands.append(_clip(band, (0.0, 0.0, -1.0), _BAND_RATIO ** (k + 1)))
    homography = intrinsics[:, :3] @ basis
    facing = np.linalg.det(homography)
    # Opaque faces have a front only (the backs of a box are hidden anyway); 0 is seen exactly edge on.
    if abs(facing) < 1e-9 or (facing < 0 and texture.opaque and not decal):
        return []
    inverse = np.linalg.inv(homography)
    pieces = []
    for band in bands:
        if len(band) >= 3:
            points = np.array(band)
            levels = _texture_levels(inverse, intrinsics, points.mean(0), texture)
            pieces.append(FlatPiece(points, basis, texture, levels, shade, decal))
    return pieces


def _texture_levels(
    inverse: np.ndarray, intrinsics: np.ndarray, point: np.ndarray, texture: Texture
) -> tuple:
    """Powers of two by which the texture is finer than the pixels at a point, across and down it."""
    pixel = intrinsics[:, :3] @ (point / point[2])
    s, t, w = inverse @ pixel
    steps = (inverse[:2, :2] - np.outer([s / w, t / w], inverse[2, :2])) / w
    footprint = np.hypot(steps[:, 0], steps[:, 1]) * (texture.width, texture.height)
    across, down = np.round(np.log2(np.maximum(footprint, 1.0))).astype(int)
    return int(across), int(down)


def _clip(polygon: list, normal: tuple, offset: float) -> list:
    """The part of a convex polygon where normal . point + offset >= 0 (Sutherland and Hodgman 1974)."""
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


def _clip_to_view(points: np.ndarray, intrinsics: np.ndarray, size: tuple[int, int]) -> list:
    """Cuts to what either eye may see: the middle camera's view with a tenth of its size more on all sides."""
    polygon = [tuple(float(v) for v in point) for point in points]
    polygon = _clip(polygon, (0.0, 0.0, 1.0), -NEAR)
    tangent_x, tangent_y = (1.2 * extent / (2 * intrinsics[0, 0]) for extent in size)
    for normal in (
        (1.0, 0.0, tangent_x),
        (-1.0, 0.0, tangent_x),
        (0.0, 1.0, tangent_y),
        (0.0, -1.0, tangent_y),
    ):
        polygon = _clip(polygon, normal, 0.0)
    return polygon


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
