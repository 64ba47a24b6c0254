"""Noise with the spectrum of natural images.

Their amplitude spectra are close to 1/f (Field 1987, doi:10.1364/JOSAA.4.002379).
"""

import functools

import numpy as np

_POOL_SIZE = 1024  # texture pixels; noise repeats seamlessly after this many
_POOL_SEED = 1604_03650


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
