"""Shots for made-up films, dealt like cards: without a fault, or with the next fault of a deck."""

import dataclasses
from collections.abc import Callable

import numpy as np
from burnt_in_words import STYLES, Subtitle
from faulty_shots import Shot
from shot_sources import Sources
from window_path import Misalignment

_ASPECTS = (1.85, 2.0, 2.2, 2.35, 2.39, 1.33, 1.66)


class Deck:
    """Deals shots.

    Args:
        rng: Decides everything.
        sources: Tells which real material there is.
    """

    def __init__(self, rng: np.random.Generator, sources: Sources):
        self.rng, self.sources = rng, sources
        self._faults: list[Callable] = []
        self._pairs: list[str] = []

    def plain(self, moving: bool = True) -> Shot:
        """A shot without a fault: half of them of real pairs, if there are any."""
        rng, motion = self.rng, str(self.rng.choice(("pan", "pan", "pan", "zoom", "drift")))
        if self.sources.pair_names and rng.random() < 0.5:
            if not self._pairs:
                self._pairs = [str(name) for name in rng.permutation(self.sources.pair_names)]
            source = self._pairs.pop()
        elif moving and rng.random() < 0.08:
            source = f"moving:{rng.integers(40)}"
        else:
            source = f"synthetic:{rng.integers(40)}"
        return Shot(
            source,
            seconds=round(float(rng.uniform(1.5, 4.0)), 2),
            seed=int(rng.integers(2**31)),
            motion=motion,
            noise=float(rng.choice([0.0, 0.0, 1.5])),
            black_level=int(rng.choice([0, 0, 0, 3, 8])),
        )

    def deal(self, size: tuple[int, int]) -> Shot:
        """A shot with the next fault of the deck, or two faults.

        Args:
            size: Width and height of a view of the film.
        """
        if not self._faults:
            self._faults = [_FAULTS[k] for k in self.rng.permutation(len(_FAULTS))]
        return self._faults.pop()(self.plain(), self.rng, size, self.sources)


def letterbox(rng: np.random.Generator, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Bars above and below, or at the sides, of a usual aspect ratio.

    Args:
        rng: Decides which.
        size: Width and height of a view.

    Returns:
        Rows above and below, columns at the left and right.
    """
    width, height = size
    while True:
        aspect = float(rng.choice(_ASPECTS))
        rows, columns = height - width / aspect, width - height * aspect
        if 0.04 * height < rows < 0.45 * height:
            above = round(rows / 2) + int(rng.choice([0, 0, 0, 1]))
            return above, round(rows) - above, 0, 0
        if 0.04 * width < columns < 0.45 * width:
            return 0, 0, round(columns / 2), round(columns) - round(columns / 2)


# Each takes a shot, a random generator, the size of a view and the sources, and gives a shot.


def swapped(shot, rng, size, sources):
    """Swaps the eyes of a shot."""
    return dataclasses.replace(shot, swapped=True)


def barred(shot, rng, size, sources):
    """Gives a shot black bars of a usual aspect ratio."""
    return dataclasses.replace(shot, bars=letterbox(rng, size))


def _floating(shot, rng, size, sources):
    columns = rng.integers(round(0.006 * size[0]) + 2, round(0.03 * size[0]) + 3, 2)
    only = int(rng.integers(3))  # left, right, both
    window = int(columns[0]) * (only != 1), int(columns[1]) * (only != 0)
    return dataclasses.replace(shot, floating_window=window)


def _offset(shot, rng, size, sources):
    pixels = float(np.round(rng.uniform(1, 8) * rng.choice([-1, 1]), 2))
    return dataclasses.replace(shot, misalignment=Misalignment(offset_px=pixels))


def _turned(shot, rng, size, sources):
    misalignment = Misalignment(
        float(np.round(rng.uniform(-3, 3), 2)),
        float(np.round(rng.uniform(0.15, 0.6) * rng.choice([-1, 1]), 3)),
        float(np.round(1 + rng.uniform(0.003, 0.012) * rng.choice([-1, 1, 0]), 4)),
    )
    return dataclasses.replace(shot, misalignment=misalignment)


def _tinted(shot, rng, size, sources):
    gain = tuple(np.round(np.exp(rng.uniform(-0.18, 0.18, 3)), 3).tolist())
    gamma = float(np.round(np.exp(rng.uniform(-0.2, 0.2)), 3))
    return dataclasses.replace(shot, color_gain=gain, gamma=gamma)


def subtitled(shot, rng, size, sources):
    """Burns words into a shot."""
    subtitle = Subtitle(
        style=str(rng.choice(list(STYLES))),
        lines=int(rng.integers(1, 3)),
        from_share=round(float(rng.uniform(0.0, 0.3)), 3),
        to_share=round(float(rng.choice([1.0, rng.uniform(0.7, 1.0)])), 3),
        disparity_percent=round(float(rng.choice([0.0, rng.uniform(-0.4, 1.5)])), 3),
        height_percent=round(float(rng.uniform(3.6, 6.0)), 2),
        place=round(float(rng.choice([rng.uniform(3, 12), 84])) if rng.random() < 0.3 else 6.0, 2),
    )
    return dataclasses.replace(shot, subtitle=subtitle)


def titled(shot, rng, size, sources):
    """A title card in place of the shot."""
    shift = int(rng.choice([0, 0, rng.integers(-8, 9)]))
    return dataclasses.replace(shot, source="title", shift_px=shift)


def _titled_on_picture(shot, rng, size, sources):
    return dataclasses.replace(shot, source=f"title_on_picture:{rng.integers(40)}")


def _credits(shot, rng, size, sources):
    return dataclasses.replace(shot, source="credits")


def _marked(shot, rng, size, sources):
    return dataclasses.replace(shot, logo=True)


def flat(shot, rng, size, sources):
    """A 2D insert in place of the shot."""
    if sources.clip_names and rng.random() < 0.6:
        return dataclasses.replace(shot, source=str(rng.choice(sources.clip_names)))
    return dataclasses.replace(shot, source=f"flat:{rng.integers(40)}")


def _black(shot, rng, size, sources):
    return dataclasses.replace(shot, source="black", seconds=round(float(rng.uniform(1, 2)), 2))


def _light(name):
    def lit(shot, rng, size, sources):
        return dataclasses.replace(shot, light=name)

    return lit


def _static(shot, rng, size, sources):
    still = shot.source.replace("moving", "synthetic")
    return dataclasses.replace(shot, source=still, motion="hold", noise=0.0)


def _wide(shot, rng, size, sources):
    return dataclasses.replace(shot, source=f"wide:{rng.integers(40)}")


def _one_eyed(shot, rng, size, sources):
    return dataclasses.replace(shot, black_eye=str(rng.choice(["left", "right"])))


def _grainy(shot, rng, size, sources):
    return dataclasses.replace(shot, noise=round(float(rng.uniform(4, 12)), 1))


def _dim(shot, rng, size, sources):
    return dataclasses.replace(shot, exposure=round(float(rng.uniform(0.22, 0.5)), 2))


def _both(*faults):
    def change(shot, rng, size, sources):
        for fault in faults:
            shot = fault(shot, rng, size, sources)
        return shot

    return change


_FAULTS = (
    *(swapped, swapped, swapped, _both(swapped, barred), _both(swapped, _offset)),
    *(barred, barred, barred, _floating, _floating, _both(barred, _floating)),
    *(_offset, _offset, _offset, _turned, _both(_offset, barred)),
    *(subtitled, subtitled, subtitled, _both(barred, subtitled), _both(swapped, subtitled)),
    *(titled, titled, _titled_on_picture, _credits, flat, flat, _both(flat, subtitled)),
    *(_black, _light("fade_in"), _light("fade_out"), _light("flash")),
    *(_static, _wide, _one_eyed, _grainy, _dim, _tinted, _tinted, _marked),
    *(_both(_dim, barred), _both(titled, barred), _both(_tinted, _offset)),
)
