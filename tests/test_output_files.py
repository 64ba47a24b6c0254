import pathlib

import pytest

from deep3d.conversion_config import ConversionConfig
from deep3d.output_files import reports_of, targets_of

CONFIG = ConversionConfig()
EPISODES = [pathlib.Path(name) for name in ("tv/1/a.mkv", "tv/1/b.mkv", "tv/2/a.mkv")]


def names(paths, folder):
    return [path.relative_to(folder).as_posix() for path in paths]


def test_targets_of_lie_in_the_folder_by_their_names(tmp_path):
    targets = targets_of(EPISODES[:2], f"{tmp_path}/new", CONFIG)
    assert names(targets, tmp_path / "new") == ["a.3D.HSBS_LR.mkv", "b.3D.HSBS_LR.mkv"]
    assert not (tmp_path / "new").exists()
    assert targets_of(EPISODES[:1], f"{tmp_path}/new/", CONFIG) == targets[:1]
    assert targets_of(EPISODES[:1], None, CONFIG) == [pathlib.Path("tv/1/a.3D.HSBS_LR.mkv")]


def test_targets_of_equal_names_keep_their_folders(tmp_path):
    targets = names(targets_of(EPISODES, f"{tmp_path}", CONFIG), tmp_path)
    assert targets == ["1/a.3D.HSBS_LR.mkv", "1/b.3D.HSBS_LR.mkv", "2/a.3D.HSBS_LR.mkv"]
    reports = names(reports_of(EPISODES, f"{tmp_path}"), tmp_path)
    assert reports == ["1/a.comfort", "1/b.comfort", "2/a.comfort"]


def test_targets_of_rejects_two_sources_for_one_file(tmp_path):
    films = [pathlib.Path("a.avi"), pathlib.Path("a.mkv")]
    for output in (None, str(tmp_path)):
        with pytest.raises(ValueError, match=r"a\.avi and a\.mkv would all become .*a\.3D"):
            targets_of(films, output, CONFIG)
    with pytest.raises(ValueError, match="would all become"):
        reports_of(films, str(tmp_path))


@pytest.mark.parametrize(
    ("source", "output", "options", "message"),
    [
        (
            "a.mkv",
            "x.avi",
            {},
            r"film must end with one of \.mp4, .* or \.webm\. Received: .*x",
        ),
        ("a.mkv", "x", {}, "film must end with one of"),
        ("a.mkv", "x.png", {}, "film must end with one of"),
        ("a.png", "x.mp4", {}, r"picture must end with one of \.png"),
        ("a.mkv", "x.webm", {"codec": "h264"}, r"codec in a \.webm file must be av1 or vp9"),
        ("a.mkv", "no/folder/x.mkv", {}, "folder of .* must exist"),
        ("a.mkv", None, {"container": "png"}, "film must end with one of"),
        ("a.png", "x.mpo", {"format": "half_tab"}, "half_sbs, full_sbs or cross_eyed"),
    ],
)
def test_targets_of_rejects_what_cannot_be_written(tmp_path, source, output, options, message):
    output = output and f"{tmp_path}/{output}"
    with pytest.raises(ValueError, match=message):
        targets_of([pathlib.Path(source)], output, ConversionConfig(**options))


def test_targets_of_rejects_one_file_for_several(tmp_path):
    with pytest.raises(ValueError, match="output of 3 sources must be a folder"):
        targets_of(EPISODES, f"{tmp_path}/x.mkv", CONFIG)
