"""Files of single stereo pictures: what any picture file holds as one frame, JPS and MPO.

JPS is a JPEG with both views beside each other, the right one at the left. An APP3 segment says so
(VRex, "JPS Stereoscopic JPEG Image File Format Specification";
http://paulbourke.net/dataformats/stereoimage/): the name, a length, and a descriptor of 32 bits,
from the highest byte on separation, flags (bit 2: left view first), layout (2: beside each other)
and kind (1: stereoscopic).

MPO (CIPA DC-007, Multi-Picture Format) is one JPEG behind the other, the left one first. An APP2
segment in each, a TIFF directory, says that they are views of one scene; the first lists where both
lie, counted from the byte order mark of its directory.
"""

import struct

import cv2
import numpy as np

from deep3d.video.anaglyph import check_views
from deep3d.video.stereo_format import pack
from deep3d.wording import either

# Suffixes of files that always hold both views whole.
PAIR_SUFFIXES = (".jps", ".mpo")

_QUALITY = 95
_JPS = b"_JPSJPS_" + struct.pack(">HI", 4, 0x00000201) + struct.pack(">H", 0)  # no comment
# Tag numbers and types of the directory entries (CIPA DC-007, 5.2.3).
_VERSION, _COUNT, _ENTRIES, _VIEW_NUMBER, _BASE_VIEW = 0xB000, 0xB001, 0xB002, 0xB101, 0xB204
_UNDEFINED, _LONG = 7, 4
# The kind of picture: one of several viewpoints; and that it is the one to show where only one is.
_DISPARITY, _REPRESENTATIVE = 0x020002, 1 << 29


def encode_frame(frame: np.ndarray, suffix: str) -> bytes:
    """A packed frame as a picture file.

    Args:
        frame: uint8 (h, w, 3) RGB.
        suffix: With its dot; what OpenCV writes.

    Returns:
        The file's content.

    Raises:
        ValueError: If there is no such kind of picture.
    """
    options = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY] if suffix in (".jpg", ".jpeg") else []
    try:
        done, data = cv2.imencode(suffix, cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), options)
    except cv2.error as error:
        raise ValueError(f"A picture cannot be written as {suffix}") from error
    if not done:
        raise ValueError(f"A picture cannot be written as {suffix}")
    return data.tobytes()


def encode_pair(left: np.ndarray, right: np.ndarray, suffix: str) -> bytes:
    """Two views as a file that holds both whole.

    Args:
        left: uint8 (h, w, 3) RGB.
        right: Same shape.
        suffix: One of `PAIR_SUFFIXES`.

    Returns:
        The file's content.

    Raises:
        ValueError: If the views do not match or there is no such kind of file.
    """
    check_views(left, right)
    if suffix == ".jps":
        return _with_segment(encode_frame(pack(left, right, "cross_eyed"), ".jpg"), 0xE3, _JPS)
    if suffix == ".mpo":
        return _multi_picture(encode_frame(left, ".jpg"), encode_frame(right, ".jpg"))
    raise ValueError(f"The suffix must be one of {either(PAIR_SUFFIXES)}. Received: {suffix!r}")


def _multi_picture(left, right):
    """The left JPEG with the list of both, the right one behind it."""
    right = _with_segment(right, 0xE2, _directories(None, 2))
    # Its place and lengths stand in the list; the list has one length whatever they are.
    empty = _with_segment(left, 0xE2, _directories((0, 0, 0), 1))
    start = empty.index(b"MPF\0") + 4
    sizes = (len(empty), len(right), len(empty) - start)
    return _with_segment(left, 0xE2, _directories(sizes, 1)) + right


def _directories(sizes, number):
    """An MPF segment: the index of both pictures if sizes are given, and which one this is.

    Sizes are the bytes of the left and the right picture, and where the right one begins.
    """
    attributes = ((_VIEW_NUMBER, _LONG, number), (_BASE_VIEW, _LONG, 1))
    if sizes is None:
        entries = ((_VERSION, _UNDEFINED, b"0100"), *attributes)
        return b"MPF\0" + _tiff_header() + _directory(entries, 0)
    left, right, place = sizes
    index = ((_VERSION, _UNDEFINED, b"0100"), (_COUNT, _LONG, 2), (_ENTRIES, _UNDEFINED, 32))
    after = 8 + 2 + 12 * len(index) + 4  # where what does not fit into an entry begins
    values = struct.pack(">IIIHH", _DISPARITY | _REPRESENTATIVE, left, 0, 0, 0)
    values += struct.pack(">IIIHH", _DISPARITY, right, place, 0, 0)
    first = _directory(index, after + len(values), after)
    return b"MPF\0" + _tiff_header() + first + values + _directory(attributes, 0)


def _tiff_header():
    return b"MM" + struct.pack(">HI", 42, 8)


def _directory(entries, following, values_at=0):
    """A TIFF directory: number, type, count and value of every entry, then the next directory."""
    data = struct.pack(">H", len(entries))
    for tag, kind, value in entries:
        if isinstance(value, bytes):
            data += struct.pack(">HHI4s", tag, kind, len(value), value)
        elif kind == _UNDEFINED:  # that many bytes, elsewhere
            data += struct.pack(">HHII", tag, kind, value, values_at)
        else:
            data += struct.pack(">HHII", tag, kind, 1, value)
    return data + struct.pack(">I", following)


def _with_segment(jpeg, marker, content):
    """A JPEG with an application segment behind its JFIF header."""
    place = 2
    if jpeg[2:4] == b"\xff\xe0":
        place = 4 + int.from_bytes(jpeg[4:6], "big")
    segment = bytes((0xFF, marker)) + struct.pack(">H", 2 + len(content)) + content
    return jpeg[:place] + segment + jpeg[place:]
