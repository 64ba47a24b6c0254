"""Which files a conversion writes, before anything is read."""

import hashlib
import pathlib

from deep3d.config import ConversionConfig
from deep3d.image_file import IMAGE_SUFFIXES
from deep3d.video import CONTAINERS, eye_paths, output_name, suffix_for
from deep3d.video.stereo_picture import PAIR_SUFFIXES


def is_image(path) -> bool:
    """Whether a path is treated as a picture, by its suffix."""
    return pathlib.Path(path).suffix.lower() in IMAGE_SUFFIXES


def target_of(source: pathlib.Path, output, config: ConversionConfig) -> pathlib.Path:
    """The file to write; the name that the user gave counts more than the container asked for.

    Args:
        source: Video or picture.
        output: Target file, a folder, or None for the usual name beside the source.
        config: What to make.

    Returns:
        Its path; of `two_files` that from which the names of both are made.
    """
    suffix = suffix_for(config.encoding().codec, source.suffix)
    if is_image(source):
        suffix = source.suffix.lower()
    asked = config.container and f".{config.container}"
    # A video's container says nothing about pictures: devices have one, and both may be converted.
    if asked and not (is_image(source) and asked in CONTAINERS):
        suffix = asked
    # A file that always holds both views whole needs no word about it.
    usual = output_name(source, "two_files" if suffix in PAIR_SUFFIXES else config.format, suffix)
    if output is None:
        return usual
    output = pathlib.Path(output)
    return output / usual.name if output.is_dir() else output


def files_of(target: pathlib.Path, config: ConversionConfig) -> tuple[pathlib.Path, ...]:
    """The files that are really written: one, or the left and the right eye's.

    Args:
        target: From `target_of`.
        config: What to make.
    """
    return eye_paths(target) if config.format == "two_files" else (target,)


def journal_folder(target: pathlib.Path) -> pathlib.Path:
    """The folder beside a target in which a conversion keeps what it has finished.

    Args:
        target: The file to be, whose name may have the greatest length allowed.
    """
    digest = hashlib.sha256(target.name.encode(errors="surrogateescape")).hexdigest()
    return target.with_name(f".deep3d-{digest[:16]}")
