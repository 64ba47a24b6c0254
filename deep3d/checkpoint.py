"""Model files: weights and the config they belong to, in one HDF5 file.

Layout: attribute `deep3d_config` (JSON of `ModelConfig`), group `weights` with one dataset for
each variable, named by its path in the model (`branch1_conv/kernel`). A training checkpoint has
the optimizer's variables in the group `optimizer` and the attribute `step` as well. Files come
from outside: nothing in them is executed or unpickled, links that lead out of the file are
refused, and every name, shape and value is checked before it is used.
"""

import contextlib
import os

import h5py
import keras
import numpy as np

from deep3d import config as config_module
from deep3d.atomic_file import replaced_when_complete
from deep3d.config import ModelConfig
from deep3d.model import build_deep3d
from deep3d.model_files import CheckpointError

CONFIG_ATTRIBUTE = "deep3d_config"
MAX_CONFIG_CHARACTERS = 100_000


def save_model(
    path, model: keras.Model, config: ModelConfig, *, half: bool = False, optimizer=None, step=None
):
    """Writes a model file; it appears under its name only when it is complete.

    Args:
        path: Target, conventionally `*.h5`.
        model: Model built from `config`.
        config: Its architecture.
        half: Stores floats as float16, for shipping.
        optimizer: Keras optimizer whose state is stored too, for resuming.
        step: Training step, stored with the optimizer.
    """
    with replaced_when_complete(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs[CONFIG_ATTRIBUTE] = config_module.to_json(config)
        if step is not None:
            file.attrs["step"] = int(step)
        _write(file.create_group("weights"), _by_path(model.variables), half)
        if optimizer is not None:
            _write(file.create_group("optimizer"), _by_number(optimizer.variables), False)


def load_model(path) -> tuple[keras.Model, ModelConfig]:
    """Builds the model that a file describes, with its weights.

    Args:
        path: File written by `save_model`.

    Returns:
        The model and its config.

    Raises:
        CheckpointError: If the file is missing, damaged or no deep3d model.
    """
    with _opened(path) as file:
        config = _read_config(file, path)
        model = build_deep3d(config)
        _read(file, "weights", _by_path(model.variables), path)
    return model, config


def restore(path, model: keras.Model, config: ModelConfig, optimizer=None) -> int:
    """Reads a checkpoint into an existing model and optimizer.

    Args:
        path: File written by `save_model`.
        model: Model built from `config`.
        config: The architecture that the file must have.
        optimizer: Built optimizer to restore as well, or None.

    Returns:
        The training step of the checkpoint, 0 if it has none.

    Raises:
        CheckpointError: If the file is damaged or belongs to another architecture.
    """
    with _opened(path) as file:
        stored = _read_config(file, path)
        if stored != config:
            raise CheckpointError(
                f"{path} belongs to another architecture: {_difference(stored, config)}. "
                "Train into another --workdir, or give the flags it was trained with."
            )
        _read(file, "weights", _by_path(model.variables), path)
        if optimizer is not None:
            _read(file, "optimizer", _by_number(optimizer.variables), path)
        return int(file.attrs.get("step", 0))


@contextlib.contextmanager
def _opened(path):
    if not os.path.isfile(path):
        raise CheckpointError(f"There is no model file {path}.")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, KeyError) as error:  # h5py's words for damaged structure
        raise CheckpointError(f"{path} is damaged or no HDF5 file: {error}") from error


def _read_config(file: h5py.File, path) -> ModelConfig:
    text = file.attrs.get(CONFIG_ATTRIBUTE)
    if not isinstance(text, str) or len(text) > MAX_CONFIG_CHARACTERS:
        raise CheckpointError(f"{path} is no deep3d model: it has no {CONFIG_ATTRIBUTE}.")
    return config_module.from_json(ModelConfig, text)


def _by_path(variables) -> dict:
    # The states of dropout stand outside of their layers, under a running number in the process.
    by_path = {variable.path: variable for variable in variables}
    states = [path for path in by_path if path.endswith("seed_generator_state")]
    numbered = {f"random_state_{k}": by_path.pop(path) for k, path in enumerate(states)}
    return by_path | numbered


def _by_number(variables) -> dict:
    # Optimizer paths contain the model's running number in the process; order is what lasts.
    return {f"{number:04d}": variable for number, variable in enumerate(variables)}


def _write(group: h5py.Group, variables: dict, half: bool):
    for name, variable in variables.items():
        value = keras.ops.convert_to_numpy(variable)
        if half and value.dtype == np.float32:
            value = value.astype(np.float16)
        group.create_dataset(name, data=value)


def _read(file: h5py.File, group_name: str, variables: dict, path):
    """Checks all datasets of a group against the variables, then assigns them."""
    values = {name: _value(file, f"{group_name}/{name}", path) for name in variables}
    for name, variable in variables.items():
        if values[name].shape != tuple(variable.shape):
            raise CheckpointError(
                f"{path}: {name} must have shape {tuple(variable.shape)}. "
                f"Received: {values[name].shape}"
            )
        if not np.isfinite(values[name]).all():
            raise CheckpointError(f"{path}: {name} has values that are not finite.")
    for name, variable in variables.items():
        variable.assign(values[name].astype(variable.dtype))


def _value(file: h5py.File, name: str, path) -> np.ndarray:
    item = file[file.name]
    for part in name.split("/"):
        if not isinstance(item, h5py.Group) or not isinstance(
            item.get(part, getlink=True), h5py.HardLink
        ):
            raise CheckpointError(f"{path} has no {name}.")
        item = item[part]
    if not isinstance(item, h5py.Dataset) or item.external or item.is_virtual:
        raise CheckpointError(f"{path}: {name} must be stored in the file itself.")
    return item[()]


def _difference(stored: ModelConfig, wanted: ModelConfig) -> str:
    names = [n for n in vars(stored) if getattr(stored, n) != getattr(wanted, n)]
    return ", ".join(f"{n} is {getattr(stored, n)}, not {getattr(wanted, n)}" for n in names)
