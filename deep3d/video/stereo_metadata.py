"""How a file says that it is stereoscopic: container tags, bitstream messages and its name.

Players do not agree on what they read, so everything that the container allows is written:

* Matroska StereoMode (RFC 9559): mpv, Kodi, Bino, ExoPlayer. It does not tell half from full
  formats. The display size beside it is by section 18.10 that of one eye's picture, which would
  tell; players disagree, and FFmpeg's muxer always states half the frame, as for full formats.
* MP4's and QuickTime's st3d, and sv3d for VR180 (`mp4_boxes`): ExoPlayer, YouTube, headsets;
  Matroska's Projection (`matroska_projection`) is the same as sv3d.
* The frame packing message of H.264 and H.265 (SEI 45): 3D televisions, which switch over by it.
  Only where the frame has the size of one view: a television halves the frame, and how one takes
  a frame of double size is unknown.
* Tokens in the file name: Kodi, SKYBOX, DeoVR, iw3 and most headset players read nothing else.
"""

import dataclasses
import pathlib
import struct
from collections.abc import Mapping

import av
from av.sidedata.sidedata import Type

from deep3d.video import frame_packing, mp4_boxes
from deep3d.video.high_dynamic_range import side_data_of
from deep3d.video.stereo_format import OUTPUT_FORMATS
from deep3d.wording import either

# WebM's muxer takes no other modes.
_WEBM_MODES = ("left_right", "right_left", "top_bottom")


@dataclasses.dataclass(frozen=True)
class StereoTags:
    """What marks a stereo format.

    Attributes:
        matroska_stereo_mode: FFmpeg's word for the StereoMode, as stream metadata `stereo_mode`;
            None where Matroska has none.
        frame_packing: Arrangement of the frame packing message, None for no message.
        mp4_stereo_mode: What the st3d box says, None for no box.
        name_tokens: Goes between the stem and the suffix of the file name, without outer dots.
        half_sphere: Whether each view is the front half of a sphere.
    """

    matroska_stereo_mode: str | None
    frame_packing: int | None
    mp4_stereo_mode: int | None
    name_tokens: str
    half_sphere: bool = False

    def stereo_mode_in(self, muxer: str) -> str | None:
        """The StereoMode that a container may state, None if none.

        Args:
            muxer: FFmpeg's name of the container.
        """
        if muxer == "webm":
            return self.matroska_stereo_mode if self.matroska_stereo_mode in _WEBM_MODES else None
        return self.matroska_stereo_mode if muxer == "matroska" else None

    def mp4_sample_entry_boxes(self) -> bytes:
        """The boxes of an MP4 or QuickTime file, one behind the other."""
        boxes = b"" if self.mp4_stereo_mode is None else mp4_boxes.st3d(self.mp4_stereo_mode)
        return boxes + (mp4_boxes.sv3d_half_sphere() if self.half_sphere else b"")


NO_TAGS = StereoTags(None, None, None, "")
_BESIDE = ("left_right", frame_packing.SIDE_BY_SIDE, mp4_boxes.LEFT_RIGHT)
_ABOVE = ("top_bottom", frame_packing.TOP_BOTTOM, mp4_boxes.TOP_BOTTOM)
_CYAN_RED = ("anaglyph_cyan_red", None, None)

# Names: Kodi wants `3D` and `HSBS`/`SBS`/`HTAB`/`TAB` between dots or underscores. iw3's player and
# SKYBOX read `_LR` and `_TB` as half, `_LRF`, `_Full_SBS` and `_TBF` as full, `_RLF` as cross-eyed;
# SKYBOX and DeoVR take `180x180` and `180` for half-spheres, and Bino a last `-eo` for rows.
_TAGS = {
    "half_sbs": StereoTags(*_BESIDE, "3D.HSBS_LR"),
    "full_sbs": StereoTags("left_right", None, mp4_boxes.LEFT_RIGHT, "3D.SBS_LRF_Full_SBS"),
    "half_tab": StereoTags(*_ABOVE, "3D.HTAB_TB"),
    "full_tab": StereoTags("top_bottom", None, mp4_boxes.TOP_BOTTOM, "3D.TAB_TBF"),
    "cross_eyed": StereoTags("right_left", None, mp4_boxes.RIGHT_LEFT, "3D.RLF_cross"),
    "interleaved": StereoTags("row_interleaved_lr", frame_packing.H264_ROWS, None, "3D.Rows-eo"),
    "vr180": StereoTags("left_right", None, mp4_boxes.LEFT_RIGHT, "3D.180x180_LR", True),
    # Not stereo to a player, which would show the gray picture to the right eye.
    "rgbd": StereoTags(None, None, None, "3D.RGBD"),
    "disparity": StereoTags(None, None, None, "3D.Disparity"),
    "two_files": StereoTags(None, None, None, "3D"),
    "anaglyph_green_magenta": StereoTags(
        "anaglyph_green_magenta", None, None, "3D.Anaglyph_greenmagenta"
    ),
    "anaglyph_amber_blue": StereoTags(None, None, None, "3D.Anaglyph_amberblue"),
}
# AVStereo3DType of FFmpeg and whether the views are exchanged.
_MODES = {
    (1, False): "left_right",
    (1, True): "right_left",
    (2, False): "top_bottom",
    (2, True): "bottom_top",
    (6, False): "row_interleaved_lr",
    (6, True): "row_interleaved_rl",
}
_RED_CYAN_TAGS = StereoTags(*_CYAN_RED, "3D.Anaglyph")


def stereo_tags(stereo_format: str) -> StereoTags:
    """The marks of a stereo format.

    Args:
        stereo_format: One of `stereo_format.OUTPUT_FORMATS`.

    Returns:
        Container tags, bitstream message and name tokens.

    Raises:
        ValueError: If the format is unknown.
    """
    if stereo_format not in OUTPUT_FORMATS:
        raise ValueError(
            f"The stereo format must be one of {either(OUTPUT_FORMATS)}. "
            f"Received: {stereo_format!r}"
        )
    return _TAGS.get(stereo_format, _RED_CYAN_TAGS)


def stated_stereo_mode(metadata: Mapping[str, str], first_frame: av.VideoFrame) -> str | None:
    """What a file says of its stereo format, in FFmpeg's words for Matroska's StereoMode.

    Args:
        metadata: Of the video stream; Matroska's mode is among it.
        first_frame: Has what an st3d box or a frame packing message says.

    Returns:
        `left_right`, `bottom_top`, `anaglyph_cyan_red` and so on; None where nothing is said.
    """
    if mode := metadata.get("stereo_mode"):
        return mode
    data = side_data_of(first_frame).get(Type.STEREO3D)
    if data is None or len(data) < 8:
        return None
    kind, flags = struct.unpack_from("<2i", data)  # AVStereo3D of libavutil/stereo3d.h
    return _MODES.get((kind, bool(flags & 1)))


def output_name(source_path: str | pathlib.Path, stereo_format: str, suffix: str) -> pathlib.Path:
    """Where the 3D version of a video goes: beside it, with the tokens that players read.

    `film.mp4` becomes `film.3D.HSBS_LR.mp4`.

    Args:
        source_path: The 2D video.
        stereo_format: One of `stereo_format.OUTPUT_FORMATS`.
        suffix: Suffix of the new file with its dot.

    Returns:
        Path in the folder of the source.

    Raises:
        ValueError: If the format is unknown or the suffix is not a suffix.
    """
    source_path = pathlib.Path(source_path)
    if not suffix.startswith(".") or suffix == ".":
        raise ValueError(f"The suffix must begin with a dot. Received: {suffix!r}")
    return source_path.with_name(
        f"{source_path.stem}.{stereo_tags(stereo_format).name_tokens}{suffix}"
    )


def eye_paths(path: str | pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """The two files of `two_files`: `film.3D.mp4` becomes `film.3D.Left.mp4` and `...Right.mp4`.

    Args:
        path: What the film is to be called.

    Returns:
        Path of the left and of the right eye's film.
    """
    path = pathlib.Path(path)
    left, right = (path.with_name(f"{path.stem}.{eye}{path.suffix}") for eye in ("Left", "Right"))
    return left, right
