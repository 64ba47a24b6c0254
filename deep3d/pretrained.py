"""Models by name or path."""

import os
import pathlib

from deep3d import model_files
from deep3d.command_line import load_backend
from deep3d.inference import Predictor, XlaPredictor
from deep3d.model_files import model_path
from deep3d.wording import either

RUNTIMES = ("auto", "litert", "keras", "xla")
# What an NVIDIA driver shows of its first GPU, itself or under Windows.
_GPU_FILES = "/dev/nvidia0", "/dev/dxg"


def load_model(name: str = "default"):
    """Loads a model.

    Args:
        name: A shipped name or the path of a model file.

    Returns:
        The Keras model and its `ModelConfig`.

    Raises:
        CheckpointError: If there is no such model, or the file is damaged.
    """
    path = model_path(name)
    from deep3d import checkpoint  # imports Keras

    return checkpoint.load_model(path)


def load_predictor(name: str = "default", runtime: str = "auto") -> Predictor:
    """Loads a model for conversion.

    On a GPU network and renderer are programs that XLA compiled. Elsewhere shipped models run in
    LiteRT, which is there at once and on a CPU no slower than TensorFlow. All other models run in
    Keras, which is imported then, in the precision that suits the machine.

    Args:
        name: A shipped name or the path of a model file.
        runtime: One of `RUNTIMES`; "auto" is "xla" where Keras has a GPU, otherwise LiteRT if it
            can be had.

    Returns:
        What predicts.

    Raises:
        CheckpointError: If there is no such model, or the file is damaged.
        ValueError: If the runtime is unknown or cannot run the model.
    """
    if runtime not in RUNTIMES:
        raise ValueError(f"The runtime must be one of {either(RUNTIMES)}. Received: {runtime!r}")
    path = model_path(name)
    if runtime == "xla" or (runtime == "auto" and _has_gpu()):
        return _keras_predictor(path, XlaPredictor)
    if runtime == "keras":
        return _keras_predictor(path)
    try:
        return _lite_predictor(path)
    except _NoLiteModelError:
        if runtime == "litert":
            raise
        return _keras_predictor(path)


class _NoLiteModelError(ValueError):
    """LiteRT cannot run a model."""


def _lite_predictor(path: pathlib.Path) -> Predictor:
    try:
        from deep3d import lite_inference
    except ImportError as error:  # there are no packages of it for Macs with Intel's processors
        raise _NoLiteModelError(f"LiteRT cannot be imported: {error}.") from error
    lite_path = path.with_suffix(".tflite")
    # Other files are not trusted, and LiteRT checks nothing.
    if path.parent != model_files.WEIGHTS or not lite_inference.is_made_from(lite_path, path):
        raise _NoLiteModelError(f"LiteRT has no version of {path}; only shipped models have one.")
    return lite_inference.LitePredictor(lite_path)


def _has_gpu() -> bool:
    """Whether Keras has one, which takes seconds to ask; so only where there may be one."""
    if not any(map(os.path.exists, _GPU_FILES)):
        return False
    load_backend()
    import keras

    # Asked for GPUs by name, JAX raises where it has none.
    return any(name.startswith("gpu:") for name in keras.distribution.list_devices())


def _keras_predictor(path: pathlib.Path, kind: type[Predictor] = Predictor) -> Predictor:
    load_backend()
    from deep3d import checkpoint
    from deep3d.model import set_precision

    set_precision("auto")
    return kind(*checkpoint.load_model(path))
