import numpy as np
import pytest
from depth_examples import box_example

from data_pipeline.packs.picture_changes import change_picture


@pytest.mark.parametrize("seed", range(12))
def test_change_picture_keeps_what_is_where(seed):
    example = box_example(1)
    example.left[:] = 60
    example.left[example.disparity == 2.0] = 190
    changed = change_picture(example, np.random.default_rng(seed))
    assert changed.shape == example.left.shape and changed.dtype == np.uint8
    inside = changed[30:40, 45:65].mean()
    outside = changed[:15].mean()
    assert inside > outside + 30, "the bright box must stay the bright one, and where it was"


def test_change_picture_depends_on_the_generator_alone():
    example = box_example(2)
    one, same, other = (change_picture(example, np.random.default_rng(s)) for s in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(example.left, box_example(2).left)
