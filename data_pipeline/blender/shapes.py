"""Geometry of rendered scenes: meshes of quadrilaterals, made with NumPy alone.

World and object coordinates are metres: x right, y ahead of a camera with yaw 0, z up. A shape
stands on z = 0 around the origin unless its docstring says otherwise. Three-sided faces are
quadrilaterals with two corners in one place.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

_BOX_FACES = np.array(
    [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
)


@dataclasses.dataclass(frozen=True)
class Shape:
    """A mesh.

    Attributes:
        vertices: (n, 3) float64 metres.
        faces: (m, 4) int64 vertex numbers, counter-clockwise as seen from outside.
        smooth: whether light passes over its edges smoothly.
        texture_coordinates: (m, 4, 2) of the faces' corners, or None: metres along the two axes
            that a face is most nearly parallel to.
    """

    vertices: np.ndarray
    faces: np.ndarray
    smooth: bool = False
    texture_coordinates: np.ndarray | None = None

    def moved(
        self,
        offset: Sequence[float] = (0, 0, 0),
        turn: float = 0.0,
        tilt: float = 0.0,
        scale: float | Sequence[float] = 1.0,
    ) -> "Shape":
        """Scaled, then tilted about x, then turned about z (degrees), then shifted."""
        matrix = _turned(turn) @ _tilted(tilt)
        vertices = (self.vertices * np.asarray(scale, float)) @ matrix.T + np.asarray(offset)
        return dataclasses.replace(self, vertices=vertices)

    def corners(self) -> np.ndarray:
        """(m, 4, 2) texture coordinates, chosen by the faces' directions where none are given."""
        if self.texture_coordinates is not None:
            return self.texture_coordinates
        corners = self.vertices[self.faces]  # (m, 4, 3)
        normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
        axis = np.abs(normals).argmax(1)
        columns = np.array([(1, 2), (0, 2), (0, 1)])[axis]
        return np.take_along_axis(corners, columns[:, np.newaxis].repeat(4, 1), axis=2)


def union(*shapes: Shape) -> Shape:
    """Several shapes as one; smooth where the first is."""
    firsts = np.cumsum([0, *(len(shape.vertices) for shape in shapes[:-1])])
    return Shape(
        np.concatenate([shape.vertices for shape in shapes]),
        np.concatenate([shape.faces + first for shape, first in zip(shapes, firsts, strict=True)]),
        shapes[0].smooth,
        np.concatenate([shape.corners() for shape in shapes]),
    )


def box(width: float, depth: float, height: float, at: Sequence[float] = (0, 0, 0)) -> Shape:
    """A box that stands on `at`."""
    signs = np.array([(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0, 1)])
    return Shape(signs * (width, depth, height) + np.asarray(at, float), _BOX_FACES)


def cushion(
    width: float, depth: float, height: float, at: Sequence[float] = (0, 0, 0), edge: float = 0.35
) -> Shape:
    """A box with round edges: a superellipsoid of exponent `edge` (0 box .. 1 ellipsoid)."""
    sphere = ball(1.0, 12, 16).vertices - (0, 0, 1)
    power = np.sign(sphere) * np.abs(sphere) ** edge
    vertices = power / np.abs(power).max(0) * (width / 2, depth / 2, height / 2)
    faces = ball(1.0, 12, 16).faces
    return Shape(vertices + np.asarray(at, float) + (0, 0, height / 2), faces, smooth=True)


def card(width: float, height: float) -> Shape:
    """An upright rectangle in the plane y = 0 that faces -y, textured with (0, 0) .. (1, 1)."""
    x, z = width / 2, height
    vertices = np.array([(-x, 0, 0), (x, 0, 0), (x, 0, z), (-x, 0, z)], float)
    square = np.array([[(0, 0), (1, 0), (1, 1), (0, 1)]], float)
    return Shape(vertices, np.array([(0, 1, 2, 3)]), False, square)


def lathe(profile: Sequence[tuple[float, float]], segments: int = 16, smooth: bool = True) -> Shape:
    """A body of revolution about z; `profile` lists (radius, height) from below upwards."""
    rings = [_ring(radius, radius, height, segments, 1.0) for radius, height in np.asarray(profile)]
    return loft(rings, smooth)


def ball(radius: float, rings: int = 10, segments: int = 14) -> Shape:
    """A sphere that stands on the origin."""
    angles = np.linspace(0, math.pi, rings + 1)
    profile = np.stack([np.sin(angles), 1 - np.cos(angles)], 1) * radius
    return lathe([(max(r, 1e-5), z) for r, z in profile], segments)


def loft(rings: Sequence[np.ndarray], smooth: bool = True, closed: bool = False) -> Shape:
    """A skin over closed curves of equal number of points, each (k, 3); `closed` adds end caps."""
    count = len(rings[0])
    if closed:
        first, last = rings[0].mean(0), rings[-1].mean(0)
        rings = [np.tile(first, (count, 1)), *rings, np.tile(last, (count, 1))]
    number = np.arange(count)
    after = np.roll(number, -1)
    faces = [
        np.stack([number, after, after + count, number + count], 1) + row * count
        for row in range(len(rings) - 1)
    ]
    return Shape(np.concatenate(rings), np.concatenate(faces), smooth)


def tube(path: Sequence[Sequence[float]], radii: Sequence[float], segments: int = 8) -> Shape:
    """A limb along a path (n, 3) with a radius at each of its points and closed ends."""
    path = np.asarray(path, float)
    ahead = np.gradient(path, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True) + 1e-9
    # The direction least along the path serves as the first of the two across it.
    helper = np.eye(3)[np.abs(path[-1] - path[0]).argmin()]
    across = np.cross(ahead, helper)
    across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-9
    other = np.cross(ahead, across)
    angles = np.linspace(0, 2 * math.pi, segments, endpoint=False)[:, np.newaxis]
    rings = [
        point + radius * (np.cos(angles) * a + np.sin(angles) * b)
        for point, radius, a, b in zip(path, radii, across, other, strict=True)
    ]
    return loft(rings, smooth=True, closed=True)


def superellipse(
    width: float, height: float, center: Sequence[float], power: float = 0.6, segments: int = 20
) -> np.ndarray:
    """A closed curve (segments, 3) in a plane of constant y: power 1 ellipse, to 0 rectangle."""
    angles = np.linspace(0, 2 * math.pi, segments, endpoint=False)
    x, z = np.cos(angles), np.sin(angles)
    x, z = np.sign(x) * np.abs(x) ** power, np.sign(z) * np.abs(z) ** power
    flat = np.stack([-x * width / 2, np.zeros(segments), z * height / 2], 1)
    return flat + np.asarray(center, float)


def grid(x: np.ndarray, y: np.ndarray, height: np.ndarray, smooth: bool = True) -> Shape:
    """A surface over a net of points.

    Args:
        x: (rows, columns) metres.
        y: (rows, columns) metres.
        height: (rows, columns) metres.
        smooth: as in Shape.
    """
    rows, columns = height.shape
    number = np.arange(rows * columns).reshape(rows, columns)
    faces = np.stack([number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]], -1)
    vertices = np.stack([x, y, height], -1).reshape(-1, 3)
    return Shape(vertices, faces.reshape(-1, 4), smooth)


def sheet(points: np.ndarray, texture: np.ndarray) -> Shape:
    """A smooth surface over points (rows, columns, 3), textured with (rows, columns, 2)."""
    rows, columns = points.shape[:2]
    plane = grid(np.zeros((rows, columns)), np.zeros((rows, columns)), np.zeros((rows, columns)))
    corners = texture.reshape(-1, 2)[plane.faces]
    return Shape(points.reshape(-1, 3), plane.faces, True, corners)


def lumpy(rng: np.random.Generator, shape: Shape, amount: float, waves: float = 2.0) -> Shape:
    """Swollen and dented: each vertex moved from the middle by up to `amount` of its distance."""
    middle = shape.vertices.mean(0)
    rays = shape.vertices - middle
    size = np.abs(rays).max()
    bumps = np.zeros(len(rays))
    for octave in range(3):
        directions = rng.normal(size=(4, 3)) * waves * 2**octave / size
        bumps += np.sin(rays @ directions.T + rng.uniform(0, 6.28, 4)).mean(1) / 1.6**octave
    return dataclasses.replace(shape, vertices=middle + rays * (1 + amount * bumps[:, np.newaxis]))


def scattered_leaves(
    rng: np.random.Generator, centers: np.ndarray, length: float, width: float, upright: float = 0.0
) -> Shape:
    """A leaf at each of the centers (n, 3), in random directions, `upright` (0..1) of it up."""
    count = len(centers)
    ahead = rng.normal(size=(count, 3)) * (1 - upright) + np.array([0, 0, upright * 2])
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    across = np.cross(ahead, rng.normal(size=(count, 3)))
    across *= width / 2 / (np.linalg.norm(across, axis=1, keepdims=True) + 1e-9)
    sizes = rng.uniform(0.6, 1.3, (count, 1))
    tip, side = ahead * length * sizes, across * sizes
    corners = [centers, centers + 0.5 * tip + side, centers + tip, centers + 0.5 * tip - side]
    vertices = np.stack(corners, 1).reshape(-1, 3)
    return Shape(vertices, np.arange(4 * count).reshape(-1, 4))


def _ring(width: float, depth: float, height: float, segments: int, power: float) -> np.ndarray:
    curve = superellipse(2 * width, 2 * depth, (0, 0, 0), power, segments)
    # superellipse lies in x, z and runs clockwise seen along +y: swapped, counter-clockwise from z
    return np.stack([-curve[:, 0], curve[:, 2], np.full(segments, height)], 1)


def _turned(degrees: float) -> np.ndarray:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([(c, -s, 0), (s, c, 0), (0, 0, 1)])


def _tilted(degrees: float) -> np.ndarray:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([(1, 0, 0), (0, c, -s), (0, s, c)])
