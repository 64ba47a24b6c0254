"""Puts the index of an MP4 or QuickTime file in front, and boxes into its video's description.

FFmpeg's muxer writes the index (`moov`) behind the pictures and, asked for streaming, moves it to
the front in a second pass. Here that pass also adds boxes that the muxer would not write: those by
which players know stereoscopic and spherical video, of Google's Spherical Video V2 RFC
(https://github.com/google/spatial-media/blob/master/docs/spherical-video-v2-rfc.md). They belong
into the sample entry (`avc1`, `hvc1`) of the video track, behind the decoder's own configuration.

A box (ISO/IEC 14496-12, 4.2) is its size in 32 bits, its kind in four letters, and its payload.
Chunk offsets (`stco`, `co64`) count from the beginning of the file, so they move with the pictures.
"""

import os
import struct

# The stereo_mode of st3d.
TOP_BOTTOM, LEFT_RIGHT, RIGHT_LEFT = 1, 2, 4

# Boxes on the way to what is changed; of all others the payload is copied.
_OPENED = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
# A visual sample entry begins with this many bytes of size, codec name and so on (12.1.3).
_SAMPLE_ENTRY_BYTES = 78
_BLOCK = 1 << 24
# Beyond it chunk offsets need 64 bits.
_LARGEST_OFFSET = (1 << 32) - 1


def st3d(stereo_mode: int) -> bytes:
    """The box that says how the two eyes share the frame.

    Args:
        stereo_mode: `TOP_BOTTOM`, `LEFT_RIGHT` or `RIGHT_LEFT`.

    Returns:
        The box.
    """
    return _box(b"st3d", struct.pack(">IB", 0, stereo_mode))


def sv3d_half_sphere() -> bytes:
    """The box that says that each eye's picture is the front half of a sphere, equirectangular.

    The bounds say how much of the whole sphere is missing at each side, as fractions of 2^32: a
    quarter left and a quarter right.

    Returns:
        The box with its inner ones.
    """
    quarter = 1 << 30
    header = _box(b"svhd", bytes(4) + b"deep3d\0")
    pose = _box(b"prhd", bytes(4 + 12))  # yaw, pitch and roll: straight ahead
    bounds = _box(b"equi", struct.pack(">I4I", 0, 0, 0, quarter, quarter))
    return _box(b"sv3d", header + _box(b"proj", pose + bounds))


def finish_mp4(path: str | os.PathLike, boxes: bytes = b""):
    """Moves the index to the front and adds boxes to the first video track, in place.

    Args:
        path: File as FFmpeg's muxer leaves it: the index is its last box.
        boxes: Whole boxes for the sample entry; may be empty.

    Raises:
        OSError: If the file cannot be written.
        ValueError: If it is built in another way.
    """
    with open(path, "r+b") as file:
        places = _top_level(file)
        (first, _, front), (last, begin, end) = places[0], places[-1]
        if (first, last) != (b"ftyp", b"moov"):
            raise ValueError(f"The index must be the last box. Received: {places}")
        file.seek(begin)
        old = file.read(end - begin)
        wide = end + 2 * len(old) > _LARGEST_OFFSET
        # Its length does not depend on the offsets in it, so it is made twice.
        length = len(_edited(old, boxes, 0, wide))
        new = _edited(old, boxes, length, wide)
        file.truncate(begin)
        _shift(file, front, begin, length)
        file.seek(front)
        file.write(new)


def _edited(index, boxes, moved, wide):
    """The index with boxes added, for pictures that lie `moved` bytes further back."""
    tracks = 0

    def edit(inside, kind, payload):
        nonlocal tracks
        if kind == b"trak":
            tracks += 1
        if kind in _OPENED:
            return _box(kind, b"".join(edit(kind, *box) for box in _boxes(payload)))
        if kind in (b"stco", b"co64"):
            return _moved_offsets(kind, payload, moved, wide)
        if kind == b"stsd" and tracks == 1 and boxes:
            return _box(kind, _with_boxes(payload, boxes))
        return _box(kind, payload)

    return b"".join(edit(None, *box) for box in _boxes(index))


def _with_boxes(description, boxes):
    """Puts boxes into the one entry of a sample description (`stsd`)."""
    ((kind, entry),) = _boxes(description[8:])
    fields, inner = entry[:_SAMPLE_ENTRY_BYTES], list(_boxes(entry[_SAMPLE_ENTRY_BYTES:]))
    configuration, rest = inner[:1], inner[1:]
    payload = fields + _joined(configuration) + boxes + _joined(rest)
    return description[:8] + _box(kind, payload)


def _moved_offsets(kind, payload, moved, wide):
    letter = "Q" if kind == b"co64" else "I"
    (count,) = struct.unpack_from(">I", payload, 4)
    offsets = [offset + moved for offset in struct.unpack_from(f">{count}{letter}", payload, 8)]
    if wide:
        kind, letter = b"co64", "Q"
    return _box(kind, payload[:8] + struct.pack(f">{count}{letter}", *offsets))


def _shift(file, begin, end, distance):
    """Moves the bytes from begin to end further back, the last ones first."""
    while end > begin:
        start = max(begin, end - _BLOCK)
        file.seek(start)
        block = file.read(end - start)
        file.seek(start + distance)
        file.write(block)
        end = start


def _top_level(file):
    """(kind, begin, end) of the boxes of a file."""
    size, places, position = os.fstat(file.fileno()).st_size, [], 0
    while position + 8 <= size:
        file.seek(position)
        length, kind, long = struct.unpack(">I4sQ", file.read(16).ljust(16, b"\0"))
        length = long if length == 1 else length or size - position
        if length < 8 or position + length > size:
            raise ValueError(f"A box must lie within its file. Received: {kind} of {length} bytes")
        places.append((kind, position, position + length))
        position += length
    return places


def _boxes(data):
    """Yields (kind, payload) of the boxes that follow each other in some bytes."""
    position = 0
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        if length < 8 or position + length > len(data):
            raise ValueError(f"A box must lie within its parent. Received: {kind} {length}")
        yield kind, data[position + 8 : position + length]
        position += length


def _joined(boxes):
    return b"".join(_box(*box) for box in boxes)


def _box(kind, payload):
    return struct.pack(">I4s", 8 + len(payload), kind) + payload
