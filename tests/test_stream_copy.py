import itertools
from fractions import Fraction

import av
import pytest
from video_samples import (
    HEIGHT,
    WIDTH,
    audio_packets,
    video_times,
    write_video,
)

from deep3d.video import VideoError, VideoReader, VideoWriter

RATE = Fraction(25)


def _convert(source, target, **part):
    with (
        VideoReader(source, **part) as reader,
        VideoWriter(
            target, WIDTH, HEIGHT, RATE, reader.time_base, copy_from=source, **part
        ) as writer,
    ):
        for frame in reader:
            writer.write(frame.image, frame.pts)
        return writer


def _bytes(packets):
    return [data for _, data in packets]


def _largest_shift(packets, others):
    return max(abs(a[0] - b[0]) for a, b in zip(packets, others, strict=True))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
def test_audio_is_copied_bit_for_bit(tmp_path, suffix):
    source = write_video(tmp_path / "source.mp4", audio=["aac", "ac3"])
    target = tmp_path / f"target.{suffix}"
    _convert(source, target)
    for track in range(2):
        before, after = audio_packets(source, track), audio_packets(target, track)
        assert _bytes(after) == _bytes(before)
        assert len(after) > 10
        # Matroska counts milliseconds.
        assert _largest_shift(before, after) <= (Fraction(1, 2000) if suffix == "mkv" else 0)


def test_audio_priming_does_not_move_the_video(tmp_path):
    # AAC begins before time 0; Matroska's muxer would move everything by that.
    source = write_video(tmp_path / "source.mp4", audio=["aac"])
    _convert(source, tmp_path / "target.mkv")
    assert audio_packets(source)[0][0] < 0
    assert audio_packets(tmp_path / "target.mkv")[0][0] < 0
    assert video_times(tmp_path / "target.mkv") == video_times(source)


@pytest.mark.parametrize("audio_s", [0.1, 3.0])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_audio_may_end_before_or_after_the_video(tmp_path, audio_s, suffix):
    source = write_video(
        tmp_path / "source.mp4", range(0, 1000, 40), audio=["aac"], audio_s=audio_s
    )
    target = tmp_path / f"target.{suffix}"
    _convert(source, target)
    assert _bytes(audio_packets(target)) == _bytes(audio_packets(source))
    assert len(video_times(target)) == 25


@pytest.mark.parametrize("codec", ["aac", "mp2"])  # copied, converted
def test_audio_is_interleaved_with_the_video(tmp_path, codec):
    # Longer than the 10 s for which FFmpeg's muxer would wait and sort.
    source = write_video(tmp_path / "source.mkv", range(0, 24000, 200), audio=[codec], audio_s=24)
    _convert(source, tmp_path / "target.mp4")
    with av.open(str(tmp_path / "target.mp4")) as container:
        ends = [[], []]
        for packet in container.demux(video=0, audio=0):
            if packet.size:
                ends[packet.stream_index].append((packet.pos, packet.dts * packet.time_base))
    # A player that reads at any place needs to look ahead or back by a second at most.
    for position, time in ends[0]:
        heard = max((other for place, other in ends[1] if place < position), default=0)
        assert abs(time - heard) < 1


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_audio_packets_in_mp4_have_even_lengths(tmp_path, suffix):
    # Matroska's rounded times, taken literally, would make every packet a bit longer or shorter.
    source = write_video(tmp_path / "source.mkv", audio=["aac"], audio_s=2)
    _convert(source, tmp_path / f"target.{suffix}")
    before, after = audio_packets(source), audio_packets(tmp_path / f"target.{suffix}")
    assert _bytes(after) == _bytes(before)
    assert _largest_shift(before, after) <= Fraction(1, 1000)
    if suffix == "mp4":
        steps = {b[0] - a[0] for a, b in itertools.pairwise(after)}
        assert steps == {Fraction(1024, 48000)}


@pytest.mark.parametrize(("start_s", "end_s"), [(None, 1.0), (1.0, 2.0), (0.0, None), (1.6, None)])
@pytest.mark.parametrize("late", [0, 10_000])
def test_audio_of_a_part(tmp_path, start_s, end_s, late):
    times = range(late, late + 3000, 40)
    source = write_video(tmp_path / "source.mkv", times)
    if not late:
        source = write_video(tmp_path / "source.mkv", times, audio=["aac"], audio_s=3)
    target = tmp_path / "target.mp4"
    _convert(source, target, start_s=start_s, end_s=end_s)
    begin = start_s or 0
    expected = Fraction(late, 1000) if start_s is None else 0
    assert video_times(target)[0] == expected
    last = min(end_s or 3, 3) - begin - 0.04
    assert video_times(target)[-1] == expected + Fraction(last).limit_denominator(1000)
    if not late:
        stop = end_s or 100
        wanted = [p for p in audio_packets(source) if begin - 0.021 < p[0] < stop]
        packets = audio_packets(target)
        assert _bytes(packets) == _bytes(wanted)
        shifts = [w[0] - p[0] - Fraction(begin) for w, p in zip(wanted, packets, strict=True)]
        assert max(map(abs, shifts)) <= Fraction(1, 1000)


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_audio_of_a_late_part(tmp_path, suffix):
    # Late enough that the copy seeks; two tracks, both of which end at the end of the part.
    source = write_video(
        tmp_path / f"source.{suffix}", range(0, 20_000, 200), audio=["aac", "ac3"], audio_s=20
    )
    _convert(source, tmp_path / "target.mkv", start_s=15, end_s=16)
    for track, length in enumerate([1024, 1536]):
        before = [
            packet
            for packet in audio_packets(source, track)
            if 15 - Fraction(length, 48000) < packet[0] < 16
        ]
        assert _bytes(audio_packets(tmp_path / "target.mkv", track)) == _bytes(before)


def test_tracks_keep_language_title_and_default(tmp_path):
    def container(output):
        output.metadata.update({"title": "A film", "artist": "Somebody"})

    for suffix in ("mkv", "mp4"):
        source = write_video(
            tmp_path / f"source.{suffix}", audio=["aac", "ac3"], container=container
        )
        _convert(source, tmp_path / "target.mkv")
        with av.open(str(tmp_path / "target.mkv")) as target:
            tracks = [
                (stream.language, stream.metadata["title"]) for stream in target.streams.audio
            ]
            assert tracks == [("eng", "track 0"), ("deu", "track 1")]
            metadata = {key.lower(): value for key, value in target.metadata.items()}
            assert (metadata["title"], metadata["artist"]) == ("A film", "Somebody")
            assert "major_brand" not in metadata


def test_chapters_are_copied(tmp_path):
    chapters = [
        {
            "id": number,
            "start": 200 * number,
            "end": 200 * number + 200,
            "time_base": Fraction(1, 1000),
        }
        | {"metadata": {"title": f"chapter {number}"}}
        for number in range(2)
    ]
    source = write_video(
        tmp_path / "source.mkv", container=lambda output: output.set_chapters(chapters)
    )
    for suffix in ("mkv", "mp4"):
        _convert(source, tmp_path / f"target.{suffix}")
        with av.open(str(tmp_path / f"target.{suffix}")) as target:
            copied = [
                (c["start"] * c["time_base"], c["metadata"]["title"]) for c in target.chapters()
            ]
        assert copied == [(0, "chapter 0"), (Fraction(1, 5), "chapter 1")]


@pytest.mark.parametrize(
    ("codec", "suffix"), [("pcm_s16le", "mp4"), ("libopus", "mov"), ("flac", "mov")]
)
def test_audio_is_converted_only_where_the_container_cannot_hold_it(tmp_path, codec, suffix):
    source = write_video(tmp_path / "source.mkv", audio=["aac", codec])
    losses = _convert(source, tmp_path / f"target.{suffix}").losses
    assert losses == (f"{codec.removeprefix('lib')} audio (deu) becomes aac",)
    target = tmp_path / f"target.{suffix}"
    assert _bytes(audio_packets(target)) == _bytes(audio_packets(source))
    assert len(audio_packets(target, 1)) > 20
    source = write_video(tmp_path / "source.mkv", audio=[codec])
    assert _convert(source, tmp_path / "target.mkv").losses == ()
    assert _bytes(audio_packets(tmp_path / "target.mkv")) == _bytes(audio_packets(source))


@pytest.mark.parametrize("codec", ["libopus", "libmp3lame", "alac"])
def test_other_audio_in_mp4_is_complete(tmp_path, codec):
    # ALAC in Matroska has no packet durations; without them MP4 loses the last packet.
    source = write_video(tmp_path / "source.mkv", audio=[codec])
    _convert(source, tmp_path / "target.mp4")
    assert _bytes(audio_packets(tmp_path / "target.mp4")) == _bytes(audio_packets(source))


def test_source_without_audio_is_fine(tmp_path):
    source = write_video(tmp_path / "source.mp4")
    writer = _convert(source, tmp_path / "target.mp4")
    assert writer.losses == ()
    assert len(video_times(tmp_path / "target.mp4")) == 12


def test_missing_source_is_refused_before_work(tmp_path):
    with pytest.raises(VideoError, match="no such file"):
        VideoWriter(
            tmp_path / "film.mp4", WIDTH, HEIGHT, RATE, 1 / RATE, copy_from=tmp_path / "none.mp4"
        )
    assert list(tmp_path.iterdir()) == []
