"""Little data sets in the structure and the codings of the true ones."""

import weakref

import cv2
import numpy as np
import pytest
from test_disparity_files import write_pfm, write_sintel

from deep3d import composed_pairs, stereo_layouts
from deep3d.disparity import DisparityLevels
from deep3d.pairs import FilePairs

HEIGHT, WIDTH, SHIFT = 40, 64, 6


def scene(seed, height=HEIGHT, width=WIDTH, shift=SHIFT):
    """Two views of a wall `shift` px in front of the screen, and its disparity on the left one."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width + shift, 3), np.uint8)
    wide = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return wide[:, :width], wide[:, shift:], np.full((height, width), shift, np.float32)


def write(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".right":  # of JPEG content, whatever its name is
        path.write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
    else:
        cv2.imwrite(str(path), picture)


def write_kitti(
    folder, names=("000000_10", "000000_11", "000001_10"), views=("image_2", "image_3")
):
    grey = views[0] == "image_0"
    for number, name in enumerate(names):
        left, right, disparity = scene(number // 2)
        for view, picture in zip(views, (left, right), strict=True):
            write(folder / view / f"{name}.png", picture[..., 0] if grey else picture)
        if name.endswith("_10"):
            for kind in ("disp_occ_0", "disp_noc_0") if views[0] == "image_2" else ("disp_occ",):
                coded = np.uint16(256 * disparity)
                coded[:10] = 0  # the laser does not reach so high
                write(folder / kind / f"{name}.png", coded)


def write_middlebury(folder, name, files, disparity_file):
    left, right, disparity = scene(0)
    for file, picture in zip(files, (left, right), strict=True):
        write(folder / name / file, picture)
    disparity_file(folder / name, disparity)


def read(folder, **options):
    return list(FilePairs(stereo_layouts.list_pairs(folder, **options)))


def assert_truth(pair, unknown_rows=0):
    """The wall's disparity on the right view's pixels; its last columns only the right eye sees."""
    assert pair.truth.dtype == np.float32 and pair.truth.shape == pair.right.shape[:2]
    known = pair.truth[unknown_rows:, : pair.truth.shape[1] - SHIFT]
    np.testing.assert_allclose(known, SHIFT, atol=0.01)
    assert np.isnan(pair.truth[:unknown_rows]).all()


@pytest.mark.parametrize("root", [".", "training"])
def test_kitti_2015(tmp_path, root):
    write_kitti(tmp_path / root)
    assert stereo_layouts.folder_layout(tmp_path) == "kitti"
    found = read(tmp_path)
    assert [pair.name for pair in found] == ["000000_10", "000000_11", "000001_10"]
    assert [pair.follows for pair in found] == [False, True, False]
    assert [pair.film for pair in found] == ["000000", "000000", ""]
    assert found[1].truth is None and found[0].content == "street"
    assert_truth(found[0], unknown_rows=10)
    np.testing.assert_array_equal(found[0].left, scene(0)[0][..., ::-1])


@pytest.mark.parametrize("views", [("image_0", "image_1"), ("colored_0", "colored_1")])
def test_kitti_2012(tmp_path, views):
    write_kitti(tmp_path / "training", views=views)
    found = read(tmp_path)
    assert len(found) == 3 and found[0].left.shape == (HEIGHT, WIDTH, 3)
    assert_truth(found[0], unknown_rows=10)


def test_kitti_names_the_missing_view(tmp_path):
    write_kitti(tmp_path / "training")
    (tmp_path / "training/image_3/000000_11.png").unlink()
    with pytest.raises(ValueError, match=r"image_3/000000_11\.png is missing, .*image_2"):
        stereo_layouts.list_pairs(tmp_path)
    write_kitti(tmp_path / "training")
    (tmp_path / "training/image_2/000001_10.png").unlink()
    with pytest.raises(ValueError, match=r"image_2/000001_10\.png is missing"):
        stereo_layouts.list_pairs(tmp_path)


def test_middlebury_2014_reads_both_truths(tmp_path):
    def both(folder, disparity):
        write_pfm(folder / "disp0.pfm", np.full_like(disparity, 1.0))  # must not be used
        right = disparity.copy()
        right[:, -SHIFT:] = np.inf
        write_pfm(folder / "disp1.pfm", right)
        (folder / "calib.txt").write_text("doffs=0\nndisp=64\n")

    def left_only(folder, disparity):
        write_pfm(folder / "disp0GT.pfm", disparity)

    write_middlebury(tmp_path, "Adirondack", ("im0.png", "im1.png"), both)
    write_middlebury(tmp_path, "Jadeplant", ("im0.png", "im1.png"), left_only)
    assert stereo_layouts.folder_layout(tmp_path) == "middlebury"
    found = read(tmp_path)
    assert [pair.name for pair in found] == ["Adirondack", "Jadeplant"]
    for pair in found:
        assert_truth(pair)
    (alone,) = read(tmp_path / "Jadeplant")
    assert alone.name == "Jadeplant"


@pytest.mark.parametrize(
    ("views", "truth", "rows", "scale"),
    [
        (("view1.png", "view5.png"), "disp5.png", 370, 3),
        (("view1.png", "view5.png"), "disp1.png", 555, 2),
        (("im2.png", "im6.png"), "disp6.png", 375, 4),
    ],
)
def test_middlebury_with_disparity_of_full_size(tmp_path, views, truth, rows, scale):
    left, right, disparity = scene(0, rows)
    for name, picture in zip(views, (left, right), strict=True):
        write(tmp_path / "Aloe" / name, picture)
    write(tmp_path / "Aloe" / "view3.png", right)  # a view between them, of no use here
    write(tmp_path / "Aloe" / truth, np.uint8(disparity * scale))
    (pair,) = read(tmp_path)
    assert_truth(pair)


def test_middlebury_rejects_unknown_units_and_missing_views(tmp_path):
    write_middlebury(
        tmp_path,
        "Aloe",
        ("view1.png", "view5.png"),
        lambda folder, d: write(folder / "disp5.png", np.uint8(d)),
    )
    with pytest.raises(ValueError, match=r"disp5\.png must be 1110 rows high.*Received: 40"):
        read(tmp_path)
    (tmp_path / "Aloe" / "view5.png").unlink()
    with pytest.raises(ValueError, match=r"Aloe has no view5"):
        stereo_layouts.list_pairs(tmp_path)


@pytest.mark.parametrize("passes", [("clean",), ("clean", "final")])
def test_sintel(tmp_path, passes):
    root = tmp_path / "training"
    for number in (1, 2):
        left, right, disparity = scene(0)
        name = f"alley_1/frame_{number:04}.png"
        for one in passes:
            write(root / f"{one}_left" / name, left)
            write(root / f"{one}_right" / name, right if one == passes[-1] else left)
        (root / "disparities" / "alley_1").mkdir(parents=True, exist_ok=True)
        disparity[:8, 20:30] = SHIFT + 4  # behind a mask: what the right eye does not see
        write_sintel(root / "disparities" / name, disparity)
        hidden = np.zeros(disparity.shape, np.uint8)
        hidden[:8, 20:30] = 255
        write(root / "occlusions" / name, hidden)
    assert stereo_layouts.folder_layout(tmp_path) == "sintel"
    first, second = read(tmp_path)
    assert (first.name, first.film, first.follows) == ("alley_1/frame_0001", "alley_1", False)
    assert second.follows
    np.testing.assert_array_equal(first.right, scene(0)[1][..., ::-1])  # final before clean
    assert_truth(second.__class__("x", first.left[8:], first.right[8:], truth=first.truth[8:]))
    assert np.isnan(first.truth[:8, 20 - SHIFT : 30 - SHIFT]).all()


def test_inria(tmp_path):
    for task, sequence in (("video_segmentation", "1"), ("persondetection_test", ".")):
        for number in (12249, 12250, 12300):
            path = tmp_path / task / "frames" / sequence / f"{number:08}.jpg"
            left, right, _ = scene(0)
            write(path, left)
            write(path.with_name(f"{path.name}.right"), right)
    assert stereo_layouts.folder_layout(tmp_path) == "inria"
    found = read(tmp_path)
    assert [pair.film for pair in found] == [""] * 3 + ["video_segmentation/frames/1"] * 3
    assert [pair.follows for pair in found][3:] == [False, True, False]
    assert all(pair.truth is None and pair.content == "film" for pair in found)
    assert len(read(tmp_path / "video_segmentation")) == 3
    (tmp_path / "video_segmentation/frames/1/00012250.jpg.right").unlink()
    with pytest.raises(ValueError, match=r"00012250\.jpg\.right is missing"):
        stereo_layouts.list_pairs(tmp_path)


def test_mono2stereo(tmp_path):
    for kind in ("indoor", "animation"):
        for side, picture in zip(("left", "right"), scene(0), strict=False):
            write(tmp_path / kind / side / "7.png", picture)
    assert stereo_layouts.folder_layout(tmp_path) == "mono2stereo"
    found = read(tmp_path)
    assert [(pair.name, pair.content) for pair in found] == [
        ("animation/7.png", "animation"),
        ("indoor/7.png", "indoor"),
    ]


def test_folders_by_film_follow_until_a_cut(tmp_path):
    """Frames are numbered, but between the second and the third there is a cut."""
    for film in ("a", "b"):
        for number, seed in enumerate((0, 0, 9, 9)):
            for side, picture in zip(("left", "right"), scene(seed), strict=False):
                picture = picture if seed else picture // 4  # a darker shot
                write(tmp_path / film / side / f"frame{number:03}.png", picture)
    assert stereo_layouts.folder_layout(tmp_path) == "folders"
    found = read(tmp_path)
    assert [pair.film for pair in found] == ["a"] * 4 + ["b"] * 4
    assert [pair.follows for pair in found] == [False, True, False, True] * 2


def test_sequences_are_spread_two_frames_at_a_time(tmp_path):
    for number in range(20):
        for side in ("left", "right"):
            write(tmp_path / side / f"{number:03}.png", scene(0)[0])
    files = stereo_layouts.list_pairs(tmp_path)
    names = [one.name for one in FilePairs(files, at_most=6).files]
    assert names == ["000.png", "001.png", "006.png", "007.png", "012.png", "013.png"]
    assert len(FilePairs(files, at_most=1).files) == 1
    assert [one.name for one in FilePairs(files, at_most=20).files] == [one.name for one in files]


def test_sources_read_anew_and_hold_one_pair(tmp_path):
    """What is alive while one iterates does not grow with the number of pairs."""
    for number in range(6):
        for side in ("left", "right"):
            write(tmp_path / side / f"{number:03}.png", scene(number)[0])
    levels = DisparityLevels(minimum=-4, count=8, width=64)
    source = composed_pairs.ComposedPairs(FilePairs(stereo_layouts.list_pairs(tmp_path)), levels)
    for _ in range(2):
        views, alive = [], []
        for pair in source:
            views.append(weakref.ref(pair.left if pair.left.base is None else pair.left.base))
            alive.append(sum(view() is not None for view in views))
            del pair
        assert len(alive) == 6 and max(alive) <= 2


@pytest.mark.parametrize("layout", sorted(set(stereo_layouts.FOLDER_LAYOUTS) - {"folders"}))
def test_list_pairs_rejects_other_layouts(tmp_path, layout):
    for side in ("left", "right"):
        write(tmp_path / side / "0.png", scene(0)[0])
    with pytest.raises(ValueError, match=f"does not have the layout of {layout}"):
        stereo_layouts.list_pairs(tmp_path, layout)


def test_list_pairs_rejects_what_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="no folder"):
        stereo_layouts.list_pairs(tmp_path / "absent")
    with pytest.raises(ValueError, match="no stereo pairs"):
        stereo_layouts.list_pairs(tmp_path)
    with pytest.raises(ValueError, match=r"layout must be kitti, .*Received: kiti"):
        stereo_layouts.list_pairs(tmp_path, "kiti")


def test_truth_of_another_size_is_rejected(tmp_path):
    write_kitti(tmp_path)
    write(tmp_path / "disp_noc_0" / "000000_10.png", np.ones((10, 10), np.uint16))
    with pytest.raises(ValueError, match=r"Pair 000000_10.*64x40.*truth 10x10"):
        read(tmp_path)
