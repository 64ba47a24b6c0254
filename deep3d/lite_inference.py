"""The compact network in LiteRT: starts in a tenth of a second, where TensorFlow takes five.

A `.tflite` file (lite_export.py) holds the network up to its logits at half the resolution. The
rest is done here, by OpenCV and NumPy, which take a third of the time that LiteRT would.
Two members of a zip archive at its end, the format's own place for metadata
(https://ai.google.dev/edge/litert/conversion/tensorflow/metadata), name the architecture and the
model file that it was made from.
"""

import hashlib
import os
import pathlib
import zipfile
from collections.abc import Iterator

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from deep3d import config as config_module
from deep3d.command_line import silent_standard_error
from deep3d.config import ModelConfig
from deep3d.disparity import expected_disparity
from deep3d.inference import Predictor, scaled
from deep3d.model_files import CheckpointError

CONFIG_MEMBER = "deep3d_config.json"
SOURCE_MEMBER = "source.sha256"
MAX_MEMBER_BYTES = 100_000
# More gain little, as the pictures are small; and half of the processors have other things to do
# meanwhile, from which threads that wait for each other would take time.
MAX_THREADS = 4


def is_made_from(path: pathlib.Path, source: pathlib.Path) -> bool:
    """Whether a `.tflite` file exists and was made from just this model file.

    Args:
        path: The `.tflite` file.
        source: Model file as `checkpoint.save_model` writes it.

    Raises:
        CheckpointError: If the `.tflite` file is damaged.
    """
    return path.is_file() and _member(path, SOURCE_MEMBER) == hash_of(source)


def hash_of(path: pathlib.Path) -> str:
    """SHA-256 of a file in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class LitePredictor(Predictor):
    """What `Predictor` is for a Keras network, one picture after the other.

    So a picture's disparity does not depend on the batch that it comes in.
    """

    def __init__(self, path: pathlib.Path, threads: int | None = None):
        """Loads the network.

        Args:
            path: File of `lite_export.export`; it must be trusted, as LiteRT does not check it.
            threads: Threads that compute; None takes one for two processors, up to `MAX_THREADS`.

        Raises:
            CheckpointError: If the file is damaged.
        """
        self.config = config_module.from_json(ModelConfig, _member(path, CONFIG_MEMBER))
        self._source = _member(path, SOURCE_MEMBER)
        threads = threads or min(max((os.cpu_count() or 1) // 2, 1), MAX_THREADS)
        try:
            with silent_standard_error():  # it tells that it has a fast way, when first prepared
                self._interpreter = Interpreter(str(path), num_threads=threads)
                self._prepare(self.config.height, self.config.width)
        except (ValueError, RuntimeError) as error:  # LiteRT's words for a bad file
            raise CheckpointError(f"{path} is damaged: {error}") from error

    @property
    def fingerprint(self) -> str:
        """As for `Predictor`, and other than that of the same weights in Keras."""
        return f"litert {self._source}"

    def disparity(self, pictures: np.ndarray) -> np.ndarray:
        """As for `Predictor`."""
        levels = self.config.levels
        return np.stack([expected_disparity(shares, levels) for shares in self._all(pictures)])

    def probabilities(self, pictures: np.ndarray) -> np.ndarray:
        """As for `Predictor`."""
        return np.stack(list(self._all(pictures)))

    def _all(self, pictures: np.ndarray) -> Iterator[np.ndarray]:
        """The distribution of one picture after the other, (rows, columns, levels)."""
        rows, columns = pictures.shape[1:3]
        if (rows, columns) != self._size:
            self._prepare(rows, columns)
        yield from map(self._distribution, scaled(pictures))

    def _prepare(self, rows: int, columns: int):
        """Makes room for pictures of a size."""
        interpreter, self._size = self._interpreter, (rows, columns)
        self._input = interpreter.get_input_details()[0]["index"]
        self._output = interpreter.get_output_details()[0]["index"]
        interpreter.resize_tensor_input(self._input, (1, rows, columns, 3))
        interpreter.allocate_tensors()

    def _distribution(self, picture: np.ndarray) -> np.ndarray:
        """(rows, columns, 3) in [0, 1] -> (rows, columns, levels)."""
        self._interpreter.set_tensor(self._input, picture[np.newaxis])
        self._interpreter.invoke()
        logits = self._interpreter.get_tensor(self._output)[0]  # (rows / 2, columns / 2, levels)
        rows, columns = self._size
        # What compact.BilinearDoubling does. The greatest logit of every pixel is 0, and so none is
        # above that afterwards.
        logits = cv2.resize(logits, (columns, rows), interpolation=cv2.INTER_LINEAR)
        shares = cv2.exp(logits.reshape(rows, -1)).reshape(logits.shape)
        # As a product with ones ten times as fast as `sum` over so short an axis.
        shares /= shares @ np.ones((shares.shape[2], 1), np.float32)
        return shares


def _member(path: pathlib.Path, name: str) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(name).file_size > MAX_MEMBER_BYTES:
                raise CheckpointError(f"{path}: its {name} is too long to be meant.")
            return archive.read(name).decode()
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} is damaged or no model of deep3d: {error}") from error
