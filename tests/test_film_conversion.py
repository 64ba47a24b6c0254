import contextlib
import dataclasses
import os
import pathlib
import tempfile
from fractions import Fraction

import av
import keras
import numpy as np
import pytest
from test_conversion import CONFIG, audio_packets, picture, times
from two_frame_model import two_frame_predictor
from video_samples import write_video

from deep3d import film_output, placed_frames
from deep3d.comfort import ParallaxReport
from deep3d.conversion import convert
from deep3d.conversion_config import ConversionConfig
from deep3d.inference import Predictor
from deep3d.journal import finished_steps
from deep3d.model import build_deep3d
from deep3d.output_files import journal_folder
from deep3d.video import VideoError, VideoReader

FRAMES = 44
CUTS = (0, 9, 14, 21)
# 90 kHz, uneven: the later frames stand longer.
TIMES = [3000 * number + 40 * number**2 for number in range(FRAMES)]


@pytest.fixture(scope="module")
def predictor():
    keras.utils.set_random_seed(0)
    return Predictor(build_deep3d(CONFIG), CONFIG)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Four shots, the last of them long, with sound."""
    shots = [max(cut for cut in CUTS if cut <= number) for number in range(FRAMES)]
    images = [np.roll(picture(shot), 2 * number, axis=1) for number, shot in enumerate(shots)]
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    return write_video(path, TIMES, Fraction(1, 90000), images=images, audio=("aac",), audio_s=2)


@pytest.fixture(autouse=True)
def short_segments(monkeypatch):
    """Segments of at least 6 and at most 10 frames, of which one begins within the last shot."""
    monkeypatch.setattr(placed_frames, "SHORTEST_SEGMENT", 6)
    monkeypatch.setattr(placed_frames, "LONGEST_SEGMENT", 10)


def stopping_at(last, error=KeyboardInterrupt):
    def progress(done, expected, stage_ms):
        if done == last:
            raise error

    return progress


def counting(seen):
    return lambda done, expected, stage_ms: seen.append(done)


def pictures(path):
    with VideoReader(path) as reader:
        return [(frame.time, frame.image.tobytes()) for frame in reader]


def convert_interrupted(film, target, predictor, config, stops):
    for stop in stops:
        with pytest.raises(KeyboardInterrupt):
            convert(film, target, predictor, config, progress=stopping_at(stop))
    return convert(film, target, predictor, config)


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".mp4", {}),
        (".mkv", {"codec": "h265", "bits": 10}),
        (".mkv", {"renderer": "select", "lossless": True}),
        (".webm", {"codec": "av1", "format": "anaglyph_dubois"}),
        (".mp4", {"steadiness": 1.0, "eyes": "both", "floating_window": True}),
        (".mp4", {"start": 0.1, "end": 1.6}),
    ],
)
def test_interrupted_film_equals_uninterrupted(film, tmp_path, predictor, suffix, options):
    whole, resumed = (tmp_path / f"{name}{suffix}" for name in ("whole", "resumed"))
    config = ConversionConfig(container=suffix[1:], preset="ultrafast", **options)
    if suffix == ".webm":
        film = write_silent_copy(film, tmp_path / "silent.mkv")
    frames = convert(film, whole, predictor, config).frames
    result = convert_interrupted(film, resumed, predictor, config, (12, 18, frames - 1))
    assert result.frames == frames and not result.remarks
    assert pictures(resumed) == pictures(whole)
    assert set(os.listdir(tmp_path)) - {"silent.mkv"} == {resumed.name, whole.name}


@pytest.mark.parametrize("steadiness", [1.0, 16.0])
def test_interrupted_film_of_several_frames_equals_uninterrupted(film, tmp_path, steadiness):
    config = ConversionConfig(preset="ultrafast", lossless=True, steadiness=steadiness)
    predictor = two_frame_predictor()
    convert(film, tmp_path / "whole.mkv", predictor, config)
    # after the segments that end at frames 9 and 19, a cut and none
    convert_interrupted(film, tmp_path / "resumed.mkv", predictor, config, (12, 22))
    assert pictures(tmp_path / "resumed.mkv") == pictures(tmp_path / "whole.mkv")


def test_interrupted_film_with_bars_equals_uninterrupted(tmp_path, predictor):
    images = []
    for number in range(30):
        image = np.roll(picture(number // 15, 96, 160), number, axis=1)
        if number < 15:
            image[:12] = image[-12:] = 0
        images.append(image)
    film = write_video(tmp_path / "film.mkv", range(0, 1200, 40), images=images)
    config = ConversionConfig(preset="ultrafast")
    convert(film, tmp_path / "whole.mkv", predictor, config)
    convert_interrupted(film, tmp_path / "resumed.mkv", predictor, config, (12, 20))
    frames = pictures(tmp_path / "whole.mkv")
    assert pictures(tmp_path / "resumed.mkv") == frames
    for number in (0, 14, 15):
        black = np.frombuffer(frames[number][1], np.uint8).reshape(96, 160, 3)[:10].max() < 20
        assert black == (number < 15)


def write_silent_copy(film, path):
    with av.open(str(film)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    return path


@pytest.mark.parametrize("stop", [*range(1, FRAMES, 4), 10, FRAMES])
def test_film_resumes_from_any_frame(film, tmp_path, predictor, stop):
    config = ConversionConfig(preset="ultrafast", lossless=True)
    seen = []
    with pytest.raises(KeyboardInterrupt) as interrupt:
        convert(film, tmp_path / "x.mkv", predictor, config, progress=stopping_at(stop))
    finished = kept_frames(tmp_path / "x.mkv")
    assert stop - 10 < finished + 1 <= stop  # at most the segment in flight is lost
    assert str(interrupt.value) == (
        f"{finished} frames are finished; the same command goes on from there."
        if finished
        else "Nothing is finished yet; the same command begins anew."
    )
    result = convert(film, tmp_path / "x.mkv", predictor, config, progress=counting(seen))
    assert seen == list(range(finished + 1, FRAMES + 1)) and result.frames == FRAMES
    assert times(tmp_path / "x.mkv") == times(film)
    assert os.listdir(tmp_path) == ["x.mkv"]


def kept_frames(target):
    steps = finished_steps(journal_folder(target))
    return steps[-1]["times"]["count"] if steps else 0


def test_segments_begin_at_cuts_where_these_are_near(film, predictor):
    borders = []
    with VideoReader(film) as reader:
        frames = ((frame.image, frame.pts) for frame in reader)
        config = ConversionConfig()
        for number, frame in enumerate(placed_frames.placed_frames(frames, predictor, config)):
            if frame.state is not None:
                borders.append((number, frame.starts_shot))
    assert borders == [(9, True), (19, False), (29, False), (39, False)]


@pytest.mark.parametrize("seek", [True, False])
def test_placed_frames_of_another_film_are_refused(film, predictor, seek):
    with VideoReader(film) as reader:
        frames = [(frame.image, frame.pts) for frame in reader]
    config = ConversionConfig()
    placed = placed_frames.placed_frames(frames, predictor, config)
    state = next(frame.state for frame in placed if frame.state is not None)
    with pytest.raises(placed_frames.ResumeError):
        next(placed_frames.placed_frames(frames[10:], predictor, config, state=state))
    with pytest.raises(placed_frames.ResumeError):
        next(placed_frames.placed_frames([], predictor, config, state=state))


def test_report_of_interrupted_film_is_whole(film, tmp_path, predictor):
    config, reports = ConversionConfig(preset="ultrafast"), []
    for name, stops in (("a.mkv", ()), ("b.mkv", (15, 30))):
        for stop in (*stops, None):
            report = ParallaxReport(config.budget)
            progress = stopping_at(stop)
            with contextlib.suppress(KeyboardInterrupt):
                convert(film, tmp_path / name, predictor, config, progress=progress, report=report)
        reports.append(report.result())
    assert reports[0] == reports[1] and reports[0]["film"]["frames"] == FRAMES


def test_film_with_other_settings_begins_anew(film, tmp_path, predictor):
    config = ConversionConfig(preset="ultrafast")
    with pytest.raises(KeyboardInterrupt):
        convert(film, tmp_path / "x.mkv", predictor, config, progress=stopping_at(30))
    seen = []
    other = dataclasses.replace(config, strength=2.0)
    with pytest.raises(ValueError, match="was begun with other settings"):
        convert(film, tmp_path / "x.mkv", predictor, other, progress=counting(seen))
    assert not seen and kept_frames(tmp_path / "x.mkv") == 29
    result = convert(film, tmp_path / "x.mkv", predictor, other, True, progress=counting(seen))
    assert seen[0] == 1
    assert result.remarks == ("an unfinished conversion with other settings was dropped",)


def test_film_that_decodes_otherwise_begins_anew(film, tmp_path, predictor, monkeypatch):
    config = ConversionConfig(preset="ultrafast")
    with pytest.raises(KeyboardInterrupt):
        convert(film, tmp_path / "x.mkv", predictor, config, progress=stopping_at(30))
    monkeypatch.setattr(placed_frames, "_digest", lambda picture: np.zeros(32, np.uint8))
    result = convert(film, tmp_path / "x.mkv", predictor, config)
    assert result.remarks == ("an unfinished conversion did not fit the source and was dropped",)
    assert result.frames == FRAMES


def test_film_that_cannot_be_entered_midway_is_read_from_its_beginning(
    film, tmp_path, predictor, monkeypatch
):
    config = ConversionConfig(preset="ultrafast")
    convert(film, tmp_path / "whole.mkv", predictor, config)
    with pytest.raises(KeyboardInterrupt):
        convert(film, tmp_path / "x.mkv", predictor, config, progress=stopping_at(30))
    skip_to, asked = VideoReader.skip_to, []

    def wrong_place(reader, pts, seek):
        asked.append(seek)
        skip_to(reader, pts + seek, seek)

    monkeypatch.setattr(VideoReader, "skip_to", wrong_place)
    result = convert(film, tmp_path / "x.mkv", predictor, config)
    assert asked == [True, False] and not result.remarks
    assert pictures(tmp_path / "x.mkv") == pictures(tmp_path / "whole.mkv")


@pytest.mark.parametrize("damage", ["packets", "npz", "line", "half a line"])
def test_damaged_segment_is_made_again(film, tmp_path, predictor, damage):
    config = ConversionConfig(preset="ultrafast")
    convert(film, tmp_path / "whole.mkv", predictor, config)
    with pytest.raises(KeyboardInterrupt):
        convert(film, tmp_path / "x.mkv", predictor, config, progress=stopping_at(43))
    folder = journal_folder(tmp_path / "x.mkv")
    journal = folder / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    assert len(lines) == 5  # what is made, and four segments
    if damage == "line":
        journal.write_bytes(b"".join(lines).replace(b'"count": 19', b'"count": 18'))
    elif damage == "half a line":
        journal.write_bytes(b"".join(lines[:2]) + lines[2][:40])
    else:
        path = folder / {"packets": "000001.0.packets", "npz": "000001.npz"}[damage]
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    seen = []
    result = convert(film, tmp_path / "x.mkv", predictor, config, progress=counting(seen))
    assert seen[0] == 10
    if damage in ("packets", "npz"):
        assert result.remarks == ("3 finished segments were damaged and made again",)
    assert pictures(tmp_path / "x.mkv") == pictures(tmp_path / "whole.mkv")


def test_read_only_folders_end_in_one_line(predictor, read_only_folder):
    # The film lies where this process may read it after it has stepped down.
    with tempfile.TemporaryDirectory() as name:
        film = write_video(pathlib.Path(name) / "film.mkv")
        with pytest.raises(VideoError, match=f"(?s)^(?!.*\n).*{read_only_folder}.*not writable"):
            convert(film, read_only_folder / "3d.mkv", predictor, ConversionConfig())
    assert not list(read_only_folder.iterdir())


def test_full_disk_while_joining_keeps_all_segments(film, tmp_path, predictor, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    config = ConversionConfig(preset="ultrafast")
    with monkeypatch.context() as patch:
        patch.setattr(film_output.VideoWriter, "_mux", full)
        with pytest.raises(VideoError, match=f"No space left.*{FRAMES} frames are finished"):
            convert(film, tmp_path / "x.mp4", predictor, config)
    assert os.listdir(tmp_path) == [journal_folder(tmp_path / "x.mp4").name]
    seen = []
    assert convert(film, tmp_path / "x.mp4", predictor, config, progress=counting(seen)).frames
    assert not seen and os.listdir(tmp_path) == ["x.mp4"]
    assert audio_packets(tmp_path / "x.mp4") == audio_packets(film)


def test_second_process_is_refused(film, tmp_path, predictor):
    config, told = ConversionConfig(preset="ultrafast"), []

    def again(done, expected, stage_ms):
        if done == 1:
            with pytest.raises(ValueError, match="another process is making it"):
                convert(film, tmp_path / "x.mp4", predictor, config)
            told.append(done)

    convert(film, tmp_path / "x.mp4", predictor, config, progress=again)
    assert told and os.listdir(tmp_path) == ["x.mp4"]


def test_two_files_hold_one_eye_each_and_the_sound(film, tmp_path, predictor):
    config = ConversionConfig("two_files", preset="ultrafast", convergence=0.0)
    result = convert_interrupted(film, tmp_path / "x.mkv", predictor, config, (30,))
    names = [result.output.name, result.right_output.name]
    assert names == ["x.Left.mkv", "x.Right.mkv"] == sorted(os.listdir(tmp_path))
    both = ConversionConfig("full_sbs", preset="ultrafast", convergence=0.0)
    convert(film, tmp_path / "both.mkv", predictor, both)
    with VideoReader(tmp_path / "both.mkv") as reader:
        frames = [frame.image for frame in reader]
    for eye, path in enumerate((result.output, result.right_output)):
        assert times(path) == times(film) and audio_packets(path) == audio_packets(film)
        with VideoReader(path) as reader:
            for frame, pair in zip(reader, frames, strict=True):
                view = pair[:, 80 * eye : 80 * eye + 80]
                assert np.abs(frame.image.astype(int) - view).mean() < 3


def test_two_files_that_cannot_be_written_leave_nothing(film, tmp_path, predictor):
    (tmp_path / "x.Right.mp4").mkdir()
    config = ConversionConfig("two_files")
    with pytest.raises(ValueError, match="is a folder"):
        convert(film, tmp_path / "x.mp4", predictor, config, overwrite=True)
    assert os.listdir(tmp_path) == ["x.Right.mp4"]
