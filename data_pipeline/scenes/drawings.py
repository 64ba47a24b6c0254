"""Textures of made-up scenes, drawn for one scene or shared by all scenes of a series.

To draw what its surfaces show takes several times as long as to show a scene twice. Within
`shared_drawings` every drawing is therefore one of a few of its kind and size, made once. Which
these are follows from the series and nothing else, so that no scene depends on those made before.
"""

import contextlib
import contextvars
import functools
import math
import zlib
from collections.abc import Callable, Iterator

import numpy as np

from data_pipeline.scenes.scene import Texture

_VARIANTS = 8  # of each drawing in a series
_KEPT = 2000  # drawings in memory, some 1.2 MB each with their reduced copies

_series: contextvars.ContextVar[int | None] = contextvars.ContextVar("series", default=None)


@contextlib.contextmanager
def shared_drawings(series: int) -> Iterator[None]:
    """Scenes composed within share their drawings with all others of this `series`, 0 or more."""
    token = _series.set(series)
    try:
        yield
    finally:
        _series.reset(token)


def are_shared() -> bool:
    """Whether drawings are shared here."""
    return _series.get() is not None


def drawn(rng: np.random.Generator, draw: Callable, *arguments, tiled: bool = False) -> Texture:
    """A drawing as texture, `draw(rng, *arguments)` or one alike.

    Args:
        rng: Decides everything.
        draw: Returns an image as Texture takes it.
        *arguments: Hashable; shared drawings have sizes (numbers) at most a quarter off these.
        tiled: As Texture takes it.
    """
    return drawn_frames(rng, _single, draw, *arguments, tiled=tiled)[0]


def drawn_frames(
    rng: np.random.Generator, draw: Callable, *arguments, tiled: bool = False
) -> tuple[Texture, ...]:
    """As `drawn`, of a function that returns a list of images."""
    series = _series.get()
    if series is None:
        return tuple(Texture(image, tiled) for image in draw(rng, *arguments))
    variant = series * _VARIANTS + int(rng.integers(_VARIANTS))
    return _shared(variant, draw, tuple(_rounded(value) for value in arguments), tiled)


def _single(rng: np.random.Generator, draw: Callable, *arguments) -> list[np.ndarray]:
    return [draw(rng, *arguments)]


@functools.lru_cache(maxsize=_KEPT)
def _shared(variant: int, draw: Callable, arguments: tuple, tiled: bool) -> tuple[Texture, ...]:
    names = [getattr(value, "__qualname__", value) for value in (draw, *arguments)]
    rng = np.random.default_rng([variant, zlib.crc32(repr(names).encode())])
    return tuple(Texture(image, tiled) for image in draw(rng, *arguments))


def _rounded(value):
    """The nearest power of two, or one and a half times one, of a size or length."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return value
    power = 2.0 ** math.floor(math.log2(value))
    rounded = min((power, 1.5 * power, 2 * power), key=lambda size: abs(math.log(size / value)))
    return max(int(rounded), 1) if isinstance(value, int | np.integer) else rounded
