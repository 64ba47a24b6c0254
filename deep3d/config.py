"""Architecture and training: frozen dataclasses, from which the scripts derive their flags."""

import dataclasses
import json
import types
import typing

from deep3d.disparity import DisparityLevels
from deep3d.wording import either

ENCODERS = ("compact", "vgg11", "vgg16")
INITIALIZATIONS = ("glorot", "uniform")
OPTIMIZERS = ("adam", "sgd")
DISTRIBUTIONS = ("auto", "none", "mirrored", "workers")
SCHEDULES = ("cosine", "step", "constant")
PRECISIONS = ("auto", "float32", "bfloat16")
# The paper's graph sums the predictions of this many branches, one behind each pooling stage.
ALL_BRANCHES = 5
# The current one and as many before it as data sets store at most.
MAX_FRAMES = 9
LEAST_AREA = 1024  # pixels


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Architecture of a Deep3D network; travels with its weights.

    Attributes:
        levels: Disparity levels that the network chooses from.
        encoder: "vgg16", the paper's; "vgg11", that of its released code, which is VGG16 without
            the later convolutions of each block; or "compact", the smaller one of the default
            model.
        padding: How the selection layer continues the left view beyond its edges.
        fully_connected: Predicts the deepest branch by the original's fully connected layers,
            which fix the input size to `height` x `width`; without them it is a convolution like
            the others, and the network takes any multiple of 32.
        height: Height of the input in pixels; fixed only with `fully_connected`.
        width: Width of the input in pixels, likewise.
        picture_area: About how many pixels a whole picture has at which the network sees it, as it
            was in training; 0 for the width of its levels, which windows of films are cut at. Is
            no part of the architecture: networks that differ in it alone are equal.
        fully_connected_units: Width of the two hidden fully connected layers.
        branches: Branches of a VGG network, counted from the deepest: 5 are all, 1 leaves out
            those of the lower pooling stages.
        selection: Whether a distribution over the levels selects from the left view; without it
            the network regresses the colors of the right view and knows no disparity.
        frames: Left views that the network sees, stacked along channels: the current one and
            those before it, newest first. The selection layer shifts the current one.
        initialization: "glorot", the usual, or "uniform", the original's: uniform within +-0.01.
            Deconvolutions start as bilinear interpolation under both.
        channel_divisor: Divides the channels of the VGG convolutions, for small experiments.
    """

    levels: DisparityLevels = dataclasses.field(default_factory=DisparityLevels)
    encoder: str = "compact"
    padding: str = "edge"
    fully_connected: bool = False
    height: int = 160
    width: int = 384
    picture_area: int = dataclasses.field(default=0, compare=False)
    fully_connected_units: int = 512
    branches: int = ALL_BRANCHES
    selection: bool = True
    frames: int = 1
    initialization: str = "glorot"
    channel_divisor: int = 1

    def __post_init__(self):
        _check_word("encoder", self.encoder, ENCODERS)
        _check_word("initialization", self.initialization, INITIALIZATIONS)
        if self.encoder == "compact":
            self._check_compact()
        if min(self.height, self.width) < 32 or self.height % 32 or self.width % 32:
            raise ValueError(
                "Input height and width must be positive multiples of 32. "
                f"Received: {self.height} x {self.width}"
            )
        if self.picture_area and self.picture_area < LEAST_AREA:
            raise ValueError(
                f"picture_area must be 0 or at least {LEAST_AREA}. Received: {self.picture_area}"
            )
        if not 1 <= self.branches <= ALL_BRANCHES:
            raise ValueError(f"branches must be 1..{ALL_BRANCHES}. Received: {self.branches}")
        if not 1 <= self.frames <= MAX_FRAMES:
            raise ValueError(f"frames must be 1..{MAX_FRAMES}. Received: {self.frames}")
        if self.channel_divisor < 1 or 64 % self.channel_divisor:
            raise ValueError(f"channel_divisor must divide 64. Received: {self.channel_divisor}")

    def _check_compact(self):
        """The compact encoder has no parts of the VGG networks."""
        if self.fully_connected:
            raise ValueError(
                "The encoder must be vgg11 or vgg16 with a fully connected branch. "
                f"Received: {self.encoder}"
            )
        vgg_only = {"branches": ALL_BRANCHES, "initialization": "glorot", "channel_divisor": 1}
        changed = [name for name, usual in vgg_only.items() if getattr(self, name) != usual]
        if changed:
            raise ValueError(
                f"The encoder must be vgg11 or vgg16 with {either(changed)}. Received: compact"
            )


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained.

    A step is one batch. With `accumulate` above 1 the weights move at every so many of them; all
    counts, schedules and rounds are still in batches.

    Attributes:
        steps: Number of steps in all, resumed ones included.
        stop_at: Step at which to stop before the end, to go on later with other data; the learning
            rate follows `steps`.
        batch_size: Pairs per step, on all devices together.
        optimizer: "adam" or "sgd".
        momentum: Momentum of "sgd".
        learning_rate: Peak learning rate, after the warm-up.
        schedule: How the rate falls: "cosine" to a hundredth at the last step, "step" by
            `step_factor` at every `step_every` steps, or "constant".
        step_every: Steps between two falls of the schedule "step".
        step_factor: What each of them multiplies the rate by.
        warmup_steps: Steps over which the learning rate rises from 0.
        weight_decay: Decoupled weight decay of the kernels, in units of the learning rate.
        clip_norm: Largest norm of the gradient of a variable, above which it is scaled down; 0
            for none.
        accumulate: Batches whose mean gradient moves the weights once.
        averaging: Momentum of the exponential moving average of the weights, which is what is
            validated and kept; 0 for none.
        right_view: Weight of the error of the right view, the paper's loss, on a scale of 0..1.
        symmetric: Weight of the same error in the mirrored direction: a mirrored right view is a
            left view, whose right view is the mirrored left one.
        disparity: Weight of the error of disparity, where the data have it.
        precision: "float32", "bfloat16", or "auto": bfloat16 where the processor or GPU has
            matrix units for it.
        xla: Whether the whole step is compiled by XLA, which pays on a GPU; TensorFlow only, JAX
            always does.
        checkpoint_every: Steps of a round, which ends with validation, pictures and a checkpoint.
        summary_every: Steps between TensorBoard scalars.
        validation_batches: Batches of a validation run.
        patience: Rounds without a better validation after which training ends; 0 for never.
        flip: Whether half of the training pairs are mirrored, which exchanges the eyes.
        seed: Seed of the weights, the shuffling and the augmentation.
        start_from: Shipped model or path of a model file whose weights a new run begins with.
        vgg_weights: Path of VGG16 ImageNet weights (Keras .h5), "imagenet" to fetch them, or "".
        largest_rise: A loss that is so many times that of the run's first batch ends the training
            as one that is not finite does; 0 for never.
        deterministic: Repeats itself to the last bit: operations without races, on one thread.
        distribute: "none" trains on one device, "mirrored" on all GPUs of this machine (or CPU
            devices, where there is none), "workers" on all machines that TF_CONFIG lists; "auto"
            on what there is. Several devices give the weights that one gives, but for rounding.
        join_timeout_s: Seconds to wait for the other machines.
    """

    steps: int = 3_000
    stop_at: int | None = None
    batch_size: int = 8
    optimizer: str = "adam"
    momentum: float = 0.9
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    step_every: int = 20_000
    step_factor: float = 0.1
    warmup_steps: int = 100
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    accumulate: int = 1
    averaging: float = 0.0
    right_view: float = 1.0
    symmetric: float = 0.0
    disparity: float = 0.0
    precision: str = "auto"
    xla: bool = False
    checkpoint_every: int = 250
    summary_every: int = 50
    validation_batches: int = 20
    patience: int = 0
    flip: bool = True
    seed: int = 0
    start_from: str = ""
    vgg_weights: str = ""
    largest_rise: float = 100.0
    deterministic: bool = False
    distribute: str = "auto"
    join_timeout_s: float = 300.0

    def __post_init__(self):
        _check_word("optimizer", self.optimizer, OPTIMIZERS)
        _check_word("schedule", self.schedule, SCHEDULES)
        _check_word("precision", self.precision, PRECISIONS)
        _check_word("distribute", self.distribute, DISTRIBUTIONS)
        counts = ("steps", "batch_size", "step_every", "accumulate", "checkpoint_every")
        for name in (*counts, "summary_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1. Received: {getattr(self, name)}")
        sizes = ("warmup_steps", "patience", "symmetric", "clip_norm", "largest_rise")
        for name in (*sizes, "join_timeout_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative. Received: {getattr(self, name)}")
        if self.symmetric and not self.right_view:
            raise ValueError(
                "right_view must have a weight where symmetric has one. "
                f"Received: symmetric={self.symmetric}"
            )


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


def _check_word(name: str, word: str, known: tuple[str, ...]):
    if word not in known:
        raise ValueError(f"The {name} must be one of {either(known)}. Received: {word!r}")


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
