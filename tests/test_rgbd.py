"""Pictures with measured depth: units, frames, holes, edges and bad indices."""

import csv

import cv2
import numpy as np
import pytest

from data_pipeline.depth_sources.rgbd import rgbd_examples

HEIGHT, WIDTH = 90, 126
ROW = {
    "source": "lab",
    "rgb": "rgb/a.png",
    "depth": "depth/a.png",
    "kind": "indoor",
    "depth_unit": "mm",
    "scene_id": "lab_1",
    "use": "train",
}


def picture(seed=0, height=HEIGHT, width=WIDTH):
    return np.random.default_rng(seed).integers(40, 200, (height, width, 3), np.uint8)


def slope(height=HEIGHT, width=WIDTH):
    """A floor in millimetres: inverse depth falls linearly from 1/m below to 0.25/m above."""
    inverse = np.linspace(0.25, 1.0, height)[:, np.newaxis] * np.ones(width)
    return np.rint(1000 / inverse).astype(np.uint16)


def write_folder(folder, *pictures):
    """Writes an index; every picture is (changes of ROW, colour, depth)."""
    rows = []
    for k, (changes, colour, depth) in enumerate(pictures):
        row = {**ROW, "rgb": f"rgb/{k}.png", "depth": f"depth/{k}.png", **changes}
        for name, image in (("rgb", colour[..., ::-1]), ("depth", depth)):
            path = folder / row[name]
            path.parent.mkdir(exist_ok=True)
            assert cv2.imwrite(str(path), image)
        rows.append(row)
    write_index(folder, rows)
    return folder


def write_index(folder, rows):
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def only(folder):
    (example,) = rgbd_examples(folder)
    return example


def test_rgbd_examples_preset(tmp_path):
    colour = picture()
    example = only(write_folder(tmp_path, ({}, colour, slope())))
    assert (example.name, example.group, example.content) == ("lab/0", "lab_1", "indoor")
    np.testing.assert_array_equal(example.left, colour)
    expected = np.linspace(0.25, 1.0, HEIGHT)[:, np.newaxis] * np.ones(WIDTH)
    # Depth is stored in whole millimetres.
    np.testing.assert_allclose(example.disparity, expected, atol=1e-3)
    np.testing.assert_array_equal(example.weight, 1.0)


@pytest.mark.parametrize("unit", ["relative_inverse(near=high)", "relative_depth(near=low)"])
def test_rgbd_examples_relative_units(tmp_path, unit):
    inverse = np.linspace(0.25, 1.0, HEIGHT)[:, np.newaxis] * np.ones(WIDTH)
    stored = inverse if "inverse" in unit else 0.2 / inverse
    depth = np.rint(stored * 65535).astype(np.uint16)
    example = only(write_folder(tmp_path, ({"depth_unit": unit}, picture(), depth)))
    correlation = np.corrcoef(example.disparity.ravel(), inverse.ravel())[0, 1]
    assert correlation > 0.99999  # affine, and larger is nearer
    assert 0 < example.weight.max() < 1


def test_rgbd_examples_clamps_far(tmp_path):
    depth = slope()
    depth[:20] = 65535
    example = only(write_folder(tmp_path, ({"kind": "indoor-rendered"}, picture(), depth)))
    np.testing.assert_allclose(example.disparity[:19], 1 / 60, rtol=1e-4)


def test_rgbd_examples_fills_holes_without_trust(tmp_path):
    depth = slope()
    depth[30:50, 40:70] = 0
    example = only(write_folder(tmp_path, ({}, picture(), depth)))
    hole = example.disparity[30:50, 40:70]
    assert (example.weight[30:50, 40:70] == 0).all()
    assert (example.weight[60:] == 1).all()
    ring = example.disparity[28:52, 38:72]
    assert ring.min() - 0.02 <= hole.min() and hole.max() <= ring.max() + 0.02


def test_rgbd_examples_distrusts_edges_of_measured_maps_only(tmp_path):
    depth = slope()
    depth[20:70, 50:90] = 500
    folder = write_folder(
        tmp_path,
        ({"source": "a"}, picture(), depth),
        ({"source": "b", "kind": "indoor-rendered"}, picture(), depth),
        ({"source": "c", "use": "optional(edges offset)"}, picture(), depth),
    )
    measured, rendered, offset = rgbd_examples(folder)
    assert measured.weight[45, 50:53].max() < 0.3 and measured.weight[45, 46:50].max() < 0.3
    assert measured.weight[45, 70] == 1 and measured.weight[45, 20] == 1
    assert rendered.weight.min() == 1
    assert offset.weight.max() == 0.5
    assert (offset.weight < 0.3).sum() > 1.5 * (measured.weight < 0.3).sum()


def test_rgbd_examples_crops_frames(tmp_path):
    colour, depth = picture(), slope()
    colour[:, :7] = 255  # white, with depth
    depth[:, -9:] = 0  # no depth
    depth[-5:] = 0
    example = only(write_folder(tmp_path, ({}, colour, depth)))
    # Two pixels of margin on the three sides that have a frame.
    assert example.left.shape == (HEIGHT - 5 - 2, WIDTH - 7 - 9 - 4, 3)
    np.testing.assert_array_equal(example.left, colour[:-7, 9:-11])
    assert (example.weight == 1).all()


def test_rgbd_examples_keeps_skies(tmp_path):
    depth = slope()
    depth[:30] = 0  # a third of the picture is no frame
    example = only(write_folder(tmp_path, ({}, picture(), depth)))
    assert example.left.shape[0] == HEIGHT
    assert (example.weight[:30] == 0).all()


def test_rgbd_examples_resizes_without_mixing(tmp_path):
    depth = np.full((300, 700), 2000, np.uint16)
    depth[:, 351:] = 1000
    picked = {"kind": "indoor-rendered"}
    example = only(write_folder(tmp_path, (picked, picture(1, 300, 700), depth)))
    assert example.left.shape == (206, 480, 3)
    assert set(np.unique(example.disparity)) == {0.5, 1.0}


def test_rgbd_examples_leaves_out(tmp_path):
    sparse = np.where(np.random.default_rng(3).random((HEIGHT, WIDTH)) < 0.2, slope(), 0)
    folder = write_folder(
        tmp_path,
        ({"use": "avoid(depth unregistered)"}, picture(), slope()),
        ({"use": "eval-with-GT(sparse LiDAR)"}, picture(), slope()),
        ({}, picture(), sparse.astype(np.uint16)),
        ({"use": "", "scene_id": "", "source": "kept"}, picture(), slope()),
    )
    example = only(folder)
    assert example.name == example.group == "kept/3"


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("film-rendered", "film"),
        ("synthetic-indoor", "indoor"),
        ("tabletop", "close-up"),
        ("driving", "street"),
        ("outdoor", "nature"),
    ],
)
def test_rgbd_examples_content(tmp_path, kind, content):
    assert only(write_folder(tmp_path, ({"kind": kind}, picture(), slope()))).content == content


def test_rgbd_examples_are_sorted(tmp_path):
    changes = ({"source": "b"}, {"source": "a"}, {"source": "b", "use": ""})
    folder = write_folder(tmp_path, *((change, picture(), slope()) for change in changes))
    assert [example.name for example in rgbd_examples(folder)] == ["a/1", "b/0", "b/2"]


def test_rgbd_examples_rejects_missing_index(tmp_path):
    with pytest.raises(ValueError, match=r"readable index\.csv.*Received"):
        rgbd_examples(tmp_path)


def test_rgbd_examples_rejects_missing_columns(tmp_path):
    write_index(tmp_path, [{"source": "lab", "rgb": "a.png", "depth": "b.png"}])
    with pytest.raises(ValueError, match=r"columns.*'kind', 'depth_unit'"):
        rgbd_examples(tmp_path)


@pytest.mark.parametrize("path", ["rgb/gone.png", "../0.png", "/etc/hostname"])
def test_rgbd_examples_rejects_files_not_in_the_folder(tmp_path, path):
    (tmp_path / "0.png").write_bytes(b"outside")
    folder = tmp_path / "inside"
    folder.mkdir()
    write_folder(folder, ({}, picture(), slope()))
    write_index(folder, [{**ROW, "rgb": "rgb/0.png", "depth": path}])
    with pytest.raises(ValueError, match="files inside"):
        rgbd_examples(folder)


@pytest.mark.parametrize(("column", "value"), [("depth_unit", "inches"), ("kind", "abstract")])
def test_rgbd_examples_rejects_unknown_words(tmp_path, column, value):
    folder = write_folder(tmp_path, ({column: value}, picture(), slope()))
    with pytest.raises(ValueError, match=f"{column} must.*'{value}'"):
        rgbd_examples(folder)


def test_rgbd_examples_rejects_unequal_sizes(tmp_path):
    folder = write_folder(tmp_path, ({}, picture(), slope()[:-1]))
    with pytest.raises(ValueError, match=r"one channel of the colour image's size"):
        only(folder)


def test_rgbd_examples_rejects_text_for_depth(tmp_path):
    folder = write_folder(tmp_path, ({}, picture(), slope()))
    (folder / "depth/0.png").write_text("no picture")
    with pytest.raises(ValueError, match="Received: no image"):
        only(folder)


def test_rgbd_examples_real(shared_folder):
    folder = shared_folder / "rgbd"
    if not folder.is_dir():
        pytest.skip(f"no pictures with depth: {folder}")
    examples = list(rgbd_examples(folder))
    assert len(examples) >= 80
    assert len({example.name for example in examples}) == len(examples)
    assert {example.content for example in examples} >= {"indoor", "close-up", "film"}
    for example in examples:
        assert max(example.left.shape) <= 480
        assert np.isfinite(example.disparity).all()
        assert (example.weight > 0).mean() > 0.25
        assert not example.name.startswith("metric3d_demo/kitti")
