"""Which files a conversion writes, before anything is read."""

import collections
import dataclasses
import hashlib
import os
import pathlib
from collections.abc import Sequence

from deep3d.conversion_config import PICTURE_SUFFIXES, ConversionConfig
from deep3d.image_file import IMAGE_SUFFIXES
from deep3d.video import CONTAINERS, eye_paths, output_name, suffix_for
from deep3d.video.stereo_picture import PAIR_SUFFIXES
from deep3d.wording import either

# Formats whose frame holds two whole views, as files of pairs do.
_WHOLE_VIEWS = ("half_sbs", "full_sbs", "cross_eyed")


def is_image(path) -> bool:
    """Whether a path is treated as a picture, by its suffix."""
    return pathlib.Path(path).suffix.lower() in IMAGE_SUFFIXES


def targets_of(
    sources: Sequence[pathlib.Path], output: str | None, config: ConversionConfig
) -> list[pathlib.Path]:
    """The file to write for every source of a run, all of them different.

    In one folder they lie by their own names; where two would have the same, all keep the folders
    in which their sources lie: `1/a.mkv` and `2/a.mkv` go to `OUTPUT/1` and `OUTPUT/2`.

    Args:
        sources: Videos and pictures.
        output: What the user typed: target file of a single source, a folder, which need not exist,
            or None for the usual names beside the sources.
        config: What to make.

    Returns:
        Their paths, in the order of the sources.

    Raises:
        ValueError: If a file is named for several sources, with a suffix that cannot be written, or
            in a folder that does not exist; or if two sources would still become one file.
    """
    usual = [target_of(source, None, config) for source in sources]
    if output is None:
        targets = usual
    elif not _is_folder(output, sources):
        targets = [pathlib.Path(output)]
        _check_folder(targets[0])
    else:
        targets = below(pathlib.Path(output), sources, [path.name for path in usual])
    _check_distinct(sources, targets)
    for source, target in zip(sources, targets, strict=True):
        check_target(source, target, config)
    return targets


def reports_of(sources: Sequence[pathlib.Path], asked: str) -> list[pathlib.Path]:
    """Where the report on every source of a run goes, without its suffixes.

    Args:
        sources: Videos and pictures.
        asked: What the user typed: the report of a single source, or a folder.

    Returns:
        Their paths, in the order of the sources.

    Raises:
        ValueError: If two sources would have one report, or the folder of the only one is missing.
    """
    folder = pathlib.Path(asked)
    if len(sources) == 1 and not folder.is_dir():
        _check_folder(folder)
        return [folder]
    reports = below(folder, sources, [f"{source.stem}.comfort" for source in sources])
    _check_distinct(sources, reports)
    return reports


def previews_of(
    sources: Sequence[pathlib.Path], targets: Sequence[pathlib.Path]
) -> list[tuple[pathlib.Path, pathlib.Path]]:
    """The files of the preview of every source: `film.3D.preview.png` and `.gif` by its target.

    Args:
        sources: Videos and pictures.
        targets: From `targets_of`.

    Returns:
        The sheet and the wiggle of each.

    Raises:
        ValueError: If two sources would have one preview.
    """
    names = [
        target.with_name(f"{source.stem}.3D.preview")
        for source, target in zip(sources, targets, strict=True)
    ]
    _check_distinct(sources, names)
    return [tuple(name.with_name(name.name + end) for end in (".png", ".gif")) for name in names]


def below(
    folder: pathlib.Path, sources: Sequence[pathlib.Path], names: Sequence[str]
) -> list[pathlib.Path]:
    """Files in a folder, or below it as deep as the sources lie where their names are not enough.

    Args:
        folder: Need not exist.
        sources: What they are made from.
        names: Their names.

    Returns:
        Their paths.
    """
    if len(set(names)) == len(names):
        return [folder / name for name in names]
    parents = [os.path.abspath(source.parent) for source in sources]
    common = os.path.commonpath(parents)
    return [
        folder / os.path.relpath(parent, common) / name
        for parent, name in zip(parents, names, strict=True)
    ]


def target_of(source: pathlib.Path, output, config: ConversionConfig) -> pathlib.Path:
    """The file to write; the name that the user gave counts more than the container asked for.

    Args:
        source: Video or picture.
        output: Target file, an existing folder, or None for the usual name beside the source.
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


def check_target(source: pathlib.Path, target: pathlib.Path, config: ConversionConfig):
    """Refuses a target that can be told by its name not to hold what it is asked to.

    Args:
        source: Video or picture.
        target: The file to write.
        config: What to make.

    Raises:
        ValueError: With the suffixes, codecs or formats that would do.
    """
    suffix = target.suffix.lower()
    kind, able = ("picture", PICTURE_SUFFIXES) if is_image(source) else ("film", CONTAINERS)
    if suffix not in able:
        raise ValueError(
            f"The target of a {kind} must end with one of {either(able)}. Received: {target}"
        )
    if suffix in CONTAINERS:
        dataclasses.replace(config, container=suffix[1:])  # refuses a codec that it cannot hold
    if suffix in PAIR_SUFFIXES and config.format not in _WHOLE_VIEWS:
        raise ValueError(
            f"The format in a {suffix} file, which holds two whole views, must be one of "
            f"{either(_WHOLE_VIEWS)}. Received: {config.format}"
        )


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


def _is_folder(output: str, sources: Sequence[pathlib.Path]) -> bool:
    if output.endswith(("/", os.sep)) or os.path.isdir(output):
        return True
    if len(sources) == 1:
        return False
    if pathlib.Path(output).suffix.lower() in (*CONTAINERS, *PICTURE_SUFFIXES):
        raise ValueError(
            f"The output of {len(sources)} sources must be a folder. Received: {output}"
        )
    return True


def _check_folder(path: pathlib.Path):
    if not path.parent.is_dir():
        raise ValueError(f"The folder of {path} must exist.")


def _check_distinct(sources: Sequence[pathlib.Path], targets: Sequence[pathlib.Path]):
    made = collections.defaultdict(list)
    for source, target in zip(sources, targets, strict=True):
        made[target].append(str(source))
    for target, several in made.items():
        if len(several) > 1:
            raise ValueError(
                f"{' and '.join(several)} would all become {target}; convert them one by one."
            )
