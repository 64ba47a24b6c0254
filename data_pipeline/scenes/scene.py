"""The parts of synthetic scenes: textured flat pieces, ellipsoids, cylinders and an endless ground.

A scene is a list of surfaces in world metres (see camera.py), each with a texture and perhaps a
motion, with the light, haze and camera of one shot. rooms.py, landscapes.py and closeups.py
compose scenes; rendering.py draws them.
"""

import dataclasses
import functools
import math

import cv2
import numpy as np

from data_pipeline.scenes.camera import CameraPath


class Texture:
    """An image on a surface with reduced copies, by separate powers of two across and down.

    The copies let a receding wall be sampled coarsely across and finely down, so that nothing
    aliases and nothing blurs needlessly. Copies of plain textures have a border of repeated
    pixels, those of tiled textures wrap.
    """

    BORDER = 2

    def __init__(self, image: np.ndarray, tiled: bool = False):
        """Takes uint8 (h, w, 3) RGB or (h, w, 4) with opacity; `tiled` textures repeat for ever."""
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (3, 4):
            raise ValueError(
                f"image must be uint8 (h, w, 3 or 4). Received: {image.dtype} {image.shape}"
            )
        self.opaque = image.shape[2] == 3
        self.tiled = tiled
        self.height, self.width = image.shape[:2]
        self._plain = {(0, 0): image}
        self._bordered: dict[tuple[int, int], np.ndarray] = {}

    def reduced(self, across: int, down: int) -> tuple[np.ndarray, int]:
        """The copy reduced by 2**across and 2**down, uint8 (h, w, 4), and its border's width."""
        across = min(across, self.width.bit_length() - 2)
        down = min(down, self.height.bit_length() - 2)
        if (across, down) not in self._bordered:
            b = self.BORDER
            border = cv2.BORDER_WRAP if self.tiled else cv2.BORDER_REPLICATE
            image = self._reduce(across, down)
            if self.opaque:
                image = cv2.cvtColor(image, cv2.COLOR_RGB2RGBA)
            self._bordered[across, down] = cv2.copyMakeBorder(image, b, b, b, b, border)
        return self._bordered[across, down], self.BORDER

    def _reduce(self, across: int, down: int) -> np.ndarray:
        if (across, down) not in self._plain:
            finer = self._reduce(max(across - 1, 0), max(down - 1, 0))
            size = (max(self.width >> across, 1), max(self.height >> down, 1))
            self._plain[across, down] = cv2.resize(finer, size, interpolation=cv2.INTER_AREA)
        return self._plain[across, down]


@dataclasses.dataclass(frozen=True)
class Motion:
    """Constant velocity (m/s), and `bounce` metres up and down `frequency` times a second."""

    velocity: tuple[float, float, float] = (0.0, 0.0, 0.0)
    bounce: float = 0.0
    frequency: float = 1.0

    def offset(self, time: float) -> np.ndarray:
        """Displacement at `time` seconds, float64 (3,) metres."""
        offset = np.asarray(self.velocity) * time
        offset[1] += self.bounce * abs(math.sin(math.pi * self.frequency * time))
        return offset


@dataclasses.dataclass(frozen=True)
class Quad:
    """A flat piece: corner + s * across + t * down for s, t in [0, 1], showing a texture whole.

    Attributes:
        corner: world metres, where the texture's top left corner is.
        across: from there to its top right corner.
        down: from there to its bottom left corner.
        textures: one, or several shown in turn (a gait).
        rate: textures per second.
        shade: factor on the brightness.
        motion: of the whole piece.
        decal: lies on another surface (a shadow, a picture): painted wherever that is visible.
    """

    corner: tuple[float, float, float]
    across: tuple[float, float, float]
    down: tuple[float, float, float]
    textures: tuple[Texture, ...]
    rate: float = 0.0
    shade: float = 1.0
    motion: Motion | None = None
    decal: bool = False

    def texture(self, time: float) -> Texture:
        """The texture shown at `time` seconds."""
        return self.textures[int(time * self.rate) % len(self.textures)]


@dataclasses.dataclass(frozen=True)
class Ground:
    """The plane y = height with a tiled texture `tile` metres across, turned by `yaw` degrees."""

    texture: Texture
    tile: float
    height: float = 0.0
    yaw: float = 0.0


@dataclasses.dataclass(frozen=True)
class Solid:
    """An upright ellipsoid or cylinder, its texture wrapped around it and joined at the back.

    Attributes:
        center: world metres.
        radii: half the size in x, y and z.
        texture: top to bottom of it is top to bottom of the solid.
        cylinder: a cylinder without caps instead of an ellipsoid.
        turn: degrees that the texture is turned about the upright axis.
        spin: degrees per second that it turns.
        motion: of the whole solid.
    """

    center: tuple[float, float, float]
    radii: tuple[float, float, float]
    texture: Texture
    cylinder: bool = False
    turn: float = 0.0
    spin: float = 0.0
    motion: Motion | None = None


Surface = Quad | Ground | Solid


@dataclasses.dataclass(frozen=True)
class Look:
    """The light of a shot and how its camera sees it; the same for both eyes but for the noise.

    Attributes:
        light: unit vector towards the light, world.
        ambient: brightness of faces turned away from it.
        background: RGB where there is no surface.
        haze_distance: metres at which contrast has fallen to 1 / e; None for clear air.
        exposure: factors for R, G and B.
        gamma: of the tone curve, 1 for none.
        vignette: relative loss of brightness in the corners.
        noise: deviation of the sensor's noise in 8-bit steps.
        softness: blur of the lens, pixels at width 432.
        focus: distance in metres that is sharp, None for everything.
        aperture: blur in pixels at width 432 per 1 / metre from the focus.
    """

    light: tuple[float, float, float] = (0.4, 0.8, -0.45)
    ambient: float = 0.6
    background: tuple[float, float, float] = (190.0, 196.0, 202.0)
    haze_distance: float | None = None
    exposure: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gamma: float = 1.0
    vignette: float = 0.0
    noise: float = 0.0
    softness: float = 0.0
    focus: float | None = None
    aperture: float = 0.0


@dataclasses.dataclass(frozen=True)
class Scene:
    """What one shot shows.

    Attributes:
        kind: of scene, as in composition.KINDS.
        surfaces: in no particular order, but a decal after what it lies on.
        look: light and camera response.
        path: the camera's motion.
        noise_seed: seed of the sensor noise.
    """

    kind: str
    surfaces: tuple[Surface, ...]
    look: Look
    path: CameraPath
    noise_seed: int = 0

    @functools.cached_property
    def quads(self) -> tuple[Quad, ...]:
        """The flat pieces among the surfaces."""
        return tuple(surface for surface in self.surfaces if isinstance(surface, Quad))

    @functools.cached_property
    def quad_bases(self) -> np.ndarray:
        """Of each quad the matrix with columns across, down, corner: (n, 3, 3) metres."""
        columns = [(quad.across, quad.down, quad.corner) for quad in self.quads]
        return np.array(columns, float).reshape(-1, 3, 3).swapaxes(1, 2)

    @functools.cached_property
    def two_sided(self) -> np.ndarray:
        """Which quads are seen from both sides: cut-outs and decals; bool (n,)."""
        return np.array([quad.decal or not quad.textures[0].opaque for quad in self.quads], bool)


def shade_of(normal: np.ndarray, look: Look) -> float:
    """Brightness of a face with this unit normal: ambient and Lambert's cosine."""
    return look.ambient + (1 - look.ambient) * max(float(np.dot(normal, look.light)), 0.0)
