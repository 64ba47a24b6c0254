"""What a conversion makes: every choice with its default, from which the flags are derived."""

import dataclasses
import math

from deep3d.comfort import ParallaxBudget
from deep3d.video.encoding import CONTAINERS, Encoding, depths_of
from deep3d.video.stereo_format import OUTPUT_FORMATS
from deep3d.video.stereo_picture import PAIR_SUFFIXES
from deep3d.video.vr180 import FIELDS_OF_VIEW
from deep3d.wording import either

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", *PAIR_SUFFIXES)
MIN_FRAME_SIDE = 32


@dataclasses.dataclass(frozen=True)
class ConversionConfig:
    """What a conversion makes.

    Attributes:
        format: How the two eyes are stored: half_sbs, full_sbs, half_tab, full_tab, cross_eyed,
            interleaved, vr180, two_files, rgbd, disparity, or anaglyph_ with dubois, color,
            half_color, gray, green_magenta, amber_blue.
        strength: Parallax between the nearest and the farthest level in % of the picture width;
            unset: as the model was trained (3.9 with the default levels).
        convergence: "auto" puts the subject of every shot near the screen; a number is % of the
            picture width that everything comes nearer, negative is farther.
        budget_front: Most parallax in front of the screen in % of the width; what would have more
            is compressed.
        budget_back: The same behind the screen.
        floating_window: Whether black strips at the edges hide what is cut off in front of the
            screen, instead of bending it back to the screen.
        eyes: "right" keeps the picture for the left eye, "both" moves each eye by half.
        steadiness: Frames over which depth is averaged along the motion of the picture, about; 1
            leaves it as predicted.
        renderer: "warp" fetches every pixel once, "select" mixes shifted pictures.
        container: mp4, mov, mkv or webm; for pictures png, jpg, jps, mpo and so on; unset: that of
            the output or of the source.
        codec: h264, h265, av1 or vp9; unset: h264, and h265 for films in HDR.
        bits: 8 or 10 per sample, 10 with h265 and av1; unset: 8, and 10 for films in HDR.
        lossless: Whether every pixel is kept, as RGB, which few devices play; h264, h265, vp9.
        crf: Constant rate factor, larger is smaller; unset: what looks like the source, 18 in h264.
        preset: Speed of the encoder against size, in x264's words from ultrafast to veryslow.
        max_width: Widest frame in pixels, of both eyes together; unset: as wide as needed.
        max_height: Highest frame, likewise.
        field_of_view: Degrees that the picture is wide in vr180.
        start: Second at which to begin.
        end: Second at which to end.
    """

    format: str = "half_sbs"
    strength: float | None = None
    convergence: str | float = "auto"
    budget_front: float = 1.0
    budget_back: float = 2.0
    floating_window: bool = False
    eyes: str = "right"
    steadiness: float = 16.0
    renderer: str = "warp"
    container: str | None = None
    codec: str | None = None
    bits: int | None = None
    lossless: bool = False
    crf: float | None = None
    preset: str = "fast"
    max_width: int | None = None
    max_height: int | None = None
    field_of_view: float = 90.0
    start: float | None = None
    end: float | None = None

    def __post_init__(self):
        if self.format not in OUTPUT_FORMATS:
            raise ValueError(
                f"The format must be one of {either(OUTPUT_FORMATS)}. Received: {self.format!r}"
            )
        if self.renderer not in ("warp", "select"):
            raise ValueError(f"The renderer must be warp or select. Received: {self.renderer!r}")
        if self.strength is not None and not 0 <= self.strength <= 10:
            raise ValueError(f"The strength must be 0..10 % of width. Received: {self.strength}")
        convergence = self.fixed_convergence
        if convergence is not None and not -5 <= convergence <= 5:
            raise ValueError(
                f"The convergence must be auto or -5..5 % of width. Received: {self.convergence}"
            )
        ParallaxBudget(self.budget_front, self.budget_back)  # refuses what cannot be
        if not 1 <= self.steadiness <= 100:
            raise ValueError(f"The steadiness must be 1..100 frames. Received: {self.steadiness}")
        if self.eyes not in ("right", "both"):
            raise ValueError(f"The eyes must be right or both. Received: {self.eyes!r}")
        if self.eyes == "both" and self.renderer == "select":
            raise ValueError("The select renderer makes the right eye only, not both.")
        low, high = FIELDS_OF_VIEW
        if not low <= self.field_of_view <= high:
            raise ValueError(
                f"The field of view must be {low:g}..{high:g} degrees. "
                f"Received: {self.field_of_view:g}"
            )
        for side in (self.max_width, self.max_height):
            if side is not None and side < MIN_FRAME_SIDE:
                raise ValueError(f"A frame must be {MIN_FRAME_SIDE} or larger. Received: {side}")
        if self.crf is not None and not 0 <= self.crf <= 63:
            raise ValueError(f"The rate factor must be 0..63. Received: {self.crf:g}")
        if not 0 <= (self.start or 0) < (math.inf if self.end is None else self.end):
            raise ValueError(
                "The start must be 0 or later, and the end after it. "
                f"Received: {self.start} and {self.end}"
            )
        self._check_container()

    def encoding(self, hdr: bool = False) -> Encoding:
        """How a film is encoded: as asked, and what was left open by what the film needs.

        Args:
            hdr: Whether the film has high dynamic range, which shows steps in 8 bits.

        Returns:
            The encoding, of 10 bits for HDR unless what was asked for cannot have them.

        Raises:
            ValueError: If no encoder writes it.
        """
        deep = hdr and not self.lossless and self.bits != 8
        usual = "vp9" if self.container == "webm" else "h265" if deep else "h264"
        codec = self.codec or usual
        bits = self.bits or (10 if deep and 10 in depths_of(codec) else 8)
        return Encoding(codec, bits, self.lossless, self.crf, self.preset)

    @property
    def fixed_convergence(self) -> float | None:
        """The convergence in % of the width; None where every shot has its own.

        Raises:
            ValueError: If the convergence is neither "auto" nor a number.
        """
        if self.convergence == "auto":
            return None
        try:
            return float(self.convergence)
        except ValueError as error:
            raise ValueError(
                f"The convergence must be auto or a number. Received: {self.convergence!r}"
            ) from error

    @property
    def budget(self) -> ParallaxBudget:
        """Most parallax in front of the screen and behind it."""
        return ParallaxBudget(self.budget_front, self.budget_back)

    def _check_container(self):
        encoding = self.encoding()  # refuses what no encoder writes
        if self.container is None:
            return
        suffix = f".{self.container}"
        if suffix in CONTAINERS:
            encoding.check_container(suffix)
        elif suffix not in PICTURE_SUFFIXES:
            names = (kind.removeprefix(".") for kind in (*CONTAINERS, *PICTURE_SUFFIXES))
            raise ValueError(
                f"The container must be one of {either(names)}. Received: {self.container!r}"
            )
