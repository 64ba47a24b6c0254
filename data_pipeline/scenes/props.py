"""Scenery made of flat surfaces: boxes, upright cut-outs and shadows on the ground."""

import functools
import math
from collections.abc import Sequence

import cv2
import numpy as np

from data_pipeline.scenes.scene import Look, Motion, Quad, Texture, shade_of


def box(
    center: tuple[float, float, float],
    size: tuple[float, float, float],
    yaw: float,
    sides: tuple[Texture, ...],
    top: Texture,
    look: Look,
    motion: Motion | None = None,
) -> list[Quad]:
    """The four sides and the top of a box that is turned by `yaw` degrees about the upright axis.

    Args:
        center: of the box, world metres.
        size: width, height and depth in metres.
        yaw: degrees.
        sides: textures of front, right, back and left, taken in turn.
        top: texture of the top.
        look: for the light.
        motion: of the whole box.
    """
    half = np.asarray(size) / 2
    angle = math.radians(yaw)
    axis_x = np.array([math.cos(angle), 0.0, -math.sin(angle)])
    axis_z = np.array([math.sin(angle), 0.0, math.cos(angle)])
    up = np.array([0.0, half[1], 0.0])
    middle = np.asarray(center)
    quads = []
    for index, (normal, along, reach, length) in enumerate(
        (
            (-axis_z, axis_x, half[2], half[0]),
            (axis_x, axis_z, half[0], half[2]),
            (axis_z, -axis_x, half[2], half[0]),
            (-axis_x, -axis_z, half[0], half[2]),
        )
    ):
        corner = middle + normal * reach - along * length + up
        texture = sides[index % len(sides)]
        quads.append(
            _quad(corner, 2 * length * along, -2 * up, texture, shade_of(normal, look), motion)
        )
    corner = middle + up - axis_x * half[0] + axis_z * half[2]
    shade = shade_of(np.array([0.0, 1.0, 0.0]), look)
    quads.append(_quad(corner, 2 * half[0] * axis_x, -2 * half[2] * axis_z, top, shade, motion))
    return quads


def turned(yaw: float, pitch: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """Rotation by radians about the upright axis, then the thing's own x and z: float64 (3, 3)."""
    c, s = math.cos(yaw), math.sin(yaw)
    upright = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    c, s = math.cos(pitch), math.sin(pitch)
    sideways = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    c, s = math.cos(roll), math.sin(roll)
    return upright @ sideways @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def block(
    center: Sequence[float],
    size: Sequence[float],
    rotation: np.ndarray,
    textures: tuple[Texture, ...],
    look: Look,
) -> list[Quad]:
    """The six faces of a box in any position.

    Args:
        center: world metres.
        size: width, height and depth in metres.
        rotation: (3, 3), its columns the directions of those.
        textures: of the faces, taken in turn.
        look: for the light.
    """
    x, y, z = (rotation[:, i] * size[i] / 2 for i in range(3))
    faces = []
    for index, (normal, along, up) in enumerate(
        ((-z, x, y), (x, z, y), (z, -x, y), (-x, -z, y), (y, x, z), (-y, x, -z))
    ):
        corner = np.asarray(center) + normal - along + up
        shade = shade_of(normal / np.linalg.norm(normal), look)
        faces.append(_quad(corner, 2 * along, -2 * up, textures[index % len(textures)], shade))
    return faces


def card(
    foot: tuple[float, float, float],
    width: float,
    height: float,
    yaw: float,
    textures: tuple[Texture, ...],
    relief: float = 0.0,
    strips: int = 1,
    **attributes,
) -> list[Quad]:
    """An upright cut-out standing on `foot`, flat or bulging like half a cylinder.

    Args:
        foot: middle of the lower edge, world metres.
        width: metres.
        height: metres.
        yaw: degrees; 0 faces a viewer who looks along +z.
        textures: whole cut-outs with opacity.
        relief: depth of the bulge in metres.
        strips: number of flat upright strips that make up the bulge.
        **attributes: of the quads (rate, shade, motion, decal).
    """
    angle = math.radians(yaw)
    right = np.array([math.cos(angle), 0.0, -math.sin(angle)])
    ahead = np.array([math.sin(angle), 0.0, math.cos(angle)])
    down = np.array([0.0, -height, 0.0])
    s = np.linspace(0, 1, strips + 1)
    bulge = relief * np.sqrt(np.clip(1 - (2 * s - 1) ** 2, 0, 1)) if strips > 1 else np.zeros(2)
    points = np.asarray(foot) - down + np.outer((s - 0.5) * width, right) - np.outer(bulge, ahead)
    columns = [_columns(texture, strips) for texture in textures]
    return [
        Quad(
            tuple(points[i]),
            tuple(points[i + 1] - points[i]),
            tuple(down),
            tuple(column[i] for column in columns),
            **attributes,
        )
        for i in range(strips)
    ]


def silhouette(texture: Texture, look: Look) -> Texture:
    """The dark shape of a cut-out, as strong as the light's shadows are; for cast_shadow."""
    image, border = texture.reduced(1, 1)
    opacity = image[border:-border, border:-border, 3] * np.float32(0.9 * (1 - look.ambient))
    dark = np.zeros((*opacity.shape, 4), np.uint8)
    dark[..., 3] = cv2.GaussianBlur(opacity, (0, 0), 1.5)
    return Texture(dark)


def cast_shadow(
    foot: tuple[float, float, float],
    width: float,
    height: float,
    yaw: float,
    shape: Texture,
    look: Look,
    **attributes,
) -> Quad:
    """The shadow that the sun throws of a cut-out (see card) onto the ground; a decal."""
    angle = math.radians(yaw)
    across = width * np.array([math.cos(angle), 0.0, -math.sin(angle)])
    top = -height / max(look.light[1], 0.25) * np.array([look.light[0], 0.0, look.light[2]])
    corner = np.asarray(foot) - across / 2 + top
    return Quad(tuple(corner), tuple(across), tuple(-top), (shape,), decal=True, **attributes)


def shadow(
    center: tuple[float, float, float],
    width: float,
    depth: float,
    strength: float,
    yaw: float = 0.0,
    **attributes,
) -> Quad:
    """A soft dark patch on the ground about `center`."""
    angle = math.radians(yaw)
    across = width * np.array([math.cos(angle), 0.0, -math.sin(angle)])
    down = -depth * np.array([math.sin(angle), 0.0, math.cos(angle)])
    corner = np.asarray(center) - across / 2 - down / 2
    texture = _shadow_texture(max(1, min(round(strength * 20), 20)))
    return Quad(tuple(corner), tuple(across), tuple(down), (texture,), decal=True, **attributes)


def _quad(
    corner: np.ndarray,
    across: np.ndarray,
    down: np.ndarray,
    texture: Texture,
    shade: float,
    motion: Motion | None = None,
) -> Quad:
    return Quad(tuple(corner), tuple(across), tuple(down), (texture,), shade=shade, motion=motion)


def _columns(texture: Texture, count: int) -> tuple[Texture, ...]:
    """A texture cut into upright strips of equal width."""
    if count == 1:
        return (texture,)
    image, border = texture.reduced(0, 0)
    image = image[border : image.shape[0] - border, border : image.shape[1] - border]
    width = -(-texture.width // count)
    image = cv2.resize(image, (width * count, texture.height), interpolation=cv2.INTER_LINEAR)
    return tuple(
        Texture(np.ascontiguousarray(image[:, i * width : (i + 1) * width])) for i in range(count)
    )


@functools.lru_cache(maxsize=32)
def _shadow_texture(twentieths: int) -> Texture:
    v, u = np.mgrid[-1:1:64j, -1:1:64j]
    falloff = np.clip(1 - np.hypot(u, v), 0, 1)
    image = np.zeros((64, 64, 4), np.uint8)
    image[..., 3] = 255 * twentieths / 20 * falloff**2 * (3 - 2 * falloff)
    return Texture(image)
