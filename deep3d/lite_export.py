"""Makes the LiteRT file of a model file with the compact network.

python -m deep3d.lite_export deep3d/weights/default.h5     writes default.tflite beside it
"""

import pathlib
import tempfile
import zipfile

import keras
from keras import ops

from deep3d import checkpoint
from deep3d import config as config_module
from deep3d.atomic_file import replaced_when_complete
from deep3d.command_line import UsageError, run_script
from deep3d.config import ModelConfig
from deep3d.lite_inference import CONFIG_MEMBER, SOURCE_MEMBER, hash_of


def export(source: pathlib.Path, target: pathlib.Path):
    """Converts a model file.

    Weights are stored in 16 bits, as in the model files that are shipped, and computed with in 32.

    Args:
        source: Model file as `checkpoint.save_model` writes it.
        target: The `.tflite` file.

    Raises:
        CheckpointError: If the model file is missing or damaged.
        ValueError: If its network is not the compact one, of one frame, with a selection layer.
    """
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        model, config = checkpoint.load_model(source)
    finally:
        keras.config.set_dtype_policy(policy)
    if config.encoder != "compact" or config.frames > 1 or not config.selection:
        raise ValueError(
            "The encoder must be compact, for one frame, with a selection layer. "
            f"Received: {config.encoder}, frames={config.frames}, selection={config.selection}"
        )
    with replaced_when_complete(target) as temporary:
        pathlib.Path(temporary).write_bytes(_converted(model, config))
        with zipfile.ZipFile(temporary, "a") as archive:
            # Named by ZipInfo the members bear no date, and equal models make equal files.
            archive.writestr(zipfile.ZipInfo(CONFIG_MEMBER), config_module.to_json(config))
            archive.writestr(zipfile.ZipInfo(SOURCE_MEMBER), hash_of(pathlib.Path(source)))


def _converted(model: keras.Model, config: ModelConfig) -> bytes:
    import tensorflow as tf

    logits = model.get_layer("logits").output
    # Softmax takes no notice of what is subtracted from all logits of a pixel.
    network = keras.Model(model.input, logits - ops.max(logits, axis=-1, keepdims=True))
    of_any_size = tf.TensorSpec((1, None, None, 3), tf.float32)
    with tempfile.TemporaryDirectory() as folder:
        network.export(folder, input_signature=[of_any_size], verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
        return converter.convert()


def main(arguments):
    """Converts each model file that is named."""
    if not arguments:
        raise UsageError("Give at least one model file.")
    for source in map(pathlib.Path, arguments):
        target = source.with_suffix(".tflite")
        export(source, target)
        print(target)


if __name__ == "__main__":
    run_script(main, __doc__)
