"""Rendered country: rolling ground, hills, trees, bushes, rocks, grass, water, under a sky."""

import itertools
from collections.abc import Callable

import numpy as np

from data_pipeline.blender import materials as paint
from data_pipeline.blender import people, plants
from data_pipeline.blender.shapes import box, grid, union
from data_pipeline.blender.stage import Stage
from data_pipeline.blender.view import View, aim, random_focal

_FAR = 1500.0  # metres to the last hills


def nature(stage: Stage) -> Callable[[], View]:
    """Builds a landscape that is seen towards +y from near the origin.

    Args:
        stage: an empty one.

    Returns:
        A function that proposes views.
    """
    rng = stage.rng
    stage.daylight()
    stage.ground_height = _relief(rng)
    _ground(stage)
    if rng.random() < 0.25:
        _lake(stage)
    _woods(stage)
    _undergrowth(stage)
    if rng.random() < 0.35:
        _fence(stage)
    if rng.random() < 0.4:
        _walkers(stage)
    return lambda: _view(stage)


def _relief(rng: np.random.Generator):
    """Height over (x, y): waves of many lengths, gentle near the camera, hills far off."""
    rough = float(rng.uniform(0.2, 1.0))
    hills = float(rng.choice([5, 40, 120, 300]) * rng.uniform(0.6, 1.3))
    lengths = np.array([3.0, 7, 16, 40, 120, 300, 700])
    heights = np.array([0.05, 0.12, 0.3, 1.0, 0.05 * hills, 0.3 * hills, 0.6 * hills])
    heights[:4] *= rough
    angles, phases = rng.uniform(0, 6.28, (7, 3)), rng.uniform(0, 6.28, (7, 3))
    slope = float(rng.normal(0, 0.06))

    def height(x, y):
        """Metres at (x, y), numbers or arrays alike."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        away = np.hypot(x, y)
        total = slope * x * np.exp(-away / 60)
        for length, size, turns, shifts in zip(lengths, heights, angles, phases, strict=True):
            waves = sum(
                np.sin(6.28 / length * (np.cos(a) * x + np.sin(a) * y) + p)
                for a, p in zip(turns, shifts, strict=True)
            )
            # Hills begin where they do not lift the ground under the camera.
            total = total + size / 2 * waves * np.clip(away / (0.25 * length), 0, 1) ** (
                1 if length < 100 else 2
            )
        return total if total.ndim else float(total)

    return height


def _ground(stage: Stage):
    """A net that is fine near the camera and coarse far away, in sectors around it."""
    rng = stage.rng
    out = 0.3 * np.exp(np.linspace(0, np.log(_FAR / 0.3), 150))[:, np.newaxis]
    angles = np.radians(np.linspace(-100, 100, 180))[np.newaxis]
    x, y = np.sin(angles) * out, np.cos(angles) * out - 1.5
    shape = grid(x, y, stage.ground_height(x, y))
    kind = rng.choice(["meadow", "earth", "sand", "snow", "rock"], p=(0.5, 0.2, 0.1, 0.08, 0.12))
    green = plants.green(rng, 0.2)
    colors = {
        "meadow": (tuple(0.45 * v for v in green), green),
        "earth": (
            (0.07, 0.045, 0.025),
            paint.random_color(rng, (0.07, 0.2), (0.3, 0.6), (0.1, 0.3)),
        ),
        "sand": ((0.42, 0.32, 0.2), (0.62, 0.52, 0.36)),
        "snow": ((0.62, 0.66, 0.72), (0.85, 0.86, 0.88)),
        "rock": ((0.1, 0.1, 0.1), (0.4, 0.37, 0.33)),
    }[str(kind)]
    size = float(rng.uniform(0.6, 6))
    stage.add(shape, paint.mottled(stage, *colors, size, 0.9, bump=0.05, detail=10))


def _lake(stage: Stage):
    """Water over the lower ground, its ripples as bumps."""
    rng = stage.rng
    level = float(
        np.percentile(
            stage.ground_height(rng.uniform(-40, 40, 200), rng.uniform(8, 120, 200)),
            rng.uniform(20, 50),
        )
    )
    level = min(level, stage.ground_height(0.0, 0.0) - 0.25)
    water = paint.mottled(
        stage, (0.01, 0.03, 0.04), (0.02, 0.05, 0.05), 0.5, 0.05, bump=0.06, stretch=(1, 0.4, 1)
    )
    stage.add(box(3000, 3000, 0.1), water, (0, 0, level - 0.1))


def _woods(stage: Stage):
    """Groups of a few kinds of tree, alone near the camera and in masses far away."""
    rng = stage.rng
    makers = (plants.broadleaf, plants.conifer)
    main = int(rng.integers(2))
    kinds = []
    for index in range(4):
        maker = makers[main if index < 3 else 1 - main]
        kinds.append(maker(stage, float(rng.uniform(4, 13))))
    for _ in range(rng.integers(1, 7)):
        x, y = float(rng.normal(0, 9)), float(rng.uniform(5, 35))
        if abs(x) > 1.2:
            _plant(stage, kinds[rng.integers(4)], x, y)
    for _ in range(rng.integers(1, 6)):
        out, angle = 25 * float(np.exp(rng.uniform(0, 2.8))), float(rng.uniform(-0.8, 0.8))
        for _ in range(rng.integers(8, 45)):
            x = np.sin(angle) * out + rng.normal(0, 0.35 * out)
            y = np.cos(angle) * out + rng.normal(0, 0.12 * out)
            if y > 15:
                _plant(stage, kinds[rng.integers(4)], float(x), float(y))


def _undergrowth(stage: Stage):
    """Bushes, rocks, tufts of grass and flowers."""
    rng = stage.rng
    bushes = [plants.bush(stage, float(rng.uniform(0.5, 2.2))) for _ in range(2)]
    rocks = [plants.rock(stage, float(rng.uniform(0.3, 1.8))) for _ in range(2)]
    for kinds, count in ((bushes, rng.integers(0, 25)), (rocks, rng.choice([0, 4, 15, 40]))):
        for _ in range(count):
            out, angle = 4 * float(np.exp(rng.uniform(0.1, 2.8))), float(rng.uniform(-1, 1))
            x, y = np.sin(angle) * out, np.cos(angle) * out
            _plant(stage, kinds[rng.integers(2)], float(x), float(y), (0.4, 1.3))
    if rng.random() < 0.8:
        color = plants.green(rng, 0.25)
        tall = float(rng.uniform(0.08, 0.5))
        tufts = [plants.grass(stage, tall, 220, 0.8, color) for _ in range(2)]
        if rng.random() < 0.4:
            tufts.append(plants.flowers(stage, 1.3 * tall, 14, 0.5))
        for _ in range(rng.integers(100, 400)):
            out, angle = 1.6 * float(np.exp(rng.uniform(0, 3))), float(rng.uniform(-1.1, 1.1))
            _plant(
                stage,
                tufts[rng.integers(len(tufts))],
                float(np.sin(angle) * out),
                float(np.cos(angle) * out),
                (0.6, 1.5),
            )


def _fence(stage: Stage):
    rng = stage.rng
    wood = paint.wood(stage)
    x, turn = float(rng.uniform(-6, 6)), float(rng.uniform(-0.4, 0.4))
    gap = float(rng.uniform(1.5, 3))
    posts = [(x + np.sin(turn) * y, y) for y in np.arange(2, 45, gap)]
    parts = []
    for (a, b), (c, d) in itertools.pairwise(posts):
        low, high = stage.ground_height(a, b), stage.ground_height(c, d)
        parts.append(box(0.1, 0.1, 1.3, (a, b, low - 0.1)))
        angle = np.degrees(np.arctan2(high - low, gap))
        for z in (0.45, 0.95):
            rail = box(0.04, gap * 1.02, 0.1).moved(tilt=angle).moved(turn=-np.degrees(turn))
            parts.append(rail.moved(((a + c) / 2, (b + d) / 2, (low + high) / 2 + z)))
    stage.add(union(*parts), wood)


def _walkers(stage: Stage):
    rng = stage.rng
    for _ in range(rng.integers(1, 4)):
        x, y = float(rng.normal(0, 2.5)), float(rng.uniform(3, 18))
        stage.put(
            people.person(stage), (x, y, stage.ground_height(x, y)), float(rng.uniform(0, 360))
        )


def _plant(stage: Stage, piece, x: float, y: float, scales: tuple[float, float] = (0.7, 1.3)):
    at = (x, y, stage.ground_height(x, y) - 0.03)
    stage.put(piece, at, float(stage.rng.uniform(0, 360)), float(stage.rng.uniform(*scales)))


def _view(stage: Stage) -> View:
    rng = stage.rng
    x, y = float(rng.normal(0, 0.5)), float(rng.uniform(-1, 0.5))
    height = float(np.exp(rng.uniform(np.log(0.4), np.log(3.5))))
    position = (x, y, stage.ground_height(x, y) + height)
    far = np.array([rng.normal(0, 7), 30.0, 0.0])
    target = (*far[:2], stage.ground_height(*far[:2]) + rng.uniform(0.3, 3))
    yaw, pitch = aim(position, target)
    blurred = rng.random() < 0.15
    return View(
        position,
        yaw,
        float(np.clip(pitch, -14, 12)),
        float(rng.normal(0, 0.8)),
        random_focal(rng, 0.65, 1.8),
        float(rng.uniform(2.5, 8)) if blurred else None,
        0.02 if blurred else 0.0,
        tuple((rng.normal(0, 0.04, 3) * (1, 1, 0.2)).tolist()),
        float(rng.normal(0, 0.3)),
    )
