"""Makes a stereo movie from nothing: shots of made-up scenes, with exact disparity on request.

python -m data_pipeline.synthetic --output=film.mp4 [--seed=0] [--seconds=10] [--truth=DIR]

A film has a title card without parallax, shots of about --shot_seconds with hard cuts, black bars that stay, and a soft
chord per shot as sound. The same flags give the same pictures; shots move in real time at any --frame_rate.

With --truth, DIR gets left/, right/ and disparity_left/ with one PNG per frame (000000.png is the first) and truth.json.
Disparity is stored as 16-bit round((d + 512) * 64), d in pixels of that PNG's width, positive in front of the screen.
"""

import dataclasses
import json
import os
import pathlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction

import cv2
import numpy as np

from data_pipeline.render import StereoFrame, render_stereo
from data_pipeline.shot_design import KINDS, random_scene
from data_pipeline.soundtrack import write_chords
from deep3d.command_line import UsageError, define_flags, override, run_script
from deep3d.video import CONTAINERS, LAYOUTS, VideoWriter, pack, packed_size

MOVIE_LAYOUTS = (*LAYOUTS, "mono")
DISPARITY_OFFSET, DISPARITY_STEPS = 512, 64
_ASPECTS = (1.85, 2.0, 2.35, 2.39)
_TITLES = (
    "a deep3d film",
    "depth of field",
    "two points of view",
    "the middle distance",
    "near and far",
)
_MAX_SIDE = 8192


@dataclasses.dataclass(frozen=True)
class MovieConfig:
    """What film is made.

    Attributes:
        seed: Another seed is another film.
        seconds: Length of the film.
        layout: How the views share a frame: half_sbs, full_sbs, half_tab, full_tab, or mono for the left view only.
        width: Width of one eye's view in pixels.
        height: Height of one eye's view in pixels.
        frame_rate: Frames per second.
        shot_seconds: Mean length of a shot.
        title_seconds: Length of the title card, 0 for none.
        audio: Whether there is sound.
        bars: Black bars above and below: auto, none, or their height in pixels.
        kind: Kind of all scenes: room, country, street or closeup; any for a mixture.
    """

    seed: int = 0
    seconds: float = 10.0
    layout: str = "half_sbs"
    width: int = 854
    height: int = 480
    frame_rate: float = 24.0
    shot_seconds: float = 3.0
    title_seconds: float = 1.5
    audio: bool = True
    bars: str = "auto"
    kind: str = "any"

    def __post_init__(self):
        if self.layout not in MOVIE_LAYOUTS:
            raise ValueError(
                f"layout must be one of {', '.join(MOVIE_LAYOUTS)}. Received: {self.layout}"
            )
        if not (32 <= self.width <= _MAX_SIDE and 32 <= self.height <= _MAX_SIDE):
            raise ValueError(
                f"width and height must be 32 to {_MAX_SIDE}. Received: {self.width} x {self.height}"
            )
        for name in ("seconds", "frame_rate", "shot_seconds"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive. Received: {getattr(self, name)}")
        if self.title_seconds < 0 or self.seed < 0:
            raise ValueError(
                f"seed and title_seconds must be >= 0. Received: {self.seed}, {self.title_seconds}"
            )
        if self.kind not in ("any", *KINDS):
            raise ValueError(
                f"kind must be any or one of {', '.join(KINDS)}. Received: {self.kind}"
            )
        if self.bars not in ("auto", "none") and not (
            self.bars.isdecimal() and 4 * int(self.bars) < self.height
        ):
            raise ValueError(
                f"bars must be auto, none, or pixels below height / 4. Received: {self.bars}"
            )

    @property
    def exact_frame_rate(self) -> Fraction:
        """Frames per second; 23.976 and its like become multiples of 1 / 1001."""
        return Fraction(self.frame_rate).limit_denominator(1001)

    @property
    def frame_count(self) -> int:
        """Number of frames, at least one."""
        return max(round(self.seconds * self.exact_frame_rate), 1)


@dataclasses.dataclass(frozen=True)
class PlannedShot:
    """A shot of the film before it is rendered: its frames first .. end - 1, and where its randomness comes from."""

    first: int
    end: int
    seed: tuple[int, ...]
    is_title: bool = False


def plan_shots(config: MovieConfig) -> list[PlannedShot]:
    """Divides the film into the title card and shots of 0.6 to 1.4 times the mean length."""
    rate, count = float(config.exact_frame_rate), config.frame_count
    shots: list[PlannedShot] = []
    end = min(round(config.title_seconds * rate), count)
    if end:
        shots.append(PlannedShot(0, end, (config.seed, 0), is_title=True))
    lengths = np.random.default_rng([config.seed, 1])
    seconds = end / rate
    while end < count:
        first = end
        seconds += config.shot_seconds * lengths.uniform(0.6, 1.4)
        end = min(max(round(seconds * rate), first + 1), count)
        shots.append(PlannedShot(first, end, (config.seed, 2, len(shots))))
    return shots


def bar_height(config: MovieConfig) -> int:
    """Rows of each black bar: as told, or those of a usual film format."""
    if config.bars != "auto":
        return 0 if config.bars == "none" else int(config.bars)
    rng = np.random.default_rng([config.seed, 3])
    aspect = _ASPECTS[rng.integers(len(_ASPECTS))]
    rows = (config.height - config.width / aspect) / 2
    return 2 * round(rows / 2) if rows >= 4 and rng.random() < 0.6 else 0


def movie_frames(config: MovieConfig) -> Iterator[tuple[StereoFrame, int, bool]]:
    """Renders a film frame by frame.

    Args:
        config: which film.

    Yields:
        The frame with its bars, the index of its shot, and whether it belongs to the title card. In bars and titles
        disparity is 0 and nothing is occluded.
    """
    bars = bar_height(config)
    height = config.height - 2 * bars
    rate = config.exact_frame_rate
    for index, shot in enumerate(plan_shots(config)):
        if shot.is_title:
            card = _title_card(config)
            for _ in range(shot.first, shot.end):
                yield card, index, True
            continue
        kind = None if config.kind == "any" else config.kind
        duration = float((shot.end - shot.first) / rate)
        scene = random_scene(
            np.random.default_rng(shot.seed), kind, duration, config.width / height
        )
        for number in range(shot.end - shot.first):
            time = float(number / rate)
            frame = render_stereo(scene, scene.path.at(time), config.width, height, time)
            yield _with_bars(frame, bars), index, False


@dataclasses.dataclass
class MovieSummary:
    """What make_movie made; as in truth.json.

    Attributes:
        config: the film's settings.
        frame_rate: exact, as a fraction in words.
        frames: their number.
        bars: rows of each black bar.
        shots: for each, first and end frame, start and end in seconds, the seed, whether it is the title, and the 0th,
            5th, 50th, 95th and 100th percentile of disparity in percent of the width.
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
        _write_atomically(
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


def _title_card(config: MovieConfig) -> StereoFrame:
    """White words on a dark card, the same for both eyes."""
    rng = np.random.default_rng([config.seed, 0])
    image = np.full((config.height, config.width, 3), rng.integers(4, 40, 3), np.uint8)
    words = _TITLES[rng.integers(len(_TITLES))]
    scale = config.width / 560
    thickness = max(round(scale * 1.6), 1)
    (text_width, text_height), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_DUPLEX, scale, thickness)
    origin = ((config.width - text_width) // 2, (config.height + text_height) // 2)
    cv2.putText(
        image,
        words,
        origin,
        cv2.FONT_HERSHEY_DUPLEX,
        scale,
        (226, 224, 216),
        thickness,
        cv2.LINE_AA,
    )
    bars = bar_height(config)
    image[:bars] = 0
    image[config.height - bars :] = 0
    zeros = np.zeros(image.shape[:2], np.float32)
    nothing = np.zeros(image.shape[:2], bool)
    return StereoFrame(image, image, zeros, zeros, nothing, nothing)


def _with_bars(frame: StereoFrame, bars: int) -> StereoFrame:
    if not bars:
        return frame
    padded = (
        np.pad(
            getattr(frame, field.name),
            ((bars, bars), (0, 0), (0, 0))[: getattr(frame, field.name).ndim],
        )
        for field in dataclasses.fields(frame)
    )
    return StereoFrame(*padded)


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
        _write_atomically(folder / name / f"{number:06d}.png", data.tobytes())


def _write_atomically(path: pathlib.Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.part")
    with open(temporary, "wb") as file:
        file.write(data)
    os.replace(temporary, path)


def _show_progress(done: int, total: int) -> None:
    end = "\n" if done == total else ""
    sys.stderr.write(f"\r{done} of {total} frames{end}")


def _main(arguments: list[str]) -> None:
    from absl import flags

    options = flags.FLAGS
    if arguments:
        raise UsageError(f"Only flags are understood. Received: {arguments}.")
    if not options.output:
        raise UsageError("--output must be given.")
    try:
        config = override(MovieConfig())
    except ValueError as error:
        raise UsageError(str(error)) from error
    if pathlib.Path(options.output).suffix not in CONTAINERS:
        raise UsageError(
            f"--output must end in {', '.join(CONTAINERS)}. Received: {options.output}."
        )
    make_movie(
        config, options.output, options.truth, _show_progress if sys.stderr.isatty() else None
    )


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
