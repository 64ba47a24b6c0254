"""Where the pictures of made-up 3D films come from: made-up scenes, real pairs, real 2D clips.

A source is named by a word: `synthetic:7` is a still of the made-up scene 7, `wide:7` the same with
more parallax than films have, `moving:7` the scene rendered frame by frame as its camera moves,
`pair:geese` a real pair, `clip:street` a real 2D clip. Real material is in folders that are given:
pairs as `NAME/left.*` and `NAME/right.*`, with an `index.csv` where their disparity is known.
"""

import csv
import dataclasses
import functools
import pathlib
from collections.abc import Iterator

import cv2
import numpy as np

from data_pipeline.scenes.render import StereoFrame, render_stereo
from data_pipeline.scenes.scene import Scene
from data_pipeline.scenes.shot_design import random_scene
from deep3d.image_file import read_image
from deep3d.video import VideoReader

STILL_HEIGHTS = (360, 720, 1440)  # of rendered stills; the least that a view needs is taken
LEAST_SPREAD = 0.8  # percent of the width between the 5th and 95th percentile of disparity
WIDE_SPREAD = 4.2  # the same of `wide`, at least
# Parallax of a still over that of the scene, which fits films as a whole, not a window of it.
OF_SCENE = 0.62
CLIP_SUFFIXES = (".mp4", ".mkv", ".mov", ".webm")


@dataclasses.dataclass(frozen=True)
class Still:
    """A stereo pair to move a window over.

    Attributes:
        left: (h, w, 3) uint8 RGB.
        right: Likewise.
        disparity: 5th and 95th percentile of x_left - x_right in pixels, None where unknown.
        aligned: Whether corresponding points are known to lie in equal rows.
        map: (h, w) float32 disparity of the left view in pixels, None where unknown.
    """

    left: np.ndarray
    right: np.ndarray
    disparity: tuple[float, float] | None
    aligned: bool
    map: np.ndarray | None = None


class Sources:
    """Finds and renders pictures; keeps the last few stills.

    Args:
        pairs: Folder of real pairs, None for none.
        clips: Folder of real 2D clips, None for none.
    """

    def __init__(self, pairs: pathlib.Path | None = None, clips: pathlib.Path | None = None):
        self._pairs = {path.name: path for path in _pair_folders(pairs)}
        self._index = _read_index(pairs)
        found = sorted(clips.iterdir()) if clips else []
        self._clips = {path.stem: path for path in found if path.suffix in CLIP_SUFFIXES}
        self.still = functools.lru_cache(maxsize=6)(self._still)

    @property
    def pair_names(self) -> list[str]:
        """Names of the real pairs, as sources."""
        return [f"pair:{name}" for name in self._pairs]

    @property
    def clip_names(self) -> list[str]:
        """Names of the real clips, as sources."""
        return [f"clip:{name}" for name in self._clips]

    def _still(self, source: str, height: int) -> Still:
        """A pair, rendered for a view of `height` rows or read from its files."""
        kind, _, name = source.partition(":")
        if kind == "pair":
            return self._real(name)
        rows = next((rows for rows in STILL_HEIGHTS if rows >= height), STILL_HEIGHTS[-1])
        scene = _scene(int(name))
        wider = WIDE_SPREAD / _spread(scene) if kind == "wide" else OF_SCENE
        return _rendered(scene, rows, wider)

    def _real(self, name: str) -> Still:
        left, right = (read_image(next(self._pairs[name].glob(f"{eye}.*"))) for eye in _EYES)
        row = self._index.get(name)
        known = row and tuple(float(row[f"disparity_p{percent}_px"]) for percent in (5, 95))
        return Still(left, right, known or None, bool(row) and row["rectification"] == "A")

    def moving(self, source: str, size: tuple[int, int], times: list[float]) -> Iterator[Still]:
        """Renders a scene as its camera moves, one pair for each time in seconds."""
        scene = _scene(int(source.partition(":")[2]))
        for time in times:
            yield _still_of(render_stereo(scene, scene.path.at(time), *size, time))

    def clip(self, source: str, start_s: float, times: list[float]) -> Iterator[np.ndarray]:
        """Frames of a 2D clip: for each time that frame which is shown then."""
        path = self._clips[source.partition(":")[2]]
        with VideoReader(path) as reader:
            start_s = start_s % max((reader.duration_s or 0.0) - times[-1] - 1.0, 0.1)
        with VideoReader(path, start_s=start_s) as reader:
            frames = iter(reader)
            shown = next(frames)
            begin = shown.time
            for time in times:
                while shown is not None and shown.time - begin < time:
                    last, shown = shown, next(frames, None)
                yield (shown or last).image


_EYES = ("left", "right")


def _pair_folders(folder: pathlib.Path | None) -> list[pathlib.Path]:
    if folder is None:
        return []
    return sorted(p for p in folder.iterdir() if all(any(p.glob(f"{eye}.*")) for eye in _EYES))


def _read_index(folder: pathlib.Path | None) -> dict[str, dict]:
    path = folder / "index.csv" if folder else None
    if path is None or not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


@functools.lru_cache(maxsize=64)
def _scene(number: int) -> Scene:
    """The first scene of this number with enough parallax to be judged."""
    for attempt in range(20):
        scene = random_scene(np.random.default_rng([number, attempt, 7]), None, 4.0)
        if _spread(scene) >= LEAST_SPREAD:
            return scene
    raise ValueError(f"No scene of number {number} has parallax")


def _spread(scene: Scene) -> float:
    """Between the 5th and 95th percentile of disparity, in percent of the width."""
    frame = render_stereo(scene, scene.path.at(0.0), 160, 90)
    low, high = np.percentile(frame.disparity_left, (5, 95))
    return float(high - low) / 1.6


def _rendered(scene: Scene, height: int, wider: float) -> Still:
    """A still of a scene with `wider` times its parallax."""
    width = 2 * round(height * 8 / 9)
    camera = scene.path.at(0.0)
    camera = dataclasses.replace(camera, baseline=wider * camera.baseline)
    return _still_of(render_stereo(scene, camera, width, height))


def _still_of(frame: StereoFrame) -> Still:
    low, high = np.percentile(frame.disparity_left, (5, 95))
    disparity = float(low), float(high)
    return Still(frame.left, frame.right, disparity, True, frame.disparity_left)


def shrunk(still: Still, factor: float) -> Still:
    """The pair at `factor` of its size, averaged so that it does not alias."""
    size = tuple(max(round(side * factor), 1) for side in still.left.shape[1::-1])
    left, right = (
        cv2.resize(v, size, interpolation=cv2.INTER_AREA) for v in (still.left, still.right)
    )
    scale = size[0] / still.left.shape[1]
    disparity = still.disparity and tuple(scale * value for value in still.disparity)
    return Still(left, right, disparity, still.aligned)
