"""Films in high dynamic range: what their light means, and how it is told to a new file.

HDR video (ITU-R BT.2100) has more bits, wider primaries (BT.2020) and a transfer function of its
own: PQ (SMPTE ST 2084, absolute light up to 10000 cd/m2) or HLG (ARIB STD-B67). The converter moves
the pixels as they are, in their own transfer; only the network sees a tone-mapped copy. HDR10 files
state how bright the mastering display was (SMPTE ST 2086) and the film is (CTA-861.3).
"""

import dataclasses
import functools
import struct

import av
import numpy as np
from av.sidedata.sidedata import Type

# H.273 transfer characteristics.
TRANSFER_PQ = 16
TRANSFER_HLG = 18
_PRIMARIES_BT2020 = 9
# BT.2020 -> BT.709, linear light (ITU-R BT.2087).
_TO_BT709 = np.array(
    ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    np.float32,
)
# Light of a white page, and the brightest that most films are mastered to (ITU-R BT.2408).
_WHITE_NITS, _PEAK_NITS = 203.0, 1000.0
# AVMasteringDisplayMetadata: x and y of red, green, blue and white, least and greatest luminance,
# each a fraction of two integers, and whether the two groups are set.
_MASTERING = struct.Struct("<22i")
# SMPTE ST 2086 counts chromaticity in 0.00002 and luminance in 0.0001 cd/m2.
_CHROMATICITY, _LUMINANCE = 50_000, 10_000


@dataclasses.dataclass(frozen=True)
class LightMetadata:
    """How bright the mastering display was and the film is, as x265 takes it.

    Attributes:
        mastering_display: "G(x,y)B(x,y)R(x,y)WP(x,y)L(most,least)", or None.
        content_light: "brightest pixel,brightest frame average" in cd/m2, or None.
    """

    mastering_display: str | None = None
    content_light: str | None = None

    def x265_params(self) -> list[str]:
        """Settings for x265, empty if nothing is known."""
        params = []
        if self.mastering_display:
            params.append(f"master-display={self.mastering_display}")
        if self.content_light:
            params.append(f"max-cll={self.content_light}")
        return [*params, "hdr10=1"] if params else []


def is_hdr(transfer: int) -> bool:
    """Whether H.273 transfer characteristics are those of HDR video."""
    return transfer in (TRANSFER_PQ, TRANSFER_HLG)


def light_metadata(frame: av.VideoFrame) -> LightMetadata:
    """Reads the mastering metadata of a decoded frame.

    Args:
        frame: The first frame of a film.

    Returns:
        What is stated; damaged statements count as none.
    """
    side_data = side_data_of(frame)
    mastering = light = None
    if Type.MASTERING_DISPLAY_METADATA in side_data:
        mastering = _mastering_display(side_data[Type.MASTERING_DISPLAY_METADATA])
    if Type.CONTENT_LIGHT_LEVEL in side_data:
        levels = struct.unpack_from("<2I", side_data[Type.CONTENT_LIGHT_LEVEL])
        light = ",".join(map(str, levels)) if any(levels) and max(levels) <= 65535 else None
    return LightMetadata(mastering, light)


def side_data_of(frame: av.VideoFrame) -> dict[Type, bytes]:
    """The side data of a frame; none if there are kinds among them that PyAV has no name for."""
    try:
        return {data.type: bytes(data) for data in frame.side_data}
    except ValueError:
        return {}


def to_standard_range(image: np.ndarray, transfer: int, primaries: int) -> np.ndarray:
    """An 8-bit picture for eyes and networks that know nothing of HDR.

    Light is divided by that of a white page and compressed by `x * (1 + x / peak^2) / (1 + x)`
    (Reinhard et al., "Photographic tone reproduction for digital images", 2002, equation 4), each
    color scaled by its luminance's factor, then gamma-encoded.

    Args:
        image: uint16 (h, w, 3) RGB, gamma-encoded as in the source, white being 255 * 256.
        transfer: H.273 transfer characteristics; others than PQ and HLG are taken as they are.
        primaries: H.273 color primaries.

    Returns:
        uint8 (h, w, 3) RGB.
    """
    if not is_hdr(transfer):
        return (image >> 8).astype(np.uint8)
    light = _light_table(transfer)[image]  # 1 is a white page
    if primaries == _PRIMARIES_BT2020:
        light = np.maximum(light @ _TO_BT709.T, 0.0)
    luminance = light @ np.array((0.2126, 0.7152, 0.0722), np.float32)
    peak = _PEAK_NITS / _WHITE_NITS
    # Twice the light at first, so that a white page comes out near white and not at half.
    gain = 2.0 * (1.0 + 2.0 * luminance / (2.0 * peak) ** 2) / (1.0 + 2.0 * luminance)
    mapped = np.clip(light * gain[..., np.newaxis], 0.0, 1.0) ** (1 / 2.2)
    return np.rint(255.0 * mapped).astype(np.uint8)


@functools.cache
def _light_table(transfer):
    """Linear light in units of a white page for every 16-bit value."""
    value = np.minimum(np.arange(65536) / 65280, 1.0)
    if transfer == TRANSFER_PQ:  # ST 2084
        root = value ** (32 / 2523)
        nits = 10_000 * (np.maximum(root - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * root)) ** (
            8192 / 1305
        )
    else:  # BT.2100 HLG, shown at 1000 cd/m2 with a system gamma of 1.2
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(value <= 0.5, value**2 / 3, (np.exp((value - c) / a) + b) / 12)
        nits = _PEAK_NITS * scene**1.2
    return (nits / _WHITE_NITS).astype(np.float32)


def _mastering_display(data):
    numbers = _MASTERING.unpack_from(data)
    pairs = list(zip(numbers[:20:2], numbers[1:20:2], strict=True))
    if not all(denominator > 0 for _, denominator in pairs) or not all(numbers[20:]):
        return None
    values = [numerator / denominator for numerator, denominator in pairs]
    red, green, blue, white = (
        tuple(round(_CHROMATICITY * value) for value in values[at : at + 2])
        for at in range(0, 8, 2)
    )
    least, most = (round(_LUMINANCE * value) for value in values[8:])
    if min(*red, *green, *blue, *white, least, most) < 0 or most >= 1 << 32:
        return None
    places = "".join(
        f"{name}({x},{y})"
        for name, (x, y) in (("G", green), ("B", blue), ("R", red), ("WP", white))
    )
    return f"{places}L({most},{least})"
