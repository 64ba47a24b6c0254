"""Batches from several packs of pictures with disparity, mixed by weight.

A batch is a function of (packs, config, step) and of nothing else: which source, picture, window
and change of color comes from the seed, the step and the place in the batch. A run that begins at
step k sees what the unbroken run would have seen.

Every window is a picture of its own: its disparity is brought to the levels (5th..95th percentile
on all but the outermost levels, as `deep3d.composition` does with pairs), because the network
cannot know how strong a film's stereo was. The network predicts disparity for the pixels of the
right view, so disparity and trust are carried there, and the right view is made by the same warp.
"""

import dataclasses
import hashlib
import os
from collections.abc import Collection, Mapping

import numpy as np

from data_pipeline.packs.depth_example import DepthExample
from data_pipeline.packs.depth_pack import PackedExample, PackError, decode, read_pack
from data_pipeline.packs.disturbances import disturb, lay_over
from data_pipeline.packs.pasting import paste
from data_pipeline.packs.picture_changes import change_picture
from data_pipeline.packs.right_view import make_right_view, to_right_view
from data_pipeline.packs.step_sequence import StepSequence
from data_pipeline.packs.windows import cut_window, mirrored
from deep3d.disparity import DisparityLevels

Batch = tuple[np.ndarray, dict[str, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class MixtureConfig:
    """How windows are drawn.

    Attributes:
        batch_size: Windows per batch.
        area: Pixels of a window, about; its sides are multiples of 32.
        aspects: Widths of the windows divided by their heights, one of them for each batch.
        smallest_window: Least share of the largest possible window's sides.
        validation_share: Share of the groups that is kept for validation.
        pasted: Share of the windows before which a cut-out is put, where there are cut-outs.
        disturbed: Whether what windows show is hidden in part (disturbances.py).
        laid_over: Share of the disturbed windows on which another picture is laid.
        right_view: Whether the right views are wanted as targets, too.
        spread: Shares of the range of the levels that windows use, drawn evenly between the two;
            the middle of both in validation. Films use less than all of it, and a network that
            cannot know how much does best by the middle.
        least_spread: A window's disparity is stretched as if it had at least this share of the
            whole picture's spread, so that a wall does not become a scene.
        seed: Seed of everything random.
        share: Number of a machine and of machines: each draws its part of every batch.
    """

    batch_size: int = 16
    area: int = 61_440
    aspects: tuple[float, ...] = (2.4, 1.33, 0.8)
    smallest_window: float = 0.6
    validation_share: float = 0.06
    pasted: float = 0.2
    disturbed: bool = False
    laid_over: float = 0.4
    right_view: bool = True
    spread: tuple[float, float] = (1.0, 1.0)
    least_spread: float = 0.4
    seed: int = 0
    share: tuple[int, int] = (0, 1)

    @property
    def places(self) -> range:
        """Places of a batch that this machine draws."""
        machine, machines = self.share
        return range(machine, self.batch_size, machines)


class Mixture:
    """Packs in memory, still encoded, and the batches drawn from them.

    Args:
        packs: Folders of packs and how often each is drawn, relative to the others.
        levels: The network's levels; disparity is in pixels of the window.
        config: How windows are drawn.
        cutouts: Those of the packs whose pictures have one subject each, to be put before others.

    Raises:
        PackError: If a pack cannot be read.
        ValueError: If there is no pack, a weight is not positive, or a cut-out is none of them.
    """

    def __init__(
        self,
        packs: Mapping[str | os.PathLike, float],
        levels: DisparityLevels,
        config: MixtureConfig | None = None,
        cutouts: Collection[str | os.PathLike] = (),
    ):
        if not packs or min(packs.values()) <= 0:
            raise ValueError(f"There must be packs with positive weights. Received: {packs}")
        if not set(cutouts) <= set(packs):
            raise ValueError(f"The cut-outs must be among {list(packs)}. Received: {cutouts}")
        self.config = config or MixtureConfig()
        self.levels = levels
        self.training: list[list[PackedExample]] = []
        self.validation: list[PackedExample] = []
        self.cutouts: list[PackedExample] = []
        shares = []
        for folder, share in packs.items():
            rows = list(read_pack(folder))
            held = [self._is_for_validation(row.group) for row in rows]
            drawn = [row for row, out in zip(rows, held, strict=True) if not out]
            self.validation += [row for row, out in zip(rows, held, strict=True) if out]
            if folder in cutouts:
                self.cutouts += drawn
            if drawn:
                self.training.append(drawn)
                shares.append(share)
        if not shares:
            raise PackError(f"Nothing is left for training in {list(packs)}.")
        self._shares = np.cumsum(shares) / np.sum(shares)

    def batch(self, step: int) -> Batch:
        """The training batch of a step.

        Args:
            step: From 0.

        Returns:
            Left views (batch, h, w, 3) float32 in [0, 1], and "disparity": (batch, h, w, 2), in
            pixels for the right view's pixels, and its trust, and, where wanted, "right": (batch,
            h, w, 4), the right view and where it is known.
        """
        height, width = self._shape(step)
        windows = []
        for place in self.config.places:
            rng = np.random.default_rng([self.config.seed, step, place])
            example = self._drawn(rng)
            window = cut_window(example, height, width, rng, self.config.smallest_window)
            if rng.random() < 0.5:
                window = mirrored(window)
            if self.cutouts and rng.random() < self.config.pasted:
                cutout = decode(self.cutouts[rng.integers(len(self.cutouts))])
                window = paste(window, cutout, rng)
            window = dataclasses.replace(window, left=self._changed(window, rng))
            spread = rng.uniform(*self.config.spread)
            windows.append(self._targets(example, window, spread))
        return _stacked(windows)

    def validation_batch(self, number: int) -> Batch:
        """Like `batch`, of held-out groups, whole and unchanged; any number from 0 on."""
        if not self.validation:
            raise PackError("No group was held out for validation.")
        height, width = self._shape(number)
        windows = []
        for place in self.config.places:
            place += number * self.config.batch_size
            # Neighbors in a pack resemble each other: step through all of them evenly.
            row = self.validation[place * 7919 % len(self.validation)]
            example = decode(row)
            window = cut_window(example, height, width)
            windows.append(self._targets(example, window, float(np.mean(self.config.spread))))
        return _stacked(windows)

    def _drawn(self, rng: np.random.Generator) -> DepthExample:
        source = self.training[np.searchsorted(self._shares, rng.random(), side="right")]
        return decode(source[rng.integers(len(source))])

    def _changed(self, window: DepthExample, rng: np.random.Generator) -> np.ndarray:
        picture = change_picture(window, rng)
        if not self.config.disturbed:
            return picture
        picture = disturb(picture, rng)
        if rng.random() < self.config.laid_over:
            picture = lay_over(picture, self._drawn(rng).left, rng)
        return picture

    def _is_for_validation(self, group: str) -> bool:
        number = int.from_bytes(hashlib.sha256(group.encode()).digest()[:4], "big")
        return number < self.config.validation_share * 2**32

    def _shape(self, step: int) -> tuple[int, int]:
        """Height and width of the windows of a step."""
        aspect = self.config.aspects[step % len(self.config.aspects)]
        height = 32 * max(1, round((self.config.area / aspect) ** 0.5 / 32))
        return height, 32 * max(1, round(self.config.area / height / 32))

    def _targets(
        self, example: DepthExample, window: DepthExample, spread: float
    ) -> dict[str, np.ndarray]:
        disparity = self._composed(example, window, spread)
        disparity, weight, seen = to_right_view(disparity, window.weight)
        targets = {"left": window.left, "disparity": np.dstack([disparity, weight])}
        if self.config.right_view:
            right = make_right_view(window.left, disparity).astype(np.float32) / 255.0
            targets["right"] = np.dstack([right, seen])
        return targets

    def _composed(self, example: DepthExample, window: DepthExample, spread: float) -> np.ndarray:
        """Disparity in pixels, its 5th..95th percentile on the levels less one on either side."""
        values = self.levels.values
        room = abs(values[-1] - values[0]) - 2.0 * abs(self.levels.step)
        low, high = _percentiles(window)
        floor = self.config.least_spread * np.diff(_percentiles(example))[0]
        scale = spread * room / max(high - low, floor, 1e-6)
        middle = 0.5 * (values[0] + values[-1])
        composed = (window.disparity - 0.5 * (low + high)) * scale + middle
        return np.clip(composed, min(values), max(values)).astype(np.float32)


class MixtureSequence(StepSequence):
    """A mixture for `keras.Model.fit` under any backend; needs no TensorFlow.

    Args:
        mixture: What to draw from.
        first_step: Step of the first batch.
        steps: Number of batches; None where they never end.
        validation: Whether to draw held-out pictures.
        ahead: Batches that are drawn ahead, each by a thread.
    """

    def __init__(
        self,
        mixture: Mixture,
        first_step: int,
        steps: int | None = None,
        validation: bool = False,
        ahead: int = 0,
    ):
        draw = mixture.validation_batch if validation else mixture.batch
        super().__init__(draw, first_step, steps, ahead)


def mixture_dataset(mixture: Mixture, first_step: int = 0):
    """The training batches of a mixture as an endless `tf.data.Dataset`.

    Args:
        mixture: What to draw from.
        first_step: Step of the first batch.

    Returns:
        Dataset of `Mixture.batch`, drawn ahead by a few threads, in order.
    """
    import tensorflow as tf

    size = len(mixture.config.places)
    channels = {"disparity": 2} | ({"right": 4} if mixture.config.right_view else {})

    def draw(step):
        left, targets = mixture.batch(int(step))
        return left, *(targets[name] for name in channels)

    def tensors(step):
        views = tf.numpy_function(draw, [step], [tf.float32] * (1 + len(channels)), stateful=False)
        for view, depth in zip(views, (3, *channels.values()), strict=True):
            view.set_shape((size, None, None, depth))
        return views[0], dict(zip(channels, views[1:], strict=True))

    steps = tf.data.Dataset.counter(start=first_step)
    return steps.map(tensors, num_parallel_calls=2, deterministic=True).prefetch(4)


def _percentiles(example: DepthExample) -> tuple[float, float]:
    trusted = example.disparity[::3, ::3][example.weight[::3, ::3] > 0.05]
    if trusted.size < 20:
        trusted = example.disparity
    low, high = np.percentile(trusted, (5, 95))
    return float(low), float(high)


def _stacked(windows: list[dict[str, np.ndarray]]) -> Batch:
    stacks = {name: np.stack([window[name] for window in windows]) for name in windows[0]}
    return stacks.pop("left").astype(np.float32) / 255.0, stacks
