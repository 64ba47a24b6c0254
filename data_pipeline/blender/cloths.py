"""Cloth in folds of rendered scenes, over things or hanging."""

import numpy as np

from data_pipeline.blender import materials as paint
from data_pipeline.blender.shapes import sheet
from data_pipeline.blender.stage import Piece, Stage


def _folds(rng: np.random.Generator, u: np.ndarray, v: np.ndarray, size: float) -> np.ndarray:
    """Metres by which cloth comes forward at (u, v) metres: long waves, mostly across u."""
    height = np.zeros_like(u)
    for wave in size * np.array([1.0, 0.55, 0.3]):
        direction = rng.normal(0, 0.5)
        phase = (u + direction * v + 0.4 * wave * np.sin(v / wave * 2 + rng.uniform(0, 6))) / wave
        height += 0.2 * wave * (1 - np.abs(np.sin(np.pi * phase + rng.uniform(0, 6)))) ** 1.5
    return height


def covered(stage: Stage) -> Piece:
    """Cloth that lies over some balls and boxes."""
    rng = stage.rng
    x, y = np.meshgrid(np.linspace(-1.0, 1.0, 120), np.linspace(-0.6, 0.7, 90))
    height = 0.3 * _folds(rng, x, y, float(rng.uniform(0.15, 0.4)))
    for _ in range(rng.integers(1, 5)):
        u, v = x - rng.uniform(-0.5, 0.5), y - rng.uniform(-0.2, 0.5)
        radius, tall = float(rng.uniform(0.1, 0.35)), float(rng.uniform(0.08, 0.4))
        far = (np.abs(u / radius) ** 2.5 + np.abs(v / radius) ** 2.5) ** 0.4
        height = np.maximum(height, tall * np.clip(1.6 - far, 0, 1) ** 0.8 + 0.4 * height)
    height += 0.3 * _folds(rng, x, y, 0.15)
    texture = np.stack([x, y], -1) * float(rng.uniform(0.6, 1.6))
    return stage.piece((sheet(np.stack([x, y, height], -1), texture), paint.cloth(stage)))


def hanging(stage: Stage) -> Piece:
    """Cloth in upright folds."""
    rng = stage.rng
    x, z = np.meshgrid(np.linspace(-1.6, 1.6, 160), np.linspace(0, 1.4, 50))
    forward = _folds(rng, x, 0.25 * z, float(rng.uniform(0.15, 0.5)))
    texture = np.stack([x, z], -1) * float(rng.uniform(0.6, 1.6))
    return stage.piece((sheet(np.stack([x, -forward, z], -1), texture), paint.cloth(stage)))
