"""Writes every format in every container with every codec once and tells what was read back.

python benchmarks/format_table.py [--output=FOLDER] [--frames=8]

The table says, for each format and container, with which codecs FFmpeg read every frame back, and
which stereo marks it found: StereoMode or st3d (container), the frame packing message (stream), the
half-sphere (sv3d or Projection). "RGB" stands for the lossless mode, read back bit for bit. FFmpeg
does not know the number of st3d for the right eye first, which cross_eyed has in MP4 and QuickTime.
"""

import collections
import dataclasses
import itertools
import pathlib
import tempfile
from fractions import Fraction

import av
import cv2
import numpy as np
from absl import flags

from deep3d.command_line import run_script
from deep3d.video import (
    CODECS,
    CONTAINERS,
    DISPARITY_FORMATS,
    OUTPUT_FORMATS,
    Encoding,
    VideoReader,
    VideoWriter,
    Vr180Projection,
    disparity_to_gray,
    eye_paths,
    pack,
)
from deep3d.video.segment_writer import SegmentWriter

flags.DEFINE_string("output", None, "Folder that keeps the files; default: they are removed.")
flags.DEFINE_integer("frames", 8, "Frames of each file.")

WIDTH, HEIGHT, RATE = 192, 108, Fraction(24)
# stereo3d.h of FFmpeg.
_ARRANGEMENTS = {1: "side by side", 2: "top and bottom", 6: "rows"}


def main(arguments):
    """Prints the table in Markdown."""
    del arguments
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(flags.FLAGS.output or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print("| format | container | codecs read back | container says | stream says so, too |")
        print("|---|---|---|---|---|")
        count, of_encoding = 0, collections.defaultdict(list)
        suffixes = [suffix for suffix in CONTAINERS if suffix != ".m4v"]  # MP4 by another name
        for stereo_format, suffix in itertools.product(OUTPUT_FORMATS, suffixes):
            frames = [_frame(number, stereo_format) for number in range(flags.FLAGS.frames)]
            done, whole, stream = [], {}, set()
            for name, encoding in _encodings(suffix):
                path = folder / f"{stereo_format}.{name.replace(' ', '_')}{suffix}"
                result = _written_and_read(path, frames, stereo_format, encoding)
                done.append(f"{name} {result}")
                of_encoding[suffix, name].append(result)
                for file in folder.glob(f"{path.stem}*{suffix}"):
                    bare = _marks(_first_frame(file, bare=True))
                    stream |= {encoding.codec} if bare != "nothing" else set()
                    # What the container says shows best where the stream says nothing.
                    whole[bare != "nothing"] = _marks(_first_frame(file))
                    count += 1
            said = whole.get(False) or whole[True]
            cells = stereo_format, suffix, ", ".join(done), said, ", ".join(sorted(stream)) or "-"
            print(f"| {' | '.join(cells)} |", flush=True)
        print(f"\n{count} files; the figures are PSNR in dB of the worst frame.\n")
        _print_by_encoding(of_encoding)


def _print_by_encoding(of_encoding):
    """The worst of all formats, for each codec in each container."""
    suffixes = list(dict.fromkeys(suffix for suffix, _ in of_encoding))
    print(f"| codec | {' | '.join(suffix[1:] for suffix in suffixes)} |")
    print("|---" * (len(suffixes) + 1) + "|")
    for name in dict.fromkeys(name for _, name in of_encoding):
        cells = [_worst(of_encoding.get((suffix, name), [])) for suffix in suffixes]
        print(f"| {name} | {' | '.join(cells)} |")


def _worst(results) -> str:
    failed = [result for result in results if result.startswith("FAILED")]
    if failed or not results:
        return failed[0] if failed else "-"
    lossy = [float(result) for result in results if result != "exact"]
    return f"{len(results)} formats, {f'{min(lossy):.1f} dB' if lossy else 'exact'}"


def _encodings(suffix):
    """(name, encoding) of everything that the container may hold."""
    for codec, bits, lossless in itertools.product(CODECS, (8, 10), (False, True)):
        try:
            encoding = Encoding(codec, bits, lossless, preset="veryfast")
            encoding.check_container(suffix)
        except ValueError:
            continue
        yield f"{codec}{' 10' if bits == 10 else ''}{' RGB' if lossless else ''}", encoding


def _frame(number, stereo_format):
    """A moving picture and its shifted copy, packed."""
    x, y = np.meshgrid(np.arange(WIDTH + 16) / 24, np.arange(HEIGHT) / 24)
    red = 128 + 90 * np.sin(x + y / 3 + number / 5)
    green = 128 + 90 * np.cos(x / 2 - y)
    blue = 128 + 60 * np.sin(x / 3) * np.cos(y + number / 9)
    wide = np.stack([red, green, blue], axis=-1).round().astype(np.uint8)
    left, right = wide[:, :WIDTH].copy(), wide[:, 6 : 6 + WIDTH].copy()
    if stereo_format in DISPARITY_FORMATS:
        right = disparity_to_gray(np.sin(x[:, :WIDTH] + number / 5))
    if stereo_format == "vr180":
        projection = Vr180Projection(WIDTH, HEIGHT, 120.0)
        left, right = projection.project(left, "left"), projection.project(right, "right")
    return pack(left, right, stereo_format)


def _written_and_read(path, frames, stereo_format, encoding) -> str:
    """PSNR of the worst frame in dB, "exact", or what went wrong."""
    height, width = frames[0].shape[:2]
    paths = eye_paths(path) if stereo_format == "two_files" else (path,)
    pictures = {
        "width": width // len(paths),
        "height": height,
        "frame_rate": RATE,
        "time_base": 1 / RATE,
        "stereo_format": stereo_format,
    }
    # As the converter does: encoded in two segments, then joined.
    segments = [[target.with_suffix(f".{half}.packets") for target in paths] for half in (0, 1)]
    middle = len(frames) // 2
    for files, numbers in zip(segments, (range(middle), range(middle, len(frames))), strict=True):
        with SegmentWriter(files, encoding=encoding, **pictures) as segment:
            for number in numbers:
                segment.write(frames[number], number)
            segment.close()
    for eye, target in enumerate(paths):
        with VideoWriter(target, **pictures, **dataclasses.asdict(encoding)) as writer:
            for files in segments:
                writer.write_packets(files[eye])
    made = [_read(eye) for eye in paths]
    views = [np.hstack(views) for views in zip(*made, strict=True)]
    if len(views) != len(frames) or views[0].shape != frames[0].shape:
        return f"FAILED: {len(views)} frames of {views[0].shape[1::-1]}"
    worst = min(cv2.PSNR(view, frame) for view, frame in zip(views, frames, strict=True))
    if encoding.lossless:
        same = all(np.array_equal(*pair) for pair in zip(views, frames, strict=True))
        return "exact" if same else f"FAILED: not exact, {worst:.1f}"
    return f"{worst:.1f}"


def _read(path):
    with VideoReader(path) as reader:
        return [frame.image for frame in reader]


def _first_frame(path, bare=False):
    """The first frame; decoded from its packets alone, what the container says is not in it."""
    with av.open(str(path)) as container:
        if not bare:
            return next(container.decode(video=0))
        stream = container.streams.video[0]
        decoder = av.CodecContext.create(stream.codec_context.name, "r")
        decoder.extradata = stream.codec_context.extradata
        packets = (av.Packet(bytes(packet)) for packet in container.demux(stream) if packet.size)
        frames = [frame for packet in packets for frame in decoder.decode(packet)]
        return (frames + decoder.decode(None))[0]


def _marks(frame) -> str:
    """Words for the stereo side data of a frame."""
    words, stereo = [], frame.side_data.get("STEREO3D")
    if stereo is not None:
        kind, inverted = np.frombuffer(bytes(stereo), np.int32)[:2]
        words.append(
            _ARRANGEMENTS.get(int(kind), str(kind)) + (", right first" if inverted else "")
        )
    if frame.side_data.get("SPHERICAL") is not None:
        words.append("half-sphere")
    return " + ".join(words) or "nothing"


if __name__ == "__main__":
    run_script(main, __doc__)
