import cv2
import numpy as np
import pytest

from data_pipeline.depth_sources.ground import Kind
from data_pipeline.depth_sources.label_maps import close_seams, label_regions, low_ground
from data_pipeline.depth_sources.labelled_photos import (
    CAMVID,
    SOURCES,
    labelled_examples,
    read_labelled,
)
from data_pipeline.depth_sources.planes import plane_kinds, without_border

SKY, BUILDING, ROAD, CAR, PEDESTRIAN, VOID = 0, 1, 3, 8, 9, 11
HEIGHT, WIDTH = 120, 161


def street():
    """Labels of CamVid: sky, a wall across the street, road, a car and a nearer pedestrian."""
    labels = np.full((HEIGHT, WIDTH), SKY, np.uint8)
    labels[20:70] = BUILDING
    labels[70:] = ROAD
    labels[60:85, 90:125] = CAR
    labels[50:101, 40:52] = PEDESTRIAN
    return labels


def write(folder, source, name, labels, picture=None):
    if picture is None:
        picture = np.random.default_rng(3).integers(0, 255, (*labels.shape, 3), np.uint8)
    for kind in ("images", "labels"):
        (folder / source / kind).mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(folder / source / "images" / f"{name}.jpg"), picture[..., ::-1])
    assert cv2.imwrite(str(folder / source / "labels" / f"{name}.png"), labels)


def planes():
    """A street of nameless planes with its picture: sky 1, wall 2, road 3."""
    labels = np.full((HEIGHT, WIDTH), 2, np.uint8)
    labels[:30] = 1
    labels[80:] = 3
    colours = np.array([[0, 0, 0], [150, 180, 240], [150, 120, 100], [110, 110, 110]], np.uint8)
    return labels, colours[labels]


def only(folder, source):
    return list(labelled_examples(folder, source))


def test_labelled_examples_order_of_street(tmp_path):
    write(tmp_path, "camvid", "train_0016E5_00390", street())
    (example,) = only(tmp_path, "camvid")
    disparity = example.disparity
    sky, wall, car, person = (disparity[place] for place in ((5, 5), (40, 10), (70, 100), (60, 45)))
    assert 0 == sky < wall < car < person < disparity[-1, 0] == 1
    assert example.content == "street"
    assert disparity.dtype == example.weight.dtype == np.float32
    # The wall stands on the road, the person as near as the ground under the feet.
    np.testing.assert_allclose(wall, disparity[70, 10], atol=0.03)
    np.testing.assert_allclose(person, disparity[101, 30], atol=0.03)


def test_labelled_examples_void_weighs_little(tmp_path):
    labels = street()
    labels[25:55, 60:90] = VOID
    write(tmp_path, "camvid", "train_0016E5_00390", labels)
    (example,) = only(tmp_path, "camvid")
    assert example.weight[40, 75] <= 0.1
    assert example.weight[110, 75] == 1
    assert np.isfinite(example.disparity).all()
    wall = example.disparity[40, 10]
    np.testing.assert_allclose(example.disparity[40, 75], wall, atol=0.05)


def test_labelled_examples_sequences_share_group(tmp_path):
    names = ["test_0001TP_1", "train_0001TP_2", "test_Seq05VD_f1", "val_0016E5_3"]
    for name in names:
        write(tmp_path, "camvid", name, street())
    groups = {example.name: example.group for example in only(tmp_path, "camvid")}
    assert groups["camvid/test_0001TP_1"] == groups["camvid/train_0001TP_2"]
    assert len(set(groups.values())) == 3


def test_labelled_examples_twins_share_group(tmp_path):
    labels, picture = planes()
    write(tmp_path, "ade_planar_sprs", "LS_train_00016859", labels, picture)
    write(tmp_path, "ade_planar_sprs", "LS_train_00016860", labels, picture)
    facade = np.where(labels == 1, 6, np.where(labels == 3, 5, 1)).astype(np.uint8)
    write(tmp_path, "labelmefacade", "street__one", facade)
    (tmp_path / "twins_labelmefacade_sprs.csv").write_text(
        "labelmefacade,ade_planar_sprs,corr\nstreet__one,LS_train_00016859,1.0\n", encoding="utf-8"
    )
    (original,) = only(tmp_path, "labelmefacade")
    twin, other = only(tmp_path, "ade_planar_sprs")
    assert twin.group == original.group
    assert other.group != original.group
    assert twin.name != original.name


def test_labelled_examples_planes(tmp_path):
    labels, picture = planes()
    write(tmp_path, "ade_planar_sprs", "LS_train_00016859", labels, picture)
    (example,) = only(tmp_path, "ade_planar_sprs")
    assert example.disparity[10, 80] == 0
    assert 0.02 < example.disparity[50, 80] < example.disparity[100, 80] < 1
    assert np.ptp(example.disparity[40:70]) < 0.02


def test_labelled_examples_person_is_near(tmp_path):
    labels = np.zeros((200, 133), np.uint8)
    labels[20:180, 50:80] = 13
    write(tmp_path, "clothing_coparsing", "0001", labels)
    (example,) = only(tmp_path, "clothing_coparsing")
    person = example.disparity[100, 60]
    assert (example.disparity[labels > 0] == person).all()
    assert person > example.disparity[:120][labels[:120] == 0].max()
    assert example.weight[100, 60] > example.weight[100, 10] > 0


def test_labelled_examples_videos(tmp_path):
    labels = np.zeros((90, 160), np.uint8)
    labels[30:60, 50:80] = 1
    for name in ("camel_00000", "camel_00006", "unheard-of_00000"):
        write(tmp_path, "davis2016_val", name, labels)
    examples = only(tmp_path, "davis2016_val")
    assert [each.group for each in examples] == ["davis/camel", "davis/camel", "davis/unheard-of"]
    for example in examples:
        assert example.disparity[40, 60] > example.disparity[40, 10]
        assert example.weight[40, 60] > 2 * example.weight[40, 10]


def test_labelled_examples_leaves_out_the_hopeless(tmp_path):
    write(tmp_path, "labelmefacade", "a_wall", np.full((HEIGHT, WIDTH), 1, np.uint8))
    write(tmp_path, "labelmefacade", "a_void", np.zeros((HEIGHT, WIDTH), np.uint8))
    street_scene = np.where(planes()[0] == 3, 5, 1).astype(np.uint8)
    write(tmp_path, "labelmefacade", "street", street_scene)
    assert [example.name for example in only(tmp_path, "labelmefacade")] == ["labelmefacade/street"]


def test_labelled_examples_rejects_unknown_source(tmp_path):
    with pytest.raises(ValueError, match="source must be one of"):
        only(tmp_path, "nowhere")


def test_labelled_examples_rejects_empty_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="camvid"):
        only(tmp_path, "camvid")


def test_read_labelled_rejects_other_size(tmp_path):
    write(tmp_path, "camvid", "train_0016E5_00390", street())
    file = tmp_path / "camvid" / "labels" / "train_0016E5_00390.png"
    assert cv2.imwrite(str(file), street()[:, 1:])
    with pytest.raises(ValueError, match="picture's size"):
        only(tmp_path, "camvid")


def test_read_labelled_rejects_missing_labels(tmp_path):
    write(tmp_path, "camvid", "train_0016E5_00390", street())
    (tmp_path / "camvid" / "labels" / "train_0016E5_00390.png").unlink()
    with pytest.raises(ValueError, match="labels of a picture must be readable"):
        only(tmp_path, "camvid")


def test_read_labelled_reduces_large_pictures(tmp_path):
    labels = cv2.resize(street(), (WIDTH * 5, HEIGHT * 5), interpolation=cv2.INTER_NEAREST)
    write(tmp_path, "camvid", "large", labels)
    picture, reduced = read_labelled(tmp_path / "camvid" / "images" / "large.jpg")
    assert picture.shape == (*reduced.shape, 3)
    assert max(reduced.shape) == 480
    assert set(np.unique(reduced)) == set(np.unique(labels))


def test_label_regions_preset():
    regions, kinds = label_regions(street(), CAMVID)
    assert kinds[0] == Kind.VOID
    assert sorted(kinds[1:]) == [Kind.SKY, Kind.GROUND, Kind.WALL, Kind.VEHICLE, Kind.FIGURE]
    np.testing.assert_array_equal(kinds[regions], np.array(CAMVID)[street()])


def test_close_seams_preset():
    labels = np.full((40, 50), 1, np.uint8)
    labels[:, 25:] = 2
    labels[:, 24:26] = 0
    labels[10:30, 5:20] = 0
    closed = close_seams(labels)
    assert (closed[:, 24] == 1).all() and (closed[:, 25] == 2).all()
    assert (closed[14:26, 9:16] == 0).all()


def test_low_ground_preset():
    labels = street()
    labels[90:, :] = VOID
    labels[:60, 150:] = VOID
    expected = np.zeros(labels.shape, bool)
    expected[90:] = True
    np.testing.assert_array_equal(low_ground(labels, (VOID,)), expected)


def test_plane_kinds_preset():
    labels, picture = planes()
    labels[60:85, 70:80] = 4
    assert plane_kinds(picture, labels.astype(np.int32)).tolist() == [
        Kind.VOID, Kind.SKY, Kind.WALL, Kind.GROUND, Kind.FIGURE,
    ]  # fmt: skip


def test_plane_kinds_white_wall_is_no_sky():
    labels, picture = planes()
    labels[:95] = 1
    picture[labels == 1] = 220
    assert plane_kinds(picture, labels.astype(np.int32))[1] == Kind.WALL


def test_without_border_preset():
    labels = planes()[0]
    spoilt = labels.copy()
    spoilt[0], spoilt[:, -1] = 9, 7
    np.testing.assert_array_equal(without_border(spoilt), labels)


# CamVid's horizons need all its pictures; the others cover the way through.
@pytest.mark.parametrize("source", [source for source in SOURCES if source != "camvid"])
def test_labelled_examples_of_real_pictures(shared_folder, source):
    folder = shared_folder / "labelled"
    if not (folder / source).is_dir():
        pytest.skip(f"labelled photographs not found: {folder / source}")
    examples = labelled_examples(folder, source)
    for _, example in zip(range(3), examples, strict=False):
        assert max(example.disparity.shape) <= 480
        assert np.isfinite(example.disparity).all() and np.ptp(example.disparity) > 0.1
        assert 0 <= example.weight.min() <= example.weight.max() <= 1
