"""Models by name: those that are shipped in `deep3d/weights`, or any model file by its path."""

import os
import pathlib

from deep3d import checkpoint

WEIGHTS = pathlib.Path(__file__).parent / "weights"


def shipped_models() -> list[str]:
    """Names that `load_model` knows without a path."""
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
    raise checkpoint.CheckpointError(
        f"Unknown model {name!r}: it is neither a file nor one of {', '.join(shipped_models())}."
    )


def load_model(name: str = "default"):
    """Loads a model.

    Args:
        name: A shipped name or the path of a model file.

    Returns:
        The Keras model and its `ModelConfig`.

    Raises:
        CheckpointError: If there is no such model, or the file is damaged.
    """
    return checkpoint.load_model(model_path(name))
