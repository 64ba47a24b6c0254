"""Which format, container and codec suit a device, so that nobody needs to know them.

Every device here decodes H.264 of 1920x1080 and, but for televisions (those with 3D are of 2010 to
2016) and cheap phones, H.265 of 5760x2880. Players of headsets and YouTube know full frames by
their tags and names; televisions halve the frame that they get, and switch over by the message in
an H.264 stream. AV1 and VP9 are nobody's default: 3D players decode them less often.
"""

from deep3d.conversion_config import ConversionConfig
from deep3d.wording import either

DEVICES = {
    "anaglyph": ConversionConfig("anaglyph_dubois", container="mp4"),
    "cardboard": ConversionConfig(container="mp4", codec="h264", max_width=1920, max_height=1080),
    "quest": ConversionConfig("full_sbs", container="mp4", codec="h265", max_width=5760),
    "tv": ConversionConfig(container="mp4", codec="h264", max_width=1920, max_height=1080),
    "vision_pro": ConversionConfig("full_sbs", container="mp4", codec="h265", bits=10),
    "vr180": ConversionConfig("vr180", container="mp4", codec="h265"),
    "youtube": ConversionConfig("full_sbs", container="mp4", crf=16.0),
}


def config_for(device: str | None) -> ConversionConfig:
    """What suits a device.

    Args:
        device: One of `DEVICES`; None for what plays nearly everywhere.

    Returns:
        The config, of which flags may change any part.

    Raises:
        ValueError: If nothing is known of the device.
    """
    if device is not None and device not in DEVICES:
        raise ValueError(f"The device must be one of {either(DEVICES)}. Received: {device!r}")
    return ConversionConfig() if device is None else DEVICES[device]
