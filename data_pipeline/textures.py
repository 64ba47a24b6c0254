"""Procedural materials: what the surfaces of synthetic scenes look like.

Natural images have amplitude spectra close to 1/f (Field 1987, doi:10.1364/JOSAA.4.002379), so
everything here rests on noise with such a spectrum; bricks, planks and tiles add the regular
structure of built surfaces. A material is a function `(rng, height, width, texel)` -> uint8 RGB
`(height, width, 3)`, where `texel` is the size of one texture pixel in metres: patterns keep their
real size whatever the resolution.
"""

import functools
from collections.abc import Callable, Sequence

import cv2
import numpy as np

Material = Callable[[np.random.Generator, int, int, float], np.ndarray]

_POOL_SIZE = 1024  # texture pixels; noise repeats seamlessly after this many
_POOL_SEED = 1604_03650

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


def fractal_noise(
    rng: np.random.Generator, height: int, width: int, slope: float = 1.0
) -> np.ndarray:
    """Noise of zero mean and unit deviation whose amplitude falls as 1 / frequency**slope.

    Args:
        rng: picks the part of the field that is used.
        height: of the result, in texture pixels.
        width: of the result; sizes that 1024 divides or that divide by it repeat seamlessly at
            1024.
        slope: 0 is white, 1 natural, 2 cloud-like; rounded to a quarter.

    Returns:
        float32 (height, width), hardly ever beyond +-3.
    """
    field = _noise_field(round(slope * 4))
    row, column = rng.integers(0, _POOL_SIZE, 2)
    rows = (np.arange(height) + row) % _POOL_SIZE
    columns = (np.arange(width) + column) % _POOL_SIZE
    if rng.random() < 0.5:
        rows = rows[::-1]
    return np.take(np.take(field, rows, axis=0), columns, axis=1)


def mix(weight: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Blend of colors (3,) or (h, w, 3) by weight (h, w) in [0, 1]; float32 (h, w, 3)."""
    weight = np.clip(weight, 0, 1).astype(np.float32)[..., None]
    return np.asarray(first, np.float32) + weight * (
        np.asarray(second, np.float32) - np.asarray(first, np.float32)
    )


def to_bytes(image: np.ndarray) -> np.ndarray:
    """Float image in [0, 255] to uint8, rounded and clipped."""
    return np.clip(image + 0.5, 0, 255).astype(np.uint8)


def mottled(
    rng: np.random.Generator,
    height: int,
    width: int,
    color: np.ndarray,
    contrast: float,
    slope: float = 1.0,
) -> np.ndarray:
    """A color with noise of relative deviation `contrast` in brightness; float32 (h, w, 3)."""
    gain = 1 + contrast * fractal_noise(rng, height, width, slope)
    return gain[..., None] * np.asarray(color, np.float32)


def plaster(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Painted wall: faint mottling and stains."""
    del texel
    color = pick_color(rng, WALLS)
    image = mottled(rng, height, width, color, rng.uniform(0.02, 0.06), 0.75)
    return to_bytes(image * (1 + 0.05 * fractal_noise(rng, height, width, 1.75)[..., None]))


def concrete(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Concrete, asphalt or bare ground, by its color."""
    del texel
    color = pick_color(rng, GREYS + EARTHS)
    image = mottled(rng, height, width, color, rng.uniform(0.06, 0.14), 0.75)
    return to_bytes(image * (1 + 0.08 * fractal_noise(rng, height, width, 1.5)[..., None]))


def gravel(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Pebbles or cobbles: rounded cells of differing brightness with dark gaps."""
    stone = rng.uniform(0.05, 0.22) / texel
    cells, border = _voronoi(rng, height, width, max(stone, 4.0))
    tone = 1 + 0.18 * rng.standard_normal(int(cells.max()) + 1).astype(np.float32)
    color = pick_color(rng, GREYS + EARTHS)
    image = mottled(rng, height, width, color, 0.08, 0.75) * tone[cells][..., None]
    return to_bytes(image * (0.55 + 0.45 * np.clip(border / (0.18 * stone), 0, 1))[..., None])


def grass(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Lawn, meadow or dry grass: fine blades over patches."""
    del texel
    blades = cv2.blur(
        fractal_noise(rng, height, width, 0.25), (1, 5), borderType=cv2.BORDER_REFLECT
    )
    patches = fractal_noise(rng, height, width, 1.5)
    green, dry = pick_color(rng, GREENS), pick_color(rng, GREENS + EARTHS)
    image = mix(0.5 + 0.3 * patches, green, dry)
    return to_bytes(image * (1 + rng.uniform(0.1, 0.25) * blades + 0.1 * patches)[..., None])


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
    return to_bytes(image * (1 + 0.05 * fractal_noise(rng, height, width, 0.75)[..., None]))


def planks(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Floor boards or wooden cladding, grain along the rows."""
    size = np.array([rng.uniform(0.8, 2.4), rng.uniform(0.07, 0.2)])
    grain = cv2.resize(fractal_noise(rng, height, max(width // 12, 2), 0.75), (width, height))
    base = _masonry(rng, height, width, texel, size, WOODS, 0.37, 0.004, 0.09)
    return to_bytes(base * (1 + 0.07 * grain[..., None]))


def wood(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Veneer: rings seen lengthwise."""
    del texel
    rings = np.sin(
        9 * cv2.resize(fractal_noise(rng, height, max(width // 10, 2), 1.5), (width, height))
    )
    image = mottled(rng, height, width, pick_color(rng, WOODS), 0.05, 0.75)
    return to_bytes(image * (1 + 0.08 * rings[..., None]))


def stripes(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Wallpaper or fabric with upright stripes of several widths."""
    period = max(rng.uniform(0.06, 0.3) / texel, 6.0)
    phase = (np.arange(width, dtype=np.float32) / period) % 1.0
    edges = np.sort(rng.random(4))
    band = np.searchsorted(edges, phase)
    colors = np.stack([pick_color(rng, WALLS + VIVID, 0.1) for _ in range(2)] * 3)[:5]
    colors = colors + 0.3 * (colors.mean(0) - colors)
    image = np.broadcast_to(colors[band][None], (height, width, 3))
    return to_bytes(image * (1 + 0.05 * fractal_noise(rng, height, width, 0.75)[..., None]))


def plaid(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Checked cloth or a carpet."""
    period = max(rng.uniform(0.05, 0.25) / texel, 6.0)
    wave_x = np.sin(np.arange(width) * 2 * np.pi / period)
    wave_y = np.sin(np.arange(height) * 2 * np.pi / period)
    weave = 0.5 + 0.25 * np.tanh(3 * wave_x)[None] + 0.25 * np.tanh(3 * wave_y)[:, None]
    image = mix(weave, pick_color(rng, CLOTHES + VIVID), pick_color(rng, WALLS + WOODS))
    return to_bytes(image * (1 + 0.1 * fractal_noise(rng, height, width, 0.5)[..., None]))


def cloth(rng: np.random.Generator, height: int, width: int, texel: float) -> np.ndarray:
    """Plain fabric with folds: brightness waves of middle scale."""
    del texel
    folds = cv2.resize(fractal_noise(rng, max(height // 6, 2), width, 1.5), (width, height))
    image = mottled(rng, height, width, pick_color(rng, CLOTHES + VIVID), 0.06, 0.5)
    return to_bytes(image * (1 + 0.1 * folds[..., None]))


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
    table = 1 + variation * rng.standard_normal((64, 64, 1)).astype(np.float32)
    tone = (
        table[row % 64, column % 64]
        * (1 + 0.02 * rng.standard_normal((64, 64, 3))).astype(np.float32)[column % 64, row % 64]
    )
    stone = mottled(rng, height, width, pick_color(rng, colors), 0.08, 0.75) * tone
    mortar = mottled(rng, height, width, pick_color(rng, GREYS), 0.05, 0.5)
    inside = np.clip((border - 0.5 * joint) / texel + 0.5, 0, 1)
    return to_bytes(mix(inside, mortar * rng.uniform(0.6, 1.1), stone))


def _grid(
    height: int, width: int, texel: float, size: np.ndarray, bond: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, column (h, w) and distance to the nearest joint (metres) of a seamless grid."""
    rows = max(round(height * texel / size[1]), 1)
    columns = max(round(width * texel / size[0]), 1)
    v = (np.arange(height, dtype=np.float32) + 0.5)[:, None] * (rows / height)
    row = v.astype(np.int32)
    u = (np.arange(width, dtype=np.float32) + 0.5)[None] * (columns / width) + (bond * row) % 1.0
    column = u.astype(np.int32) % columns
    to_side = np.minimum(u % 1, 1 - u % 1) * (width * texel / columns)
    to_course = np.minimum(v % 1, 1 - v % 1) * (height * texel / rows)
    return np.broadcast_to(row, column.shape), column, np.minimum(to_side, to_course)


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


@functools.lru_cache(maxsize=16)
def _noise_field(quarters: int) -> np.ndarray:
    """Periodic noise with amplitude 1 / f**(quarters / 4): zero mean, unit deviation."""
    rng = np.random.default_rng([_POOL_SEED, quarters])
    spectrum = np.fft.rfft2(rng.standard_normal((_POOL_SIZE, _POOL_SIZE), dtype=np.float32))
    vertical = np.fft.fftfreq(_POOL_SIZE)[:, None]
    horizontal = np.fft.rfftfreq(_POOL_SIZE)[None]
    frequency = np.hypot(vertical, horizontal)
    frequency[0, 0] = 1.0
    # Below eight cycles per tile the spectrum is flat: otherwise the repetition shows as one big
    # blotch per tile.
    gain = np.maximum(frequency, 8 / _POOL_SIZE) ** (-quarters / 4)
    gain[0, 0] = 0.0
    field = np.fft.irfft2(spectrum * gain, s=(_POOL_SIZE, _POOL_SIZE)).astype(np.float32)
    field /= field.std()
    field.setflags(write=False)
    return field
