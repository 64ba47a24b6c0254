"""Cars of rendered streets."""

import numpy as np

from data_pipeline.blender import materials as paint
from data_pipeline.blender.shapes import Shape, box, lathe, loft, superellipse, tube, union
from data_pipeline.blender.stage import Piece, Stage


def car(stage: Stage) -> Piece:
    """A car or van that drives towards +y."""
    rng = stage.rng
    length, width = float(rng.uniform(3.7, 4.9)), float(rng.uniform(1.65, 1.9))
    tall = float(rng.choice([1.42, 1.5, 1.65, 1.95]))
    bonnet, boot = float(rng.uniform(0.8, 1.0)), float(rng.uniform(0.85, 1.05))
    rings = []
    for part, top, wide in (
        (0, 0.6, 0.82),
        (0.03, boot * 0.93, 0.94),
        (0.25, boot, 1),
        (0.7, 0.98 * boot, 1),
        (0.92, bonnet * 0.88, 0.95),
        (1, 0.5, 0.8),
    ):
        low = 0.22 if 0 < part < 1 else 0.35
        rings.append(
            superellipse(wide * width, top - low, (0, (part - 0.5) * length, (top + low) / 2), 0.35)
        )
    body = loft(rings, closed=True)
    boxy = tall > 1.8
    front, rear = (0.3, 0.48) if boxy else (rng.uniform(0.02, 0.1), rng.uniform(0.3, 0.46))
    glass, roof = _cabin(length, width, tall, float(front), float(rear))
    wheels = [
        _wheel().moved((x * (width / 2 - 0.1), y * length * 0.31, 0.32))
        for x in (-1, 1)
        for y in (-1, 1)
    ]
    lamps = [
        box(0.3, 0.05, 0.12, (x * 0.36 * width, y * length * 0.475, 0.62))
        for x in (-1, 1)
        for y in (-1, 1)
    ]
    color = paint.random_color(rng, saturation=(0, 0.9), value=(0.02, 0.75))
    coat = paint.plain(stage, color, 0.22, float(rng.uniform(0, 0.5)))
    return stage.piece(
        (union(body, roof), coat),
        (glass, paint.plain(stage, (0.02, 0.025, 0.03), 0.06)),
        (union(*wheels), paint.plain(stage, (0.02, 0.02, 0.02), 0.7)),
        (union(*lamps), paint.plain(stage, (0.6, 0.25, 0.2), 0.2)),
    )


def _cabin(
    length: float, width: float, tall: float, front: float, rear: float
) -> tuple[Shape, Shape]:
    """Windows, and the roof over them with its pillars."""
    rings, plates, corners = [], [], []
    for part, top in (
        (-rear, 0.95),
        (-rear + 0.12, tall),
        (front - 0.02, tall),
        (front + 0.2, 0.95),
    ):
        y, wide = part * length, width * (0.92 if top < 1 else 0.74)
        upper, lower = np.array([wide / 2, y, top]), np.array([0.46 * width, y, 0.8])
        flip = np.array([-1, 1, 1])
        rings.append(np.array([upper * flip, upper, lower, lower * flip]))
        corners.append(upper)
        if top > 1:
            plates.append(superellipse(wide * 1.04, 0.12, (0, y, top), 0.5))
    middle = [corners[1] * (1, 0, 1) + (0, 0.0, 0), np.array([0.47 * width, -0.1, 0.85])]
    pillars = [
        tube([a * (s, 1, 1), b * (s, 1, 1)], (0.06, 0.05), 6)
        for a, b in (corners[:2], corners[2:][::-1], middle[::-1])
        for s in (-1, 1)
    ]
    return loft(rings, smooth=False, closed=True), union(loft(plates, closed=True), *pillars)


def _wheel() -> Shape:
    return (
        lathe(
            [(0.001, -0.1), (0.2, -0.1), (0.31, -0.09), (0.31, 0.09), (0.2, 0.1), (0.001, 0.1)], 16
        )
        .moved(tilt=90)
        .moved(turn=90)
    )
