"""How stereo frames are taken from a movie."""

import dataclasses

from data_pipeline.quality import QualityLimits
from deep3d.disparity import DisparityLevels
from deep3d.video import LAYOUTS
from deep3d.wording import either

# So many frames of a movie are held for each frame of a shot whose composition is not yet known.
MAX_FRAMES_BEFORE = 8


@dataclasses.dataclass(frozen=True)
class MovieOptions:
    """How stereo frames are taken from a movie.

    Attributes:
        layout: half_sbs, full_sbs, half_tab or full_tab.
        swap_eyes: Whether the movie has the right eye first.
        every_s: Seconds between two sampled frames of a shot.
        width: Width of the composed frames before columns without a partner are cropped.
        minimum_width: Narrower composed frames are rejected; the training window's width.
        levels: The disparity levels that the frames are composed for.
        composition_frames: Frames of a shot from which its composition is taken.
        level_tolerance: Pixels by which a frame's percentiles may exceed the levels.
        quality: What a single pair must satisfy.
        frames_before: Consecutive frames before each accepted one that are kept with it.
    """

    layout: str = "half_sbs"
    swap_eyes: bool = False
    every_s: float = 0.5
    width: int = 432
    minimum_width: int = 384
    levels: DisparityLevels = dataclasses.field(default_factory=DisparityLevels)
    composition_frames: int = 5
    level_tolerance: float = 1.0
    quality: QualityLimits = dataclasses.field(default_factory=QualityLimits)
    frames_before: int = 0

    def __post_init__(self):
        if self.layout not in LAYOUTS:
            raise ValueError(f"layout must be one of {either(LAYOUTS)}. Received: {self.layout}")
        if not 0.001 <= self.every_s <= 3600:
            raise ValueError(f"every_s must be within 0.001..3600. Received: {self.every_s}")
        if not 16 <= self.minimum_width <= self.width:
            raise ValueError(
                "minimum_width must be at least 16 and at most width. "
                f"Received: {self.minimum_width}, {self.width}"
            )
        if self.composition_frames < 1:
            raise ValueError(
                f"composition_frames must be at least 1. Received: {self.composition_frames}"
            )
        if not 0 <= self.frames_before <= MAX_FRAMES_BEFORE:
            raise ValueError(
                f"frames_before must be within 0..{MAX_FRAMES_BEFORE}. "
                f"Received: {self.frames_before}"
            )
