import dataclasses
import pathlib
import shutil

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from training_runs import assert_same

from data_pipeline.packs.step_sequence import StepSequence
from deep3d import checkpoint, compact, training
from deep3d.checkpoint import CheckpointError, load_model
from deep3d.config import Experiment, ModelConfig, TrainingConfig, from_json
from deep3d.disparity import DisparityLevels
from deep3d.model import build_deep3d
from deep3d.trainer import compile_trainer

EXPERIMENT = Experiment(
    ModelConfig(levels=DisparityLevels(minimum=-2, count=4, width=64), height=32, width=64),
    TrainingConfig(
        steps=4,
        batch_size=2,
        checkpoint_every=2,
        summary_every=1,
        warmup_steps=1,
        precision="float32",
    ),
)
SPEC = (tf.TensorSpec((2, 32, 64, 3)),) * 2


@pytest.fixture(scope="module", autouse=True)
def small_and_eager():
    """A network of every kind of layer, and no graphs, which take far longer than these steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compact, "ENCODER", ((1, 16), (1, 16), (1, 16), (1, 16), (2, 16)))
        patch.setattr(compact, "DECODER", (16, 16, 16, 16))
        tf.config.run_functions_eagerly(True)
        yield
        tf.config.run_functions_eagerly(False)


@pytest.fixture
def graphs():
    """What users run: steps as graphs, the selection layer compiled by XLA."""
    tf.config.run_functions_eagerly(False)
    yield
    tf.config.run_functions_eagerly(True)


def batches(first_step, last_step=1000, poison=None):
    """Batch k depends on k alone."""

    def generate():
        for step in range(first_step, last_step):
            left = np.random.default_rng(step).random((2, 32, 64, 3), dtype="float32")
            if step == poison:
                left[0, 0, 0, 0] = np.nan
            yield left, np.roll(left, -1, axis=2)

    return tf.data.Dataset.from_generator(generate, output_signature=SPEC)


def validation():
    return batches(10_000, 10_001)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run")
    return training.train(EXPERIMENT, batches, validation, workdir, verbose=0), workdir


def test_train_writes_everything(finished):
    result, workdir = finished
    assert len(result.history["val_mae_255"]) == 2
    assert from_json(Experiment, (workdir / "config.json").read_text()) == EXPERIMENT
    model, config = load_model(result.model_path)
    assert config == EXPERIMENT.model
    assert model.count_params() == result.model.count_params()
    assert not list(workdir.glob(".*"))


def test_train_from_sequences_without_tensorflow(finished, tmp_path):
    """What packs give, endless for training, trains as the same batches of tf.data do."""

    def draw(step):
        left = np.random.default_rng(step).random((2, 32, 64, 3), dtype="float32")
        return left, np.roll(left, -1, axis=2)

    held = StepSequence(draw, 10_000, steps=1)
    result = training.train(
        EXPERIMENT,
        lambda step: StepSequence(draw, step, ahead=2),
        lambda: held,
        tmp_path,
        verbose=0,
    )
    np.testing.assert_allclose(
        result.history["val_loss"], finished[0].history["val_loss"], rtol=1e-5
    )
    assert_same(tmp_path, finished[1], tolerance=1e-6)


def with_disparity(first_step, last_step=1000):
    """Batches as the packs give them: weighted right views and disparity."""

    def generate():
        for step in range(first_step, last_step):
            rng = np.random.default_rng(step)
            left = rng.random((2, 32, 64, 3), dtype="float32")
            right = np.concatenate([np.roll(left, -1, 2), np.ones((2, 32, 64, 1))], -1)
            disparity = np.ones((2, 32, 64, 2))
            yield left, {"right": right, "disparity": disparity}

    shapes = {"right": tf.TensorSpec((2, 32, 64, 4)), "disparity": tf.TensorSpec((2, 32, 64, 2))}
    return tf.data.Dataset.from_generator(generate, output_signature=(SPEC[0], shapes))


AVERAGED = Experiment(
    EXPERIMENT.model,
    dataclasses.replace(EXPERIMENT.training, disparity=1.0, averaging=0.5, weight_decay=0.01),
)


@pytest.fixture(scope="module")
def averaged(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("averaged")
    held = lambda: with_disparity(10_000, 10_001)  # noqa: E731
    return training.train(AVERAGED, with_disparity, held, workdir, verbose=0), workdir


def test_train_resumes_where_it_was_killed(averaged, tmp_path, monkeypatch):
    """Killed in the second round and started again, it ends with the same weights."""
    data = (with_disparity, lambda: with_disparity(10_000, 10_001))

    class Killed(Exception):
        pass

    class Kill(training.StopOnBadLoss):
        def on_train_batch_end(self, batch, logs=None):
            if int(self.model.optimizer.iterations) == 3:
                raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(training, "StopOnBadLoss", Kill)
        with pytest.raises(Killed):
            training.train(AVERAGED, *data, tmp_path, verbose=0)
    result = training.train(AVERAGED, *data, tmp_path, verbose=0)
    assert len(result.history["loss"]) == 1  # the second round alone
    unbroken = averaged[0].model
    for ours, theirs in zip(result.model.get_weights(), unbroken.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    rounds = (tmp_path / "log.csv").read_text().splitlines()
    assert rounds[0].startswith("epoch,") and len(rounds) == 3


def test_train_learns_disparity(averaged):
    history = averaged[0].history
    assert history["disparity_loss"][1] < history["disparity_loss"][0]
    assert {"val_right_mae_255", "val_right_loss", "val_loss"} <= set(history)


def test_train_keeps_averaged_weights(averaged):
    """The model of the last, best round is what `fit` leaves behind: the averages."""
    result, workdir = averaged
    assert result.history["val_loss"][1] < result.history["val_loss"][0]
    best, _ = load_model(workdir / "model.h5")
    last, _ = load_model(workdir / "checkpoint.h5")  # the weights themselves
    name = "encoder3_1"
    kept, averages, raw = (
        model.get_layer(name).get_weights()[0] for model in (best, result.model, last)
    )
    np.testing.assert_allclose(kept, averages, atol=1e-7)
    assert np.abs(kept - raw).max() > 1e-5


@pytest.mark.slow
def test_train_stops_early_and_goes_on(finished, tmp_path):
    half = dataclasses.replace(EXPERIMENT.training, stop_at=2)
    first = training.train(
        dataclasses.replace(EXPERIMENT, training=half), batches, validation, tmp_path, verbose=0
    )
    assert len(first.history["loss"]) == 1
    result = training.train(EXPERIMENT, batches, validation, tmp_path, verbose=0)
    for ours, unbroken in zip(
        result.model.get_weights(), finished[0].model.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours, unbroken, atol=1e-6)


@pytest.mark.slow
def test_train_resumes_inside_an_accumulation(tmp_path):
    """Stopped after three batches, the gradient of the third waits for the fourth."""
    changes = {"accumulate": 2, "averaging": 0.5, "checkpoint_every": 1, "weight_decay": 0.01}
    changes |= {"optimizer": "sgd", "schedule": "step", "step_every": 2}
    for folder, stops in (("unbroken", [4]), ("resumed", [3, 4])):
        for stop in stops:
            limited = dataclasses.replace(EXPERIMENT.training, stop_at=stop, **changes)
            experiment = dataclasses.replace(EXPERIMENT, training=limited)
            training.train(experiment, batches, validation, tmp_path / folder, verbose=0)
    assert_same(tmp_path / "resumed", tmp_path / "unbroken", tolerance=1e-6)


def test_train_starts_from_other_weights(finished, tmp_path):
    """Nothing is learned at a rate of 0, so what comes out is what went in."""
    start = str(finished[1] / "model.h5")
    still = dataclasses.replace(EXPERIMENT.training, learning_rate=0.0, start_from=start)
    experiment = dataclasses.replace(EXPERIMENT, training=still)
    result = training.train(experiment, batches, validation, tmp_path, verbose=0)
    before, after = load_model(start)[0], result.model
    for ours, theirs in zip(after.trainable_weights, before.trainable_weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_compile_trainer_rejects_no_loss():
    nothing = dataclasses.replace(
        EXPERIMENT, training=dataclasses.replace(EXPERIMENT.training, right_view=0.0)
    )
    with pytest.raises(ValueError, match="must have a weight"):
        compile_trainer(build_deep3d(nothing.model), nothing)


def test_train_rejects_other_architecture(finished):
    other = dataclasses.replace(
        EXPERIMENT, model=dataclasses.replace(EXPERIMENT.model, padding="reflect")
    )
    with pytest.raises(CheckpointError, match="another architecture: padding"):
        training.train(other, batches, validation, finished[1], verbose=0)


@pytest.mark.slow
def test_train_stops_on_nan_and_keeps_the_sound_checkpoint(graphs, tmp_path):
    def poisoned(first_step):
        return batches(first_step, poison=2)

    with pytest.raises(
        training.TrainingError, match=r"nan after step 3\. The last checkpoint is sound"
    ):
        training.train(EXPERIMENT, poisoned, validation, tmp_path, verbose=0)
    model, _ = load_model(tmp_path / "checkpoint.h5")  # which refuses values that are not finite
    assert model.name == "deep3d"


def test_train_stops_on_nan_before_there_is_a_checkpoint(tmp_path):
    """In the first round nothing is there to resume from; begun again in the second, there is."""

    def poisoned(step):
        return lambda first_step: batches(first_step, poison=step)

    with pytest.raises(
        training.TrainingError, match=r"nan after step 2\. There is no checkpoint yet; begin again"
    ):
        training.train(EXPERIMENT, poisoned(1), validation, tmp_path, verbose=0)
    assert not list(tmp_path.glob("*.h5"))
    with pytest.raises(
        training.TrainingError, match=r"nan after step 3\. The last checkpoint is sound; resume"
    ):
        training.train(EXPERIMENT, poisoned(2), validation, tmp_path, verbose=0)


def test_train_stops_on_an_exploding_loss_and_names_the_batch(tmp_path):
    """Targets that are a thousand times too bright are no pictures."""

    def spoiled(first_step):
        def spoil(step, pair):
            left, right = pair
            return left, tf.where(step == 3, 1000.0 * right, right)

        return batches(first_step).enumerate(start=first_step).map(spoil)

    with pytest.raises(
        training.TrainingError, match=r"has risen to .* after step 4\..*number 3"
    ) as raised:
        training.train(EXPERIMENT, spoiled, validation, tmp_path, verbose=0)
    left, right = next(iter(batches(3)))
    low, high = 1000.0 * right.numpy().min(), 1000.0 * right.numpy().max()
    assert f"left {left.numpy().min():.4g}..{left.numpy().max():.4g}" in str(raised.value)
    assert f"right {low:.4g}..{high:.4g}" in str(raised.value)
    training.train(EXPERIMENT, batches, validation, tmp_path, verbose=0)  # goes on after step 2


def test_train_falls_back_to_the_checkpoint_before(finished, tmp_path):
    """The last checkpoint is damaged: the run goes on from the one before and says so."""
    shutil.copytree(finished[1], tmp_path, dirs_exist_ok=True)
    sound = (tmp_path / "checkpoint.h5").read_bytes()
    (tmp_path / "checkpoint.h5").write_bytes(sound[: len(sound) // 2])
    with pytest.warns(UserWarning, match=r"damaged.*Going on from .*checkpoint_previous\.h5"):
        result = training.train(EXPERIMENT, batches, validation, tmp_path, verbose=0)
    assert len(result.history["loss"]) == 1  # the second round again
    with h5py.File(tmp_path / "checkpoint_previous.h5") as previous:
        assert previous.attrs["step"] == 2  # the sound one that it went on from
    assert (tmp_path / "checkpoint_damaged.h5").stat().st_size == len(sound) // 2
    for ours, theirs in zip(
        result.model.get_weights(), finished[0].model.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    for name in ("checkpoint.h5", "checkpoint_previous.h5"):
        (tmp_path / name).write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match=r"checkpoint_previous\.h5 is damaged"):
        training.train(EXPERIMENT, batches, validation, tmp_path, verbose=0)


def test_train_survives_a_disk_full_of_the_checkpoint(finished, tmp_path, monkeypatch):
    """The checkpoint of the first round stays when that of the second finds no space."""
    writes = []

    def write(path, data):
        writes.append(path)
        if len(writes) > 2:  # a model and a checkpoint
            raise OSError(28, "No space left on device")
        pathlib.Path(path).write_bytes(data)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "write_bytes", write)
        with pytest.raises(CheckpointError, match=r"No space left on device.*intact"):
            training.train(EXPERIMENT, batches, validation, tmp_path, verbose=0)
    assert checkpoint.restore(
        tmp_path / "checkpoint.h5", finished[0].model, EXPERIMENT.model
    ) == checkpoint.restore(
        finished[1] / "checkpoint_previous.h5", finished[0].model, EXPERIMENT.model
    )


def test_train_ends_when_validation_no_longer_falls(tmp_path):
    """The count of rounds that were no better survives a restart."""
    passes = iter(range(100))

    def ever_worse():
        def generate():
            left = np.zeros((2, 32, 64, 3), "float32")
            yield left, left + 1.0 + next(passes)

        return tf.data.Dataset.from_generator(generate, output_signature=SPEC)

    impatient = dataclasses.replace(EXPERIMENT.training, steps=6, checkpoint_every=1, patience=2)
    rounds = []
    for stop_at in (2, None, None):  # the best, and one that is worse; another; nothing
        limited = dataclasses.replace(impatient, stop_at=stop_at)
        experiment = dataclasses.replace(EXPERIMENT, training=limited)
        result = training.train(experiment, batches, ever_worse, tmp_path, verbose=0)
        rounds.append(len(result.history.get("loss", [])))
    assert rounds == [2, 1, 0]


@pytest.mark.slow
def test_train_validates_on_batches_of_unknown_number(graphs, tmp_path):
    """Keras alone counts the rows of a third batch; its value is 2/3 of the right one."""
    still = dataclasses.replace(EXPERIMENT.training, learning_rate=0.0, steps=1)
    experiment = dataclasses.replace(EXPERIMENT, training=still)
    held = lambda: batches(10_000, 10_002)  # noqa: E731
    result = training.train(experiment, batches, held, tmp_path, verbose=0)
    errors = [np.abs(result.model.predict_on_batch(x)["right"] - y).mean() for x, y in held()]
    np.testing.assert_allclose(result.history["val_loss"], [np.mean(errors)], rtol=1e-5)


@pytest.mark.slow
def test_train_by_xla_and_in_bfloat16_learns_as_without(graphs, tmp_path, monkeypatch):
    """One batch again and again: its loss falls, and by as much."""
    trainers = []

    def remember(*arguments):
        trainers.append(compile_trainer(*arguments))
        return trainers[-1]

    def losses(**changes):
        quick = {"checkpoint_every": 1, "learning_rate": 0.01, **changes}
        quickly = dataclasses.replace(EXPERIMENT.training, **quick)
        experiment = dataclasses.replace(EXPERIMENT, training=quickly)
        data = lambda _: batches(0, 1).repeat()  # noqa: E731
        folder = tmp_path / "-".join(quick)
        return training.train(experiment, data, validation, folder, verbose=0).history["loss"]

    monkeypatch.setattr(training, "compile_trainer", remember)
    plain = losses()
    assert plain[-1] < 0.5 * plain[0]
    np.testing.assert_allclose(losses(xla=True), plain, rtol=1e-4)  # rounded elsewhere
    try:
        # of 8 bits; measured are 0.6 %
        np.testing.assert_allclose(losses(precision="bfloat16"), plain, rtol=0.02)
    finally:
        keras.config.set_dtype_policy("float32")
    assert [trainer.jit_compile for trainer in trainers] == [False, True, False]
    layers = [trainer.get_layer("encoder3_1") for trainer in trainers]
    assert [layer.compute_dtype for layer in layers] == ["float32", "float32", "bfloat16"]
    assert {layer.variable_dtype for layer in layers} == {"float32"}


def test_train_rejects_no_validation_batches(tmp_path):
    for nothing, received in ((validation().take(0), "no"), (validation().repeat(), "-1")):
        with pytest.raises(training.TrainingError, match=f"Received: {received} batches"):
            training.train(EXPERIMENT, batches, lambda data=nothing: data, tmp_path, verbose=0)


@pytest.mark.parametrize("change", [{"accumulate": 2}, {"xla": True}, {"batch_size": 3}])
def test_train_rejects_what_several_devices_cannot(tmp_path, change):
    class Two:  # a strategy of two devices, which is refused before it is used
        num_replicas_in_sync = 2

    experiment = Experiment(EXPERIMENT.model, dataclasses.replace(EXPERIMENT.training, **change))
    with pytest.raises(training.TrainingError, match=f"{next(iter(change))}.*Received"):
        training.train(experiment, batches, validation, tmp_path, strategy=Two())


def test_train_rejects_broken_rounds(tmp_path):
    odd = dataclasses.replace(
        EXPERIMENT, training=dataclasses.replace(EXPERIMENT.training, steps=5)
    )
    with pytest.raises(training.TrainingError, match="multiples of checkpoint_every"):
        training.train(odd, batches, validation, tmp_path)
