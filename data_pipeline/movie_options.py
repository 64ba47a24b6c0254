"""How stereo frames are taken from a movie."""

import dataclasses

from data_pipeline.decisions.color_difference import ColorLimits
from data_pipeline.decisions.misalignment import AlignmentLimits
from data_pipeline.decisions.quality import QualityLimits
from deep3d.disparity import DisparityLevels
from deep3d.video import LAYOUTS
from deep3d.wording import either

AUTO = "auto"
EYES = (AUTO, "left_first", "right_first")
# So many frames of a movie are held for each frame of a shot whose composition is not yet known.
MAX_FRAMES_BEFORE = 8
# Seconds of a movie that are decoded whole at its beginning, and then at the end of every period.
WHOLE_AT_FIRST_S, PERIOD_S, WHOLE_OF_PERIOD_S = 30, 60, 10


@dataclasses.dataclass(frozen=True)
class MovieOptions:
    """How stereo frames are taken from a movie.

    Attributes:
        layout: half_sbs, full_sbs, half_tab or full_tab; auto decides by the movie's pictures.
        eyes: left_first or right_first for all of the movie; auto decides for every shot.
        every_s: Seconds between two sampled frames of a shot.
        width: Width of the composed frames before columns without a partner are cropped.
        minimum_width: Narrower composed frames are rejected; the training window's width.
        levels: The disparity levels that the frames are composed for.
        composition_frames: Frames of a shot from which its composition is taken.
        level_tolerance: Pixels by which a frame's percentiles may exceed the levels.
        quality: What a single pair must satisfy.
        alignment: What misalignment of the eyes is corrected, and what a shot is refused for.
        color: How differently the eyes may be colored.
        frames_before: Consecutive frames before each accepted one that are kept with it.
    """

    layout: str = AUTO
    eyes: str = AUTO
    every_s: float = 0.5
    width: int = 432
    minimum_width: int = 384
    levels: DisparityLevels = dataclasses.field(default_factory=DisparityLevels)
    composition_frames: int = 5
    level_tolerance: float = 1.0
    quality: QualityLimits = dataclasses.field(default_factory=QualityLimits)
    alignment: AlignmentLimits = dataclasses.field(default_factory=AlignmentLimits)
    color: ColorLimits = dataclasses.field(default_factory=ColorLimits)
    frames_before: int = 0

    @property
    def working_width(self) -> int:
        """Width of the views that are judged and composed, where the movie's are wider."""
        return 2 * self.width

    def __post_init__(self):
        if self.layout not in (AUTO, *LAYOUTS):
            raise ValueError(
                f"layout must be one of {either((AUTO, *LAYOUTS))}. Received: {self.layout}"
            )
        if self.eyes not in EYES:
            raise ValueError(f"eyes must be one of {either(EYES)}. Received: {self.eyes}")
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
