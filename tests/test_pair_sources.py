import pytest
from stereo_films import two_planes, write_film

from data_pipeline import pair_sources


def test_find_layout_by_content(tmp_path):
    (tmp_path / "films").mkdir()
    write_film(tmp_path / "films" / "a.mkv", [two_planes(0, -2, 3)] * 2)
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards" / "dataset_info.json").write_text("{}")
    (tmp_path / "kitti" / "image_2").mkdir(parents=True)
    for data, layout in (
        ("films", "films"),
        ("films/a.mkv", "films"),
        ("films/*", "films"),
        ("shards", "shards"),
        ("kitti", "kitti"),
        (".", "folders"),
    ):
        assert pair_sources.find_layout(str(tmp_path / data)) == layout
    with pytest.raises(ValueError, match="no folder"):
        pair_sources.find_layout(str(tmp_path / "absent"))


def test_open_pairs_rejects_unknown_layouts(tmp_path):
    with pytest.raises(ValueError, match=r"layout must be one of shards, .*Received: 'kiti'"):
        pair_sources.open_pairs(str(tmp_path), "kiti")
