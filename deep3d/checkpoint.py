"""Model files: weights and the config they belong to, in one HDF5 file.

Layout: attribute `deep3d_config` (JSON of `ModelConfig`), group `weights` with one dataset for
each variable, named by its path in the model (`branch1_conv/kernel`). A training checkpoint has
the optimizer's variables in the group `optimizer` and the fields of `Progress` as attributes as
well. Datasets have checksums. Files come from outside: nothing in them is executed or unpickled,
links that lead out of the file are refused, and every name, shape and value is checked before it
is used.
"""

import contextlib
import dataclasses
import io
import os

import h5py
import keras
import numpy as np

from deep3d import config as config_module
from deep3d.atomic_file import write_bytes
from deep3d.config import ModelConfig
from deep3d.model import build_deep3d
from deep3d.model_files import CheckpointError

CONFIG_ATTRIBUTE = "deep3d_config"
MAX_CONFIG_CHARACTERS = 100_000
KIND_ATTRIBUTE = "kind"
_LARGEST_HALF = float(np.finfo(np.float16).max)


class ArchitectureError(CheckpointError):
    """A sound file belongs to another architecture, or another optimizer."""


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        step: Steps done.
        best: Least validation loss so far.
        stale: Rounds since then.
    """

    step: int = 0
    best: float = float("inf")
    stale: int = 0


def save_model(
    path,
    model: keras.Model,
    config: ModelConfig,
    *,
    half: bool = False,
    optimizer=None,
    progress: Progress | None = None,
):
    """Writes a model file; it appears under its name only when it is complete.

    Args:
        path: Target, conventionally `*.h5`.
        model: Model built from `config`.
        config: Its architecture.
        half: Stores floats as float16, for shipping, where that can hold them.
        optimizer: Keras optimizer whose state is stored too, for resuming.
        progress: How far training is, stored with the optimizer.

    Raises:
        CheckpointError: If it cannot be written; what was there before stays.
    """
    # HDF5 may crash where a disk is full, so the file is made in memory.
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs[CONFIG_ATTRIBUTE] = config_module.to_json(config)
        if progress is not None:
            file.attrs.update(dataclasses.asdict(progress))
        _write(file.create_group("weights"), _by_path(model.variables), half)
        if optimizer is not None:
            group = file.create_group("optimizer")
            group.attrs[KIND_ATTRIBUTE] = _kind(optimizer)
            _write(group, _by_number(optimizer.variables), False)
    try:
        write_bytes(path, content.getbuffer())
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be written ({error.strerror}); what was there before is intact."
        ) from error


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


def restore(path, model: keras.Model, config: ModelConfig, optimizer=None) -> Progress:
    """Reads a checkpoint into an existing model and optimizer.

    Args:
        path: File written by `save_model`.
        model: Model built from `config`.
        config: The architecture that the file must have.
        optimizer: Built optimizer to restore as well, or None.

    Returns:
        How far the training of the checkpoint was; without its best validation where that was of
        pictures of another size.

    Raises:
        ArchitectureError: If the file belongs to another architecture or another optimizer.
        CheckpointError: If it is damaged.
    """
    with _opened(path) as file:
        stored = _read_config(file, path)
        if stored != config:
            raise ArchitectureError(
                f"{path} belongs to another architecture: {_difference(stored, config)}. "
                "Train into another --workdir, or give the flags it was trained with."
            )
        _read(file, "weights", _by_path(model.variables), path)
        if optimizer is not None:
            _check_optimizer(file, optimizer, path)
            _read(file, "optimizer", _by_number(optimizer.variables), path)
        start = Progress(step=int(file.attrs.get("step", 0)))
        if stored.picture_area != config.picture_area:
            return start  # validated on pictures of another size, which tells nothing of these
        return dataclasses.replace(
            start,
            best=float(file.attrs.get("best", start.best)),
            stale=int(file.attrs.get("stale", start.stale)),
        )


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
        if half and value.dtype == np.float32 and np.abs(value).max(initial=0) <= _LARGEST_HALF:
            value = value.astype(np.float16)
        group.create_dataset(name, data=value, fletcher32=value.ndim > 0 or None)


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


def _check_optimizer(file: h5py.File, optimizer, path):
    group = file.get("optimizer", getlink=False)
    has_state = isinstance(group, h5py.Group)
    wanted = _kind(optimizer)
    # Files of before 0.5 do not say what optimizer they are of.
    kind = group.attrs.get(KIND_ATTRIBUTE, wanted) if has_state else "none"
    count, stored = len(optimizer.variables), len(group) if has_state else 0
    if kind != wanted or stored != count:
        raise ArchitectureError(
            f"{path} has the state of another optimizer ({kind} of {stored} variables, not "
            f"{wanted} of {count}). Give the flags it was trained with, or train into another "
            "--workdir and --start_from it."
        )


def _kind(optimizer: keras.optimizers.Optimizer) -> str:
    """What the variables of an optimizer are: others may have the same shapes."""
    averaging = " with averaging" if optimizer.use_ema else ""
    accumulation = " with accumulation" if optimizer.gradient_accumulation_steps else ""
    return type(optimizer).__name__ + averaging + accumulation


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
    before, now = _by_flag(stored), _by_flag(wanted)
    names = [name for name in before if before[name] != now[name]]
    return ", ".join(f"{name} is {before[name]}, not {now[name]}" for name in names)


def _by_flag(config: ModelConfig) -> dict:
    """The values of a config under the names of their flags."""
    values = {}
    for name, value in dataclasses.asdict(config).items():
        inner = value if isinstance(value, dict) else {}
        values |= {f"{name}_{key}": part for key, part in inner.items()} or {name: value}
    return values
