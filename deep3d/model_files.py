"""Which file a model lies in: shipped ones have names, others are given by their path.

A run has its last two checkpoints in its folder, under names of their own.
"""

import os
import pathlib

from deep3d.wording import either

WEIGHTS = pathlib.Path(__file__).parent / "weights"
CHECKPOINT_NAME = "checkpoint.h5"
PREVIOUS_NAME = "checkpoint_previous.h5"
DAMAGED_NAME = "checkpoint_damaged.h5"


class CheckpointError(ValueError):
    """A model file is missing, damaged, or belongs to another architecture."""


def shipped_models() -> list[str]:
    """Names that `model_path` knows without a path."""
    return sorted(path.stem for path in WEIGHTS.glob("*.h5"))


def model_path(name: str) -> pathlib.Path:
    """File of a model.

    Args:
        name: A shipped name such as "default", or the path of a model file.

    Returns:
        Its path.

    Raises:
        CheckpointError: If neither a shipped model nor a file has this name.
    """
    if name in shipped_models():
        return WEIGHTS / f"{name}.h5"
    if os.path.isfile(name):
        return pathlib.Path(name)
    raise CheckpointError(
        f"The model must be a file or one of {either(shipped_models())}, which the package holds. "
        f"Received: {name!r}"
    )


def checkpoints(workdir) -> list[pathlib.Path]:
    """What a training in this folder goes on from: its checkpoints, newest first."""
    paths = [pathlib.Path(workdir) / name for name in (CHECKPOINT_NAME, PREVIOUS_NAME)]
    return [path for path in paths if path.exists()]
