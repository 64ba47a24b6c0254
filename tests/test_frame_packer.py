from fractions import Fraction

import numpy as np
import pytest
from video_samples import smooth_image

from deep3d.conversion_config import ConversionConfig
from deep3d.devices import DEVICES, config_for
from deep3d.frame_packer import FramePacker
from deep3d.video import OUTPUT_FORMATS, pack, packed_size


@pytest.mark.parametrize("stereo_format", OUTPUT_FORMATS)
@pytest.mark.parametrize("limits", [(None, None), (100, None), (None, 50), (90, 40)])
def test_pack_keeps_within_limits(stereo_format, limits):
    config = ConversionConfig(stereo_format, max_width=limits[0], max_height=limits[1])
    packer = FramePacker(161, 91, config)
    left = packer.fit(smooth_image(0, 161, 91))
    frame = packer.pack(left, left)
    assert frame.shape == (packer.height, packer.width, 3)
    assert packer.width <= (limits[0] or 1000) and packer.height <= (limits[1] or 1000)
    if limits == (None, None) and stereo_format != "vr180":
        assert left.shape == (91, 161, 3)
        np.testing.assert_array_equal(frame, pack(left, left, stereo_format))


def test_fit_keeps_the_aspect_and_uses_the_room():
    packer = FramePacker(3840, 2160, ConversionConfig("full_sbs", max_width=3840))
    assert (packer.view_size, packer.width, packer.height) == ((1920, 1080), 3840, 1080)
    packer = FramePacker(1920, 1080, ConversionConfig("half_sbs", max_width=3840, max_height=2160))
    assert packer.view_size == (1920, 1080)


def test_vr180_gets_square_pixels_and_the_farthest_parallax():
    config = ConversionConfig("vr180", field_of_view=60.0)
    packer = FramePacker(64, 48, config, pixel_aspect=Fraction(4, 3), farthest=-2.0)
    assert packer.pixel_aspect == 1
    mark = np.zeros((48, 64, 3), np.uint8)
    mark[:, 31:33] = 255
    frame = packer.pack(mark, mark)[packer.height // 2, :, 0].astype(float)
    side = packer.width // 2
    places = [
        np.average(np.arange(side), weights=view) - (side - 1) / 2
        for view in (frame[:side], frame[side:])
    ]
    pixels_per_radian = 32 / np.tan(np.radians(30))
    shift = 0.02 * 64 / 2 / pixels_per_radian / np.pi * side
    np.testing.assert_allclose(places, [shift, -shift], atol=0.05)


def test_half_formats_keep_the_pixel_aspect():
    config = ConversionConfig("half_tab")
    assert FramePacker(64, 48, config, pixel_aspect=Fraction(4, 3)).pixel_aspect == Fraction(4, 3)


@pytest.mark.parametrize("device", DEVICES)
def test_config_for_is_legal_and_within_its_device(device):
    config = config_for(device)
    config.encoding().check_container(f".{config.container}")
    packer = FramePacker(3840, 2160, config)
    assert packer.width <= (config.max_width or 7680)
    assert packed_size(*packer.view_size, config.format)[0] <= 7680


def test_config_for_rejects_unknown_devices():
    assert config_for(None) == ConversionConfig()
    with pytest.raises(ValueError, match=r"device must be one of .*quest"):
        config_for("toaster")


def test_conversion_config_rejects_nonsense():
    for wrong, words in (
        ({"format": "sbs"}, "format must be one of half_sbs"),
        ({"container": "avi"}, "container must be one of mp4"),
        ({"container": "webm", "codec": "h264"}, r"codec in a \.webm file must be av1 or vp9"),
        ({"crf": 64.0}, r"rate factor must be 0\.\.63"),
        ({"start": -1.0}, "start must be 0 or later"),
        ({"start": 2.0, "end": 1.0}, "the end after it"),
        ({"container": "mov", "codec": "av1"}, "must be h264 or h265"),
        ({"bits": 10}, "bits of h264 must be 8"),
        ({"codec": "av1", "lossless": True}, "lossless codec"),
        ({"max_width": 8}, "must be 32 or larger"),
        ({"field_of_view": 170.0}, "field of view"),
    ):
        with pytest.raises(ValueError, match=words) as caught:
            ConversionConfig(**wrong)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "usual", "hdr"),
    [
        ({}, ("h264", 8), ("h265", 10)),
        ({"bits": 8}, ("h264", 8), ("h264", 8)),
        ({"codec": "h264"}, ("h264", 8), ("h264", 8)),
        ({"codec": "h265"}, ("h265", 8), ("h265", 10)),
        ({"codec": "av1"}, ("av1", 8), ("av1", 10)),
        ({"codec": "vp9"}, ("vp9", 8), ("vp9", 8)),
        ({"codec": "av1", "bits": 10}, ("av1", 10), ("av1", 10)),
        ({"lossless": True}, ("h264", 8), ("h264", 8)),
    ],
)
def test_encoding_of_config_preset(options, usual, hdr):
    config = ConversionConfig(**options)
    for encoding, expected in ((config.encoding(), usual), (config.encoding(hdr=True), hdr)):
        assert (encoding.codec, encoding.bits) == expected


def test_encoding_of_a_container_without_a_codec():
    assert ConversionConfig(container="webm").encoding().codec == "vp9"
    assert ConversionConfig(container="mkv").encoding().codec == "h264"
