"""Codecs: which encoder writes each, into which containers, with which pixels and options.

Lossless means that the RGB frames come back bit for bit, so it is written as RGB (4:4:4, 8 bits):
for further work, not for devices, most of which decode only 4:2:0.
"""

import dataclasses
import functools
import os
from fractions import Fraction

import av
import cv2
import numpy as np

from deep3d.video.color import VideoColor, yuv_converter
from deep3d.video.high_dynamic_range import LightMetadata
from deep3d.wording import either

# Suffix -> name of FFmpeg's muxer: the containers that the writer writes.
CONTAINERS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
}
# x264's words for speed against size, for every codec.
PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow"),
)

# With AVX-512 x264 (core 165) encodes the same pictures now so, now otherwise, as its macroblock
# tree depends on memory that nobody has written; without, it does not, and is as fast.
_X264_WITHOUT_AVX_512 = "asm=LZCNT,BMI1,BMI2,FMA3,AVX2"
# CV_CPU_AVX_512F, for which OpenCV has no name in Python.
_AVX_512 = 13


@dataclasses.dataclass(frozen=True)
class _Codec:
    """How one codec is written.

    Attributes:
        encoder: FFmpeg's encoder.
        muxers: Containers that may hold it; FFmpeg refuses AV1 and VP9 in QuickTime.
        crf: Constant rate factor that looks like the source: PSNR of luma, mean of two real
            films with the preset fast, within 0.6 dB of what 18 gives in H.264.
        depths: Bits per sample that devices decode and the encoder writes.
        lossless_encoder: Encoder of RGB without loss, None if there is none.
        lossless_pixels: What it takes.
        fastest: Frames per second beyond which the encoder refuses to work, None if it never does.
    """

    encoder: str
    muxers: tuple[str, ...]
    crf: float
    depths: tuple[int, ...]
    lossless_encoder: str | None
    lossless_pixels: str = "gbrp"
    fastest: Fraction | None = None


_MPEG, _OPEN = ("mp4", "mov", "matroska"), ("mp4", "matroska", "webm")
_CODECS = {
    "h264": _Codec("libx264", _MPEG, 18, (8,), "libx264rgb", "rgb24"),
    "h265": _Codec("libx265", _MPEG, 18, (8, 10), "libx265"),
    "av1": _Codec("libsvtav1", _OPEN, 22, (8, 10), None, fastest=Fraction(240)),
    # The libvpx that comes with PyAV is built for 8 bits.
    "vp9": _Codec("libvpx-vp9", _OPEN, 24, (8,), "libvpx-vp9"),
}
CODECS = tuple(_CODECS)

# preset -> SVT-AV1's preset (0 best .. 13 fastest), libvpx's cpu-used (0 best .. 5).
_AV1_SPEED = dict(zip(PRESETS, (12, 11, 10, 9, 8, 6, 4, 3, 2), strict=True))
_VP9_SPEED = dict(zip(PRESETS, (5, 5, 5, 4, 4, 3, 2, 1, 0), strict=True))


@dataclasses.dataclass(frozen=True)
class Encoding:
    """What the pictures of a film become.

    Attributes:
        codec: One of `CODECS`.
        bits: 8 or 10 per sample.
        lossless: Whether RGB is written without loss.
        crf: Constant rate factor, lower is better; None is the codec's own that looks like the
            source.
        preset: One of `PRESETS`.
    """

    codec: str = "h264"
    bits: int = 8
    lossless: bool = False
    crf: float | None = None
    preset: str = "medium"

    def __post_init__(self):
        if self.codec not in CODECS:
            raise ValueError(f"The codec must be one of {either(CODECS)}. Received: {self.codec!r}")
        if self.preset not in PRESETS:
            raise ValueError(
                f"The preset must be one of {either(PRESETS)}. Received: {self.preset!r}"
            )
        codec = _CODECS[self.codec]
        if self.bits not in codec.depths:
            raise ValueError(
                f"The bits of {self.codec} must be {either(codec.depths)}. Received: {self.bits}"
            )
        if self.lossless and codec.lossless_encoder is None:
            able = [name for name in CODECS if _CODECS[name].lossless_encoder]
            raise ValueError(f"A lossless codec must be {either(able)}. Received: {self.codec}")
        if self.lossless and self.bits != 8:
            raise ValueError(f"Lossless video must have 8 bits. Received: {self.bits}")

    @property
    def encoder(self) -> str:
        """FFmpeg's name of the encoder."""
        codec = _CODECS[self.codec]
        return codec.lossless_encoder if self.lossless else codec.encoder

    @property
    def rate_factor(self) -> float:
        """The constant rate factor: as asked, or what looks like the source."""
        return _CODECS[self.codec].crf if self.crf is None else self.crf

    @property
    def picture_types(self) -> tuple[type, ...]:
        """NumPy types of the pictures that may be written: of 16 bits only into more than 8."""
        return (np.uint8, np.uint16) if self.bits > 8 else (np.uint8,)

    @property
    def pixel_format(self) -> str:
        """FFmpeg's name of the pixels that the encoder takes."""
        if self.lossless:
            return _CODECS[self.codec].lossless_pixels
        return "yuv420p10le" if self.bits == 10 else "yuv420p"

    def stated_rate(self, frame_rate: Fraction) -> Fraction:
        """The frame rate that the encoder is told; times count, and it is only a label.

        Args:
            frame_rate: Frames per second; much too high where a container states none.
        """
        limit = _CODECS[self.codec].fastest
        return Fraction(frame_rate) if limit is None else min(Fraction(frame_rate), limit)

    def check_container(self, suffix: str):
        """Refuses a container that cannot hold the codec.

        Args:
            suffix: Of the file name, with its dot.

        Raises:
            ValueError: With the codecs and containers that go together.
        """
        if suffix.lower() not in CONTAINERS:
            raise ValueError(
                f"The file name must end with one of {either(CONTAINERS)}. Received: {suffix!r}"
            )
        muxer = CONTAINERS[suffix.lower()]
        if muxer not in _CODECS[self.codec].muxers:
            able = [name for name in CODECS if muxer in _CODECS[name].muxers]
            raise ValueError(
                f"The codec in a {suffix.lower()} file must be {either(able)}. "
                f"Received: {self.codec}"
            )

    def options(
        self, frame_packing: int | None = None, light: LightMetadata | None = None
    ) -> dict[str, str]:
        """FFmpeg's options of the encoder.

        Args:
            frame_packing: Arrangement of the two views (H.264 Table D-8) that x264 states in the
                stream; None states nothing.
            light: HDR mastering metadata, which x265 states in the stream.

        Returns:
            Names and values.
        """
        crf = str(self.rate_factor)
        # Where the converters put color samples; AV1 and VP9 say nothing by themselves, and
        # FFmpeg then takes the middle of the pixels.
        options = {"chroma_sample_location": "left"}
        if self.codec == "h264":
            params = [] if frame_packing is None else [f"frame-packing={frame_packing}"]
            params += [_X264_WITHOUT_AVX_512] if cv2.checkHardwareSupport(_AVX_512) else []
            options |= {"crf": "0" if self.lossless else crf, "preset": self.preset}
            return options | {"x264-params": ":".join(params)}
        if self.codec == "h265":
            params = ["log-level=none", *(["lossless=1"] if self.lossless else [])]
            params += (light or LightMetadata()).x265_params()
            options |= {"crf": crf, "preset": self.preset}
            return options | {"x265-params": ":".join(params)}
        if self.codec == "av1":
            os.environ.setdefault("SVT_LOG", "1")  # it tells its settings on standard error
            options |= {"crf": str(round(float(crf)))}
            return options | {"preset": str(_AV1_SPEED[self.preset])}
        options |= {"cpu-used": str(_VP9_SPEED[self.preset]), "row-mt": "1", "deadline": "good"}
        if self.lossless:
            return options | {"lossless": "1"}
        return options | {"crf": str(round(float(crf))), "b": "0"}

    def converter(self, width: int, height: int, color: VideoColor) -> "PictureConverter":
        """What turns RGB pictures into the frames that the encoder takes.

        Args:
            width: Of the pictures, in pixels.
            height: Likewise.
            color: Matrix and range of the video.

        Returns:
            A function of a picture.
        """
        return PictureConverter(width, height, color, self.pixel_format)


def depths_of(codec: str) -> tuple[int, ...]:
    """The bits per sample that a codec is written with.

    Args:
        codec: One of `CODECS`.
    """
    return _CODECS[codec].depths


def suffix_for(codec: str, suffix: str) -> str:
    """The suffix of a new file, as near as possible to that of its source.

    Args:
        codec: One of `CODECS`.
        suffix: Suffix of the source with its dot.

    Returns:
        The same in lower case if such a file may hold the codec. Otherwise `.mp4` for QuickTime,
        its next of kin, and `.mkv`: of other sources (WebM, AVI, transport streams) MP4 cannot
        hold much of the sound and the subtitles, and Matroska can.
    """
    suffix = suffix.lower()
    if CONTAINERS.get(suffix) in _CODECS[codec].muxers:
        return suffix
    return ".mp4" if suffix == ".mov" else ".mkv"


class PictureConverter:
    """Turns RGB pictures into video frames of another pixel format."""

    def __init__(self, width: int, height: int, color: VideoColor, pixel_format: str):
        """Prepares the conversion.

        Args:
            width: Of the pictures, in pixels.
            height: Likewise.
            color: Matrix and range to convert to.
            pixel_format: FFmpeg's name.
        """
        self._format = pixel_format
        self._graph_for = functools.cache(
            functools.partial(yuv_converter, width, height, color, pixel_format)
        )

    def __call__(self, picture: np.ndarray) -> av.VideoFrame:
        """Converts one picture.

        Args:
            picture: uint8 (height, width, 3) RGB, or uint16 with white at 255 * 256.

        Returns:
            The frame.
        """
        pixels = "rgb48le" if picture.dtype == np.uint16 else "rgb24"
        frame = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(picture), format=pixels)
        if not self._format.startswith("yuv"):  # RGB stays RGB: at most its planes are parted
            return frame if self._format == pixels else frame.reformat(format=self._format)
        graph = self._graph_for(pixels)
        graph.push(frame)
        return graph.pull()
