import av
import numpy as np
import pytest

from deep3d.video.color import color_of_frame
from deep3d.video.rgb_conversion import _UNBIASED, RgbConverter

FORMATS = (
    "yuv420p",
    "yuvj420p",
    "yuv422p",
    "yuv444p",
    "nv12",
    "yuv420p10le",
    "gray",
    "bgr0",
    "gbrp",
)


def noise_frame(pixels, width, height):
    noise = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    frame = av.VideoFrame.from_ndarray(noise, format="rgb24")
    return frame.reformat(format=pixels)


@pytest.mark.parametrize("size", [(64, 48), (131, 78), (132, 77)])
@pytest.mark.parametrize("pixels", FORMATS)
def test_rgb_converter_matches_rgb24(pixels, size):
    frame = noise_frame(pixels, *size)
    color = color_of_frame(frame)
    expected = frame.reformat(
        format="rgb24",
        src_colorspace=color.swscale_matrix,
        src_color_range=color.range,
        dst_color_range=2,
        interpolation=_UNBIASED,
    ).to_ndarray()
    found = RgbConverter(frame)(frame)
    assert found.flags.c_contiguous and found.dtype == np.uint8
    # Of odd heights swscale rounds one number in 600 otherwise, for rgb24.
    odd = frame.height % 2
    np.testing.assert_allclose(found.astype(int), expected, atol=odd, rtol=0)
    assert (found != expected).mean() <= 0.005 * odd
