"""Rectified pairs in two folders: windows, matching, holes and bad folders."""

import cv2
import numpy as np
import pytest
from stereo_films import textured_pair, two_planes

from data_pipeline.depth_sources.stereo_folders import stereo_folder_examples


def write_pairs(folder, **pairs):
    for side, name in ((0, "left"), (1, "right")):
        (folder / name).mkdir(parents=True)
        for stem, pair in pairs.items():
            assert cv2.imwrite(str(folder / name / f"{stem}.png"), pair[side][..., ::-1])
    return folder


def test_stereo_folder_examples_preset(tmp_path):
    left, right = textured_pair(1, 9, 100, 200)
    (example,) = stereo_folder_examples(write_pairs(tmp_path, a=(left, right)), "car", "film")
    assert (example.name, example.group, example.content) == ("car/a_0", "car", "film")
    np.testing.assert_array_equal(example.left, left)
    trusted = example.weight > 0
    assert trusted.mean() > 0.85
    np.testing.assert_allclose(example.disparity[trusted], 9, atol=1)  # as the check


def test_stereo_folder_examples_windows(tmp_path):
    left, right = textured_pair(2, 8, 60, 260)  # 144 columns are a window
    left[:3] = right[:3] = 7  # even ground, where nothing matches
    examples = list(stereo_folder_examples(write_pairs(tmp_path, a=(left, right)), "car"))
    assert [example.name for example in examples] == ["car/a_0", "car/a_58", "car/a_116"]
    for example, first in zip(examples, (0, 58, 116), strict=True):
        assert example.content == "street"
        np.testing.assert_array_equal(example.left, left[:, first : first + 144])
        assert (example.weight[:, :7] == 0).all()  # the partner lies left of the window
        assert (example.weight[10:-10, 20:-20] > 0).mean() > 0.9
        np.testing.assert_allclose(np.median(example.disparity), 8, atol=0.1)


def test_stereo_folder_examples_scales_disparity(tmp_path):
    left, right = textured_pair(3, 20, 400, 960)
    (example,) = stereo_folder_examples(write_pairs(tmp_path, a=(left, right)), "car")
    assert example.left.shape == (200, 480, 3)
    np.testing.assert_allclose(np.median(example.disparity), 10, atol=0.1)


def test_stereo_folder_examples_background_beside_near_things(tmp_path):
    left, right = two_planes(4, 2, 14, 90, 201)
    (example,) = stereo_folder_examples(write_pairs(tmp_path, a=(left, right)), "car")
    hidden = (slice(15, 75), slice(57, 64))  # left of the near plane, seen by the left eye only
    assert (example.weight[hidden] == 0).mean() > 0.7
    assert np.median(example.disparity[hidden]) < 4
    assert np.median(example.disparity[15:75, 80:120]) > 12


def test_stereo_folder_examples_distrusts_even_ground(tmp_path):
    left, right = textured_pair(9, 6, 90, 180)
    left[:40] = right[:40] = 128
    (example,) = stereo_folder_examples(write_pairs(tmp_path, a=(left, right)), "car")
    assert (example.weight[:30] == 0).all()
    assert (example.weight[50:, 20:] > 0).mean() > 0.9


def test_stereo_folder_examples_leaves_out_unrelated_views(tmp_path):
    good = textured_pair(5, 6, 80, 170)
    bad = textured_pair(6, 6, 80, 170)[0], textured_pair(7, 6, 80, 170)[1]
    examples = stereo_folder_examples(write_pairs(tmp_path, a=bad, b=good), "car")
    assert [example.name for example in examples] == ["car/b_0"]


def test_stereo_folder_examples_rejects_missing_folder(tmp_path):
    (tmp_path / "left").mkdir()
    with pytest.raises(ValueError, match=r"must exist and hold images.*left"):
        stereo_folder_examples(tmp_path, "car")


def test_stereo_folder_examples_rejects_lonely_views(tmp_path):
    folder = write_pairs(tmp_path, a=textured_pair(1, 5), b=textured_pair(2, 5))
    (folder / "right/b.png").unlink()
    with pytest.raises(ValueError, match=r"equal names.*b\.png"):
        stereo_folder_examples(folder, "car")


def test_stereo_folder_examples_rejects_unequal_sizes(tmp_path):
    left, right = textured_pair(1, 5)
    folder = write_pairs(tmp_path, a=(left, right[:-2]))
    with pytest.raises(ValueError, match="one size"):
        list(stereo_folder_examples(folder, "car"))


def test_stereo_folder_examples_real(shared_folder, tmp_path):
    source = shared_folder / "stereo_sequences" / "kitti_grey"
    if not source.is_dir():
        pytest.skip(f"no stereo sequence: {source}")
    for side in ("left", "right"):
        (tmp_path / side).mkdir()
        first = min((source / side).iterdir())
        (tmp_path / side / first.name).symlink_to(first)
    examples = list(stereo_folder_examples(tmp_path, "drive"))
    assert len(examples) == 3
    for example in examples:
        assert example.left.shape == (200, 480, 3)
        assert (example.weight > 0).mean() > 0.5
        rows = np.arange(200)
        # The road ahead comes nearer row by row.
        nearness = [np.median(example.disparity[row, 160:320]) for row in rows[120:]]
        assert np.corrcoef(rows[120:], nearness)[0, 1] > 0.9
