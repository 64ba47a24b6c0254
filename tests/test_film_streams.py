"""Everything beside the picture goes over, read back packet by packet."""

import itertools
import pathlib
from fractions import Fraction

import av
import numpy as np
import pytest
from film_samples import (
    FONT,
    GRAPHICS,
    LENGTH_MS,
    TEXTS,
    chapters_of,
    cover_bytes,
    packets_of,
    spoken,
    write_film,
)
from video_samples import HEIGHT, WIDTH, audio_packets, smooth_image, video_times, write_video

from deep3d.video import VideoError, VideoReader, VideoWriter
from deep3d.video.chapters import cut_chapters
from deep3d.video.copied_tags import TAGS_HELD, kept_tags
from deep3d.video.copy_plan import plan_copy
from deep3d.video.stream_copy import StreamCopy

LOST_IN_MP4 = (
    "styles of the ass subtitles (eng)",
    "hdmv_pgs_subtitle subtitles (fra)",
    "attachment Fancy.ttf",
    "tags director",
)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_film(tmp_path_factory.mktemp("film") / "film.mkv")


def convert(source, target, **part):
    with (
        VideoReader(source, **part) as reader,
        VideoWriter(
            target,
            reader.width + reader.width % 2,
            reader.height + reader.height % 2,
            reader.frame_rate,
            reader.time_base,
            copy_from=source,
            preset="ultrafast",
            **part,
        ) as writer,
    ):
        for frame in reader:
            writer.write(frame.image, frame.pts)
    return writer


def described(path):
    """(type, codec, language, title, disposition) of every stream that is not the video."""
    with av.open(str(path)) as container:
        return [
            (
                stream.type,
                stream.codec_context and stream.codec_context.codec.canonical_name,
                stream.language,
                stream.metadata.get("title"),
                int(stream.disposition),
            )
            for stream in container.streams
        ][1:]


def test_copy_into_matroska_is_complete(film, tmp_path):
    writer = convert(film, tmp_path / "copy.mkv")
    assert writer.losses == ()
    assert described(tmp_path / "copy.mkv") == described(film)
    assert len(described(film)) == 7
    for kind, number in [("audio", 0), ("audio", 1), *(("subtitle", n) for n in range(3))]:
        before, after = packets_of(film, kind, number), packets_of(writer.path, kind, number)
        assert [(time, data) for time, _, data in after] == [(t, data) for t, _, data in before]
        assert len(after) > 1
    assert chapters_of(writer.path) == chapters_of(film)
    with av.open(str(writer.path)) as container:
        assert {"title", "DIRECTOR"} < container.metadata.keys()
        font = next(stream for stream in container.streams if stream.type == "attachment")
        assert (font.name, font.mimetype, font.data) == ("Fancy.ttf", "font/ttf", FONT)
        cover = container.streams.video[1]
        assert bytes(next(container.demux(cover))) == cover_bytes()


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_copy_into_mp4_converts_text_and_names_the_rest(film, tmp_path, suffix):
    target = tmp_path / f"copy.{suffix}"
    lost = LOST_IN_MP4 if suffix == "mp4" else (*LOST_IN_MP4[:3], "cover picture", LOST_IN_MP4[3])
    assert plan_copy(film, target).losses == lost
    assert not target.exists()
    assert convert(film, target).losses == lost
    with av.open(str(target)) as container:
        kinds = [(s.codec_context.name, s.language) for s in container.streams.subtitles]
        assert kinds[0][0] == kinds[1][0] == "mov_text"
        assert kinds[1][1] == "eng"
        assert container.metadata["title"] == "A film"
        assert container.streams.subtitles[0].disposition & av.stream.Disposition.forced or (
            suffix == "mov"
        )
        assert kinds[0][1] == ("deu" if suffix == "mp4" else "ger")  # two codes of one language
        if suffix == "mp4":
            cover = container.streams.video[1]
            assert bytes(next(container.demux(cover))) == cover_bytes()
    for number in range(2):
        lines = spoken(target, number)
        assert [line[:2] for line in lines] == [(time, time + LENGTH_MS) for time in TEXTS]
    assert [line[2] for line in spoken(target)] == [
        b"{\\i1}Guten{\\r} Tag",
        b"two\nlines",
        b"the last",
    ]
    assert chapters_of(target) == chapters_of(film)


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_copy_from_mp4(film, tmp_path, suffix):
    first = convert(film, tmp_path / "first.mp4").path
    writer = convert(first, tmp_path / f"second.{suffix}")
    assert writer.losses == ()  # the text track of the chapters is none of the film's
    with av.open(str(writer.path)) as container:
        assert len(container.streams.subtitles) == 2
        name = "subrip" if suffix == "mkv" else "mov_text"
        assert container.streams.subtitles[0].codec_context.codec.canonical_name == name
        title = container.streams.audio[0].metadata
        assert title.get("title", title.get("name")) == "no 0"
        assert bytes(next(container.demux(container.streams.video[1]))) == cover_bytes()
    lines = [(begin, end) for begin, end, _ in spoken(writer.path)]
    assert lines == [(time, time + LENGTH_MS) for time in TEXTS]
    assert chapters_of(writer.path) == chapters_of(film)


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_copy_of_a_part_is_cut_and_moved_alike(film, tmp_path, suffix):
    target = convert(film, tmp_path / f"part.{suffix}", start_s=0.52, end_s=2.2).path
    assert video_times(target)[0] == 0
    # 100..700 ms and 1200..1800 ms of the film; the third begins behind the part
    assert [line[:2] for line in spoken(target)] == [(0, 180), (680, 1280)]
    assert chapters_of(target) == [
        (0, Fraction(48, 100), "chapter 0"),
        (Fraction(48, 100), Fraction(148, 100), "chapter 1"),
        (Fraction(148, 100), Fraction(168, 100), "chapter 2"),
    ]
    for number in range(2):
        begin = audio_packets(target, number)[0][0]
        assert -0.033 < begin < 0.001
    if suffix == "mkv":
        times = [time for time, _, _ in packets_of(target, "subtitle", 2)]
        assert times == [Fraction(max(time, 520) - 520, 1000) for time in GRAPHICS]


def test_copy_of_a_subtitle_is_shortened_to_the_part(film, tmp_path):
    target = convert(film, tmp_path / "part.mkv", start_s=1.0, end_s=1.4).path
    assert [line[:2] for line in spoken(target)] == [(200, 400)]


def test_cut_chapters_preset():
    chapters = [
        {"id": 7, "start": 0, "end": 5, "time_base": Fraction(1), "metadata": {"title": "a"}},
        {"id": 8, "start": 5, "end": 9, "time_base": Fraction(1), "metadata": {}},
        {"id": 9, "start": 9, "end": 9, "time_base": Fraction(1), "metadata": {}},
        {"id": 10, "start": -3, "end": -1, "time_base": Fraction(1), "metadata": {}},
    ]
    whole = cut_chapters(chapters, Fraction(0), None, Fraction(0))
    assert [(c["id"], c["start"], c["end"]) for c in whole] == [(7, 0, 5000), (8, 5000, 9000)]
    part = cut_chapters(chapters, Fraction(4), Fraction(6), Fraction(4))
    assert [(c["id"], c["start"], c["end"]) for c in part] == [(7, 0, 1000), (8, 1000, 2000)]
    assert part[0]["metadata"] == {"title": "a"}
    assert cut_chapters(chapters, Fraction(20), None, Fraction(20)) == []


def test_kept_tags_preset():
    tags = {
        "BPS-eng": "1",
        "DURATION": "2",
        "_STATISTICS_TAGS": "3",
        "handler_name": "SoundHandler",
    }
    assert kept_tags({**tags, "TITLE": "a", "language": "eng"}) == {"title": "a", "language": "eng"}
    assert kept_tags({"handler_name": "Commentary"}) == {"handler_name": "Commentary"}


def test_tags_that_mp4_holds_are_those_it_is_said_to_hold(tmp_path):
    values = {"location": "+10.0+020.0/"}
    for muxer, known in TAGS_HELD.items():
        path = tmp_path / f"film.{muxer}"
        with VideoWriter(
            path,
            WIDTH,
            HEIGHT,
            25,
            Fraction(1, 25),
            metadata={tag: values.get(tag, "5") for tag in known},
        ) as writer:
            writer.write(smooth_image(), 0)
        with av.open(str(path)) as container:
            assert known - container.metadata.keys() == set()


def test_timecode_is_kept(tmp_path):
    def set_up(stream):
        stream.metadata["timecode"] = "01:00:00:00"

    source = write_video(tmp_path / "source.mov", range(0, 12), Fraction(1, 25), set_up=set_up)
    for suffix in ("mov", "mp4"):
        writer = convert(source, tmp_path / f"copy.{suffix}")
        assert writer.losses == ()
        with av.open(str(writer.path)) as container:
            assert container.streams.video[0].metadata["timecode"] == "01:00:00:00"
    assert convert(source, tmp_path / "part.mov", start_s=0.2).losses == ("timecode",)


def test_hundred_tracks_are_copied(tmp_path):
    source = write_film(tmp_path / "many.mkv", audio=["aac"] * 100, seconds=1)
    target = convert(source, tmp_path / "copy.mkv").path
    for track in (0, 57, 99):
        assert audio_packets(target, track) == audio_packets(source, track)
    with av.open(str(target)) as container:
        assert len(container.streams.audio) == 100


def test_second_video_is_named(tmp_path):
    source = tmp_path / "two.mkv"
    with av.open(str(source), "w") as output:
        streams = [output.add_stream("libx264", rate=25) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height = WIDTH, HEIGHT
        for stream in streams:
            for number in range(5):
                output.mux(stream.encode(av.VideoFrame.from_ndarray(smooth_image(number))))
            output.mux(stream.encode(None))
    assert convert(source, tmp_path / "copy.mkv").losses == ("h264 video",)


def test_broken_subtitles_cost_only_themselves(film, tmp_path):
    # The bytes of the lines are random; the track around them is whole.
    data = bytearray(film.read_bytes())
    noise = np.random.default_rng(0)
    for line in TEXTS.values():
        place = data.index(line.encode())
        size = len(line.encode())
        data[place : place + size] = noise.integers(0, 256, size, np.uint8).tobytes()
    source = tmp_path / "broken.mkv"
    source.write_bytes(data)
    for suffix in ("mkv", "mp4"):
        target = convert(source, tmp_path / f"copy.{suffix}").path
        assert len(video_times(target)) == 75
        assert [p[1] for p in audio_packets(target)] == [p[1] for p in audio_packets(film)]
        assert len(packets_of(target, "subtitle", 1)) >= len(TEXTS)


def test_memory_of_the_copy_does_not_grow_with_the_film(film):
    """A packet is read when the picture has come as far, not before."""
    taken = []
    with av.open("/dev/null", "w", format="matroska") as output:
        video = output.add_stream("libx264", rate=25)
        video.width, video.height = WIDTH, HEIGHT
        copy = StreamCopy(pathlib.Path(film), output, pathlib.Path("x.mkv"))
        packets = copy._packets
        copy._packets = (
            taken.append(packet.dts * packet.time_base) or packet for packet in packets
        )
        output.start_encoding()
        for step in range(1, 11):
            copy.mux_until(Fraction(step, 10))
            assert max(taken) <= Fraction(step, 10) + 1
        copy.close()


def _renamed(film, folder, old, new):
    """The film with the name of a codec replaced by another of the same length."""
    data = film.read_bytes()
    assert old in data
    path = folder / "renamed.mkv"
    path.write_bytes(data.replace(old, new))
    return path


def test_unknown_codecs_are_named(film, tmp_path):
    source = _renamed(film, tmp_path, b"A_AC3", b"A_XY3")
    writer = convert(source, tmp_path / "copy.mkv")
    assert writer.losses == ("unknown audio (deu)",)
    assert [p[1] for p in audio_packets(writer.path)] == [p[1] for p in audio_packets(film)]
    source = _renamed(film, tmp_path, b"S_TEXT/UTF8", b"S_TEXT/XYZ8")
    assert convert(source, tmp_path / "text.mkv").losses == ("unknown subtitles (deu)",)


def test_unknown_video_codec_is_refused(film, tmp_path):
    source = _renamed(film, tmp_path, b"V_MPEG4/ISO/AVC", b"V_MPEG4/ISO/XYZ")
    with pytest.raises(VideoError, match="codec is not known to this build"):
        VideoReader(source)
    with pytest.raises(VideoError, match="codec is not known to this build"):
        plan_copy(source, tmp_path / "copy.mkv")


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_sound_with_repeated_times_is_complete(tmp_path, suffix):
    # A muxer refuses a packet that is not behind the one before.
    whole = write_video(tmp_path / "whole.mkv", audio=["ac3"], audio_s=1)
    source = tmp_path / "source.mkv"
    options = {"avoid_negative_ts": "disabled"}
    with (
        av.open(str(whole)) as reading,
        av.open(str(source), "w", container_options=options) as writing,
    ):
        streams = {
            stream.index: writing.add_stream_from_template(stream, opaque=True)
            for stream in reading.streams
        }
        for packet in reading.demux():
            if not packet.size:
                continue
            if packet.stream.type == "audio" and packet.pts in (155, 187, 219):
                packet.pts = packet.dts = 155
            packet.stream = streams[packet.stream_index]
            writing.mux(packet)
    times = [time for time, _ in audio_packets(source)]
    assert len(times) - len(set(times)) == 2
    writer = convert(source, tmp_path / f"copy.{suffix}")
    assert writer.lost_packets == 0
    after = audio_packets(writer.path)
    assert [data for _, data in after] == [data for _, data in audio_packets(whole)]
    assert all(b[0] > a[0] for a, b in itertools.pairwise(after))


def test_absurd_times_are_left_out(film, tmp_path):
    class Packet:
        """A packet as a damaged file has it."""

        stream_index, duration, pts, time_base = 1, 0, None, Fraction(1, 1000)

        def __init__(self, dts):
            self.dts = dts
            self.stream = type("Stream", (), {"type": "audio"})

    with av.open("/dev/null", "w", format="matroska") as output:
        video = output.add_stream("libx264", rate=25)
        video.width, video.height = WIDTH, HEIGHT
        copy = StreamCopy(film, output, pathlib.Path("x.mkv"))
        missing = Packet(None)
        assert copy._has_times(Packet(100))
        assert copy._has_times(Packet(124))
        assert copy._has_times(missing)
        assert (missing.dts, missing.duration) == (148, 24)
        assert not copy._has_times(Packet(1 << 62))
        assert copy.lost_packets == 1
        copy.close()
        output.start_encoding()
