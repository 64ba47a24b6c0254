"""Makes a stereo movie from nothing: shots of made-up scenes, with exact disparity on request.

python -m data_pipeline.synthetic --output=film.mp4 [--seed=0] [--seconds=10] [--truth=DIR]

A film has a title card without parallax, shots of about --shot_seconds with hard cuts, black bars
that stay, and a soft chord per shot as sound. The same flags give the same pictures; shots move in
real time at any --frame_rate.

With --truth, DIR gets left/, right/ and disparity_left/ with one PNG per frame (000000.png is the
first) and truth.json. Disparity is stored as 16-bit round((d + 512) * 64), d in pixels of that
PNG's width, positive in front of the screen.
"""

import dataclasses
import json
import os
import pathlib
import tempfile
from collections.abc import Callable
from fractions import Fraction

import cv2
import numpy as np

from data_pipeline.scenes.film import MovieConfig, PlannedShot, bar_height, movie_frames, plan_shots
from data_pipeline.scenes.render import StereoFrame
from data_pipeline.scenes.soundtrack import write_chords
from deep3d.atomic_file import write_bytes
from deep3d.command_line import UsageError, define_flags, only_flags, run_script, terminal_progress
from deep3d.video import CONTAINERS, VideoWriter, pack, packed_size
from deep3d.wording import either

DISPARITY_OFFSET, DISPARITY_STEPS = 512, 64  # of the stored disparity

__all__ = ["MovieConfig", "make_movie", "movie_frames"]


@dataclasses.dataclass
class MovieSummary:
    """What make_movie made; as in truth.json.

    Attributes:
        config: the film's settings.
        frame_rate: exact, as a fraction in words.
        frames: their number.
        bars: rows of each black bar.
        shots: for each, first and end frame, start and end in seconds, the seed, whether it is the
            title, and the 0th, 5th, 50th, 95th and 100th percentile of disparity in percent of the
            width.
    """

    config: dict
    frame_rate: str
    frames: int
    bars: int
    shots: list[dict]


def make_movie(
    config: MovieConfig,
    output: str | os.PathLike,
    truth: str | os.PathLike | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> MovieSummary:
    """Renders a film into a video file.

    Args:
        config: which film.
        output: path of the video; appears when it is complete.
        truth: folder for the exact disparity and the views before compression, or None.
        progress: called with the number of frames done and their total.

    Returns:
        What was made.
    """
    shots = plan_shots(config)
    rate = config.exact_frame_rate
    folder = pathlib.Path(truth) if truth else None
    disparities: list[list[np.ndarray]] = [[] for _ in shots]
    layout = None if config.layout == "mono" else config.layout
    size = packed_size(config.width, config.height, layout or "anaglyph_gray")
    with tempfile.TemporaryDirectory() as temporary:
        sound = pathlib.Path(temporary) / "sound.mp4" if config.audio else None
        if sound:
            write_chords(
                sound, [float((shot.end - shot.first) / rate) for shot in shots], config.seed
            )
        writer = VideoWriter(
            output,
            *size,
            rate,
            1 / rate,
            copy_from=sound,
            preset="fast",
            crf=16,
            stereo_format=layout,
        )
        with writer:
            for number, (frame, index, _) in enumerate(movie_frames(config)):
                image = pack(frame.left, frame.right, layout) if layout else _even(frame.left)
                writer.write(image, number)
                disparities[index].append(frame.disparity_left[::8, ::8])
                if folder:
                    _write_truth(folder, number, frame)
                if progress:
                    progress(number + 1, config.frame_count)
    summary = MovieSummary(
        dataclasses.asdict(config),
        str(rate),
        config.frame_count,
        bar_height(config),
        [
            _shot_report(shot, rate, values, config.width)
            for shot, values in zip(shots, disparities, strict=True)
        ],
    )
    if folder:
        write_bytes(
            folder / "truth.json", json.dumps(dataclasses.asdict(summary), indent=1).encode()
        )
    return summary


def encode_disparity(disparity: np.ndarray) -> np.ndarray:
    """Disparity in pixels to uint16, 1/64 px steps from -512 on."""
    return (
        np.round((disparity + DISPARITY_OFFSET) * DISPARITY_STEPS).clip(0, 65535).astype(np.uint16)
    )


def decode_disparity(stored: np.ndarray) -> np.ndarray:
    """Inverse of encode_disparity: float32 pixels."""
    return stored.astype(np.float32) / DISPARITY_STEPS - DISPARITY_OFFSET


def _shot_report(
    shot: PlannedShot, rate: Fraction, disparities: list[np.ndarray], width: int
) -> dict:
    percentiles = np.percentile(np.stack(disparities), (0, 5, 50, 95, 100)) * 100 / width
    return {
        "first_frame": shot.first,
        "end_frame": shot.end,
        "start_s": float(shot.first / rate),
        "end_s": float(shot.end / rate),
        "seed": list(shot.seed),
        "title": shot.is_title,
        "disparity_percent": [round(float(value), 4) for value in percentiles],
    }


def _even(image: np.ndarray) -> np.ndarray:
    """Repeats the last row or column where their number is odd: video has even sizes."""
    return np.pad(image, ((0, image.shape[0] % 2), (0, image.shape[1] % 2), (0, 0)), mode="edge")


def _write_truth(folder: pathlib.Path, number: int, frame: StereoFrame) -> None:
    for name, image in (
        ("left", frame.left[..., ::-1]),
        ("right", frame.right[..., ::-1]),
        ("disparity_left", encode_disparity(frame.disparity_left)),
    ):
        (folder / name).mkdir(parents=True, exist_ok=True)
        _, data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 3])
        write_bytes(folder / name / f"{number:06d}.png", data.tobytes())


def _main(arguments: list[str]) -> None:
    from absl import flags

    options = flags.FLAGS
    config = only_flags(MovieConfig(), arguments)
    if not options.output:
        raise UsageError("--output must be given.")
    if pathlib.Path(options.output).suffix not in CONTAINERS:
        raise UsageError(f"--output must end in {either(CONTAINERS)}. Received: {options.output}.")
    make_movie(config, options.output, options.truth, terminal_progress())


def run() -> None:
    """Entry point."""
    from absl import flags

    flags.DEFINE_string("output", None, "Path of the video: .mp4, .m4v, .mov or .mkv.")
    flags.DEFINE_string(
        "truth", None, "Folder for the exact disparity and the views before compression."
    )
    define_flags(MovieConfig)
    run_script(_main, __doc__)


if __name__ == "__main__":
    run()
