import dataclasses

import cv2
import numpy as np
import pytest

from deep3d import composed_pairs, pairs
from deep3d.disparity import DisparityLevels
from deep3d.image_file import read_image
from deep3d.stereo_matching import disparity_percentiles

LEVELS = DisparityLevels(minimum=-4, count=8, width=96)


def shifted_pair(name, shift, seed, height=60, width=120):
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((height, width + 40, 3)), (0, 0), 2)
    wide = cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    return pairs.Pair(name, wide[:, 20:-20], wide[:, 20 + shift : shift - 20])


def write(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


def write_pair(folder, pair):
    write(folder / pair.name / "left.png", pair.left)
    write(folder / pair.name / "right.png", pair.right)


def test_read_pairs_by_name_and_by_folder(tmp_path):
    pair = shifted_pair("one", 2, 0)
    write(tmp_path / "names" / "left" / "1.png", pair.left)
    write(tmp_path / "names" / "right" / "1.png", pair.right)
    write_pair(tmp_path / "folders", pair)
    for folder in ("names", "folders"):
        (read,) = pairs.read_pairs(tmp_path / folder)
        np.testing.assert_array_equal(read.left, pair.left)
        np.testing.assert_array_equal(read.right, pair.right)
        assert read.content == ""


def test_read_pairs_knows_the_content(tmp_path):
    pair = shifted_pair("one", 2, 0)
    write(tmp_path / "names" / "left" / "one.png", pair.left)
    write(tmp_path / "names" / "right" / "one.png", pair.right)
    write_pair(tmp_path / "folders", pair)
    for folder in ("names", "folders"):
        (read,) = pairs.read_pairs(tmp_path / folder, {"one": {"content": "street"}})
        assert read.content == "street"


def test_pair_paths_are_spread_evenly(tmp_path):
    for number in range(7):
        write_pair(tmp_path, shifted_pair(f"pair{number}", 2, 0, 12, 16))
    names = [name for name, *_ in pairs.pair_paths(tmp_path, at_most=3)]
    assert names == ["pair0", "pair3", "pair6"]
    assert len(pairs.pair_paths(tmp_path, at_most=7)) == len(pairs.pair_paths(tmp_path)) == 7


def test_read_pairs_rejects_different_sizes(tmp_path):
    pair = shifted_pair("x", 2, 0)
    write(tmp_path / "one" / "left.png", pair.left)
    write(tmp_path / "one" / "right.png", pair.right[:, :-3])
    with pytest.raises(
        ValueError, match=r"Pair one: both views must have one size.*120x60.*117x60"
    ):
        list(pairs.read_pairs(tmp_path))


def test_pair_paths_rejects_lonely_views_and_empty_folders(tmp_path):
    with pytest.raises(ValueError, match="no folder"):
        pairs.pair_paths(tmp_path / "absent")
    with pytest.raises(ValueError, match="no stereo pairs"):
        pairs.pair_paths(tmp_path)
    write(tmp_path / "left" / "1.png", shifted_pair("x", 2, 0).left)
    (tmp_path / "right").mkdir()
    with pytest.raises(ValueError, match=r"Alone: \['1.png'\]"):
        pairs.pair_paths(tmp_path)


def test_read_table_later_files_replace_what_earlier_ones_said(tmp_path):
    (tmp_path / "a.csv").write_text('name,content,licence\nx,indoor,"A, B"\ny,film,C\n')
    (tmp_path / "b.csv").write_text("name,content\nx,street\nz,nature\n")
    assert pairs.read_table(tmp_path / "a.csv", tmp_path / "b.csv") == {
        "x": {"name": "x", "content": "street", "licence": "A, B"},
        "y": {"name": "y", "content": "film", "licence": "C"},
        "z": {"name": "z", "content": "nature"},
    }
    assert pairs.read_table() == {}


def test_read_table_rejects_other_files(tmp_path):
    with pytest.raises(OSError, match=r"absent\.csv"):
        pairs.read_table(tmp_path / "absent.csv")
    (tmp_path / "a.csv").write_text("title,content\nx,indoor\n")
    with pytest.raises(ValueError, match="column `name`"):
        pairs.read_table(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_bytes(b"name,content\n\xff\xfe\x00,x\n")
    with pytest.raises(ValueError, match="no CSV file"):
        pairs.read_table(tmp_path / "b.csv")


def test_compose_centers_the_disparity():
    pair = composed_pairs.compose(shifted_pair("x", 10, 0), LEVELS)
    error = np.abs(pair.left.astype(int) - pair.right).mean()
    assert error < 12  # the shift of 10 px is gone; uncomposed it is above 30
    assert pair.left.shape[1] <= 96


def test_compose_carries_the_truth_along():
    """Beside the disparity that is measured in the composed pair."""
    plain = shifted_pair("x", 10, 0, 90, 180)
    truth = np.full((90, 180), 10.0, np.float32)
    truth[:, 170:] = np.nan
    truth[:30, :60] = np.nan
    pair = composed_pairs.compose(dataclasses.replace(plain, truth=truth), LEVELS)
    height, width = pair.right.shape[:2]
    assert pair.truth.shape == (height, width) and pair.truth.dtype == np.float32
    (median,) = disparity_percentiles(pair.left, pair.right, (50,))
    assert np.nanmedian(pair.truth) == pytest.approx(median, abs=0.3)
    assert np.nanmax(pair.truth) == np.nanmin(pair.truth)
    assert composed_pairs.compose(plain, LEVELS).truth is None


@pytest.mark.parametrize("shift", [10, -10])
def test_compose_keeps_truth_and_right_view_together(shift):
    """Truth is unknown where a white mark lies in the right view, before and after."""
    plain = shifted_pair("x", shift, 0, 90, 180)
    right, truth = plain.right.copy(), np.zeros((90, 180), np.float32)
    right[30:60, 80:110], truth[30:60, 80:110] = 255, np.nan
    pair = composed_pairs.compose(dataclasses.replace(plain, right=right, truth=truth), LEVELS)
    marked = pair.right.min(axis=2) > 250
    assert (marked == np.isnan(pair.truth)).mean() > 0.98 and marked.any()


def test_composed_pairs_compose_a_run_alike():
    first, second = shifted_pair("a", 10, 0), shifted_pair("b", 4, 1)
    alone = [composed_pairs.compose(one, LEVELS) for one in (first, second)]
    run = composed_pairs.ComposedPairs([first, dataclasses.replace(second, follows=True)], LEVELS)
    for _ in range(2):  # again and again
        one, other = run
        assert one.left.shape == other.left.shape == alone[0].left.shape
        np.testing.assert_array_equal(one.left, alone[0].left)
    cut = list(composed_pairs.ComposedPairs([first, second], LEVELS))
    assert cut[1].left.shape == alone[1].left.shape != alone[0].left.shape


def test_composed_pairs_search_once(monkeypatch):
    """How pairs are composed is remembered, and a source that changes is looked at anew."""
    searched = []

    def percentiles(*views, **options):
        searched.append(views)
        return disparity_percentiles(*views, **options)

    monkeypatch.setattr(composed_pairs, "disparity_percentiles", percentiles)
    several = [shifted_pair("a", 10, 0), shifted_pair("b", 4, 1), shifted_pair("b", 6, 2)]
    source = composed_pairs.ComposedPairs(several, LEVELS)
    first, second = list(source), list(source)
    assert len(searched) == 3
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.left, other.left)
        np.testing.assert_array_equal(one.right, other.right)
    several[0] = shifted_pair("c", 2, 3)
    alone = composed_pairs.compose(several[0], LEVELS)
    np.testing.assert_array_equal(next(iter(source)).right, alone.right)


def test_compose_frames_before_alike():
    """The frame before is the left view itself, and the one before that is mirrored."""
    plain = shifted_pair("x", 10, 0)
    before = plain.left, plain.left[:, ::-1]
    pair = composed_pairs.compose(dataclasses.replace(plain, before=before), LEVELS)
    np.testing.assert_array_equal(pair.before[0], pair.left)
    assert pair.before[1].shape == pair.left.shape
    assert np.abs(pair.before[1].astype(int) - pair.left).mean() > 20


def write_sequence(folder, seeds, height=60):
    """Frames 000.png, 001.png, ...; those of one seed are one shot, each a little brighter."""
    views = []
    for number, seed in enumerate(seeds):
        pair = shifted_pair(f"{number:03}.png", 4, seed, height)
        shades = [
            (view // 2 * (1 + seed) + number).astype(np.uint8) for view in (pair.left, pair.right)
        ]
        for side, view in zip(("left", "right"), shades, strict=True):
            write(folder / side / pair.name, view)
        views.append(shades[0])
    return views


def test_file_pairs_read_the_frames_before(tmp_path, monkeypatch):
    views, opened = write_sequence(tmp_path, (0, 0, 0, 0, 1, 1)), []

    def read(path):
        opened.append(path)
        return read_image(path)

    monkeypatch.setattr(pairs, "read_image", read)
    source = pairs.read_pairs(tmp_path)
    assert [pair.before for pair in source] == [()] * 6
    opened.clear()
    source.frames_before = 2
    # by number: a cut is seen between the fourth and the fifth
    expected = [(), (0,), (1, 0), (2, 1), (), (4,)]
    for pair, numbers in zip(source, expected, strict=True):
        assert len(pair.before) == len(numbers)
        for view, number in zip(pair.before, numbers, strict=True):
            np.testing.assert_array_equal(view, views[number])
    assert len(opened) == 12  # each picture once


def test_file_pairs_read_frames_before_that_are_not_evaluated(tmp_path):
    views = write_sequence(tmp_path, (0,) * 12)
    files = pairs.read_pairs(tmp_path).files
    found = list(pairs.FilePairs(files, at_most=4, frames_before=3))
    assert [pair.name for pair in found] == ["000.png", "001.png", "005.png", "006.png"]
    assert [len(pair.before) for pair in found] == [0, 1, 3, 3]
    np.testing.assert_array_equal(found[2].before, views[4:1:-1])


def test_file_pairs_of_another_size_are_not_before(tmp_path):
    write_sequence(tmp_path, (0, 0, 0))
    write_sequence(tmp_path, (0,), height=40)
    source = pairs.read_pairs(tmp_path)
    source.frames_before = 2
    assert [len(pair.before) for pair in source] == [0, 0, 1]


def test_real_pairs_compose_within_the_levels(shared_folder):
    levels = DisparityLevels()
    for pair in pairs.read_pairs(shared_folder / "stereo"):
        composed = composed_pairs.compose(pair, levels)
        assert 96 <= composed.left.shape[1] <= 384
        low, high = disparity_percentiles(composed.left, composed.right, limit=0.2)
        assert -8.5 <= low <= high <= 7.5, pair.name
