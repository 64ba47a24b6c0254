"""Trains a Deep3D network on an ingested data set, or on packs of pictures with disparity.

python train.py --config=default --packs=data/photos:2,data/synthetic:1 --workdir=runs/default
python train.py --config=vgg16 --data=data/films --workdir=runs/vgg16
Several machines: the same command on each, with TF_CONFIG and a --workdir that all see.
"""

import contextlib
import dataclasses
import functools
import importlib.util
import os
import sys

from absl import flags

from deep3d.cluster import WorkerLost, begin_again, cluster_of, share
from deep3d.command_line import (
    UsageError,
    define_flags,
    override,
    run_script,
    silent_standard_error,
)
from deep3d.config import ModelConfig, TrainingConfig
from deep3d.experiments import experiments
from deep3d.model_files import checkpoints, model_path
from deep3d.wording import either

flags.DEFINE_string("config", "default", f"Experiment: {', '.join(experiments())}.")
flags.DEFINE_string("data", None, "Folder of data_pipeline.ingest or .stereo_pack.")
flags.DEFINE_list("packs", [], "Packs of pictures with disparity, each FOLDER or FOLDER:WEIGHT.")
flags.DEFINE_float("least_range", 1.0, "Least share of the levels' range that windows use.", 0, 1)
flags.DEFINE_list("cutouts", [], "Those of the packs whose subjects are put before others.")
flags.DEFINE_bool("disturbed", False, "Whether what windows show is hidden in part.")
flags.DEFINE_integer("window_area", 61_440, "Pixels of a training window from the packs.")
flags.DEFINE_string("workdir", None, "Folder for checkpoints, the model and TensorBoard logs.")
define_flags(ModelConfig)
define_flags(TrainingConfig)


def main(arguments):
    """Flags -> experiment -> one call of `train`."""
    options = flags.FLAGS
    if arguments:
        raise UsageError(f"train.py takes no arguments, only flags. Received: {arguments}.")
    if bool(options.data) == bool(options.packs) or not options.workdir:
        raise UsageError("Give --workdir, and either --data or --packs.")
    if options.config not in experiments():
        raise UsageError(
            f"--config must be one of {either(experiments())}. Received: {options.config!r}"
        )
    experiment = experiments()[options.config]
    experiment = type(experiment)(override(experiment.model), override(experiment.training))
    if options.data:  # stereo pairs, whose right views are all that is known
        pairs_only = dataclasses.replace(experiment.training, disparity=0.0)
        experiment = dataclasses.replace(experiment, training=pairs_only)
    else:  # windows of packs are seen as whole pictures are
        area = options.picture_area or options.window_area
        model = dataclasses.replace(experiment.model, picture_area=area)
        experiment = dataclasses.replace(experiment, model=model)
    packs = _weights(options.packs)
    _check_start(experiment.training)
    try:
        result = _train(experiment, packs)
    except WorkerLost as error:
        print(error, file=sys.stderr)
        begin_again()
    print(f"Best model: {result.model_path}", file=sys.stderr)


def _check_start(training):
    """What a new run starts from must be there; one that goes on needs it no more."""
    if checkpoints(flags.FLAGS.workdir):
        return
    if training.start_from:
        try:
            model_path(training.start_from)
        except ValueError as error:
            raise UsageError(f"--start_from: {error}") from error
    elif training.vgg_weights not in ("", "imagenet") and not os.path.isfile(training.vgg_weights):
        raise UsageError(f"--vgg_weights: there is no file {training.vgg_weights}.")


def _train(experiment, packs):
    if cluster_of(experiment.training.distribute):
        print("Waiting for the other machines.", file=sys.stderr)
    with silent_standard_error():  # of TensorFlow, which looks for GPUs
        from deep3d.distribution import start
        from deep3d.training import train

        strategy = start(experiment.training)
    batches, errors = _mixed_batches(packs, experiment) if packs else _stereo_batches(experiment)
    try:
        with errors:
            return train(experiment, *batches, flags.FLAGS.workdir, strategy=strategy)
    except BaseException:
        print()  # the line of Keras's progress has no end yet
        raise


def _weights(packs):
    """FOLDER:WEIGHT,... -> {folder: weight}."""
    weights = {}
    for text in packs:
        folder, _, weight = text.rpartition(":")
        try:
            weights[folder or text] = float(weight) if folder else 1.0
        except ValueError:
            raise UsageError(
                f"--packs must be FOLDER or FOLDER:WEIGHT. Received: {text}."
            ) from None
    return weights


def _mixed_batches(packs, experiment):
    from data_pipeline.packs.mixture import Mixture, MixtureConfig, MixtureSequence

    training = experiment.training
    config = MixtureConfig(
        batch_size=training.batch_size,
        area=flags.FLAGS.window_area,
        right_view=training.right_view > 0,
        disturbed=flags.FLAGS.disturbed,
        spread=(flags.FLAGS.least_range, 1.0),
        seed=training.seed,
        share=share(training.distribute),
    )
    mixture = Mixture(packs, experiment.model.levels, config, flags.FLAGS.cutouts)
    train_from = functools.partial(_training_batches, mixture)
    held_out = MixtureSequence(mixture, 0, training.validation_batches, validation=True)
    return (train_from, lambda: held_out), contextlib.nullcontext()


def _training_batches(mixture, first_step):
    """Packs need no TensorFlow, so that another backend can train where there is none."""
    from data_pipeline.packs import mixture as module

    if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
        return module.mixture_dataset(mixture, first_step)
    return module.MixtureSequence(mixture, first_step, ahead=os.cpu_count())


def _stereo_batches(experiment):
    from data_pipeline.dataset_config import DatasetConfig
    from data_pipeline.stereo_pack import is_stereo_pack

    folder = flags.FLAGS.data
    data = DatasetConfig(
        batch_size=experiment.training.batch_size,
        crop_height=experiment.model.height,
        crop_width=experiment.model.width,
        flip=experiment.training.flip,
        frames=experiment.model.frames,
        seed=experiment.training.seed,
    )
    part = share(experiment.training.distribute)
    if is_stereo_pack(folder):
        from data_pipeline.stereo_sequence import pack_batches

        if part != (0, 1):
            raise UsageError("Several machines need the data set that data_pipeline.ingest wrote.")
        return pack_batches(folder, data, experiment.training.validation_batches)
    if importlib.util.find_spec("tensorflow") is None:
        raise UsageError("Without TensorFlow, --data must be made by data_pipeline.stereo_pack.")
    from data_pipeline.dataset import clear_data_errors, stereo_dataset

    batches = (
        lambda step: stereo_dataset(folder, "train", data, start_step=step, share=part),
        lambda: stereo_dataset(folder, "validation", data, training=False, share=part).take(
            experiment.training.validation_batches
        ),
    )
    return batches, clear_data_errors(folder)


def run():
    """Entry point of the console script."""
    run_script(main, __doc__)


if __name__ == "__main__":
    run()
