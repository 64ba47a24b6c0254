"""Reading, packing and writing video: NumPy, OpenCV and PyAV only, no deep learning."""

from deep3d.video.errors import VideoError
from deep3d.video.shots import ShotDetector
from deep3d.video.stereo_format import (
    LAYOUTS,
    OUTPUT_FORMATS,
    anaglyph,
    pack,
    packed_size,
    unpack,
)
from deep3d.video.stereo_metadata import CONTAINERS, output_name, stereo_tags
from deep3d.video.video_reader import VideoFrame, VideoReader
from deep3d.video.video_writer import VideoWriter

__all__ = [
    "CONTAINERS",
    "LAYOUTS",
    "OUTPUT_FORMATS",
    "ShotDetector",
    "VideoError",
    "VideoFrame",
    "VideoReader",
    "VideoWriter",
    "anaglyph",
    "output_name",
    "pack",
    "packed_size",
    "stereo_tags",
    "unpack",
]
