import numpy as np
import pytest
from depth_examples import box_example

from data_pipeline.packs.disturbances import disturb, lay_over


def test_disturb_depends_on_the_generator_alone():
    picture = box_example(1).left
    for seed in range(40):  # every change is drawn in some of these
        one, same = (disturb(picture, np.random.default_rng(seed)) for _ in range(2))
        np.testing.assert_array_equal(one, same)
    np.testing.assert_array_equal(picture, box_example(1).left)


def test_disturb_leaves_a_part_of_the_pictures_as_they_are():
    picture = box_example(1).left
    changed = [disturb(picture, np.random.default_rng(seed)) for seed in range(300)]
    assert all(view.shape == picture.shape and view.dtype == np.uint8 for view in changed)
    untouched = np.mean([np.array_equal(view, picture) for view in changed])
    # 0.65 * 0.7 * (0.85 + 0.15 / 6) * 0.95, as one order of the colors in six is the usual one
    assert untouched == pytest.approx(0.378, abs=0.09)  # three standard deviations


def test_disturb_takes_detail_away():
    """Where colors stay, few pixels are left of a picture of noise."""
    picture = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    steps = [_roughness(disturb(picture, np.random.default_rng(seed))) for seed in range(60)]
    assert min(steps) < 0.25 * _roughness(picture)


def _roughness(picture):
    return np.abs(np.diff(picture.astype(float), axis=1)).mean()


def test_lay_over_covers_all_faintly_or_a_part_wholly():
    picture, other = np.full((60, 90, 3), 40, np.uint8), np.full((20, 50, 3), 240, np.uint8)
    kinds = set()
    for seed in range(30):
        laid = lay_over(picture, other, np.random.default_rng(seed))
        covered = laid[..., 0] != 40
        if covered.all():
            kinds.add("faintly")
            assert 60 <= laid.max() <= 140 and laid.min() == laid.max()
        else:
            kinds.add("wholly")
            assert (laid[covered] == 240).all() and 0.03 < covered.mean() < 0.37
            rows, columns = covered.any(1).sum(), covered.any(0).sum()
            assert covered.sum() == rows * columns, "a rectangle"
    assert kinds == {"faintly", "wholly"}
    assert (picture == 40).all()
