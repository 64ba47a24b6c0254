"""How a file says that it is stereoscopic: container tags, bitstream messages and its name.

Players do not agree on what they read, so everything that the container allows is written:

* Matroska StereoMode (RFC 9559): mpv, Kodi, Bino, ExoPlayer. It does not tell half from full
  formats. The display size beside it is by section 18.10 that of one eye's picture, which would
  tell; players disagree, and FFmpeg's muxer always states half the frame, as for full formats.
* The frame packing message of H.264 (SEI 45): 3D televisions, which switch over by it. Only for
  half formats: a television halves the frame, and how one takes a frame of double size is unknown.
* Tokens in the file name: Kodi, SKYBOX, DeoVR, iw3 and most headset players read nothing else.
"""

import dataclasses
import pathlib

from deep3d.video.stereo_format import OUTPUT_FORMATS

# Suffix -> name of FFmpeg's muxer: the containers that the writer writes.
CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}


@dataclasses.dataclass(frozen=True)
class StereoTags:
    """What marks a stereo format.

    Attributes:
        matroska_stereo_mode: FFmpeg's word for the StereoMode, as stream metadata `stereo_mode`.
        h264_frame_packing: x264's `frame-packing` value, None for no message.
        name_tokens: Goes between the stem and the suffix of the file name, without outer dots.
    """

    matroska_stereo_mode: str
    h264_frame_packing: int | None
    name_tokens: str


# Names: Kodi wants `3D` and `HSBS`/`SBS`/`HTAB`/`TAB` between dots or underscores. iw3's player and
# SKYBOX read `_LR` and `_TB` as half, `_LRF`, `_Full_SBS` and `_TBF` as full.
_TAGS = {
    "half_sbs": StereoTags("left_right", 3, "3D.HSBS_LR"),
    "full_sbs": StereoTags("left_right", None, "3D.SBS_LRF_Full_SBS"),
    "half_tab": StereoTags("top_bottom", 4, "3D.HTAB_TB"),
    "full_tab": StereoTags("top_bottom", None, "3D.TAB_TBF"),
}
_ANAGLYPH_TAGS = StereoTags("anaglyph_cyan_red", None, "3D.Anaglyph")


def stereo_tags(stereo_format: str) -> StereoTags:
    """The marks of a stereo format.

    Args:
        stereo_format: One of `stereo_format.OUTPUT_FORMATS`.

    Returns:
        Container tag, bitstream message and name tokens.

    Raises:
        ValueError: If the format is unknown.
    """
    if stereo_format not in OUTPUT_FORMATS:
        raise ValueError(
            f"The stereo format must be one of {OUTPUT_FORMATS}. Received: {stereo_format!r}"
        )
    return _TAGS.get(stereo_format, _ANAGLYPH_TAGS)


def output_name(
    source_path: str | pathlib.Path, stereo_format: str, suffix: str | None = None
) -> pathlib.Path:
    """Where the 3D version of a video goes: beside it, with the tokens that players read.

    `film.mp4` becomes `film.3D.HSBS_LR.mp4`.

    Args:
        source_path: The 2D video.
        stereo_format: One of `stereo_format.OUTPUT_FORMATS`.
        suffix: Suffix of the new file with its dot; None keeps the source's where the writer
            can write it, and is `.mp4` otherwise.

    Returns:
        Path in the folder of the source.

    Raises:
        ValueError: If the format is unknown or the suffix is not a suffix.
    """
    source_path = pathlib.Path(source_path)
    if suffix is None:
        suffix = source_path.suffix.lower()
        suffix = suffix if suffix in CONTAINERS else ".mp4"
    if not suffix.startswith(".") or suffix == ".":
        raise ValueError(f"The suffix must begin with a dot. Received: {suffix!r}")
    return source_path.with_name(
        f"{source_path.stem}.{stereo_tags(stereo_format).name_tokens}{suffix}"
    )
