import tracemalloc
from fractions import Fraction

import av
import numpy as np
import pytest
from video_samples import HEIGHT, MILLISECOND, WIDTH, _video_packets, smooth_image

from deep3d.video import VideoReader, VideoWriter
from deep3d.video.copy_plan import plan_copy
from deep3d.video.sound_conversion import SoundConverter

RATE = 48000
CLICKS = (0.25, 1.0, 1.75, 2.5)  # seconds
AAC_FRAME = 1024 / RATE


def click_track(seconds=3.0, channels=2, rate=RATE, clicks=CLICKS):
    """(channels, samples): short beeps in silence, each channel at its own pitch."""
    times = np.arange(round(seconds * rate)) / rate
    loud = sum((times >= click) & (times < click + 0.02) for click in clicks)
    pitches = 500 * (1 + np.arange(channels))[:, np.newaxis]
    return (0.5 * loud * np.sin(2 * np.pi * pitches * times)).astype(np.float32)


def write_film(path, codec, samples, *, rate=RATE, layout="stereo", late=0.0, times=None, gaps=()):
    """A film whose sound is the samples, beginning late; `gaps` are (second, length) left out."""
    times = range(0, 3000, 40) if times is None else times
    with av.open(str(path), "w", container_options={"avoid_negative_ts": "disabled"}) as output:
        stills = [smooth_image(0)] * len(times)
        packets = _video_packets(output, "libx264", stills, times, MILLISECOND, lambda _: None)
        stream = output.add_stream(codec, rate=rate, layout=layout)
        stream.metadata["language"] = "eng"
        context = stream.codec_context
        context.options = {"strict": "experimental"}
        context.open()
        size = context.frame_size or 1024
        for begin in range(0, samples.shape[1], size):
            block = samples[:, begin : begin + size]
            if block.shape[1] < size and codec == "mp2":
                block = np.pad(block, ((0, 0), (0, size - block.shape[1])))
            frame = av.AudioFrame.from_ndarray(block.T.reshape(1, -1), "flt", layout)
            frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
            frame.pts = begin + round(late * rate)
            packets += stream.encode(frame)
        packets += stream.encode(None)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            time = float(packet.dts * packet.time_base)
            left_out = any(begin <= time < begin + length for begin, length in gaps)
            if packet.stream is stream and left_out:
                continue
            output.mux(packet)
    return path


def convert(source, target, **part):
    with (
        VideoReader(source, **part) as reader,
        VideoWriter(
            *(target, WIDTH, HEIGHT, reader.frame_rate, reader.time_base),
            **({"codec": "vp9"} if target.suffix == ".webm" else {}),
            copy_from=source,
            **part,
        ) as writer,
    ):
        for frame in reader:
            writer.write(frame.image, frame.pts)
    return writer


def heard(path, rate=RATE):
    """(samples by their time stamps from 0 on (channels, n), end of the last in seconds)."""
    with av.open(str(path)) as container:
        whole, end = None, 0.0
        resampler = None
        for frame in container.decode(audio=0):
            begin = round(frame.pts * frame.time_base * rate)
            layout = frame.layout.name
            resampler = resampler or av.AudioResampler("flt", layout, rate)
            frame.pts = None
            for out in resampler.resample(frame):
                samples = out.to_ndarray().reshape(-1, frame.layout.nb_channels).T
                if whole is None:
                    whole = np.zeros((samples.shape[0], 20 * rate), np.float32)
                    place = begin
                elif abs(begin - place) > rate // 100:
                    place = begin
                first = max(-place, 0)
                whole[:, place + first : place + samples.shape[1]] = samples[:, first:]
                place += samples.shape[1]
                end = place / rate
    return whole, end


def clicks_in(samples, rate=RATE):
    """Seconds at which something loud begins, silence before."""
    loud = np.flatnonzero(np.abs(samples).max(axis=0) > 0.2)
    begins = loud[np.diff(loud, prepend=-rate) > rate // 10]
    return begins / rate


@pytest.mark.parametrize(
    ("codec", "source_suffix", "target_suffix", "becomes"),
    [
        ("mp2", ".mkv", ".mp4", "mp2 audio (eng) becomes aac"),
        ("pcm_s16le", ".mkv", ".mp4", "pcm_s16le audio (eng) becomes aac"),
        ("wavpack", ".mkv", ".mp4", "wavpack audio (eng) becomes aac"),
        ("vorbis", ".mkv", ".mp4", "vorbis audio (eng) becomes aac"),
        ("flac", ".mkv", ".mov", "flac audio (eng) becomes aac"),
        ("mp2", ".ts", ".mp4", "mp2 audio (eng) becomes aac"),
        ("aac", ".mp4", ".webm", "aac audio (eng) becomes opus"),
        ("libmp3lame", ".mkv", ".webm", "mp3 audio (eng) becomes opus"),
    ],
)
def test_converted_sound_stays_in_time(tmp_path, codec, source_suffix, target_suffix, becomes):
    source = write_film(tmp_path / f"film{source_suffix}", codec, click_track())
    target = tmp_path / f"made{target_suffix}"
    losses = plan_copy(source, target).losses
    assert losses == (becomes,)
    writer = convert(source, target)
    assert writer.losses == losses and writer.lost_packets == 0
    before, end_before = heard(source)
    after, end_after = heard(target)
    first = first_frame_time(source) - first_frame_time(target)
    np.testing.assert_allclose(clicks_in(after) + first, clicks_in(before), atol=AAC_FRAME / 4)
    assert len(clicks_in(after)) == len(CLICKS)
    assert abs(end_after + first - end_before) < 2 * AAC_FRAME
    with av.open(str(target)) as made:
        assert made.streams.audio[0].language == "eng"
        assert made.streams.audio[0].codec_context.layout.name == "stereo"


def first_frame_time(path):
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return float(frame.pts * frame.time_base)


@pytest.mark.parametrize(
    ("layout", "rate", "suffix"),
    [
        ("5.1", 48000, ".mp4"),
        ("mono", 44100, ".mp4"),
        ("5.1", 44100, ".webm"),
        ("7.1", 96000, ".mp4"),
    ],
)
def test_converted_sound_keeps_its_channels(tmp_path, layout, rate, suffix):
    channels = av.AudioLayout(layout).nb_channels
    samples = click_track(channels=channels, rate=rate)
    film = write_film(tmp_path / "film.mkv", "wavpack", samples, rate=rate, layout=layout)
    target = tmp_path / f"made{suffix}"
    convert(film, target)
    after, _ = heard(target)
    assert after.shape[0] == channels
    np.testing.assert_allclose(clicks_in(after), CLICKS, atol=AAC_FRAME / 4)
    for number in range(channels):
        spectrum = np.abs(np.fft.rfft(after[number, RATE : RATE + RATE // 50]))
        if not (channels >= 6 and number == 3):  # the channel of low frequencies
            assert np.argmax(spectrum) * 50 == pytest.approx(500 * (1 + number), abs=50)


@pytest.mark.parametrize(("start_s", "end_s"), [(0.9, None), (0.9, 2.0), (None, 2.0)])
@pytest.mark.parametrize("codec", ["vorbis", "mp2"])
def test_converted_sound_of_a_part(tmp_path, codec, start_s, end_s):
    film = write_film(tmp_path / "film.mkv", codec, click_track())
    convert(film, tmp_path / "made.mp4", start_s=start_s, end_s=end_s)
    after, end = heard(tmp_path / "made.mp4")
    begin, stop = start_s or 0.0, end_s or 3.0
    # The decoders of the source hold nothing back here, so all is exact to a few samples.
    wanted = clicks_in(heard(film)[0])
    wanted = [click - begin for click in wanted if begin <= click < stop]
    np.testing.assert_allclose(clicks_in(after), wanted, atol=AAC_FRAME / 4)
    assert abs(end - (stop - begin)) < 2 * AAC_FRAME


def test_converted_sound_that_begins_late_and_has_a_gap(tmp_path):
    film = write_film(
        *(tmp_path / "film.mkv", "mp2", click_track()),
        late=0.2,
        gaps=[(1.4, 0.4)],
    )
    convert(film, tmp_path / "made.mp4")
    after, _ = heard(tmp_path / "made.mp4")
    wanted = clicks_in(heard(film)[0])
    assert wanted == pytest.approx(np.add(CLICKS, 0.2), abs=0.03)
    np.testing.assert_allclose(clicks_in(after), wanted, atol=AAC_FRAME / 4)
    with av.open(str(tmp_path / "made.mp4")) as made:  # no hole that players would close
        times = [float(p.pts * p.time_base) for p in made.demux(audio=0) if p.size]
    assert np.diff(times) == pytest.approx(AAC_FRAME, abs=1e-3)


def test_sound_that_comes_twice_is_heard_once(tmp_path):
    film = write_film(tmp_path / "film.mkv", "pcm_s16le", click_track())
    target = tmp_path / "made.mp4"
    with av.open(str(film)) as container, av.open(str(target), "w") as output:
        sound = SoundConverter(container.streams.audio[0], output, "aac", pytest.fail)
        packets = [packet for packet in container.demux(audio=0) if packet.size]
        output.start_encoding()
        for packet in packets[:60] + packets[40:]:  # the click at 1 s is in what comes twice
            output.mux(list(sound.convert(packet)))
        output.mux(list(sound.finish()))
    after, end = heard(target)
    np.testing.assert_allclose(clicks_in(after), CLICKS, atol=AAC_FRAME / 4)
    assert end == pytest.approx(3.0, abs=2 * AAC_FRAME)


def test_damaged_sound_costs_only_itself(tmp_path):
    film = write_film(tmp_path / "film.mkv", "alac", click_track())
    data = bytearray(film.read_bytes())
    with av.open(str(film)) as container:
        every = [(p.pts * p.time_base, bytes(p)) for p in container.demux(audio=0) if p.size]
    packets = [content for time, content in every if 1.1 < time < 1.6]
    for content in packets:
        place = data.rfind(content)  # of silence there are many alike
        data[place : place + len(content)] = bytes([0x55]) * len(content)
    film.write_bytes(bytes(data))
    writer = convert(film, tmp_path / "made.webm")
    assert writer.lost_packets == len(packets) > 3
    after, end = heard(tmp_path / "made.webm")
    np.testing.assert_allclose(clicks_in(after), CLICKS, atol=AAC_FRAME / 4)
    assert end == pytest.approx(3.0, abs=2 * AAC_FRAME)


def test_sound_that_cannot_be_decoded_is_named(tmp_path, monkeypatch):
    film = write_film(tmp_path / "film.mkv", "mp2", click_track())
    monkeypatch.setattr("deep3d.video.copy_plan._can_be_decoded", lambda stream: False)
    with pytest.raises(ValueError, match=r"\.mp4 files cannot hold mp2 audio; write an \.mkv"):
        plan_copy(film, tmp_path / "made.mp4")


def test_memory_of_converted_sound_does_not_grow(tmp_path):
    peaks = []
    for seconds in (3, 12):
        samples = click_track(seconds)
        film = write_film(
            tmp_path / "film.mkv", "mp2", samples, times=range(0, 1000 * seconds, 200)
        )
        del samples
        tracemalloc.start()
        convert(film, tmp_path / "made.mp4")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1_000_000
