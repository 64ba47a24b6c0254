import dataclasses

import numpy as np
import pytest
from depth_examples import box_example

from data_pipeline.packs.depth_pack import PackError, write_pack
from data_pipeline.packs.mixture import (
    Mixture,
    MixtureConfig,
    MixtureSequence,
    mixture_dataset,
)
from deep3d.disparity import DisparityLevels

LEVELS = DisparityLevels()
CONFIG = MixtureConfig(batch_size=3, area=64 * 96, aspects=(1.5, 0.75), validation_share=0.3)


@pytest.fixture(scope="module")
def packs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs")
    write_pack(folder / "few", (box_example(seed) for seed in range(20)))
    write_pack(folder / "many", (box_example(100 + seed) for seed in range(40)))
    return {folder / "few": 3.0, folder / "many": 1.0}


@pytest.fixture(scope="module")
def mixture(packs):
    return Mixture(packs, LEVELS, CONFIG)


def test_batch_shapes_and_composition(mixture):
    for step in range(4):
        left, targets = mixture.batch(step)
        height, width = ((64, 96), (96, 64))[step % 2]
        assert left.shape == (3, height, width, 3) and left.dtype == np.float32
        assert targets["right"].shape == (3, height, width, 4)
        assert targets["disparity"].shape == (3, height, width, 2)
        assert left.min() >= 0 and left.max() <= 1
        disparity, trust = targets["disparity"][..., 0], targets["disparity"][..., 1]
        assert disparity.min() >= -8 and disparity.max() <= 7
        for picture, weight in zip(disparity, trust, strict=True):
            low, high = np.percentile(picture[weight > 0.9], (5, 95))
            # Not exact: carrying to the right view hides up to 15 of 64 or 96 columns.
            assert low == pytest.approx(-7, abs=1.5) and high == pytest.approx(6, abs=1.5)


def test_batch_uses_a_share_of_the_levels(packs, mixture):
    half = Mixture(packs, LEVELS, dataclasses.replace(CONFIG, spread=(0.5, 0.5)))
    whole, small = (m.batch(0)[1]["disparity"][..., 0] for m in (mixture, half))
    middle = -0.5  # of -8..+7
    assert np.abs(small - middle).max() == pytest.approx(np.abs(whole - middle).max() / 2, rel=0.25)


def test_batch_right_view_is_the_left_one_moved(mixture):
    left, targets = mixture.batch(0)
    right, seen = targets["right"][0, ..., :3], targets["right"][0, ..., 3]
    disparity = targets["disparity"][0, ..., 0]
    height, width = disparity.shape
    columns = np.clip(np.arange(width) + disparity, 0, width - 1)
    before = columns.astype(int)
    share = (columns - before)[..., None]
    rows = np.arange(height)[:, None]
    after = np.minimum(before + 1, width - 1)
    expected = (1 - share) * left[0][rows, before] + share * left[0][rows, after]
    # cv2.remap interpolates in steps of 1/32 px between 8-bit colors.
    assert np.abs(right - expected)[seen > 0].max() < 0.03


def test_batch_depends_on_step_alone(packs, mixture):
    again = Mixture(packs, LEVELS, CONFIG)
    for step in (5, 2):
        for ours, theirs in zip(
            _arrays(mixture.batch(step)), _arrays(again.batch(step)), strict=True
        ):
            np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(mixture.batch(2)[0], mixture.batch(4)[0])


def test_batch_draws_by_weight(packs, monkeypatch):
    mixture = Mixture(packs, LEVELS, MixtureConfig(batch_size=400, area=32 * 32, aspects=(1.0,)))
    drawn = []
    monkeypatch.setattr(
        "data_pipeline.packs.mixture.decode", lambda row: drawn.append(row.name) or box_example()
    )
    mixture.batch(0)
    few = sum(int(name.removeprefix("box")) < 100 for name in drawn)
    assert few / 400 == pytest.approx(0.75, abs=0.07)  # three standard deviations


def test_validation_groups_are_never_drawn(packs, mixture):
    held = {row.group for row in mixture.validation}
    drawn = {row.group for source in mixture.training for row in source}
    assert held and drawn and not held & drawn
    assert len(held | drawn) == 60


def test_validation_batch_is_unchanged(mixture):
    first, again = mixture.validation_batch(0), mixture.validation_batch(0)
    for ours, theirs in zip(_arrays(first), _arrays(again), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_mixture_dataset_resumes(mixture):
    """Inside a tf.data graph, from step 3 on."""
    batches = list(mixture_dataset(mixture, first_step=3).take(2).as_numpy_iterator())
    for step, batch in zip((3, 4), batches, strict=True):
        for ours, theirs in zip(_arrays(mixture.batch(step)), _arrays(batch), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_mixture_without_right_views(packs):
    mixture = Mixture(packs, LEVELS, MixtureConfig(batch_size=1, right_view=False))
    assert set(mixture.batch(0)[1]) == {"disparity"}
    (_, targets), *_ = mixture_dataset(mixture).take(1)
    assert set(targets) == {"disparity"}


def test_mixture_sequence_counts_from_first_step(mixture):
    sequence = MixtureSequence(mixture, first_step=6, steps=2)
    assert sequence.num_batches == 2
    np.testing.assert_array_equal(sequence[1][0], mixture.batch(7)[0])
    held = MixtureSequence(mixture, 0, 1, validation=True)
    np.testing.assert_array_equal(held[0][0], mixture.validation_batch(0)[0])


@pytest.mark.parametrize("weight", [0.0, -1.0])
def test_mixture_rejects_weights(packs, weight):
    with pytest.raises(ValueError, match="positive weights"):
        Mixture({next(iter(packs)): weight}, LEVELS)


def test_mixture_rejects_cutouts_that_are_no_pack(packs):
    with pytest.raises(ValueError, match="cut-outs must be among"):
        Mixture(packs, LEVELS, CONFIG, ["elsewhere"])


def test_batch_puts_cutouts_before_others(packs):
    always, never = (
        Mixture(packs, LEVELS, dataclasses.replace(CONFIG, pasted=share), list(packs))
        for share in (1.0, 0.0)
    )
    # The windows are the same, and colors do not touch disparity: only the pasting can.
    for ours, theirs in zip(
        always.batch(0)[1]["disparity"], never.batch(0)[1]["disparity"], strict=True
    ):
        assert (ours != theirs).mean() > 0.05


def test_batch_is_disturbed_in_the_left_view_alone(packs):
    plain, disturbed = (
        Mixture(packs, LEVELS, dataclasses.replace(CONFIG, batch_size=12, disturbed=disturbed))
        for disturbed in (False, True)
    )
    (seen, wanted), (hidden, still_wanted) = plain.batch(0), disturbed.batch(0)
    changed = np.mean([not np.array_equal(*views) for views in zip(seen, hidden, strict=True)])
    assert 0.4 < changed < 1.0
    np.testing.assert_array_equal(wanted["disparity"], still_wanted["disparity"])
    for ours, theirs in zip(
        _arrays(plain.validation_batch(0)), _arrays(disturbed.validation_batch(0)), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_batch_lays_other_pictures_over(packs, monkeypatch):
    laid = []
    monkeypatch.setattr(
        "data_pipeline.packs.mixture.lay_over",
        lambda picture, other, rng: laid.append(other.shape) or picture,
    )
    config = dataclasses.replace(CONFIG, batch_size=200, area=32 * 32, disturbed=True)
    Mixture(packs, LEVELS, config).batch(0)
    assert len(laid) / 200 == pytest.approx(0.4, abs=0.11)  # three standard deviations
    assert set(laid) == {(70, 110, 3)}


def test_mixture_rejects_missing_pack(tmp_path):
    with pytest.raises(PackError, match="holds no pack"):
        Mixture({tmp_path: 1.0}, LEVELS)


def _arrays(batch):
    left, targets = batch
    return [left, *(targets[name] for name in sorted(targets))]
