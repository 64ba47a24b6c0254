"""The message in an H.265 stream that says how two views share its frames.

H.264 and H.265 have the same supplemental enhancement information message for it, number 45, frame
packing arrangement (ITU-T H.265, D.2.16 and D.3.16). x264 writes it when asked; x265 cannot, so it
is put before every picture at which decoding can begin.
"""

import re

import av

# Arrangements that H.264 and H.265 share (H.265 Table D.8), and one that only H.264 has.
SIDE_BY_SIDE, TOP_BOTTOM, H264_ROWS = 3, 4, 2

_PREFIX_SEI = 39
_FRAME_PACKING = 45


def with_frame_packing(packet: av.Packet, arrangement: int) -> av.Packet:
    """Puts the message before an H.265 key frame.

    Args:
        packet: From the encoder, in the byte stream format (start codes).
        arrangement: `SIDE_BY_SIDE` or `TOP_BOTTOM`.

    Returns:
        A packet with the message, or the same one if it is no key frame.
    """
    if not packet.is_keyframe:
        return packet
    longer = av.Packet(frame_packing_message(arrangement) + bytes(packet))
    longer.pts, longer.dts, longer.duration = packet.pts, packet.dts, packet.duration
    longer.time_base, longer.is_keyframe = packet.time_base, True
    return longer


def frame_packing_message(arrangement: int) -> bytes:
    """The message as a unit of an H.265 byte stream; the left view comes first.

    Args:
        arrangement: `SIDE_BY_SIDE` or `TOP_BOTTOM`.

    Returns:
        Start code, header, message and trailing bits.

    Raises:
        ValueError: If H.265 has no such arrangement.
    """
    if arrangement not in (SIDE_BY_SIDE, TOP_BOTTOM):
        raise ValueError(f"The arrangement must be 3 or 4. Received: {arrangement}")
    fields = (
        (1, 1),  # frame_packing_arrangement_id: 0 as an Exp-Golomb code
        (0, 1),  # not cancelled
        (arrangement, 7),
        (0, 1),  # not quincunx
        (1, 6),  # content_interpretation_type: the first view is the left one
        (0, 6),  # nothing flipped, no field views, no view that needs the other
        (0, 16),  # sample grids begin at the corner
        (0, 8),  # reserved
        (1, 1),  # holds until the next one
        (0, 1),  # upsampled_aspect_ratio_flag
    )
    bits = "".join(f"{value:0{width}b}" for value, width in fields)
    payload = int(bits, 2).to_bytes(len(bits) // 8, "big")
    unit = bytes((_PREFIX_SEI << 1, 1, _FRAME_PACKING, len(payload))) + payload + b"\x80"
    # Two zeros before a byte up to 3 would look like a start code (7.4.2).
    return b"\0\0\0\1" + re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", unit)
