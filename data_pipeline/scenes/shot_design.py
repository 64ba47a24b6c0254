"""Composes a shot: a kind of scene, its light, the camera's motion and a film-like amount of depth.

Films keep the parallax of a shot within about 3 % of the picture's width (Mendiburu 2009, "3D
Movie Making"). Baseline and convergence distance are chosen from the scene's own depths, so that
near and far scenes alike use such a budget.
"""

import dataclasses
import math

import numpy as np

from data_pipeline.scenes import closeups, landscapes, rooms, streets
from data_pipeline.scenes.camera import Camera, CameraPath
from data_pipeline.scenes.render import inverse_depths
from data_pipeline.scenes.scene import Look, Scene
from data_pipeline.scenes.still_life import still_life
from data_pipeline.scenes.surface_photos import SurfacePhotos
from deep3d.wording import either

KINDS = ("room", "country", "street", "closeup")
# Disparity of anything at any moment, in parts of the width: -8..+7 px at 384, with a margin for
# what the few moments looked at have missed.
_FARTHEST, _NEAREST = -0.95 * 8 / 384, 0.9 * 7 / 384
_SAMPLE_WIDTH, _SAMPLE_MOMENTS = 96, 6


def random_scene(
    rng: np.random.Generator,
    kind: str | None = None,
    duration: float | None = 3.0,
    aspect: float = 16 / 9,
    photos: SurfacePhotos | None = None,
) -> Scene:
    """Makes up a shot.

    Args:
        rng: decides everything.
        kind: one of KINDS, or "still_life", which needs photographs; None for any of KINDS.
        duration: seconds for which the depth budget must hold; None leaves baseline and
            convergence as they are, for what composes its disparity later.
        aspect: width / height of the picture, for the same reason.
        photos: what covers the things of a still life.

    Returns:
        The scene; scene.path.at(time) is its camera.
    """
    kinds = KINDS if photos is None else (*KINDS, "still_life")
    if kind is not None and kind not in kinds:
        raise ValueError(f"kind must be one of {either(kinds)}. Received: {kind}")
    kind = kind or str(rng.choice(KINDS, p=(0.3, 0.25, 0.2, 0.25)))
    indoor = kind in ("room", "still_life") or (kind == "closeup" and rng.random() < 0.55)
    look = _look(rng, indoor)
    if kind == "closeup":
        surfaces, camera = closeups.closeup(rng, look, indoor)
        focus = closeups.subject_distance(camera, surfaces)
        if rng.random() < 0.75:
            look = dataclasses.replace(look, focus=focus, aperture=float(rng.uniform(1.5, 6)))
    elif kind == "still_life":
        surfaces, camera = still_life(rng, look, photos)
    else:
        make = {"room": rooms.room, "country": landscapes.country, "street": streets.street}[kind]
        surfaces, camera = make(rng, look)
    path = _path(rng, camera, kind)
    scene = Scene(kind, tuple(surfaces), look, path, int(rng.integers(2**31)))
    if duration is None:
        return scene
    return dataclasses.replace(scene, path=_fit_stereo(rng, scene, duration, aspect))


def _look(rng: np.random.Generator, indoor: bool) -> Look:
    azimuth, elevation = rng.uniform(-2.2, 2.2), rng.uniform(0.3, 1.2)
    light = np.array(
        [
            math.sin(azimuth) * math.cos(elevation),
            math.sin(elevation),
            -math.cos(azimuth) * math.cos(elevation),
        ]
    )
    exposure = math.exp(min(rng.normal(0.0, 0.16), 0.25 if indoor else 0.12))
    balance = np.exp(rng.normal(0, 0.05) * np.array([1.0, 0.0, -1.0]))
    haze = rng.choice([120.0, 400.0, 900.0, 2500.0]) * rng.uniform(0.7, 1.4)
    return Look(
        light=tuple(light.tolist()),
        ambient=float(rng.uniform(0.6, 0.85) if indoor else rng.uniform(0.5, 0.8)),
        background=tuple((rng.uniform(165, 215) * np.array([0.97, 1.0, 1.03])).tolist()),
        haze_distance=None if indoor else float(haze),
        exposure=tuple((exposure * balance).tolist()),
        gamma=float(rng.uniform(0.85, 1.25)),
        vignette=float(rng.uniform(0, 0.35)) if rng.random() < 0.6 else 0.0,
        noise=float(rng.choice([0.0, 0.5, 1.0, 2.0, 3.0])),
        softness=float(rng.uniform(0.3, 0.8)) if rng.random() < 0.4 else 0.0,
    )


def _path(rng: np.random.Generator, start: Camera, kind: str) -> CameraPath:
    """Still, panning, tilting, trucking, moving ahead or hand-held."""
    pace = {"room": 0.35, "country": 0.8, "street": 0.8, "closeup": 0.06, "still_life": 0.3}[kind]
    across, _, ahead = start.rotation()
    velocity, yaw_rate, pitch_rate, shake = np.zeros(3), 0.0, 0.0, 0.0
    move = rng.choice(6)
    if move == 1:
        yaw_rate = rng.uniform(1, 5) * rng.choice([-1, 1])
    elif move == 2:
        pitch_rate = rng.uniform(-1.5, 1.5)
    elif move == 3:
        velocity = across * pace * rng.uniform(0.4, 1.2) * rng.choice([-1, 1])
    elif move == 4:
        velocity = ahead * pace * rng.uniform(0.3, 1.0)
    elif move == 5:
        velocity = ahead * pace * rng.uniform(0, 0.5) + across * pace * rng.normal(0, 0.3)
        yaw_rate = rng.normal(0, 1.5)
    velocity[1] = 0.0
    if rng.random() < 0.45:
        shake = rng.uniform(0.05, 0.35)
    phases = tuple(float(v) for v in rng.uniform(0, 2 * math.pi, 6))
    return CameraPath(
        start, tuple(velocity.tolist()), float(yaw_rate), float(pitch_rate), float(shake), phases
    )


def _fit_stereo(
    rng: np.random.Generator, scene: Scene, duration: float, aspect: float
) -> CameraPath:
    """Chooses baseline and convergence for a random range of disparities within the budget."""
    height = max(round(_SAMPLE_WIDTH / aspect), 8)
    samples = []
    for moment in np.linspace(0, duration, _SAMPLE_MOMENTS).tolist():
        camera = scene.path.at(moment)
        # Each eye sees a little more on its side than the middle does.
        camera = dataclasses.replace(camera, field_of_view=1.05 * camera.field_of_view)
        samples.append(inverse_depths(scene, camera, _SAMPLE_WIDTH, height, moment))
    far, near = (float(v) for v in np.percentile(samples, (5, 95)))
    lowest, highest = float(np.min(samples)), float(np.max(samples))
    range_wanted = rng.uniform(0.004, 0.018) if rng.random() < 0.2 else rng.uniform(0.022, 0.036)
    # Disparity in parts of the width is scale * (1 / depth - 1 / convergence).
    scale = min(
        range_wanted / max(near - far, 1e-3),
        (_NEAREST - _FARTHEST) / max(highest - lowest, 1e-3),
    )
    front = min(rng.uniform(-0.05, 0.6) * scale * (near - far), 0.015)
    zero = near - front / scale
    zero = float(np.clip(zero, highest - _NEAREST / scale, lowest - _FARTHEST / scale))
    zero = max(zero, 1e-4)
    focal = scene.path.start.focal_length(1)  # in widths
    start = dataclasses.replace(scene.path.start, baseline=scale / focal, convergence=1 / zero)
    return dataclasses.replace(scene.path, start=start)
