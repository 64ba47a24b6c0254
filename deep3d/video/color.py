"""Which YUV a video is in, so that a trip through RGB and back does not shift its colors.

YUV means nothing without a matrix (BT.601, BT.709, BT.2020) and a range (limited 16..235 or full
0..255). Streams should name them and often do not; players then guess the matrix from the height:
BT.709 from 720 lines on, BT.601 below (https://trac.ffmpeg.org/wiki/colorspace). The reader
converts by what is named or else by that guess, and the writer converts back by the same.
"""

import dataclasses
from fractions import Fraction

import av
import av.filter

# AVColorSpace and AVColorRange, ITU-T H.273 numbering, as PyAV hands them on (plain integers).
MATRIX_RGB = 0
MATRIX_BT709 = 1
MATRIX_BT601 = 6
MATRIX_BT2020 = 9
UNSPECIFIED = 2
RANGE_UNSPECIFIED = 0
RANGE_LIMITED = 1
RANGE_FULL = 2

# What swscale can convert: its own number, and the name in the scale filter. 5 (BT.601 of 625
# lines) and 6 (of 525 lines) are one matrix. BT.2020 with constant luminance (10) is treated as the
# usual non-constant one.
_SWSCALE_MATRIX = {
    1: (1, "bt709"),
    4: (4, "fcc"),
    5: (5, "bt470"),
    6: (5, "smpte170m"),
    7: (7, "smpte240m"),
    9: (9, "bt2020"),
    10: (9, "bt2020"),
}
_HD_LINES = 720


@dataclasses.dataclass(frozen=True)
class VideoColor:
    """Matrix and range to convert with, and the tags that the source carried.

    Attributes:
        matrix: H.273 matrix that converts between YUV and RGB; never unspecified.
        full_range: Whether luma spans 0..255 instead of 16..235.
        matrix_tag: H.273 matrix as tagged in the source; 2 is unspecified.
        range_tag: 0 unspecified, 1 limited, 2 full, as tagged in the source.
        primaries_tag: H.273 color primaries as tagged.
        transfer_tag: H.273 transfer characteristics as tagged.
        size: Width and height of the source, from which players would guess an untagged matrix.
    """

    matrix: int
    full_range: bool
    matrix_tag: int = UNSPECIFIED
    range_tag: int = RANGE_UNSPECIFIED
    primaries_tag: int = UNSPECIFIED
    transfer_tag: int = UNSPECIFIED
    size: tuple[int, int] = (0, 0)

    @property
    def swscale_matrix(self) -> int:
        """The number under which swscale knows the matrix."""
        return _SWSCALE_MATRIX[self.matrix][0]

    @property
    def range(self) -> int:
        """The range to convert with as AVColorRange: 1 limited, 2 full."""
        return RANGE_FULL if self.full_range else RANGE_LIMITED

    def matrix_tag_for(self, width: int, height: int) -> int:
        """The matrix to tag a stream of this size with.

        An unspecified tag stays so while the size does. With another size (two views side by side)
        players could guess another matrix than the reader did, so the matrix used is named.
        """
        if self.matrix_tag in _SWSCALE_MATRIX:
            return self.matrix_tag
        same = self.matrix_tag == UNSPECIFIED and self.size == (width, height)
        return UNSPECIFIED if same else self.matrix


def guess_matrix(height: int) -> int:
    """BT.709 for high definition, BT.601 below: what players assume of an untagged stream."""
    return MATRIX_BT709 if height >= _HD_LINES else MATRIX_BT601


def color_of_frame(frame: av.VideoFrame) -> VideoColor:
    """Reads the color tags of a decoded frame and settles what they leave open.

    Args:
        frame: Decoded frame of any pixel format.

    Returns:
        The matrix and range to convert with, and the tags as found.
    """
    tag = int(frame.colorspace)
    if tag == MATRIX_RGB:  # screen recordings: nothing to undo, and video that players expect
        return color_for_size(frame.width, frame.height)
    full = frame.color_range == RANGE_FULL or frame.format.name.startswith("yuvj")
    return VideoColor(
        matrix=tag if tag in _SWSCALE_MATRIX else guess_matrix(frame.height),
        full_range=full,
        matrix_tag=tag,
        range_tag=RANGE_FULL if full else int(frame.color_range),
        primaries_tag=int(frame.color_primaries),
        transfer_tag=int(frame.color_trc),
        size=(frame.width, frame.height),
    )


def color_for_size(width: int, height: int) -> VideoColor:
    """Color of a new video: limited range and the matrix that players expect, both named."""
    matrix = guess_matrix(height)
    return VideoColor(matrix, False, matrix, RANGE_LIMITED, size=(width, height))


def yuv_converter(
    width: int, height: int, color: VideoColor, to: str = "yuv420p", pixels: str = "rgb24"
) -> av.filter.Graph:
    """A filter that turns RGB frames into 4:2:0 YUV of a given color.

    A frame's own `reformat` would put each color sample in the middle of its four pixels. H.264
    decoders, our reader among them, take it to lie at the left edge, so colors would move by half a
    pixel with every conversion.

    Args:
        width: Frame width in pixels.
        height: Frame height in pixels.
        color: Matrix and range to convert to.
        to: FFmpeg's name of the YUV pixels, yuv420p or yuv420p10le.
        pixels: Of the RGB pixels, rgb24 or rgb48le.

    Returns:
        A graph to `push` RGB frames into and `pull` YUV frames from, one for one.
    """
    graph = av.filter.Graph()
    graph.threads = 0
    source = graph.add_buffer(
        width=width,
        height=height,
        format=av.VideoFormat(pixels),
        time_base=Fraction(1, 1000),
    )
    scale = graph.add(
        "scale",
        "flags=bilinear+full_chroma_inp+accurate_rnd:in_range=full:out_chroma_loc=left"
        f":out_range={'full' if color.full_range else 'limited'}"
        f":out_color_matrix={_SWSCALE_MATRIX[color.matrix][1]}",
    )
    wanted, sink = graph.add("format", to), graph.add("buffersink")
    source.link_to(scale)
    scale.link_to(wanted)
    wanted.link_to(sink)
    graph.configure()
    return graph
