"""Reading, packing and writing video: NumPy, OpenCV and PyAV only, no deep learning."""

from deep3d.video.anaglyph import ANAGLYPHS, anaglyph
from deep3d.video.disparity_picture import disparity_to_gray, gray_to_disparity
from deep3d.video.encoding import CODECS, CONTAINERS, Encoding, suffix_for
from deep3d.video.errors import VideoError
from deep3d.video.picture_area import AreaFollower, BlackBars
from deep3d.video.shots import ShotDetector
from deep3d.video.stereo_format import (
    DISPARITY_FORMATS,
    LAYOUTS,
    OUTPUT_FORMATS,
    PACKED_FORMATS,
    pack,
    packed_size,
    unpack,
)
from deep3d.video.stereo_metadata import eye_paths, output_name, stereo_tags
from deep3d.video.video_reader import VideoFrame, VideoReader
from deep3d.video.video_writer import VideoWriter
from deep3d.video.vr180 import Vr180Projection

__all__ = [
    "ANAGLYPHS",
    "CODECS",
    "CONTAINERS",
    "DISPARITY_FORMATS",
    "LAYOUTS",
    "OUTPUT_FORMATS",
    "PACKED_FORMATS",
    "AreaFollower",
    "BlackBars",
    "Encoding",
    "ShotDetector",
    "VideoError",
    "VideoFrame",
    "VideoReader",
    "VideoWriter",
    "Vr180Projection",
    "anaglyph",
    "disparity_to_gray",
    "eye_paths",
    "gray_to_disparity",
    "output_name",
    "pack",
    "packed_size",
    "stereo_tags",
    "suffix_for",
    "unpack",
]
