"""Procedural materials: what the surfaces of synthetic scenes look like.

Natural images have amplitude spectra close to 1/f (Field 1987, doi:10.1364/JOSAA.4.002379), so
everything here rests on noise with such a spectrum; bricks, planks and tiles add the regular
structure of built surfaces. A material is a function `(rng, height, width, texel)` -> uint8 RGB
`(height, width, 3)`, where `texel` is the size of one texture pixel in metres: patterns keep their
real size whatever the resolution.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from data_pipeline.scenes.noise import fractal_noise

Material = Callable[[np.random.Generator, int, int, float], np.ndarray]


EARTHS = ((122, 104, 84), (146, 128, 104), (98, 84, 70), (134, 110, 86), (158, 144, 122))
GREYS = ((128, 127, 124), (152, 150, 146), (104, 104, 106), (176, 174, 168), (86, 86, 88))
GREENS = ((88, 104, 58), (72, 92, 50), (106, 116, 68), (96, 100, 52), (64, 84, 56))
WOODS = ((134, 98, 66), (108, 76, 50), (162, 126, 88), (92, 66, 48), (178, 146, 108))
WALLS = (
    (214, 206, 190),
    (196, 198, 196),
    (206, 190, 168),
    (176, 184, 188),
    (188, 172, 152),
    (160, 168, 150),
)
BRICKS = ((150, 88, 68), (168, 108, 82), (132, 84, 72), (172, 136, 110), (146, 116, 100))
VIVID = (
    (176, 52, 44),
    (44, 84, 150),
    (206, 160, 46),
    (52, 122, 76),
    (130, 62, 120),
    (214, 112, 46),
    (40, 130, 140),
)
CLOTHES = (
    (52, 58, 74),
    (96, 88, 80),
    (142, 138, 130),
    (66, 84, 116),
    (116, 62, 56),
    (74, 86, 66),
    (36, 36, 40),
)


def pick_color(
    rng: np.random.Generator, colors: Sequence[Sequence[int]], spread: float = 0.12
) -> np.ndarray:
    """One of `colors`, brightness and tint varied by about `spread`: float32 (3,) in [0, 255]."""
    color = np.asarray(colors[rng.integers(len(colors))], np.float32)
    brightness = 1 + spread * rng.standard_normal()
    tint = 1 + 0.25 * spread * rng.standard_normal(3)
    return np.clip(color * brightness * tint, 8, 247).astype(np.float32)


def mix(weight: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Blend of colors (3,) or (h, w, 3) by weight (h, w) in [0, 1]; float32 (h, w, 3)."""
    weight = np.clip(weight, 0, 1).astype(np.float32)
    first, second = (np.moveaxis(np.asarray(color, np.float32), -1, 0) for color in (first, second))
    # Plane by plane: NumPy takes three times as long over a last axis of three.
    return cv2.merge([one + weight * (two - one) for one, two in zip(first, second, strict=True)])


def to_bytes(image: np.ndarray) -> np.ndarray:
    """Float image in [0, 255] to uint8, rounded and clipped."""
    return cv2.convertScaleAbs(np.maximum(image, 0))


def brightened(image: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """An image (h, w, 3) or a color (3,) times a brightness (h, w); uint8 (h, w, 3)."""
    gain = np.maximum(gain, 0).astype(np.float32)
    planes = cv2.split(image) if np.ndim(image) == 3 else np.float32(image)
    return cv2.merge([cv2.convertScaleAbs(gain * plane) for plane in planes])


def mottled(
    rng: np.random.Generator,
    height: int,
    width: int,
    color: np.ndarray,
    contrast: float,
    slope: float = 1.0,
) -> np.ndarray:
    """A color with noise of relative deviation `contrast` in brightness; float32 (h, w, 3)."""
    gain = 1 + np.float32(contrast) * fractal_noise(rng, height, width, slope)
    return cv2.merge([gain * np.float32(value) for value in color])


def plaster(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Painted wall: faint mottling and stains."""
    del texel
    color = pick_color(rng, WALLS)
    image = mottled(rng, height, width, color, rng.uniform(0.02, 0.06), 0.75)
    return brightened(image, 1 + 0.05 * fractal_noise(rng, height, width, 1.75))


def concrete(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Concrete, asphalt or bare ground, by its color."""
    del texel
    color = pick_color(rng, GREYS + EARTHS)
    image = mottled(rng, height, width, color, rng.uniform(0.06, 0.14), 0.75)
    return brightened(image, 1 + 0.08 * fractal_noise(rng, height, width, 1.5))


def gravel(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Pebbles or cobbles: rounded cells of differing brightness with dark gaps."""
    stone = rng.uniform(0.05, 0.22) / texel
    cells, border = _voronoi(rng, height, width, max(stone, 4.0))
    tone = 1 + 0.18 * rng.standard_normal(int(cells.max()) + 1).astype(np.float32)
    color = pick_color(rng, GREYS + EARTHS)
    image = mottled(rng, height, width, color, 0.08, 0.75)
    gaps = 0.55 + 0.45 * np.clip(border / (0.18 * stone), 0, 1)
    return brightened(image, gaps * tone[cells])


def grass(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Lawn, meadow or dry grass: fine blades over patches."""
    del texel
    blades = cv2.blur(
        fractal_noise(rng, height, width, 0.25), (1, 5), borderType=cv2.BORDER_REFLECT
    )
    patches = fractal_noise(rng, height, width, 1.5)
    green, dry = pick_color(rng, GREENS), pick_color(rng, GREENS + EARTHS)
    image = mix(0.5 + 0.3 * patches, green, dry)
    return brightened(image, 1 + rng.uniform(0.1, 0.25) * blades + 0.1 * patches)


def bricks(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """A brick or block wall in running bond."""
    scale = rng.choice([1.0, 1.0, 2.0])
    size = np.array([0.23, 0.075]) * scale
    return _masonry(
        rng, height, width, texel, size, BRICKS if scale == 1 else GREYS + BRICKS, 0.5, 0.011, 0.1
    )


def tiles(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Square or oblong tiles in a grid."""
    side = rng.uniform(0.15, 0.6)
    size = np.array([side * rng.choice([1.0, 1.0, 2.0]), side])
    colors = GREYS + WALLS + EARTHS
    return _masonry(
        rng, height, width, texel, size, colors, 0.0, 0.006 + 0.01 * side, rng.uniform(0.02, 0.09)
    )


def checkers(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Two-colored square tiles."""
    side = rng.uniform(0.2, 0.5)
    row, column, _ = _grid(height, width, texel, np.array([side, side]), 0.0)
    image = mix((row + column) % 2, pick_color(rng, WALLS), pick_color(rng, GREYS + WOODS))
    return brightened(image, 1 + 0.05 * fractal_noise(rng, height, width, 0.75))


def planks(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Floor boards or wooden cladding, grain along the rows."""
    size = np.array([rng.uniform(0.8, 2.4), rng.uniform(0.07, 0.2)])
    grain = cv2.resize(fractal_noise(rng, height, max(width // 12, 2), 0.75), (width, height))
    base = _masonry(rng, height, width, texel, size, WOODS, 0.37, 0.004, 0.09)
    return brightened(base, 1 + 0.07 * grain)


def wood(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Veneer: rings seen lengthwise."""
    del texel
    rings = np.sin(
        9 * cv2.resize(fractal_noise(rng, height, max(width // 10, 2), 1.5), (width, height))
    )
    image = mottled(rng, height, width, pick_color(rng, WOODS), 0.05, 0.75)
    return brightened(image, 1 + 0.08 * rings)


def stripes(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Wallpaper or fabric with upright stripes of several widths."""
    period = max(rng.uniform(0.06, 0.3) / texel, 6.0)
    phase = (np.arange(width, dtype=np.float32) / period) % 1.0
    edges = np.sort(rng.random(4))
    band = np.searchsorted(edges, phase)
    colors = np.stack([pick_color(rng, WALLS + VIVID, 0.1) for _ in range(2)] * 3)[:5]
    colors = colors + 0.3 * (colors.mean(0) - colors)
    image = np.broadcast_to(colors[band][None], (height, width, 3))
    return brightened(image, 1 + 0.05 * fractal_noise(rng, height, width, 0.75))


def plaid(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Checked cloth or a carpet."""
    period = max(rng.uniform(0.05, 0.25) / texel, 6.0)
    wave_x = np.sin(np.arange(width) * 2 * np.pi / period)
    wave_y = np.sin(np.arange(height) * 2 * np.pi / period)
    weave = 0.5 + 0.25 * np.tanh(3 * wave_x)[None] + 0.25 * np.tanh(3 * wave_y)[:, None]
    image = mix(weave, pick_color(rng, CLOTHES + VIVID), pick_color(rng, WALLS + WOODS))
    return brightened(image, 1 + 0.1 * fractal_noise(rng, height, width, 0.5))


def cloth(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Plain fabric with folds: brightness waves of middle scale."""
    del texel
    folds = cv2.resize(fractal_noise(rng, max(height // 6, 2), width, 1.5), (width, height))
    image = mottled(rng, height, width, pick_color(rng, CLOTHES + VIVID), 0.06, 0.5)
    return brightened(image, 1 + 0.1 * folds)


def _masonry(
    rng: np.random.Generator,
    height: int,
    width: int,
    texel: float,
    size: np.ndarray,
    colors: Sequence[Sequence[int]],
    bond: float,
    joint: float,
    variation: float,
) -> np.ndarray:
    """Courses of stones `size` (width, height) metres, each its own tone, `joint` metres apart."""
    row, column, border = _grid(height, width, texel, size, bond)
    rows, columns = int(row[-1, 0]) + 1, int(column.max()) + 1
    tones = 1 + variation * rng.standard_normal((rows, columns, 1))
    tones = tones * (1 + 0.02 * rng.standard_normal((rows, columns, 3)))
    stones = (tones * pick_color(rng, colors)).astype(np.float32)
    mortar = pick_color(rng, GREYS) * rng.uniform(0.6, 1.1)
    image = cv2.remap(
        stones,
        column.astype(np.float32),
        np.repeat(row.astype(np.float32), width, axis=1),
        cv2.INTER_NEAREST,
    )
    inside = np.clip((border - 0.5 * joint) / texel + 0.5, 0, 1)
    gain = 1 + np.float32(0.08) * fractal_noise(rng, height, width, 0.75)
    return brightened(mix(inside, mortar, image), gain)


def _grid(
    height: int, width: int, texel: float, size: np.ndarray, bond: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row (h, 1), column (h, w) and distance to the nearest joint in metres of a seamless grid."""
    rows = max(round(height * texel / size[1]), 1)
    columns = max(round(width * texel / size[0]), 1)
    v = (np.arange(height, dtype=np.float32) + 0.5)[:, None] * np.float32(rows / height)
    row = np.floor(v)
    u = (np.arange(width, dtype=np.float32) + 0.5)[None] * np.float32(columns / width)
    u = u + (np.float32(bond) * row) % np.float32(1)
    column = np.floor(u)
    u -= column
    column[column >= columns] -= columns
    v = v - row
    to_side = np.minimum(u, 1 - u) * np.float32(width * texel / columns)
    to_course = np.minimum(v, 1 - v) * np.float32(height * texel / rows)
    return row, column, np.minimum(to_side, to_course)


def _voronoi(
    rng: np.random.Generator, height: int, width: int, spacing: float
) -> tuple[np.ndarray, np.ndarray]:
    """Cells around jittered grid points: label (h, w) and distance to their edge in texels."""
    scale = max(1, int(spacing // 12))
    h, w = height // scale, width // scale
    seeds = np.ones((h, w), np.uint8)
    step = spacing / scale
    rows, columns = np.mgrid[0 : h : max(step, 3), 0 : w : max(step, 3)]
    jitter = rng.uniform(-0.4, 0.4, (2, *rows.shape)) * step
    seeds[(rows + jitter[0]).astype(int) % h, (columns + jitter[1]).astype(int) % w] = 0
    _, labels = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_CCOMP
    )
    edges = (labels != np.roll(labels, 1, 0)) | (labels != np.roll(labels, 1, 1))
    border = cv2.distanceTransform((~edges).astype(np.uint8), cv2.DIST_L2, 3) * scale
    size = (width, height)
    labels = cv2.resize(labels.astype(np.float32), size, interpolation=cv2.INTER_NEAREST).astype(
        np.int32
    )
    return labels, cv2.resize(border, size)
