import numpy as np

from data_pipeline.synthetic_stills import WIDTH, synthetic_examples


def test_synthetic_examples_depend_on_the_seed_alone():
    (*_, later), (first, _) = synthetic_examples(3, 2), synthetic_examples(4, 1)
    # Scene 4 is the second of the first call.
    second = list(synthetic_examples(3, 2))[2]
    np.testing.assert_array_equal(first.left, second.left)
    np.testing.assert_array_equal(first.disparity, second.disparity)
    assert first.group == later.group == "synthetic4" and first.name != later.name


def test_synthetic_examples_are_complete():
    for example in synthetic_examples(11, 2):
        assert example.left.shape[1] == WIDTH
        assert np.isfinite(example.disparity).all() and example.disparity.std() > 0.1
        assert example.weight.min() == 1.0
