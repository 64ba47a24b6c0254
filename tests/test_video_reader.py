import os
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from video_samples import HEIGHT, WIDTH, smooth_image, video_times, write_video

from deep3d.video import VideoError, VideoReader

UNEVEN = (0, 33, 66, 140, 141, 300, 301, 500, 900, 905, 910, 1000)
MATRICES = {"BT.709": 1, "BT.601": 6, "BT.2020": 9}


def _read(path, **part):
    with VideoReader(path, **part) as reader:
        return list(reader), reader


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("start", [0, 777])
def test_reader_times_are_exact(tmp_path, suffix, start):
    times = [start + time for time in UNEVEN]
    path = write_video(tmp_path / f"film.{suffix}", times)
    frames, reader = _read(path)
    assert [frame.time for frame in frames] == [Fraction(time, 1000) for time in times]
    assert all(frame.pts * frame.time_base == frame.time for frame in frames)
    assert (reader.width, reader.height, reader.decode_errors) == (WIDTH, HEIGHT, 0)
    assert reader.timestamp_errors == 0


def test_reader_describes_the_video(tmp_path):
    path = write_video(tmp_path / "film.mp4", audio=["aac"])
    frames, reader = _read(path)
    assert reader.frame_rate == 25
    assert reader.frame_count == len(frames) == 12
    assert reader.duration_s == pytest.approx(0.48, abs=0.05)
    assert reader.has_audio
    assert reader.sample_aspect_ratio == 1
    assert frames[3].image.dtype == np.uint8
    assert frames[3].image.shape == (HEIGHT, WIDTH, 3)


def test_reader_gives_the_pictures(tmp_path):
    images = [smooth_image(7 * number) for number in range(5)]
    path = write_video(tmp_path / "film.mp4", range(0, 200, 40), images=images)
    for frame, image in zip(_read(path)[0], images, strict=True):
        # 2.5: 8-bit YUV at half the color resolution, and the encoder.
        assert np.abs(frame.image.astype(int) - image).mean() < 2.5


def with_b_frames(stream):
    """An encoder's set-up: three of four pictures refer to others, one of these is referred to."""
    stream.options = {"crf": "40", "preset": "medium", "x264-params": "bframes=3:b-adapt=0"}


@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
def test_reader_leaves_out_what_no_other_refers_to(tmp_path, suffix):
    images = [smooth_image(7 * number % 50) for number in range(96)]
    path = write_video(
        tmp_path / f"film{suffix}", range(0, 96 * 40, 40), images=images, set_up=with_b_frames
    )
    asked = []

    def wants_all(time):
        asked.append(time)
        return 1 <= time < 2

    whole, sparse = _read(path)[0], _read(path, wants_all=wants_all)[0]
    first, base = whole[0].pts, whole[0].time_base
    kept = {frame.pts: frame for frame in sparse}
    assert {frame.pts for frame in whole if 1 <= (frame.pts - first) * base < 2} <= kept.keys()
    # Half are left out, but for some at the beginning, which are read before the choice is made.
    later = [frame for frame in whole if (frame.pts - first) * base >= 2]
    assert len(kept.keys() & {frame.pts for frame in later}) == pytest.approx(24, abs=2)
    assert all((kept[f.pts].image == f.image).all() for f in whole if f.pts in kept)
    assert min(asked) >= 0 and max(asked) < 4
    resumed = VideoReader(path, wants_all=wants_all)
    with resumed:
        resumed.skip_to(later[10].pts)
        again = [frame.pts for frame in resumed]
    assert again == [pts for pts in kept if pts >= later[10].pts]


def test_reader_quick_keeps_what_others_refer_to(tmp_path):
    noise = np.random.default_rng(0).integers(-30, 30, (24, HEIGHT, WIDTH, 3))
    images = [
        np.clip(smooth_image(i) + one, 0, 255).astype(np.uint8) for i, one in enumerate(noise)
    ]
    path = write_video(
        tmp_path / "film.mkv", range(0, 960, 40), images=images, set_up=with_b_frames
    )
    whole, quick = _read(path)[0], _read(path, quick=True)[0]
    assert [frame.pts for frame in quick] == [frame.pts for frame in whole]
    change = [
        np.abs(one.image.astype(int) - other.image).mean()
        for one, other in zip(whole, quick, strict=True)
    ]
    alike = np.array(change) == 0
    assert 6 <= alike.sum() < 24  # no error is handed on to the next picture that others refer to
    assert alike[0]
    assert max(change) < 4


def test_reader_images_have_no_gaps_between_rows(tmp_path):
    # FFmpeg pads rows to a multiple of 64 bytes.
    path = write_video(tmp_path / "film.mp4", [0], images=[smooth_image(0, 54, 38)])
    image = _read(path)[0][0].image
    assert image.shape == (38, 54, 3)
    assert image.flags["C_CONTIGUOUS"]


def test_reader_images_stay_when_reading_goes_on(tmp_path):
    path = write_video(tmp_path / "film.mp4", range(0, 1200, 40))
    frames, _ = _read(path)
    with VideoReader(path) as reader:
        for kept, frame in zip(frames, reader, strict=True):
            np.testing.assert_array_equal(kept.image, frame.image)


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("full_range", [False, True])
def test_reader_converts_by_the_tags(tmp_path, matrix, full_range):
    # One YUV color; what RGB it is depends on the tags alone. The reference is ITU-T H.273, 8.3.
    luma, blueness, redness = 120, 100, 160
    planes = np.concatenate(
        [np.full(16 * 16, luma), np.full(8 * 8, blueness), np.full(8 * 8, redness)]
    )
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.width = stream.height = 16
        stream.codec_context.colorspace = MATRICES[matrix]
        stream.codec_context.color_range = 2 if full_range else 1
        frame = av.VideoFrame.from_ndarray(planes.astype(np.uint8).reshape(24, 16), "yuv420p")
        frame.colorspace = MATRICES[matrix]
        frame.color_range = 2 if full_range else 1
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    image = _read(path)[0][0].image
    expected = _rgb(luma, blueness, redness, matrix, full_range)
    np.testing.assert_allclose(image[8, 8].astype(float), expected, atol=1.0)


def _rgb(luma, blueness, redness, matrix, full_range):
    red_weight, blue_weight = {
        "BT.709": (0.2126, 0.0722),
        "BT.601": (0.299, 0.114),
        "BT.2020": (0.2627, 0.0593),
    }[matrix]
    y = luma / 255 if full_range else (luma - 16) / 219
    span = 255 if full_range else 224
    u, v = (blueness - 128) / span, (redness - 128) / span
    red, blue = y + 2 * (1 - red_weight) * v, y + 2 * (1 - blue_weight) * u
    green = (y - red_weight * red - blue_weight * blue) / (1 - red_weight - blue_weight)
    return 255 * np.array([red, green, blue])


@pytest.mark.parametrize(("height", "matrix"), [(48, 6), (718, 6), (720, 1)])
def test_reader_guesses_the_matrix_from_the_height(tmp_path, height, matrix):
    path = write_video(tmp_path / "film.mp4", [0], images=[smooth_image(0, 32, height)])
    color = _read(path)[1].color
    assert (color.matrix, color.matrix_tag, color.full_range) == (matrix, 2, False)


@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_reader_applies_rotation(tmp_path, degrees):
    image = smooth_image()
    path = write_video(
        tmp_path / "film.mp4",
        [0, 40],
        images=[image, image],
        set_up=lambda stream: stream.set_display_rotation(degrees),
    )
    frames, reader = _read(path)
    upright = np.rot90(image, degrees // 90)  # counter-clockwise, like the metadata
    assert (reader.height, reader.width) == frames[0].image.shape[:2] == upright.shape[:2]
    assert np.abs(frames[0].image.astype(int) - upright).mean() < 2.5


def test_reader_gives_the_pixel_aspect(tmp_path):
    def set_up(stream):
        stream.codec_context.sample_aspect_ratio = Fraction(16, 11)

    def set_up_rotated(stream):
        set_up(stream)
        stream.set_display_rotation(90)

    upright = write_video(tmp_path / "upright.mp4", set_up=set_up)
    assert _read(upright)[1].sample_aspect_ratio == Fraction(16, 11)
    rotated = write_video(tmp_path / "rotated.mp4", set_up=set_up_rotated)
    assert _read(rotated)[1].sample_aspect_ratio == Fraction(11, 16)


@pytest.mark.parametrize("start", [0, 36_000])
def test_reader_part(tmp_path, start):
    # Seconds count from the beginning of the film, wherever its time stamps begin.
    path = write_video(tmp_path / "film.mkv", range(start, start + 4000, 40))
    frames, reader = _read(path, start_s=1.0, end_s=2.0)
    times = [frame.pts - start for frame in frames]
    assert times == list(range(1000, 2000, 40))
    assert reader.frame_count == 25
    assert reader.duration_s == pytest.approx(1.0)
    assert [frame.pts - start for frame in _read(path, start_s=3.9)[0]] == [3920, 3960]
    with pytest.raises(VideoError, match=r"lasts 4\.0 s, and the part begins at 100 s"):
        VideoReader(path, start_s=100)
    whole, _ = _read(path)
    np.testing.assert_array_equal(frames[0].image, whole[25].image)


def test_reader_part_of_a_transport_stream(tmp_path):
    # It has no index: a seek lands between key frames, whose followers cannot be decoded.
    path = write_video(tmp_path / "film.ts", range(100), Fraction(1, 25), codec="mpeg2video")
    times = video_times(path)
    for number in (3, 20, 47, 90):
        start_s = float(times[number] - times[0])
        frames, _ = _read(path, start_s=start_s)
        assert [frame.time for frame in frames] == times[number:]


def test_reader_rejects_an_empty_part(tmp_path):
    path = write_video(tmp_path / "film.mp4")
    for start_s, end_s in [(2.0, 1.0), (-1.0, None), (1.0, 1.0)]:
        with pytest.raises(ValueError, match="0 <= start_s < end_s"):
            VideoReader(path, start_s=start_s, end_s=end_s)


def _truncated(folder):
    path = write_video(folder / "film.mp4")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moov") - 4])  # the index is at the end
    return path


def _without_frames(folder):
    with av.open(str(folder / "film.mkv"), "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width = stream.height = 32
        output.start_encoding()
    return folder / "film.mkv"


def _text(folder):
    (folder / "film.mp4").write_text("This is no film.\n" * 50)
    return folder / "film.mp4"


def _playlist(folder):
    write_video(folder / "part.ts", codec="mpeg2video", times=range(10), time_base=Fraction(1, 25))
    (folder / "film.ffconcat").write_text("ffconcat version 1.0\nfile part.ts\n")
    return folder / "film.ffconcat"


def _picture(folder):
    cv2.imwrite(str(folder / "film.jpg"), smooth_image())
    return folder / "film.jpg"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "film.mp4", "no such file"),
        (lambda folder: folder, "is a folder"),
        (_text, "not a readable video"),
        (_truncated, "cut off"),
        (_without_frames, "ends before its first frame"),
        (lambda folder: write_video(folder / "a.mp4", codec=None, audio=["aac"]), "no video"),
        (_playlist, "is a playlist"),
        (_picture, "is a picture"),
    ],
)
def test_reader_rejects_with_one_clear_line(tmp_path, make, message):
    path = make(tmp_path)
    with pytest.raises(VideoError, match=message) as caught:
        VideoReader(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_reader_ignores_cover_pictures(tmp_path):
    # A song with its cover is no video, although FFmpeg lists a video stream.
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as output:
        cover = output.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.VideoFrame.from_ndarray(smooth_image())
        output.mux(cover.encode(frame))
        output.mux(cover.encode(None))
    with pytest.raises(VideoError, match="no video"):
        VideoReader(path)


def _damaged(path, share, seed=0):
    """Overwrites a share of the compressed pictures, not the container around them."""
    with av.open(str(path)) as container:
        packets = [
            (packet.pos, packet.size)
            for packet in container.demux(video=0)
            if packet.size and packet.pos
        ][1:]
    chosen = np.random.default_rng(seed).permutation(len(packets))[: int(len(packets) * share)]
    data = bytearray(path.read_bytes())
    for index in chosen:
        position, size = packets[index]
        data[position : position + size] = bytes(size)
    path.write_bytes(data)
    return len(chosen)


def test_reader_passes_over_damaged_packets(tmp_path):
    path = write_video(tmp_path / "film.mp4", range(0, 4000, 40))
    bad = _damaged(path, 0.05)
    frames, reader = _read(path)
    assert reader.decode_errors == bad > 0
    assert len(frames) >= 100 - bad
    assert all(frame.pts * reader.time_base % Fraction(40, 1000) == 0 for frame in frames)


def test_reader_gives_up_on_a_ruin(tmp_path):
    path = write_video(tmp_path / "film.mp4", range(0, 4000, 40))
    _damaged(path, 0.8)
    with pytest.raises(VideoError, match="packets cannot be decoded"):
        _read(path)


def test_reader_tells_how_much_is_missing(tmp_path):
    path = write_video(
        tmp_path / "film.mp4", range(0, 4000, 40), container_options={"movflags": "+faststart"}
    )
    assert _read(path)[1].missing_s <= 0.041
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + 2 * len(data[data.index(b"mdat") :]) // 3])
    frames, reader = _read(path)
    assert 0 < len(frames) < 100
    assert reader.missing_s == pytest.approx(4 - 0.04 * (len(frames) - 1), abs=0.01)


def test_reader_replaces_missing_and_repeated_times(tmp_path):
    path = write_video(tmp_path / "film.mp4", range(0, 400, 40))
    with VideoReader(path) as reader:
        decoded = reader._decoded
        stamps = iter([0, None, 512, 512, 2048, 100, *range(3000, 3004)])

        def restamped():
            for frame in decoded:
                frame.pts = frame.dts = next(stamps)
                yield frame

        reader._first.pts = next(stamps)
        reader._decoded = restamped()
        step = round(1 / (25 * reader.time_base))
        expected = [0, step, step + 1, step + 2, 2048, 2049, *range(3000, 3004)]
        assert step > 512
        assert [frame.pts for frame in reader] == expected
        assert reader.timestamp_errors == 4


def test_reader_keeps_one_size(tmp_path):
    # A transport stream may change its size in the middle.
    one = write_video(tmp_path / "a.ts", range(5), Fraction(1, 25), codec="mpeg2video")
    large = [smooth_image(0, 96, 80)] * 5
    two = write_video(
        tmp_path / "b.ts", range(5, 10), Fraction(1, 25), images=large, codec="mpeg2video"
    )
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    frames, reader = _read(both)
    assert [frame.time for frame in frames] == video_times(both)
    assert len(frames) > 5
    assert {frame.image.shape for frame in frames} == {(HEIGHT, WIDTH, 3)}
    assert (reader.width, reader.height) == (WIDTH, HEIGHT)


def test_reader_takes_odd_file_names(tmp_path):
    # A colon in a relative name must not be taken for a protocol; tags may not be UTF-8.
    path = write_video(tmp_path / "concat:a|b %d.mp4")
    before = os.getcwd()
    os.chdir(tmp_path)
    try:
        assert len(_read(path.name)[0]) == 12
    finally:
        os.chdir(before)


def test_reader_agrees_with_ffmpeg_on_real_clips(shared_folder):
    path = shared_folder / "clips" / "intel_car-detection.mp4"
    frames, reader = _read(path, end_s=5)
    assert [frame.time for frame in frames] == video_times(path, end_s=5)
    assert len(frames) == reader.frame_count
