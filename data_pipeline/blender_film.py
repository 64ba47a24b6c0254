"""Real stereo pictures rendered by Blender, with exact disparity.

python -m data_pipeline.blender_film --output=DIR [--seed=0] [--frames=100] [--kind=any]

Rooms, things on tables, people, streets and nature. Needs Blender as the Python package bpy (`make
blender-env`, then .venv-blender/bin/python). DIR gets left/, right/ and disparity_left/ with one
PNG per frame and truth.json, as data_pipeline.synthetic --truth writes them, with the kind and the
camera of each shot besides. Shots are of one frame unless --frames_per_shot says otherwise. The
same flags give the same pictures; a run that was stopped goes on behind the last complete shot, and
one with more --frames adds to the film. With --stills a scene gives --frames_per_shot pictures,
each seen from elsewhere, in one of several formats and without a right eye: more variety to learn
from (data_pipeline.make_pack rendered) in half the time.
"""

import dataclasses
import json
import os
import pathlib
from collections.abc import Callable

import cv2
import numpy as np

from data_pipeline.blender import render as blender_render
from data_pipeline.blender.shots import KINDS, render_shot, render_stills
from data_pipeline.scenes.film import PlannedShot
from data_pipeline.synthetic import encode_disparity
from deep3d.atomic_file import write_bytes
from deep3d.command_line import UsageError, define_flags, only_flags, run_script, terminal_progress
from deep3d.wording import either

FRAME_RATE = 24
_FOLDERS = ("left", "right", "disparity_left")
_FOLDERS_OF_STILLS = ("left", "disparity_left")


@dataclasses.dataclass(frozen=True)
class BlenderFilmConfig:
    """Which film is rendered.

    Attributes:
        seed: Another seed is another film.
        frames: Number of stereo frames.
        kind: Kind of all scenes: room, closeup, relief, street or nature; any for a mixture.
        width: Width of a view in pixels.
        height: Height of a view in pixels; of stills width x height is the area.
        samples: Light paths per pixel, before denoising.
        frames_per_shot: Frames of each scene, the camera moving from one to the next.
        threads: Threads of the CPU, 0 for all.
        photos: Folder of photographs for pictures on walls, cloths and backdrops, or none.
        stills: Whether the frames of a scene are separate left views of it.
    """

    seed: int = 0
    frames: int = 100
    kind: str = "any"
    width: int = 432
    height: int = 180
    samples: int = 16
    frames_per_shot: int = 1
    threads: int = 0
    photos: str = ""
    stills: bool = False

    def __post_init__(self):
        if self.kind not in ("any", *KINDS):
            raise ValueError(f"kind must be any or one of {either(KINDS)}. Received: {self.kind}")
        for name, least, most in (
            ("seed", 0, 2**31 - 1),
            ("frames", 1, 10**6),
            ("width", 32, 8192),
            ("height", 32, 8192),
            ("samples", 1, 4096),
            ("frames_per_shot", 1, 10**4),
            ("threads", 0, 1024),
        ):
            if not least <= getattr(self, name) <= most:
                raise ValueError(
                    f"{name} must be {least} to {most}. Received: {getattr(self, name)}"
                )


def make_film(
    config: BlenderFilmConfig,
    output: str | os.PathLike,
    progress: Callable[[int, int], None] | None = None,
    render: Callable | None = None,
):
    """Renders what of a film is missing in a folder.

    Args:
        config: which film.
        output: the folder.
        progress: called with the number of frames done and their total.
        render: renders a shot, as `shots.render_shot`; by default that or `render_stills`.

    Raises:
        ValueError: If bpy is missing, the folder holds another film, or there are no photographs.
    """
    folder = pathlib.Path(output)
    shots = finished_shots(folder, config)
    photos = photographs(config.photos)
    if render is None:
        blender_render.import_bpy()
        render = render_stills if config.stills else render_shot
    quality = blender_render.Quality(config.width, config.height, config.samples, config.threads)
    for name in _folders(config):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for shot in plan_shots(config)[len(shots) :]:
        kind = shot_kind(config, shot)
        cameras, frames = render(kind, shot.seed, shot.end - shot.first, quality, photos)
        for number, frame in enumerate(frames, shot.first):
            _write_frame(folder, number, dict(zip(_FOLDERS, frame, strict=True)))
        shots.append(_shot_report(shot, frames) | {"kind": kind, "cameras": cameras})
        _write_truth(folder, config, shots)
        if progress:
            progress(shot.end, config.frames)


def plan_shots(config: BlenderFilmConfig) -> list[PlannedShot]:
    """The shots of a film; their seeds do not depend on its length."""
    step = config.frames_per_shot
    return [
        PlannedShot(first, min(first + step, config.frames), (config.seed, 4, first // step))
        for first in range(0, config.frames, step)
    ]


def shot_kind(config: BlenderFilmConfig, shot: PlannedShot) -> str:
    """The kind of a shot's scene."""
    if config.kind != "any":
        return config.kind
    chance = np.array([kind.share for kind in KINDS.values()])
    number = np.random.default_rng([*shot.seed, 1]).choice(len(KINDS), p=chance / chance.sum())
    return list(KINDS)[number]


def finished_shots(folder: pathlib.Path, config: BlenderFilmConfig) -> list[dict]:
    """What truth.json tells of complete shots whose files are all there.

    Raises:
        ValueError: If it tells of a film with other settings.
    """
    path = folder / "truth.json"
    if not path.exists():
        return []
    try:
        truth = json.loads(path.read_text(encoding="utf-8"))
        known = dataclasses.asdict(BlenderFilmConfig()) | truth["config"]
        shots = truth["shots"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} must tell of a film. Received: {error!r}") from error
    for name, value in dataclasses.asdict(config).items():
        if name not in ("frames", "threads") and known[name] != value:
            raise ValueError(
                f"{folder} holds a film with {name}={known[name]}; choose another folder. "
                f"Received: {name}={value}"
            )
    done, names = [], _folders(config)
    for shot, planned in zip(shots, plan_shots(config), strict=False):
        numbers = range(planned.first, planned.end)
        files = (folder / name / f"{number:06d}.png" for name in names for number in numbers)
        if shot["end_frame"] != planned.end or not all(file.exists() for file in files):
            break
        done.append(shot)
    return done


def _folders(config: BlenderFilmConfig) -> tuple[str, ...]:
    return _FOLDERS_OF_STILLS if config.stills else _FOLDERS


def photographs(folder: str) -> tuple[pathlib.Path, ...]:
    """The pictures in a folder and those below it, sorted; none without a folder.

    Raises:
        ValueError: If there is none in it.
    """
    if not folder:
        return ()
    paths = pathlib.Path(folder).rglob("*")
    found = tuple(sorted(p for p in paths if p.suffix.lower() in (".jpg", ".jpeg", ".png")))
    if not found:
        raise ValueError(f"--photos must be a folder with photographs. Received: {folder}")
    return found


def _shot_report(shot: PlannedShot, frames: list) -> dict:
    """What data_pipeline.synthetic tells of a shot."""
    values = np.stack([disparity for _, _, disparity in frames])
    percentiles = np.percentile(values, (0, 5, 50, 95, 100)) * 100 / values.shape[2]
    return {
        "first_frame": shot.first,
        "end_frame": shot.end,
        "start_s": shot.first / FRAME_RATE,
        "end_s": shot.end / FRAME_RATE,
        "seed": list(shot.seed),
        "title": False,
        "disparity_percent": [round(float(value), 4) for value in percentiles],
    }


def _write_frame(folder: pathlib.Path, number: int, frame: dict[str, np.ndarray | None]):
    for name, picture in frame.items():
        if picture is None:  # stills have no right view
            continue
        image = encode_disparity(picture) if name == "disparity_left" else picture[..., ::-1]
        _, data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 5])
        write_bytes(folder / name / f"{number:06d}.png", data.tobytes())


def _write_truth(folder: pathlib.Path, config: BlenderFilmConfig, shots: list[dict]):
    truth = {
        "config": dataclasses.asdict(config),
        "frame_rate": str(FRAME_RATE),
        "frames": shots[-1]["end_frame"],
        "bars": 0,
        "shots": shots,
    }
    write_bytes(folder / "truth.json", json.dumps(truth, indent=1).encode())


def _main(arguments: list[str]):
    from absl import flags

    config = only_flags(BlenderFilmConfig(), arguments)
    if not flags.FLAGS.output:
        raise UsageError("--output must be given.")
    make_film(config, flags.FLAGS.output, terminal_progress())


def run():
    """Entry point."""
    from absl import flags

    flags.DEFINE_string("output", None, "Folder of the film.")
    define_flags(BlenderFilmConfig)
    run_script(_main, __doc__)


if __name__ == "__main__":
    run()
