import json
import shutil

import pytest
from stereo_films import title_card, two_planes, write_film

from data_pipeline.dataset import DataError, read_examples
from data_pipeline.ingest import IngestConfig, IngestError, ingest
from data_pipeline.storage.reproduction import options_of, reproduce, verify
from data_pipeline.storage.stored_files import ManifestError, read_manifest


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folder of three films in `films` and the data set of them in `data`."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "films").mkdir()
    for k in range(3):
        scene = [two_planes(10 * k, -2, 3, step=j) for j in range(4)]
        write_film(folder / "films" / f"{'abc'[k]}.mkv", [title_card(), *scene])
    (folder / "films" / "broken.mkv").write_bytes(b"no movie")
    ingest(
        IngestConfig(
            movies=str(folder / "films"),
            output=str(folder / "data"),
            layout="full_sbs",
            eyes="left_first",  # noise of which nothing says what is near
            every_s=0.25,
            seed=3,
        )
    )
    return folder


@pytest.fixture
def data(made, tmp_path):
    """A copy of the data set that may be damaged."""
    shutil.copytree(made / "data", tmp_path / "data")
    return tmp_path / "data"


def checked(data, repair=False, patterns=()):
    lines = []
    return verify(str(data), repair, IngestConfig(), list(patterns), lines.append), lines


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def shard_of(data, split):
    (shard,) = data.glob(f"*-{split}.tfrecord*")
    return shard


def same_files(one, other):
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(path.name for path in other.iterdir())
    for name in names:
        if name != "manifest.json":
            assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_reproduce_makes_the_same_data_set_of_renamed_films(made, tmp_path):
    (tmp_path / "films").mkdir()
    for k, name in enumerate("abc"):
        shutil.copy(made / "films" / f"{name}.mkv", tmp_path / "films" / f"Other {9 - k}.mkv")
    shutil.copy(made / "films" / "broken.mkv", tmp_path / "films")
    lines, output = [], tmp_path / "again"
    config = IngestConfig(output=str(output), every_s=9.0)  # the manifest's counts
    code = reproduce(str(made / "data"), config, [str(tmp_path / "films")], lines.append)
    assert (code, lines[-1]) == (0, f"{output}: all 7 files are identical to those of the manifest")
    same_files(made / "data", output)
    assert read_manifest(output)["config"]["seed"] == 3


@pytest.mark.slow
def test_reproduce_says_what_differs(made, tmp_path):
    manifest = json.loads((made / "data" / "manifest.json").read_text())
    name = next(name for name in manifest["files"] if "-train.tfrecord" in name)
    manifest["files"][name]["sha256"] = "0" * 64
    manifest["packages"]["numpy"] = "1.0"
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest))
    lines, config = [], IngestConfig(output=str(tmp_path / "again"))
    assert reproduce(str(path), config, [str(made / "films")], lines.append) == 1
    assert lines[-1].endswith(f"differs from the manifest in {name}")
    assert any("packages" in line and "numpy 1.0, here" in line for line in lines)


def test_reproduce_names_films_that_are_missing_or_others(made, tmp_path):
    shutil.copy(made / "films" / "b.mkv", tmp_path / "a.mkv")
    config = IngestConfig(output=str(tmp_path / "again"))
    with pytest.raises(IngestError, match=r"a is another file, c is missing$"):
        reproduce(str(made / "data"), config, [str(tmp_path / "a.mkv")], lambda line: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mkv"]


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(schema_version="9.0.0"), "records 9.0.0"),
        (dict(options={"wings": 2}), "options unknown to this version .*wings"),
    ],
)
def test_options_of_rejects(made, change, message):
    manifest = read_manifest(made / "data")
    assert options_of(manifest).every_s == 0.25
    with pytest.raises(ManifestError, match=message):
        options_of(manifest | change)


def test_read_manifest_rejects(tmp_path):
    with pytest.raises(ManifestError, match="does not exist"):
        read_manifest(tmp_path)
    for text, message in (("{", "is damaged"), ("[]", "no manifest of this version")):
        (tmp_path / "manifest.json").write_text(text)
        with pytest.raises(ManifestError, match=message):
            read_manifest(tmp_path)


def test_verify_finds_and_names_damage(data):
    assert checked(data) == (0, [f"{data}: 7 files are as they were made"])
    flip_a_bit(shard_of(data, "train"))
    shard_of(data, "test").unlink()
    code, lines = checked(data)
    assert code == 1 and len(lines) == 3
    assert f"{shard_of(data, 'train')}: has changed" in lines
    assert any("-test.tfrecord" in line and line.endswith("is missing") for line in lines)


def test_damaged_shards_are_never_read_silently(data):
    shard = shard_of(data, "train")
    content = shard.read_bytes()
    for damaged in (content[: len(content) // 2], b""):
        shard.write_bytes(damaged)
        with pytest.raises(DataError, match=rf"{shard.name} has {len(damaged)} bytes .*--repair"):
            next(read_examples(data, "train"))
    flip_a_bit_of = bytearray(content)
    flip_a_bit_of[len(content) // 2] ^= 1
    shard.write_bytes(flip_a_bit_of)
    with pytest.raises(DataError, match="corrupted record"):
        list(read_examples(data, "train"))


def test_verify_repairs_shards_from_the_films_of_their_split(made, data, tmp_path):
    shard = shard_of(data, "validation")
    flip_a_bit(shard)
    flip_a_bit(data / "report.csv")
    (movie,) = (m for m in read_manifest(data)["movies"] if m["split"] == "validation")
    code, lines = checked(data, repair=True, patterns=[movie["path"]])
    assert code == 0 and lines[-1].endswith("2 files made again, equal to the first")
    same_files(made / "data", data)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.slow
def test_verify_repairs_the_report_and_all_else_without_being_told_of_films(made, data):
    (data / "report.csv").unlink()
    assert checked(data, repair=True)[0] == 0
    (data / "dataset_info.json").write_text("{")
    assert checked(data, repair=True)[0] == 0
    same_files(made / "data", data)


def test_verify_does_not_repair_from_other_films(made, data, tmp_path):
    flip_a_bit(shard_of(data, "train"))
    other = write_film(tmp_path / "other.mkv", [two_planes(5, -2, 3)] * 2)
    with pytest.raises(IngestError, match=r"not the movies of the manifest: . is missing"):
        checked(data, repair=True, patterns=[str(other)])
    assert checked(data)[0] == 1
