"""What a conversion will do, told before it is done: nothing is written, no network is loaded.

What the source is, what its 3D version will be, and what of it is copied, converted or lost.
"""

import dataclasses
import os
import pathlib
from fractions import Fraction

from deep3d.batch import one_line
from deep3d.conversion_config import ConversionConfig
from deep3d.frame_packer import FramePacker, check_size
from deep3d.image_file import read_image
from deep3d.output_files import check_target, files_of, is_image
from deep3d.video import CONTAINERS, Encoding, VideoError, VideoReader
from deep3d.video.copy_plan import CopyPlan, plan_copy
from deep3d.video.high_dynamic_range import TRANSFER_HLG, TRANSFER_PQ, is_hdr
from deep3d.video.picture_losses import encoding_losses
from deep3d.video.stereo_picture import PAIR_SUFFIXES
from deep3d.wording import clock

_HDR = {TRANSFER_PQ: "PQ", TRANSFER_HLG: "HLG"}


@dataclasses.dataclass(frozen=True)
class SourceFacts:
    """What a source is.

    Attributes:
        width: In pixels as displayed.
        height: Likewise.
        pixel_aspect: Width of a pixel over its height.
        codec: FFmpeg's name; None for a picture, as all that follows.
        bits: Of each sample.
        frame_rate: Frames per second.
        duration_s: Seconds of the part that is converted, if they are known.
        frames: About how many frames that is, if it is known.
        hdr: "PQ" or "HLG"; None for standard range.
        interlaced: Whether frames hold two fields.
        rotation: Counter-clockwise degrees by which stored frames are turned.
    """

    width: int
    height: int
    pixel_aspect: Fraction = Fraction(1)
    codec: str | None = None
    bits: int | None = None
    frame_rate: Fraction | None = None
    duration_s: float | None = None
    frames: int | None = None
    hdr: str | None = None
    interlaced: bool = False
    rotation: int = 0


@dataclasses.dataclass(frozen=True)
class ConversionPlan:
    """What will be done with a source.

    Attributes:
        source: The file.
        facts: What it is.
        targets: The files to write.
        existing: Those of them that exist already.
        format: How the two eyes are stored.
        width: Of the written frame in pixels; of each file where there are two.
        height: Likewise.
        encoding: Of the pictures; None for a single picture.
        copied: What goes over as it is, in words.
        converted: What goes over in another form.
        losses: What is not kept.
    """

    source: pathlib.Path
    facts: SourceFacts
    targets: tuple[pathlib.Path, ...]
    existing: tuple[pathlib.Path, ...]
    format: str
    width: int
    height: int
    encoding: Encoding | None = None
    copied: tuple[str, ...] = ()
    converted: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()


def plan_conversion(
    source: pathlib.Path, target: pathlib.Path, config: ConversionConfig
) -> ConversionPlan:
    """Finds out what a conversion will do.

    Args:
        source: Video or picture.
        target: The file to write.
        config: What to make.

    Returns:
        The plan.

    Raises:
        VideoError: If the source cannot be read.
        ValueError: If the target cannot hold what is asked for, or is the source.
    """
    if not source.exists():
        raise VideoError(f"{source}: no such file")
    check_target(source, target, config)
    folder = next(folder for folder in target.absolute().parents if folder.exists())
    if not os.access(folder, os.W_OK):
        raise VideoError(f"{target}: the folder {folder} is not writable")
    targets = files_of(target, config)
    existing = tuple(path for path in targets if path.exists())
    if any(path.samefile(source) for path in existing):
        raise ValueError(f"The output must not be the input. Received: {source}")
    plan_one = _plan_picture if is_image(source) else _plan_film
    return plan_one(source, target, config, targets=targets, existing=existing)


def plan_lines(plan: ConversionPlan, overwrite: bool) -> list[str]:
    """A plan for people.

    Args:
        plan: From `plan_conversion`.
        overwrite: Whether existing targets are replaced.

    Returns:
        Lines of text, the first one with the name of the source.
    """
    then = "replaced" if overwrite else "refused without --overwrite"
    each = " each" if len(plan.targets) > 1 else ""
    frame = [plan.format, f"{plan.width}x{plan.height}{each}", *_encoding_words(plan.encoding)]
    lines = [
        f"to {path}{f' (exists already, {then})' if path in plan.existing else ''}"
        for path in plan.targets
    ]
    lines.append(f"as {', '.join(frame)}")
    parts = {"copied": plan.copied, "converted": plan.converted, "not kept": plan.losses}
    lines += [f"{name}: {'; '.join(words)}" for name, words in parts.items() if words]
    first = f"{plan.source}: {', '.join(_source_words(plan.facts))}"
    return [one_line(first), *(f"  {one_line(line)}" for line in lines)]


def plan_facts(plan: ConversionPlan, overwrite: bool) -> dict:
    """A plan for programs.

    Args:
        plan: From `plan_conversion`.
        overwrite: Whether existing targets are replaced.

    Returns:
        What JSON can hold.
    """
    facts = dataclasses.asdict(plan.facts)
    facts["pixel_aspect"] = str(plan.facts.pixel_aspect)
    facts["frame_rate"] = plan.facts.frame_rate and str(plan.facts.frame_rate)
    encoding = plan.encoding and {
        **dataclasses.asdict(plan.encoding),
        "crf": plan.encoding.rate_factor,
        "container": CONTAINERS[plan.targets[0].suffix.lower()],
    }
    return {
        "source": str(plan.source),
        "picture": facts,
        "outputs": [str(path) for path in plan.targets],
        "existing": [str(path) for path in plan.existing],
        "refused": bool(plan.existing) and not overwrite,
        "frame": {"format": plan.format, "width": plan.width, "height": plan.height},
        "encoding": encoding,
        "copied": plan.copied,
        "converted": plan.converted,
        "losses": plan.losses,
    }


def _plan_picture(source, target, config, **files) -> ConversionPlan:
    height, width = read_image(source).shape[:2]
    check_size(width, height, source)
    packer = FramePacker(width, height, config)
    size = _file_size(packer, config)
    if target.suffix.lower() in PAIR_SUFFIXES:
        size = FramePacker(width, height, dataclasses.replace(config, format="full_sbs"))
        size = size.width, size.height
    return ConversionPlan(source, SourceFacts(width, height), **files, **_frame(config, size))


def _plan_film(source, target, config, **files) -> ConversionPlan:
    if config.container is None:
        config = dataclasses.replace(config, container=target.suffix.lower()[1:])
    with VideoReader(source, config.start, config.end) as reader:
        check_size(reader.width, reader.height, source)
        encoding = config.encoding(hdr=is_hdr(reader.color.transfer_tag))
        aspect = reader.sample_aspect_ratio
        packer = FramePacker(reader.width, reader.height, config, pixel_aspect=aspect)
        of_encoding = encoding_losses(reader.bits, reader.whole_color, reader.light, encoding)
        copy = plan_copy(source, target, part=(config.start, config.end) != (None, None))
        return ConversionPlan(
            source,
            _facts(reader),
            **files,
            **_frame(config, _file_size(packer, config)),
            encoding=encoding,
            copied=tuple(_copied(copy)),
            converted=tuple(
                stream.conversion
                for stream in copy.streams
                if stream.encoder and stream.conversion not in copy.losses
            ),
            losses=(*reader.losses, *of_encoding, *copy.losses),
        )


def _facts(reader: VideoReader) -> SourceFacts:
    return SourceFacts(
        reader.width,
        reader.height,
        reader.sample_aspect_ratio,
        codec=reader.codec,
        bits=reader.bits,
        frame_rate=reader.frame_rate,
        duration_s=reader.duration_s,
        frames=reader.frame_count,
        hdr=_HDR.get(reader.color.transfer_tag),
        interlaced=reader.interlaced_frames > 0,
        rotation=reader.rotation,
    )


def _frame(config: ConversionConfig, size: tuple[int, int]) -> dict:
    return {"format": config.format, "width": size[0], "height": size[1]}


def _file_size(packer: FramePacker, config: ConversionConfig) -> tuple[int, int]:
    return packer.width // (2 if config.format == "two_files" else 1), packer.height


def _copied(copy: CopyPlan) -> list[str]:
    words = [stream.description for stream in copy.streams if not stream.encoder]
    return words + ([_count(copy.chapters, "chapter")] if copy.chapters else [])


def _source_words(facts: SourceFacts) -> list[str]:
    words = [f"{facts.width}x{facts.height}"]
    if facts.codec is None:
        return words
    words.append(f"{float(facts.frame_rate):.6g} frames/s")
    if facts.duration_s is not None:
        words.append(clock(facts.duration_s))
    if facts.frames is not None:
        words.append(f"about {_count(facts.frames, 'frame')}")
    words.append(f"{facts.codec} of {facts.bits} bits")
    words += [f"HDR ({facts.hdr})"] if facts.hdr else []
    words += ["interlaced"] if facts.interlaced else []
    words += [f"rotated by {facts.rotation} degrees"] if facts.rotation else []
    words += [f"pixel aspect {facts.pixel_aspect}"] if facts.pixel_aspect != 1 else []
    return words


def _encoding_words(encoding: Encoding | None) -> list[str]:
    if encoding is None:
        return []
    quality = "lossless" if encoding.lossless else f"crf {encoding.rate_factor:g}"
    return [f"{encoding.codec} of {encoding.bits} bits", quality, f"preset {encoding.preset}"]


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
