"""Writes a film of faulty shots, and beside it what is true of it: `NAME.json`.

The label has the film's own facts (layout, size, rate, what its tag and name say, what is wrong
with the file) and under "shots" those of `FilmedShot.facts`. A film of another file fault than
none keeps the label of the film that it would have been.
"""

import collections
import dataclasses
import io
import json
import os
import pathlib
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from faulty_shots import FilmedShot, Shot
from shot_sources import Sources

from deep3d.atomic_file import write_bytes
from deep3d.video import VideoWriter, pack, packed_size

FILE_FAULTS = ("", "truncated", "damaged", "audio_only", "empty", "text", "resolution_change")
TIME_BASE = Fraction(1, 90000)
# Steps of a film of variable rate, in seconds: as of phones and of captured screens.
_STEPS = tuple(Fraction(1, rate) for rate in (60, 30, 25, 24, 15))


@dataclasses.dataclass(frozen=True)
class Film:
    """A film to be made.

    Attributes:
        file: Name of the file.
        shots: What it shows.
        layout: One of `deep3d.video.OUTPUT_FORMATS`, or mono.
        width: Of a view at its full size, pixels, even.
        height: Likewise.
        rate: Frames per second as a fraction in words, or variable.
        crf: Constant rate factor.
        preset: Speed against size, in x264's words.
        tag: What the container says of the layout; empty for nothing.
        time_offset_frames: How many frames the right eye lags behind the left one.
        file_fault: One of `FILE_FAULTS`.
        seed: Decides the steps of a variable rate and where the file is damaged.
    """

    file: str
    shots: tuple[Shot, ...]
    layout: str = "half_sbs"
    width: int = 854
    height: int = 480
    rate: str = "24"
    crf: int = 22
    preset: str = "veryfast"
    tag: str = ""
    time_offset_frames: int = 0
    file_fault: str = ""
    seed: int = 0


def write_film(film: Film, folder: pathlib.Path, sources: Sources) -> dict:
    """Makes the film and its label in a folder.

    Args:
        film: What to make.
        folder: Where.
        sources: Where pictures come from.

    Returns:
        The label.

    Raises:
        ValueError: If the film is not possible.
    """
    if film.file_fault not in FILE_FAULTS:
        raise ValueError(f"file_fault must be one of {FILE_FAULTS}. Received: {film.file_fault}")
    path = folder / film.file
    facts = dataclasses.asdict(film)
    if film.file_fault in ("empty", "text", "audio_only"):
        _write_without_pictures(film, path)
        label = facts | {"frames": 0, "shots": []}
    elif film.file_fault == "resolution_change":
        label = facts | _write_two_sizes(film, path, sources)
    else:
        label = facts | _write_pictures(film, path, sources)
        _damage(film, path)
    write_bytes(path.with_suffix(".json"), json.dumps(label, indent=1).encode())
    return label


def views_of(
    film: Film, sources: Sources, labels: list[dict]
) -> Iterator[tuple[np.ndarray, np.ndarray, Fraction]]:
    """The frames of a film before they are packed.

    Args:
        film: What to show.
        sources: Where pictures come from.
        labels: Receives the facts of each shot when it is complete. Where the eyes are apart in
            time, shots are counted by the eye that is behind; the other one cuts earlier.

    Yields:
        Left and right view, and their time in seconds.
    """
    size, late = (film.width, film.height), int(film.time_offset_frames > 0)
    timetable = _timetable(film)
    times = iter([time for _, _, of_shot in timetable for time in of_shot[:-1]])
    waiting: collections.deque = collections.deque()
    for shot, first, of_shot in timetable:
        since = [float(time - of_shot[0]) for time in of_shot[:-1]]
        filmed = FilmedShot(shot, sources, size, since)
        for views in filmed.views():
            waiting.append(views[late])
            if len(waiting) > abs(film.time_offset_frames):
                pair = waiting.popleft(), views[1 - late]
                yield *(pair[::-1] if late else pair), next(times)
        labels.append(filmed.facts(first, float(of_shot[0]), float(of_shot[-1])))


def _timetable(film: Film) -> list[tuple[Shot, int, list[Fraction]]]:
    """For each shot the number of its first frame, and the times of its frames and of its end."""
    rng = np.random.default_rng([film.seed, 61])
    time, number, timetable = Fraction(0), 0, []
    for shot in film.shots:
        times, end = [time], time + Fraction(shot.seconds)
        while time < end:
            step = _STEPS[rng.integers(len(_STEPS))] if film.rate == "variable" else None
            time += step or 1 / Fraction(film.rate)
            times.append(time)
        timetable.append((shot, number, times))
        number += len(times) - 1
    return timetable


def _write_pictures(film: Film, path: pathlib.Path, sources: Sources) -> dict:
    """Encodes the film; the number of its frames and the labels of its shots."""
    labels: list[dict] = []
    layout = film.layout if film.layout != "mono" else "anaglyph_gray"  # of a single view's size
    rate = Fraction(24 if film.rate == "variable" else film.rate)
    frames = 0
    with VideoWriter(
        path,
        *packed_size(film.width, film.height, layout),
        rate,
        TIME_BASE,
        crf=film.crf,
        preset=film.preset,
        stereo_format=film.tag or None,
    ) as writer:
        for left, right, time in views_of(film, sources, labels):
            picture = left if film.layout == "mono" else pack(left, right, film.layout)
            writer.write(picture, round(time / TIME_BASE))
            frames += 1
    return {"frames": frames, "shots": labels}


def _write_without_pictures(film: Film, path: pathlib.Path) -> None:
    if film.file_fault == "empty":
        path.write_bytes(b"")
    elif film.file_fault == "text":
        path.write_text("This is a list of films to see, not a film.\n" * 40, encoding="utf-8")
    else:
        with av.open(str(path), "w", format="matroska") as output:
            stream = output.add_stream("aac", rate=48000, layout="stereo")
            wave = np.sin(np.arange(48000 * 3) * 0.03).astype(np.float32) * 0.2
            for begin in range(0, len(wave) - 1024, 1024):
                samples = np.stack([wave[begin : begin + 1024]] * 2)
                frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
                frame.sample_rate, frame.pts = 48000, begin
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))


def _write_two_sizes(film: Film, path: pathlib.Path, sources: Sources) -> dict:
    """A transport stream whose second half has two thirds of the size; labels in its own pixels."""
    half = len(film.shots) // 2
    smaller = {"width": film.width // 3 * 2 // 4 * 4, "height": film.height // 3 * 2 // 4 * 4}
    parts = (
        dataclasses.replace(film, shots=film.shots[:half]),
        dataclasses.replace(film, shots=film.shots[half:], **smaller),
    )
    labels: list[dict] = []
    frames, start = 0, Fraction(0)
    with path.open("wb") as file:
        for part in parts:
            of_part: list[dict] = []
            data = _transport_stream(part, sources, of_part, start)
            file.write(data)
            labels += [_moved(label, frames, float(start)) for label in of_part]
            frames, start = labels[-1]["last_frame"] + 1, Fraction(labels[-1]["end_s"])
    return {"frames": frames, "shots": labels, "second_size": smaller}


def _transport_stream(film, sources, labels, start) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mpegts") as output:
        rate = Fraction(film.rate)
        stream = output.add_stream("libx264", rate=rate, options={"crf": str(film.crf)})
        stream.width, stream.height = packed_size(film.width, film.height, film.layout)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = TIME_BASE
        for left, right, time in views_of(film, sources, labels):
            frame = av.VideoFrame.from_ndarray(pack(left, right, film.layout))
            frame.pts, frame.time_base = round((time + start) / TIME_BASE), TIME_BASE
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def _moved(label: dict, frames: int, seconds: float) -> dict:
    """A shot's label behind so many frames and seconds."""
    moved = {name: label[name] + frames for name in ("first_frame", "last_frame")}
    return label | moved | {name: label[name] + seconds for name in ("start_s", "end_s")}


def _damage(film: Film, path: pathlib.Path) -> None:
    if film.file_fault == "truncated":
        os.truncate(path, path.stat().st_size * 3 // 5)
    elif film.file_fault == "damaged":
        rng = np.random.default_rng([film.seed, 62])
        data = bytearray(path.read_bytes())
        for place in rng.uniform(0.4, 0.7, 5):
            begin = int(place * len(data))
            length = min(2000, len(data) // 40)
            data[begin : begin + length] = rng.bytes(length)
        path.write_bytes(data)
