"""Architecture and training: frozen dataclasses, from which the scripts derive their flags."""

import dataclasses
import json
import types
import typing

from deep3d.disparity import DisparityLevels
from deep3d.wording import either

ENCODERS = ("compact", "vgg16")


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Architecture of a Deep3D network; travels with its weights.

    Attributes:
        levels: Disparity levels that the network chooses from.
        encoder: "vgg16", the paper's, or "compact", the smaller network of the default model.
        padding: How the selection layer continues the left view beyond its edges.
        fully_connected: Adds the original's fully connected top branch, which fixes the input
            size to `height` x `width`; without it the network takes any multiple of 32.
        height: Height of the input in pixels; fixed only with `fully_connected`.
        width: Width of the input in pixels, likewise.
        fully_connected_units: Width of the two hidden layers of the fully connected branch.
    """

    levels: DisparityLevels = dataclasses.field(default_factory=DisparityLevels)
    encoder: str = "compact"
    padding: str = "edge"
    fully_connected: bool = False
    height: int = 160
    width: int = 384
    fully_connected_units: int = 512

    def __post_init__(self):
        if self.encoder not in ENCODERS:
            raise ValueError(
                f"The encoder must be one of {either(ENCODERS)}. Received: {self.encoder!r}"
            )
        if self.fully_connected and self.encoder != "vgg16":
            raise ValueError(
                f"The encoder must be vgg16 with a fully connected branch. Received: {self.encoder}"
            )
        if min(self.height, self.width) < 32 or self.height % 32 or self.width % 32:
            raise ValueError(
                "Input height and width must be positive multiples of 32. "
                f"Received: {self.height} x {self.width}"
            )


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained.

    Attributes:
        steps: Number of optimizer steps in all, resumed ones included.
        stop_at: Step at which to stop before the end, to go on later with other data; the learning
            rate follows `steps`.
        batch_size: Pairs per step.
        learning_rate: Peak learning rate of Adam, after the warm-up.
        weight_decay: Decoupled weight decay of the kernels, in units of the learning rate.
        averaging: Momentum of the exponential moving average of the weights, which is what is
            validated and kept; 0 for none.
        right_view: Weight of the error of the right view, the paper's loss, on a scale of 0..1.
        disparity: Weight of the error of disparity, where the data have it.
        warmup_steps: Steps over which the learning rate rises from 0.
        precision: "float32", "bfloat16", or "auto": bfloat16 where the processor or GPU has
            matrix units for it.
        checkpoint_every: Steps of a round, which ends with validation, pictures and a checkpoint.
        summary_every: Steps between TensorBoard scalars.
        validation_batches: Batches of a validation run.
        seed: Seed of the weights, the shuffling and the augmentation.
        start_from: Shipped model or path of a model file whose weights a new run begins with.
        vgg_weights: Path of VGG16 ImageNet weights (Keras .h5), "imagenet" to fetch them, or "".
    """

    steps: int = 3_000
    stop_at: int | None = None
    batch_size: int = 8
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    averaging: float = 0.0
    right_view: float = 1.0
    disparity: float = 0.0
    warmup_steps: int = 100
    precision: str = "auto"
    checkpoint_every: int = 250
    summary_every: int = 50
    validation_batches: int = 20
    seed: int = 0
    start_from: str = ""
    vgg_weights: str = ""


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A model and its training, under the name that `train.py --config=NAME` takes."""

    model: ModelConfig = dataclasses.field(default_factory=ModelConfig)
    training: TrainingConfig = dataclasses.field(default_factory=TrainingConfig)


def to_json(config) -> str:
    """A config dataclass, nested ones included, as JSON."""
    return json.dumps(dataclasses.asdict(config), indent=2, sort_keys=True)


def from_json(kind: type, text: str):
    """The inverse of `to_json`; checks names and types, for files from outside.

    Args:
        kind: The dataclass.
        text: JSON object; missing fields take their defaults.

    Returns:
        An instance of `kind`.

    Raises:
        ValueError: If the text is no JSON object, or has unknown fields or wrong types.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"A {kind.__name__} must be JSON. Received: {error}") from error
    return _from_dict(kind, data)


def _from_dict(kind: type, data):
    if not isinstance(data, dict):
        raise ValueError(f"A {kind.__name__} must be an object. Received: {data!r:.80}")
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(data) - set(hints))
    if unknown:
        raise ValueError(f"A {kind.__name__} must have known fields only. Received: {unknown}")
    return kind(**{name: _value(kind, name, hints[name], data[name]) for name in data})


def _value(kind: type, name: str, hint, value):
    if dataclasses.is_dataclass(hint):
        return _from_dict(hint, value)
    allowed = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if float in allowed and type(value) is int:
        value = float(value)
    if type(value) not in allowed:
        raise ValueError(f"{kind.__name__}.{name} must be {hint}. Received: {value!r:.80}")
    return value
