"""The files of a data set against the checksums in its manifest."""

import hashlib
import json
import os
import pathlib

MANIFEST, REPORT, PAGE = "manifest.json", "report.csv", "report.html"
_BLOCK = 1 << 20


class ManifestError(ValueError):
    """A manifest cannot be used; the message is for the user."""


def read_manifest(path: str | os.PathLike) -> dict:
    """The manifest of a data set.

    Args:
        path: The file, or the folder of the data set.

    Raises:
        ManifestError: If it is missing, is none, or was made before manifests had checksums.
    """
    path = pathlib.Path(path)
    path = path / MANIFEST if path.is_dir() else path
    try:
        manifest = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise ManifestError(f"{path} does not exist") from error
    except (OSError, ValueError) as error:
        raise ManifestError(f"{path} is damaged or no manifest ({error})") from error
    parts = {"config": dict, "options": dict, "movies": list, "files": dict}
    if not isinstance(manifest, dict) or any(
        not isinstance(manifest.get(name), kind) for name, kind in parts.items()
    ):
        raise ManifestError(f"{path} is no manifest of this version; ingest the movies again")
    return manifest


def files_of(data_dir: pathlib.Path) -> dict[str, dict]:
    """Size and SHA-256 of every file of a data set but the manifest, by name."""
    return {
        path.name: {"bytes": path.stat().st_size, "sha256": _sha256(path)}
        for path in sorted(data_dir.iterdir())
        if path.name != MANIFEST
    }


def damaged_files(data_dir: str | os.PathLike, manifest: dict) -> dict[str, str]:
    """What is wrong with which files of a data set.

    Args:
        data_dir: Its folder.
        manifest: Its manifest.

    Returns:
        A few words for every file that is not as it was.
    """
    found = {}
    for name, facts in manifest["files"].items():
        path = pathlib.Path(data_dir) / name
        if size := _wrong_size(path, facts):
            found[name] = size
        elif _sha256(path) != facts["sha256"]:
            found[name] = "has changed"
    return found


def cut_files(data_dir: str | os.PathLike) -> dict[str, str]:
    """What can be seen to be wrong without reading: missing files, and those of another size.

    Args:
        data_dir: Folder of a data set.

    Returns:
        A few words for every such file; none where no manifest has checksums.
    """
    try:
        manifest = read_manifest(data_dir)
    except ManifestError:
        return {}  # data sets of before
    found = {
        name: _wrong_size(pathlib.Path(data_dir) / name, facts)
        for name, facts in manifest["files"].items()
    }
    return {name: words for name, words in found.items() if words}


def _wrong_size(path: pathlib.Path, facts: dict) -> str:
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    return "" if size == facts["bytes"] else f"has {size} bytes instead of {facts['bytes']}"


def _sha256(path: pathlib.Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
