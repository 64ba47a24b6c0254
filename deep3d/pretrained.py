"""Models by name or path."""

import pathlib

from deep3d import model_files
from deep3d.command_line import load_tensorflow
from deep3d.inference import Predictor
from deep3d.model_files import model_path
from deep3d.wording import either

RUNTIMES = ("auto", "litert", "keras")


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

    Shipped models run in LiteRT: it is there at once, and on a CPU no slower than TensorFlow. A
    GPU's Keras could be faster, but the network is a small part of a conversion. All other models
    run in Keras, which is imported then, in the precision that suits the machine.

    Args:
        name: A shipped name or the path of a model file.
        runtime: One of `RUNTIMES`; "auto" is LiteRT if it can be had.

    Returns:
        What predicts.

    Raises:
        CheckpointError: If there is no such model, or the file is damaged.
        ValueError: If the runtime is unknown or cannot run the model.
    """
    if runtime not in RUNTIMES:
        raise ValueError(f"The runtime must be one of {either(RUNTIMES)}. Received: {runtime!r}")
    path = model_path(name)
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


def _keras_predictor(path: pathlib.Path) -> Predictor:
    load_tensorflow()
    from deep3d import checkpoint
    from deep3d.model import set_precision

    set_precision("auto")
    return Predictor(*checkpoint.load_model(path))
