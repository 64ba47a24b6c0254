"""Says in a Matroska or WebM file that its pictures are half-spheres.

The Projection element (RFC 9559, 5.1.4.1.28.41) carries what sv3d does in MP4. FFmpeg's muxer
writes it only from side data that PyAV cannot set, so it is put into the finished file, in place:
the muxer leaves an empty element (Void) between the table of contents (SeekHead) and the tracks,
and what is added to the tracks is taken from there. Nothing behind the tracks moves.

The muxer begins these elements with a CRC-32 of what follows in them, which is made anew.

An element is its identifier, its length as a number of 1 to 8 bytes whose first bits tell how many
(RFC 8794, 4), and its content.
"""

import os
import struct
import zlib

_SEGMENT, _SEEK_HEAD, _VOID, _TRACKS = 0x18538067, 0x114D9B74, 0xEC, 0x1654AE6B
_SEEK, _SEEK_ID, _SEEK_POSITION = 0x4DBB, 0x53AB, 0x53AC
_TRACK_ENTRY, _VIDEO = 0xAE, 0xE0
_PROJECTION, _PROJECTION_TYPE, _PROJECTION_PRIVATE = 0x7670, 0x7671, 0x7672
_EQUIRECTANGULAR = 1
_CRC_BEGIN = b"\xbf\x84"  # identifier and length of a CRC-32 element, always the first
# The head of a film's file, up to its first cluster, is a few hundred bytes without attachments.
_MAX_HEAD = 1 << 26


def add_half_sphere(path: str | os.PathLike):
    """States in the first video track that it is the front half of a sphere, equirectangular.

    Args:
        path: File as FFmpeg's muxer leaves it.

    Raises:
        OSError: If the file cannot be written.
        ValueError: If it is built in another way.
    """
    with open(path, "r+b") as file:
        head = file.read(_MAX_HEAD)
        segment = _find(head, 0, len(head), _SEGMENT)[1]
        void_begin, _, void_end = _find(head, segment, len(head), _VOID)
        tracks_begin, tracks_content, tracks_end = _find(head, void_end, len(head), _TRACKS)
        added = _element(_PROJECTION, _projection())
        content = _with_video_child(head[tracks_content:tracks_end], added)
        tracks = _element(_TRACKS, _with_checksum(content))
        growth = len(tracks) - (tracks_end - tracks_begin)
        if growth < -1:
            # The muxer's long lengths were shortened by more than was added. The tracks stay where
            # they are, as the table of contents may have one byte only for their place.
            tracks, growth = tracks + _void(-growth), 0
        room = void_end - void_begin - growth
        if room < 2:
            raise ValueError(f"The muxer must leave room for {growth} bytes. Received: {room}")
        void = _void(room)
        between = head[void_end:tracks_begin]
        moved = range(void_end - segment, tracks_begin - segment + 1)
        seek = _moved_positions(head[segment:void_begin], moved, growth)
        file.seek(segment)
        file.write(seek + void + between + tracks)


def _projection():
    """Type and bounds: a quarter of the sphere, in 2^32nds, is missing at the left and right."""
    bounds = struct.pack(">I4I", 0, 0, 0, 1 << 30, 1 << 30)
    return _element(_PROJECTION_TYPE, bytes((_EQUIRECTANGULAR,))) + _element(
        _PROJECTION_PRIVATE, bounds
    )


def _with_video_child(tracks, added):
    """The content of Tracks with an element added to Video of the first track that has one."""
    parts, waiting = [], True
    for identifier, content in _children(tracks):
        if identifier == _TRACK_ENTRY and waiting:
            inner = []
            for inner_identifier, inner_content in _children(content):
                if inner_identifier == _VIDEO and waiting:
                    inner_content, waiting = inner_content + added, False
                inner.append(_element(inner_identifier, inner_content))
            content = b"".join(inner)
        parts.append(_element(identifier, content))
    if waiting:
        raise ValueError("The file must have a video track. Received: none")
    return b"".join(parts)


def _moved_positions(head, moved, distance):
    """What precedes the Void, with the seek entries of moved elements set to their new place."""
    _, content, end = _find(head, 0, len(head), _SEEK_HEAD)
    result = bytearray(head)
    for _, identifier, value, stop in _walk(head, content, end):
        if identifier != _SEEK:
            continue
        for _, inner, inner_value, inner_stop in _walk(head, value, stop):
            place = int.from_bytes(head[inner_value:inner_stop], "big")
            if inner == _SEEK_POSITION and place in moved:
                size = inner_stop - inner_value
                result[inner_value:inner_stop] = (place - distance).to_bytes(size, "big")
    result[content:end] = _with_checksum(bytes(result[content:end]))
    return bytes(result)


def _with_checksum(content):
    """The content of an element, with its CRC-32 (RFC 8794, 11.3.1) made anew if it has one."""
    if not content.startswith(_CRC_BEGIN):
        return content
    rest = content[len(_CRC_BEGIN) + 4 :]
    return _CRC_BEGIN + zlib.crc32(rest).to_bytes(4, "little") + rest


def _find(data, begin, end, wanted):
    """(begin, begin of the content, end) of the first element of a kind."""
    for position, identifier, content, stop in _walk(data, begin, end):
        if identifier == wanted:
            return position, content, stop
    raise ValueError(f"The file must have an element {wanted:x}. Received: none")


def _children(data):
    for _, identifier, content, end in _walk(data, 0, len(data)):
        yield identifier, data[content:end]


def _walk(data, begin, end):
    """Yields (begin, identifier, begin of the content, end) of the elements of a level."""
    while begin < end:
        length = 9 - data[begin].bit_length()
        content = begin + length
        identifier = int.from_bytes(data[begin:content], "big")
        length = 9 - data[content].bit_length()
        size = int.from_bytes(data[content : content + length], "big") - (1 << 7 * length)
        content += length
        unknown = size == (1 << 7 * length) - 1
        stop = end if unknown else content + size
        yield begin, identifier, content, stop
        begin = stop


def _element(identifier, content):
    length = 1
    while len(content) >= (1 << 7 * length) - 1:  # all ones stand for an unknown length
        length += 1
    size = ((1 << 7 * length) + len(content)).to_bytes(length, "big")
    return identifier.to_bytes((identifier.bit_length() + 7) // 8, "big") + size + content


def _void(room):
    """A Void of this many bytes, at least 2; the length of a large one takes 8 of them."""
    if room < 129:
        return _element(_VOID, bytes(room - 2))
    return b"\xec" + ((1 << 56) + room - 9).to_bytes(8, "big") + bytes(room - 9)
