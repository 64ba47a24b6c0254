"""What a synthetic film consists of, and its frames: title card, shots, black bars."""

import dataclasses
from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np

from data_pipeline.scenes.render import StereoFrame, render_stereo
from data_pipeline.scenes.shot_design import KINDS, random_scene
from deep3d.video import LAYOUTS
from deep3d.wording import either

MOVIE_LAYOUTS = (*LAYOUTS, "mono")
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
        layout: How the views share a frame: half_sbs, full_sbs, half_tab, full_tab, or mono for
            the left view only.
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
                f"layout must be one of {either(MOVIE_LAYOUTS)}. Received: {self.layout}"
            )
        if not (32 <= self.width <= _MAX_SIDE and 32 <= self.height <= _MAX_SIDE):
            raise ValueError(
                f"width and height must be 32 to {_MAX_SIDE}. "
                f"Received: {self.width} x {self.height}"
            )
        for name in ("seconds", "frame_rate", "shot_seconds"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive. Received: {getattr(self, name)}")
        if self.title_seconds < 0 or self.seed < 0:
            raise ValueError(
                f"seed and title_seconds must be >= 0. Received: {self.seed}, {self.title_seconds}"
            )
        if self.kind not in ("any", *KINDS):
            raise ValueError(f"kind must be any or one of {either(KINDS)}. Received: {self.kind}")
        if self.bars not in ("auto", "none") and not (
            self.bars.isdecimal() and 4 * int(self.bars) < self.height
        ):
            raise ValueError(
                f"bars must be auto, none, or pixels below height / 4. Received: {self.bars}"
            )

    @property
    def exact_frame_rate(self) -> Fraction:
        """Frames per second; 23.976 and its like become 24000 / 1001 and so on."""
        television = Fraction(round(self.frame_rate * 1.001) * 1000, 1001)
        if abs(television - Fraction(self.frame_rate)) < Fraction(1, 2000):
            return television
        return Fraction(self.frame_rate).limit_denominator(1000)

    @property
    def frame_count(self) -> int:
        """Number of frames, at least one."""
        return max(round(self.seconds * self.exact_frame_rate), 1)


@dataclasses.dataclass(frozen=True)
class PlannedShot:
    """Frames first .. end - 1 of the film, and the seed of everything in them."""

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
        The frame with its bars, the index of its shot, and whether it belongs to the title card.
        In bars and titles disparity is 0 and nothing is occluded.
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
