"""Functions that XLA compiles into one program whatever calls them."""

import keras


def fused(function):
    """Compiles a function by XLA inside whatever graph calls it.

    One pass over the pixels then does all of its operations. TensorFlow has to be told; under the
    other backends the whole step is compiled.

    Args:
        function: Takes and returns tensors.

    Returns:
        The same function, compiled.
    """
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    return tf.function(function, jit_compile=True, autograph=False)
