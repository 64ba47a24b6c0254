import pathlib

import pytest

from deep3d.batch import all_sources, sources_of


@pytest.fixture
def films(tmp_path):
    for name in ("b.mkv", "a.mp4", "a.3D.HSBS_LR.mp4", "notes.txt", "odd[1].mkv"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def names(paths):
    return [path.name for path in paths]


def test_sources_of_a_folder_are_its_films(films):
    assert names(sources_of(str(films))) == ["a.mp4", "b.mkv", "odd[1].mkv"]


def test_sources_of_a_pattern(films):
    assert names(sources_of(f"{films}/*.mkv")) == ["b.mkv", "odd[1].mkv"]
    assert names(sources_of(f"{films}/**/a.mp4")) == ["a.mp4"]
    with pytest.raises(ValueError, match="Nothing matches"):
        sources_of(f"{films}/*.avi")


def test_sources_of_a_file(films):
    assert names(sources_of(f"{films}/odd[1].mkv")) == ["odd[1].mkv"]  # a name, not a pattern
    assert sources_of("missing.mp4") == [pathlib.Path("missing.mp4")]


def test_sources_of_a_folder_without_films(tmp_path):
    with pytest.raises(ValueError, match="has neither videos nor pictures"):
        sources_of(str(tmp_path))


def test_sources_of_a_folder_of_pictures(films, tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name in ("b.JPG", "a.png", "a.3D.SBS_LRF_Full_SBS.png", "notes.txt"):
        (pictures / name).write_bytes(b"")
    assert names(sources_of(str(pictures))) == ["a.png", "b.JPG"]
    (films / "poster.jpg").write_bytes(b"")  # beside films it is no source
    assert "poster.jpg" not in names(sources_of(str(films)))


def test_all_sources_takes_each_once(films):
    arguments = [f"{films}/b.mkv", str(films), f"{films}/../{films.name}/b.mkv"]
    assert sorted(names(all_sources(arguments))) == ["a.mp4", "b.mkv", "odd[1].mkv"]
