"""What one stored stereo frame consists of, and under which names it lies in the records.

The fields of `StereoExample` are the features of the TensorFlow Datasets builder, one to one and
under the same names, so this file is the only one that has to change with the format. Images are
stored as encoded by `encode_jpeg` and are never encoded a second time.
"""

import dataclasses
from collections.abc import Collection, Mapping
from fractions import Fraction

import cv2
import numpy as np

# Raised whenever a feature is added, removed or changes its meaning. Older data sets, which have no
# frames before (1.0.0) or no scores (1.1.0), are read as they are: TensorFlow Datasets keeps the
# features beside the shards.
VERSION = "1.2.0"

# At quality 95 without chroma subsampling the compression error stays near one 8-bit step, well
# below the differences between the views; 4:2:0 would halve the resolution of colored edges,
# which is where disparity is seen.
JPEG_QUALITY = 95


@dataclasses.dataclass(frozen=True)
class StereoExample:
    """A stereo frame, composed for the disparity levels, with what is needed to undo that.

    Attributes:
        left_jpeg: Left view, JPEG, `height` x `width`.
        right_jpeg: Right view of the same size.
        movie: Name of the movie file without its suffix.
        shot: Number of the shot in the movie, from 0.
        pts: Presentation time stamp in the movie, in units of the time base.
        time_base_numerator: Numerator of the time base in seconds.
        time_base_denominator: Denominator of the time base.
        width: Width of the stored views in pixels.
        height: Height of the stored views in pixels.
        composition_width: Width in pixels to which both views were resized before the columns
            without a partner were cropped.
        composition_shift: Pixels at that width that were added to every disparity.
        composition_scale: `composition_width` divided by the width of the movie's view, stretched
            to its aspect and without its black bars.
        percentile_5: 5th percentile of the movie's own disparity, in percent of the view's width,
            before the composition.
        percentile_95: 95th percentile likewise.
        before_jpegs: Left views of the movie's frames before this one, composed as it is, the
            latest first; where the shot has no more of them its first frame is repeated. As many
            in every example of a data set.
        before_right_jpegs: Right views of those frames: mirroring makes left views of them.
        matched: Share of the pixels that match in both directions; 0, like the other scores, in
            data sets without it.
        swapped_probability: Of the eyes having been exchanged in the movie, as the shot says; they
            are stored the right way round.
        vertical_error: Largest vertical error between the eyes in the movie, in percent of the
            height; what was worth it is corrected.
        color_difference: Between the eyes in the channel that differs most, of 255.
    """

    left_jpeg: bytes
    right_jpeg: bytes
    movie: str
    shot: int
    pts: int
    time_base_numerator: int
    time_base_denominator: int
    width: int
    height: int
    composition_width: int
    composition_shift: int
    composition_scale: float
    percentile_5: float
    percentile_95: float
    before_jpegs: tuple[bytes, ...] = ()
    before_right_jpegs: tuple[bytes, ...] = ()
    matched: float = 0.0
    swapped_probability: float = 0.0
    vertical_error: float = 0.0
    color_difference: float = 0.0

    @property
    def time(self) -> Fraction:
        """Presentation time in seconds."""
        return self.pts * Fraction(self.time_base_numerator, self.time_base_denominator)

    def source_disparity(self, composed):
        """Disparity in the movie, `(composed - shift) / scale`.

        Args:
            composed: Disparity in pixels of the stored pair, number or array.

        Returns:
            Disparity in pixels at the width of the movie's view (bars cropped, aspect restored).
        """
        return (composed - self.composition_shift) / self.composition_scale

    def as_features(self) -> dict:
        """The example as a dictionary for the TensorFlow Datasets writer."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @classmethod
    def from_features(cls, features: Mapping) -> "StereoExample":
        """The example from a record read with undecoded images, for instance as NumPy values."""
        values = {}
        for field in dataclasses.fields(cls):
            if field.name not in features and field.default is not dataclasses.MISSING:
                continue
            value = features[field.name]
            value = value.numpy() if hasattr(value, "numpy") else value
            value = value.item() if isinstance(value, np.generic) else value
            value = tuple(value.tolist()) if isinstance(value, np.ndarray) else value
            values[field.name] = value.decode() if field.type is str else value
        return cls(**values)


def tfds_features():
    """The features of `StereoExample` as a `tfds.features.FeaturesDict`."""
    import tensorflow_datasets as tfds

    def image():
        return tfds.features.Image(shape=(None, None, 3), encoding_format="jpeg")

    kinds = {
        bytes: image,
        tuple[bytes, ...]: lambda: tfds.features.Sequence(image()),
        str: tfds.features.Text,
        int: lambda: tfds.features.Scalar(np.int64),
        float: lambda: tfds.features.Scalar(np.float32),
    }
    return tfds.features.FeaturesDict(
        {field.name: kinds[field.type]() for field in dataclasses.fields(StereoExample)}
    )


def views_alone(features, frames: int):
    """Of a data set's features those that pairs of views take: parsing the rest costs as much.

    Args:
        features: The `tfds.features.FeaturesDict` of the data set.
        frames: Left views of a pair.
    """
    import tensorflow_datasets as tfds

    names = ["left_jpeg", "right_jpeg", "height", "width"]
    if frames > 1:
        names += ["before_jpegs", "before_right_jpegs"]
    return tfds.decode.PartialDecoding(dict.fromkeys(names, True)).extract_features(features)


def undecoded_images(features: Collection[str]) -> dict:
    """Decoders for `tfds` under which the images stay JPEG bytes.

    Args:
        features: Names of those that the data set has.
    """
    import tensorflow_datasets as tfds

    images = [
        field.name
        for field in dataclasses.fields(StereoExample)
        if field.type in (bytes, tuple[bytes, ...]) and field.name in features
    ]
    return {name: tfds.decode.SkipDecoding() for name in images}


def encode_jpeg(image: np.ndarray) -> bytes:
    """JPEG of an RGB image, quality 95, without chroma subsampling.

    Args:
        image: (h, w, 3) uint8 RGB.

    Returns:
        The encoded file.

    Raises:
        ValueError: If the image is not (h, w, 3) uint8.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            f"The image must be (h, w, 3) uint8. Received: {image.shape} {image.dtype}"
        )
    options = [
        *(cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
    ]
    done, encoded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise ValueError(f"The image could not be encoded. Received: shape {image.shape}")
    return encoded.tobytes()
