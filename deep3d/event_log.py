"""TensorBoard's event files, written by TensorBoard's own package: TensorFlow is not needed.

One log is one run. What is added is written by a thread of the writer's; `flush` waits for it.
"""

import io
import time
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image


class EventLog:
    """The log of one run.

    Args:
        folder: Folder of the run, made if it is not there; a new file is begun in it.
    """

    def __init__(self, folder):
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._writer = EventFileWriter(str(folder))

    def scalar(self, tag: str, value: float, step: int):
        """Adds a point of a curve."""
        from tensorboard.plugins.scalar.summary_v2 import scalar_pb

        self._add(scalar_pb(tag, float(value)), step)

    def text(self, tag: str, markdown: str, step: int):
        """Adds a text."""
        from tensorboard.plugins.text.summary_v2 import text_pb

        self._add(text_pb(tag, markdown), step)

    def pictures(self, tag: str, files: Sequence[bytes], step: int, description: str = ""):
        """Adds pictures of one tag.

        Args:
            tag: Under which they stand.
            files: The content of PNG or GIF files.
            step: Step of the training.
            description: What TensorBoard says about the tag.
        """
        from tensorboard.plugins.image import metadata

        with Image.open(io.BytesIO(files[0])) as first:
            size = [str(side).encode() for side in first.size]
        about = metadata.create_summary_metadata(None, description)
        self._add(_tensor_summary(tag, np.array([*size, *files], dtype=object), about), step)

    def histogram(self, tag: str, values: np.ndarray, edges: np.ndarray, step: int):
        """Adds a histogram.

        Args:
            tag: Under which it stands.
            values: Any shape; what lies beyond the edges counts into the outermost bins.
            edges: (bins + 1,) rising.
            step: Step of the training.
        """
        from tensorboard.plugins.histogram import metadata

        counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
        buckets = np.stack([edges[:-1], edges[1:], counts], axis=-1).astype(np.float64)
        self._add(_tensor_summary(tag, buckets, metadata.create_summary_metadata(None, None)), step)

    def graph(self, definition):
        """Adds the graph of the run, a GraphDef as `layer_graph` makes it."""
        from tensorboard.compat.proto.event_pb2 import Event

        event = Event(wall_time=time.time(), graph_def=definition.SerializeToString())
        self._writer.add_event(event)

    def hyperparameters(self, values: Mapping[str, object]):
        """Says by which settings the run differs from others: it becomes a row of HParams.

        Args:
            values: Numbers, truth values and strings by name; anything else as its text.
        """
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb

        plain = {
            name: value if isinstance(value, bool | int | float | str) else str(value)
            for name, value in values.items()
        }
        self._add(hparams_pb(plain), 0)

    def succeeded(self):
        """Says that the run of `hyperparameters` came to its end."""
        from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

        end = plugin_data_pb2.SessionEndInfo(
            status=api_pb2.STATUS_SUCCESS, end_time_secs=time.time()
        )
        about = metadata.create_summary_metadata(
            plugin_data_pb2.HParamsPluginData(session_end_info=end)
        )
        summary = _tensor_summary(metadata.SESSION_END_INFO_TAG, np.float32(0), about)
        self._add(summary, 0)

    def flush(self):
        """Returns when everything is in the file."""
        self._writer.flush()

    def close(self):
        """Flushes and ends the log."""
        self._writer.close()

    def _add(self, summary, step: int):
        from tensorboard.compat.proto.event_pb2 import Event

        self._writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))


def _tensor_summary(tag: str, values: np.ndarray, metadata):
    from tensorboard.compat.proto import summary_pb2
    from tensorboard.util import tensor_util

    summary = summary_pb2.Summary()
    tensor = tensor_util.make_tensor_proto(values)
    summary.value.add(tag=tag, tensor=tensor, metadata=metadata)
    return summary
