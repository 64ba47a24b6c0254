"""How stereo pairs are drawn from a data set, whatever reads it; needs no TensorFlow."""

import dataclasses
import math
import os

# Random numbers that one pair takes: row, column, flip, brightness, contrast, saturation, gamma
# and the three colors of the cast.
RANDOM_NUMBERS = 10
TOO_NARROW = "a stored frame is narrower than crop_width"


class DataError(ValueError):
    """The data set cannot be read; the message names the folder and what to do."""


@dataclasses.dataclass(frozen=True)
class DatasetConfig:
    """How pairs are drawn from a data set.

    Attributes:
        batch_size: Pairs per batch.
        crop_height: Rows of the window; lower frames are continued by reflection.
        crop_width: Columns of the window; no stored frame may be narrower.
        seed: Seed of order and augmentation.
        shuffle_block: Encoded pairs that are held and shuffled at a time, about 80 kB each.
        flip: Whether half of the pairs are mirrored (which exchanges the eyes).
        brightness: Largest offset of the colors, in [0, 1] units.
        contrast: Largest relative change of contrast around mid-gray.
        saturation: Largest relative change of saturation.
        gamma: Largest change of the logarithm of gamma.
        color_cast: Largest relative change of a single color.
        frames: Left views that a network sees: the current one and those of the frames before it.
        whole_frames: In evaluation, whole frames instead of the central window; `batch_size`
            must then be 1, because sizes differ.
    """

    batch_size: int = 16
    crop_height: int = 160
    crop_width: int = 384
    seed: int = 0
    shuffle_block: int = 1024
    flip: bool = True
    brightness: float = 0.08
    contrast: float = 0.2
    saturation: float = 0.25
    gamma: float = 0.2
    color_cast: float = 0.06
    frames: int = 1
    whole_frames: bool = False

    def __post_init__(self):
        for name in ("batch_size", "crop_height", "crop_width", "shuffle_block", "frames"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1. Received: {getattr(self, name)}")
        if self.whole_frames and self.batch_size != 1:
            raise ValueError(f"batch_size must be 1 with whole frames. Received: {self.batch_size}")

    def changes(self, random) -> dict:
        """What is to be done with pairs, as `deep3d.pair_changes.change_pairs` takes it.

        Args:
            random: (..., `RANDOM_NUMBERS`) numbers in [0, 1), an array or a tensor.

        Returns:
            "mirrored": whether the views are to be mirrored, for which the eyes must have been
            exchanged; and the changes of the colors, each (...,) but "cast", (..., 3).
        """
        change = 2.0 * random - 1.0  # [-1, 1)
        return {
            "mirrored": change[..., 2] < (0.0 if self.flip else -1.0),
            "brightness": self.brightness * change[..., 3],
            "contrast": 1.0 + self.contrast * change[..., 4],
            "saturation": 1.0 + self.saturation * change[..., 5],
            "gamma": math.e ** (self.gamma * change[..., 6]),
            "cast": 1.0 + self.color_cast * change[..., 7:10],
        }


def check_frames(wanted: int, stored: int, data_dir: str | os.PathLike) -> None:
    """Refuses a data set that stores fewer frames than a network sees.

    Raises:
        DataError: If `wanted` exceeds `stored`, the example's own frame included.
    """
    if wanted > stored:
        raise DataError(
            f"frames must be at most {stored} with {data_dir}; ingest the movies with "
            f"--frames_before={wanted - 1}. Received: {wanted}"
        )
