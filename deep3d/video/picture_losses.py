"""What the frames of a film carry that its 3D version will not have."""

import av
from av.sidedata.sidedata import Type

from deep3d.video.encoding import Encoding
from deep3d.video.high_dynamic_range import LightMetadata, side_data_of

_SIDE_DATA = {
    Type.A53_CC: "closed captions within the picture",
    Type.DYNAMIC_HDR_PLUS: "HDR10+ metadata",
    Type.DOVI_METADATA: "Dolby Vision metadata",
    Type.DOVI_RPU_BUFFER: "Dolby Vision metadata",
    Type.STEREO3D: "3D: the source is taken for a flat picture",
}


def picture_losses(frame: av.VideoFrame, interlaced: bool = False) -> tuple[str, ...]:
    """Names what is not carried over, judged by one frame.

    Args:
        frame: The first decoded frame.
        interlaced: Whether it was interlaced.

    Returns:
        Words for each, such as "alpha channel".
    """
    side_data = side_data_of(frame)
    words = [word for kind, word in _SIDE_DATA.items() if kind in side_data]
    if any(component.is_alpha for component in frame.format.components):
        words.append("alpha channel")
    if interlaced:
        words.append("fields (deinterlaced, one picture of each two)")
    return tuple(dict.fromkeys(words))


def encoding_losses(
    bits: int, whole_color: bool, light: LightMetadata, encoding: Encoding
) -> tuple[str, ...]:
    """Names what an encoding does not keep of the pictures.

    Args:
        bits: Of each sample of the source.
        whole_color: Whether every pixel of the source has its own color.
        light: HDR mastering metadata of the source.
        encoding: What is written.

    Returns:
        Words for each, such as "10 bits for each color (8 are written)".
    """
    words = []
    if whole_color and not encoding.lossless:
        words.append("color at every pixel (4:2:0 is written)")
    if bits > encoding.bits:
        words.append(f"{bits} bits for each color ({encoding.bits} are written)")
    if light != LightMetadata() and encoding.codec != "h265":
        words.append("brightness of the HDR display and film (h265 has it)")
    return tuple(words)
