from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from av.sidedata.sidedata import Type
from video_samples import HEIGHT, WIDTH, smooth_image

from deep3d.rendering import render_warp
from deep3d.video import VideoReader, VideoWriter, pack
from deep3d.video.high_dynamic_range import (
    TRANSFER_HLG,
    TRANSFER_PQ,
    LightMetadata,
    light_metadata,
    to_standard_range,
)

DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
LIGHT = LightMetadata(DISPLAY, "1000,400")
PARAMS = f"log-level=error:master-display={DISPLAY}:max-cll=1000,400:hdr10=1"


def deep_image(shift=0, width=WIDTH, height=HEIGHT):
    """A smooth picture with more than 256 steps: uint16 (h, w, 3)."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    red = 0.2 + 0.4 * (x + shift / 200) * y
    return np.rint(65280 * np.stack([red, 0.3 + 0.2 * y, 0.5 - 0.3 * x], -1)).astype(np.uint16)


def write_hdr(path, transfer=TRANSFER_PQ, frames=5, bits=10):
    """An HDR film as a camera or a disc has it, encoded by PyAV alone."""
    with av.open(str(path), "w") as output:
        options = {"crf": "4", "x265-params": PARAMS if transfer == TRANSFER_PQ else "log-level=0"}
        stream = output.add_stream("libx265", rate=25, options=options)
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = f"yuv420p{bits}le"
        context = stream.codec_context
        context.colorspace, context.color_range = 9, 1
        context.color_primaries, context.color_trc = 9, transfer
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(deep_image(number), format="rgb48le")
            frame = frame.reformat(format=stream.pix_fmt, dst_colorspace=9, dst_color_range=1)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def read(path, full_depth=True, **part):
    with VideoReader(path, **part) as reader:
        reader.full_depth = full_depth
        return list(reader), reader


def first_frame(path):
    with av.open(str(path)) as container:
        return next(container.decode(video=0))


@pytest.mark.parametrize("full_range", [False, True])
def test_reader_gives_all_bits(tmp_path, full_range):
    # One 10-bit YUV color in BT.2020; the reference is ITU-T H.273, 8.3.
    luma, blueness, redness = 481, 401, 640
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p10le"
        frame = av.VideoFrame.from_ndarray(
            np.concatenate([np.full(256, luma), np.full(64, blueness), np.full(64, redness)])
            .astype(np.uint16)
            .reshape(24, 16),
            "yuv420p10le",
        )
        for thing in (stream.codec_context, frame):
            thing.colorspace, thing.color_range = 9, 2 if full_range else 1
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    frames, reader = read(path)
    assert reader.bits == 10
    image = frames[0].image
    assert image.dtype == np.uint16
    y = luma / 1023 if full_range else (luma - 64) / 876
    span = 1023 if full_range else 896
    u, v = (blueness - 512) / span, (redness - 512) / span
    red, blue = y + 2 * (1 - 0.2627) * v, y + 2 * (1 - 0.0593) * u
    green = (y - 0.2627 * red - 0.0593 * blue) / 0.678
    expected = 65280 * np.array([red, green, blue])
    # Half of a 10-bit step; an 8-bit path would err by up to 128. Full range is off by one more.
    np.testing.assert_allclose(image[8, 8].astype(float), expected, atol=96 if full_range else 32)
    assert read(path, full_depth=False)[0][0].image.dtype == np.uint8


def test_reader_tells_the_light(tmp_path):
    assert read(write_hdr(tmp_path / "film.mkv"))[1].light == LIGHT
    assert read(write_hdr(tmp_path / "hlg.mkv", TRANSFER_HLG))[1].light == LightMetadata()


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
@pytest.mark.parametrize("transfer", [TRANSFER_PQ, TRANSFER_HLG])
def test_hdr_round_trip(tmp_path, suffix, transfer):
    source = write_hdr(tmp_path / "source.mkv", transfer)
    target = tmp_path / f"target.{suffix}"
    frames, reader = read(source)
    with VideoWriter(
        target,
        WIDTH,
        HEIGHT,
        25,
        reader.time_base,
        codec="h265",
        bits=10,
        crf=4,
        color=reader.color,
        light=reader.light,
    ) as writer:
        for frame in frames:
            writer.write(frame.image, frame.pts)
    stored = first_frame(target)
    assert stored.format.name == "yuv420p10le"
    assert (stored.colorspace, stored.color_range) == (9, 1)
    assert (stored.color_primaries, stored.color_trc) == (9, transfer)
    before, after = first_frame(source).side_data, stored.side_data
    for kind in (Type.MASTERING_DISPLAY_METADATA, Type.CONTENT_LIGHT_LEVEL):
        assert (kind in before) == (transfer == TRANSFER_PQ) == (kind in after)
        if kind in before:
            assert bytes(before[kind]) == bytes(after[kind])
    for new, old in zip(read(target)[0], frames, strict=True):
        difference = new.image.astype(int) - old.image
        assert np.abs(difference).mean() < 128  # half of an 8-bit step, lossy coding included
        assert np.abs(difference.mean(axis=(0, 1))).max() < 40  # no cast


def test_light_metadata_takes_nonsense_for_none():
    frame = av.VideoFrame(16, 16, "yuv420p")
    assert light_metadata(frame) == LightMetadata()
    assert LightMetadata().x265_params() == []
    assert LIGHT.x265_params() == [f"master-display={DISPLAY}", "max-cll=1000,400", "hdr10=1"]


def test_to_standard_range_preset():
    # ST 2084: 0.5081 is 100 cd/m2, 0.5807 is 203 (a white page), 0.7518 is 1000; HLG: 0.75 is 203.
    values = np.rint(65280 * np.array([0, 0.2, 0.5081, 0.5807, 0.7518, 1])).astype(np.uint16)
    grays = np.repeat(values[np.newaxis, :, np.newaxis], 3, axis=2)
    shown = to_standard_range(grays, TRANSFER_PQ, 9)
    assert shown.dtype == np.uint8
    assert np.ptp(shown, axis=2).max() <= 1  # gray stays gray
    row = shown[0, :, 0].astype(int)
    assert row[0] == 0
    assert 0 < row[1] < 60
    assert 170 < row[2] < 200 < row[3] < 235 < row[4]
    assert (np.diff(row) >= 0).all()
    page = np.full((1, 1, 3), round(0.75 * 65280), np.uint16)
    assert abs(int(to_standard_range(page, TRANSFER_HLG, 9)[0, 0, 0]) - row[3]) <= 2


def test_to_standard_range_of_usual_video_drops_bits():
    image = deep_image()
    shown = to_standard_range(image, 1, 1)
    assert np.abs(shown.astype(float) - image / 256).max() <= 1


@pytest.mark.parametrize(
    "layout", ["half_sbs", "full_sbs", "half_tab", "full_tab", "anaglyph_dubois", "anaglyph_color"]
)
def test_pack_in_16_bits_agrees_with_8(layout):
    left, right = smooth_image(), smooth_image(9)
    small = pack(left, right, layout)
    deep = pack(left.astype(np.uint16) * 256, right.astype(np.uint16) * 256, layout)
    assert deep.dtype == np.uint16
    np.testing.assert_allclose(deep / 256, small, atol=0.51)


def test_render_warp_in_16_bits_agrees_with_8():
    left = cv2.resize(smooth_image(), (128, 96))
    disparity = np.tile(np.linspace(-2, 3, 32, dtype=np.float32), (24, 1))
    small = render_warp(left, disparity)
    deep = render_warp(left.astype(np.uint16) * 256, disparity)
    assert deep.dtype == np.uint16
    np.testing.assert_allclose(deep / 256, small, atol=0.51)
