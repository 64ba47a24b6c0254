"""Trains a Deep3D network on an ingested data set.

python train.py --config=default --data=data/films --workdir=runs/default
"""

import sys

from absl import flags

from deep3d.command_line import UsageError, define_flags, load_tensorflow, override, run_script
from deep3d.config import ModelConfig, TrainingConfig, experiments

flags.DEFINE_string("config", "default", f"Experiment: {', '.join(experiments())}.")
flags.DEFINE_string("data", None, "Folder written by data_pipeline.ingest.")
flags.DEFINE_string("workdir", None, "Folder for checkpoints, the model and TensorBoard logs.")
define_flags(ModelConfig)
define_flags(TrainingConfig)


def main(arguments):
    """Flags -> experiment -> one call of `train`."""
    options = flags.FLAGS
    if arguments:
        raise UsageError(f"train.py takes no arguments, only flags. Received: {arguments}.")
    if not options.data or not options.workdir:
        raise UsageError("Both --data and --workdir must be given.")
    if options.config not in experiments():
        raise UsageError(f"--config must be one of {', '.join(experiments())}.")
    experiment = experiments()[options.config]
    experiment = type(experiment)(override(experiment.model), override(experiment.training))
    load_tensorflow()
    from data_pipeline.dataset import DatasetConfig, clear_data_errors, stereo_dataset
    from deep3d.training import train

    data = DatasetConfig(
        batch_size=experiment.training.batch_size,
        crop_height=experiment.model.height,
        crop_width=experiment.model.width,
        seed=experiment.training.seed,
    )
    with clear_data_errors(options.data):
        result = train(
            experiment,
            lambda step: stereo_dataset(options.data, "train", data, start_step=step),
            lambda: stereo_dataset(options.data, "validation", data, training=False).take(
                experiment.training.validation_batches
            ),
            options.workdir,
        )
    print(f"Best model: {result.model_path}", file=sys.stderr)


def run():
    """Entry point of the console script."""
    run_script(main, __doc__)


if __name__ == "__main__":
    run()
