"""Reads the stereo marks of files without the code under test: by hand and by FFmpeg."""

import struct

import av
import numpy as np

# Boxes that contain others, with the bytes before the first of them.
_MP4_PARENTS = {b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"stsd": 8}
_MP4_PARENTS |= {b"sv3d": 0, b"proj": 0}
_SAMPLE_ENTRIES = {kind: 78 for kind in (b"avc1", b"hvc1", b"hev1", b"av01", b"vp09")}
_MP4_PARENTS |= _SAMPLE_ENTRIES

# Matroska elements (RFC 9559) that contain others, and those that are asked for.
SEGMENT, TRACKS, TRACK_ENTRY, VIDEO = 0x18538067, 0x1654AE6B, 0xAE, 0xE0
SEEK_HEAD, SEEK, SEEK_ID, SEEK_POSITION = 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
PROJECTION, PROJECTION_TYPE, PROJECTION_PRIVATE = 0x7670, 0x7671, 0x7672
STEREO_MODE, CRC_32 = 0x53B8, 0xBF
_MATROSKA_PARENTS = (SEGMENT, TRACKS, TRACK_ENTRY, VIDEO, SEEK_HEAD, SEEK, PROJECTION)


def mp4_boxes(data, begin=0, end=None, path=()):
    """Yields (path of kinds, payload, position of the payload) of every box."""
    end = len(data) if end is None else end
    while begin < end:
        size, kind = struct.unpack_from(">I4s", data, begin)
        header = 8
        if size == 1:
            (size,), header = struct.unpack_from(">Q", data, begin + 8), 16
        assert size >= header and begin + size <= end, (path, kind, size)
        inner = (*path, kind.decode("latin1"))
        yield inner, data[begin + header : begin + size], begin + header
        if kind in _MP4_PARENTS:
            first = begin + header + _MP4_PARENTS[kind]
            yield from mp4_boxes(data, first, begin + size, inner)
        begin += size


def mp4_stereo(path):
    """(stereo_mode of st3d, bounds of equi, name of the sample entry); None where there is none."""
    mode = bounds = entry = None
    for kinds, payload, _ in mp4_boxes(path.read_bytes()):
        if kinds[-2:-1] == ("stsd",) and entry is None:
            entry = kinds[-1]
        if kinds[-1] == "st3d":
            assert kinds[:-1] == ("moov", "trak", "mdia", "minf", "stbl", "stsd", entry)
            assert payload[:4] == bytes(4) and len(payload) == 5
            mode = payload[4]
        if kinds[-1] == "equi":
            assert kinds[-4:-1] == (entry, "sv3d", "proj")
            bounds = struct.unpack(">4I", payload[4:])
    return mode, bounds, entry


def matroska_elements(data, begin=0, end=None):
    """Yields (identifier, content, position) of every element, parents before their children."""
    end = len(data) if end is None else end
    while begin < end:
        start = begin
        length = 9 - data[begin].bit_length()
        identifier = int.from_bytes(data[begin : begin + length], "big")
        begin += length
        length = 9 - data[begin].bit_length()
        size = int.from_bytes(data[begin : begin + length], "big") - (1 << 7 * length)
        begin += length
        stop = end if size == (1 << 7 * length) - 1 else begin + size
        assert stop <= end, hex(identifier)
        yield identifier, data[begin:stop], start
        if identifier in _MATROSKA_PARENTS:
            yield from matroska_elements(data, begin, stop)
        begin = stop


def matroska_values(path):
    return {key: value for key, value, _ in matroska_elements(path.read_bytes())}


def matroska_stereo_mode(path):
    value = matroska_values(path).get(STEREO_MODE)
    return None if value is None else int.from_bytes(value, "big")


def ffmpeg_stereo(path):
    """(type, inverted) of AVStereo3D and the bounds of AVSphericalMapping, as FFmpeg has them."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    return _stereo_of(frame), _bounds_of(frame)


def ffmpeg_frame_packing(path):
    """The same type from the packets alone, without what the container says."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        decoder = av.CodecContext.create(stream.codec_context.name, "r")
        decoder.extradata = stream.codec_context.extradata
        frames = []
        for packet in container.demux(stream):
            if packet.size:
                frames += decoder.decode(av.Packet(bytes(packet)))
        frames += decoder.decode(None)
    return _stereo_of(frames[0])


def _stereo_of(frame):
    data = frame.side_data.get("STEREO3D")
    if data is None:
        return None
    kind, flags = np.frombuffer(bytes(data), np.int32)[:2]
    return int(kind), bool(flags & 1)


def _bounds_of(frame):
    data = frame.side_data.get("SPHERICAL")
    if data is None:
        return None
    return tuple(int(bound) for bound in np.frombuffer(bytes(data), np.uint32)[4:8])


def sei_payloads(path):
    """Numbers of the SEI messages in an H.264 or H.265 stream, by the bytes of its units."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        hevc = stream.codec_context.name == "hevc"
        data = [bytes(packet) for packet in container.demux(stream) if packet.size]
    numbers = set()
    for packet in data:
        position = 0
        while position < len(packet):  # four bytes of length before every unit
            (size,) = struct.unpack_from(">I", packet, position)
            unit = packet[position + 4 : position + 4 + size]
            position += 4 + size
            if hevc and unit[0] >> 1 == 39:
                numbers |= _messages(unit[2:])
            elif not hevc and unit[0] & 31 == 6:
                numbers |= _messages(unit[1:])
    return numbers


def _messages(unit):
    """Payload numbers of one SEI unit; its messages stand one behind the other."""
    unit, numbers, position = unit.replace(b"\0\0\3", b"\0\0"), set(), 0
    while position < len(unit) and unit[position] != 0x80:
        values = []
        for _ in range(2):
            value = 0
            while unit[position] == 255:
                value, position = value + 255, position + 1
            values.append(value + unit[position])
            position += 1
        numbers.add(values[0])
        position += values[1]
    return numbers
