"""Several GPUs and several machines: the training step of Keras on every replica of a strategy.

`fit` of Keras 3 does not run under `tf.distribute.MultiWorkerMirroredStrategy`
(https://github.com/keras-team/keras/issues/20585: it reduces batches and scalars by operations
that this strategy does not have). The strategy and Keras's train step do work together. So
variables are made under the strategy, and `fit` outside of it gets a train function that runs the
step on every replica; the same for `MirroredStrategy`, so that there is one path. A batch is one
batch however many devices share it: gradients are averaged before they are clipped, and batch
normalisation takes its statistics over all of them.
"""

import contextlib

import keras

from deep3d.cluster import ClusterError, WorkerLost, cluster_of, join
from deep3d.config import TrainingConfig


def start(training: TrainingConfig):
    """Makes TensorFlow ready for a training; to be called before it computes anything.

    Args:
        training: `distribute`, `join_timeout_s` and `deterministic` are used.

    Returns:
        The `tf.distribute.Strategy` to train under, or None for a single device.

    Raises:
        ClusterError: If a worker does not join in time.
        WorkerLost: If one is gone again at once.
        ValueError: If TensorFlow is not the backend, or has begun already.
    """
    cluster = cluster_of(training.distribute)
    if keras.backend.backend() != "tensorflow":
        if cluster or training.distribute == "mirrored" or training.deterministic:
            raise ValueError("distribute and deterministic need KERAS_BACKEND=tensorflow.")
        return None
    import tensorflow as tf

    if training.deterministic:
        _make_deterministic(tf)
    if cluster:
        join(cluster, training.join_timeout_s)
        with lost_workers():
            return tf.distribute.MultiWorkerMirroredStrategy()
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if training.distribute == "mirrored" or (
        training.distribute == "auto" and devices[0].device_type == "GPU" and len(devices) > 1
    ):
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    return None


def scope(strategy) -> contextlib.AbstractContextManager:
    """Where variables are made that all replicas have; `strategy` may be None."""
    return strategy.scope() if strategy else contextlib.nullcontext()


def outside(strategy, network: keras.Model) -> keras.Model:
    """A network built under a strategy, as one that runs on this machine alone.

    Otherwise `predict` would wait for the other machines.
    """
    return keras.Model(network.input, network.output, name=network.name) if strategy else network


def is_chief(training: TrainingConfig, strategy) -> bool:
    """Whether this process writes what training leaves behind."""
    cluster = cluster_of(training.distribute) if strategy else None
    return cluster is None or cluster.index == 0


def replicate(trainer: keras.Model, strategy, batches):
    """Makes `fit` run its steps on every replica.

    Args:
        trainer: Compiled under `scope(strategy)`, but made outside of it.
        strategy: What `start` returned; None changes nothing.
        batches: Batches (left, targets) as training has them; the metrics' variables are made
            with the first.
    """
    if strategy is None:
        return
    for layer in trainer.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.synchronized = True
    _average_before_clipping(trainer.optimizer)
    # Variables that come up in a graph make TensorFlow build it twice.
    strategy.run(_on_replica(trainer.test_step, strategy), args=(next(iter(batches)),))
    trainer.reset_metrics()
    trainer.train_function = _replicated(trainer.train_step, strategy)
    trainer.test_function = _replicated(trainer.test_step, strategy)


def divisible(batches, strategy):
    """Validation batches without a last one that the devices cannot share evenly."""
    count = len(strategy.extended.worker_devices) if strategy else 1
    if count == 1 or not hasattr(batches, "filter"):
        return batches
    import tensorflow as tf

    return batches.filter(lambda left, _: tf.shape(left)[0] % count == 0)


def check_same_step(step: int, strategy):
    """Refuses workers that begin at different steps, since then one would wait for ever.

    Raises:
        ClusterError: If they read different checkpoints.
    """
    if strategy is None or strategy.num_replicas_in_sync == 1:
        return
    import tensorflow as tf

    @tf.function
    def mean():
        total = strategy.run(lambda: _context().all_reduce("MEAN", tf.constant(float(step))))
        return strategy.experimental_local_results(total)[0]

    if float(mean()) != step:
        raise ClusterError(
            f"The workers begin at different steps, this one at {step}. All must see the same "
            "--workdir, on a disk that they share."
        )


@contextlib.contextmanager
def lost_workers():
    """Turns TensorFlow's errors about a worker that is gone into `WorkerLost`."""
    import tensorflow as tf

    gone = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError)
    try:
        yield
    except gone as error:
        reason = str(error).strip().split("\n")[-1]
        raise WorkerLost(
            f"A worker is gone ({reason:.200}). The last checkpoint is sound; all workers must "
            "join again to go on from it."
        ) from error


def _context():
    import tensorflow as tf

    return tf.distribute.get_replica_context()


def _make_deterministic(tf):
    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError as error:
        raise ValueError(
            "deterministic must be chosen before TensorFlow computes anything."
        ) from error
    tf.config.experimental.enable_op_determinism()


def _replicated(step, strategy):
    """Takes an iterator over this machine's batches, as Keras's own train function does."""
    import tensorflow as tf

    on_replica = _on_replica(step, strategy)

    @tf.function(reduce_retracing=True)
    def run(batch):
        logs = strategy.run(on_replica, args=(batch,))
        return {name: strategy.experimental_local_results(v)[0] for name, v in logs.items()}

    return lambda iterator: run(next(iterator))


def _on_replica(step, strategy):
    """A step of Keras on this replica's rows of the machine's batch; logs are those of all."""
    import tensorflow as tf

    count = len(strategy.extended.worker_devices)

    def on_replica(batch):
        replica = _context().replica_id_in_sync_group % count
        logs = step(tf.nest.map_structure(lambda rows: rows[replica::count], batch))
        values = _context().all_reduce("MEAN", tf.stack(list(logs.values())))
        return dict(zip(logs, tf.unstack(values), strict=True))

    return on_replica


def _average_before_clipping(optimizer: keras.optimizers.Optimizer):
    """Keras clips each replica's gradient and adds them up then, which is not what one has."""
    apply = optimizer.apply

    def apply_average(gradients, variables=None):
        # the sum of losses that Keras has divided by the number of replicas
        apply(_context().all_reduce("SUM", list(gradients)), variables)

    optimizer.apply = apply_average
    optimizer._all_reduce_sum_gradients = list  # done already
