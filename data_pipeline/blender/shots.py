"""One scene rendered by Blender: a shot of a film by a stereo camera, or pictures for training."""

import dataclasses
import math
import pathlib
from collections.abc import Callable, Sequence

import numpy as np

from data_pipeline.blender import closeups as blender_closeups
from data_pipeline.blender import nature as blender_nature
from data_pipeline.blender import reliefs as blender_reliefs
from data_pipeline.blender import render as blender_render
from data_pipeline.blender import rooms as blender_rooms
from data_pipeline.blender import streets as blender_streets
from data_pipeline.blender.stage import Stage
from data_pipeline.blender.view import View, fit_stereo, is_worth_seeing


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of scene.

    Attributes:
        share: of all scenes.
        build: fills an empty stage and returns what proposes views of it.
        nearest: metres; hardly anything may be nearer to the camera.
        farthest: metres; something must be farther away.
        filled: how near the middle of the picture may be, in parts of the nearest (1 / metre).
    """

    share: float
    build: Callable[[Stage], Callable[[], View]]
    nearest: float
    farthest: float
    filled: float = 0.75


KINDS = {
    "room": Kind(0.3, blender_rooms.room, 0.6, 2.2),
    "closeup": Kind(0.2, blender_closeups.closeup, 0.25, 0.6),
    "relief": Kind(0.2, blender_reliefs.relief, 0.1, 0.3, 0.97),
    "street": Kind(0.15, blender_streets.street, 1.3, 25.0),
    "nature": Kind(0.15, blender_nature.nature, 0.8, 50.0),
}
_PROBE_SIZE, _VIEWS_TRIED = (108, 45), 12
_PROBE_SHARE = 4  # of the sides of pictures for training
# Width / height of pictures for training: old films, photographs, television, cinema, a telephone.
_FORMATS = (4 / 3, 3 / 2, 16 / 9, 2.35, 3 / 4)


def render_shot(
    kind: str,
    seed: Sequence[int],
    count: int,
    quality: blender_render.Quality,
    photos: tuple[pathlib.Path, ...] = (),
) -> tuple[list[dict], list[tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """Builds a scene in Blender and renders it.

    Args:
        kind: one of KINDS.
        seed: decides everything.
        count: frames.
        quality: size and samples.
        photos: pictures for its surfaces.

    Returns:
        For each frame the camera, as numbers for truth.json, and left and right (h, w, 3) uint8
        RGB and disparity (h, w) float32 pixels.
    """
    rng = np.random.default_rng([*seed, 2])
    scene = blender_render.empty_scene(quality, int(rng.integers(2**31)))
    propose = KINDS[kind].build(Stage(scene, rng, photos))
    view = _chosen_view(scene, propose, rng, KINDS[kind], _PROBE_SIZE)
    cameras, frames, development = [], [], None
    for number in range(count):
        moved = view.at(number)
        *frame, development = blender_render.render_stereo(scene, moved, quality, development, rng)
        frames.append(tuple(frame))
        cameras.append(_camera_report(moved, quality.width))
    return cameras, frames


def render_stills(
    kind: str,
    seed: Sequence[int],
    count: int,
    quality: blender_render.Quality,
    photos: tuple[pathlib.Path, ...] = (),
) -> tuple[list[dict], list[tuple[np.ndarray, None, np.ndarray]]]:
    """Builds a scene in Blender and takes pictures of it: other places, other exposures.

    Args:
        kind: one of KINDS.
        seed: decides everything.
        count: pictures.
        quality: samples, and the size in another format: all scenes have about the same area.
        photos: pictures for its surfaces.

    Returns:
        As `render_shot`, without right views.
    """
    rng = np.random.default_rng([*seed, 3])
    quality = _in_format(quality, float(rng.choice(_FORMATS)))
    scene = blender_render.empty_scene(quality, int(rng.integers(2**31)))
    propose = KINDS[kind].build(Stage(scene, rng, photos))
    probe = quality.width // _PROBE_SHARE, quality.height // _PROBE_SHARE
    cameras, frames = [], []
    for _ in range(count):
        view = _chosen_view(scene, propose, rng, KINDS[kind], probe)
        frames.append(blender_render.render_left(scene, view, quality, rng))
        cameras.append(_camera_report(view, quality.width))
    return cameras, frames


def _in_format(quality: blender_render.Quality, aspect: float) -> blender_render.Quality:
    """The same number of pixels, within a few, in another shape."""
    width = math.sqrt(quality.width * quality.height * aspect)
    return dataclasses.replace(quality, width=round(width), height=round(width / aspect))


def _chosen_view(scene, propose: Callable[[], View], rng, kind: Kind, probe: tuple) -> View:
    """The first good view of some, or the last; with its baseline and convergence."""
    for _ in range(_VIEWS_TRIED):
        view = propose()
        depth = blender_render.render_depth(scene, view, 0.0, *probe)
        if is_worth_seeing(depth, kind.nearest, kind.farthest, kind.filled):
            break
    return fit_stereo(rng, view, depth)


def _camera_report(view: View, width: int) -> dict:
    """Baseline and convergence in metres, focal length in pixels, and where the camera stands."""
    report = dataclasses.asdict(view) | {"focal": view.focal * width}
    return {name: _rounded(report[name]) for name in sorted(report)}


def _rounded(value):
    if isinstance(value, tuple):
        return [_rounded(part) for part in value]
    return None if value is None else round(float(value), 6)
