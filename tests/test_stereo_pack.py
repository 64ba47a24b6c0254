import os
import pathlib
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest
from stereo_data import write_data_set

from data_pipeline.dataset import read_examples
from data_pipeline.dataset_config import DataError
from data_pipeline.packs import row_files
from data_pipeline.packs.row_files import PackError, RowFile
from data_pipeline.schema import StereoExample
from data_pipeline.stereo_pack import StereoPack, is_stereo_pack, pack_data_set

ROOT = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    return write_data_set(folder, ("train", "validation"), frames_before=2)


@pytest.fixture(scope="module")
def made(data_dir, tmp_path_factory):
    """A pack of several files."""
    folder = tmp_path_factory.mktemp("packs") / "pack"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_files, "FILE_BYTES", 500_000)
        assert pack_data_set(data_dir, folder) == {"train": 21, "validation": 21}
    return folder


@pytest.fixture
def pack(made, tmp_path):
    return pathlib.Path(shutil.copytree(made, tmp_path / "pack"))


def test_pack_data_set_round_trip(made, data_dir):
    for split in ("train", "validation"):
        stored = StereoPack(made, split)
        examples = list(read_examples(data_dir, split))
        assert len(stored) == len(examples) == 21
        for number in (20, *range(21)):  # in any order
            assert stored[number] == examples[number]
        assert stored[0].left_jpeg[:2] == b"\xff\xd8" and stored[0].movie == split
        assert len(stored[0].before_jpegs) == len(stored[0].before_right_jpegs) == 2


def test_pack_data_set_begins_new_files(made):
    names = sorted(path.name for path in made.iterdir())
    count = len(list(made.glob("train-*")))
    assert 1 < count < 21
    assert names[0] == f"train-000-of-{count:03d}.h5" and len(names) == 2 * count


def test_pack_data_set_without_frames_before(tmp_path):
    data = write_data_set(tmp_path / "data")
    pack_data_set(data, tmp_path / "pack")
    assert StereoPack(tmp_path / "pack", "train")[3] == list(read_examples(data, "train"))[3]


def test_pack_data_set_leaves_nothing_half_written(data_dir, pack, tmp_path):
    with pytest.raises(FileExistsError, match="is there already"):
        pack_data_set(data_dir, pack)
    broken = shutil.copytree(data_dir, tmp_path / "broken")
    shard = sorted(broken.glob("*validation*.tfrecord*"))[-1]
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(DataError, match="broken is damaged"):
        pack_data_set(broken, tmp_path / "half")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "pack"]


def test_is_stereo_pack(pack, data_dir, tmp_path):
    assert is_stereo_pack(pack) and is_stereo_pack(str(pack))
    assert not any(map(is_stereo_pack, (data_dir, tmp_path, tmp_path / "nowhere")))


def test_stereo_pack_rejects_missing_split_folder_and_file(pack, tmp_path):
    with pytest.raises(DataError, match=r"one of train or validation, .*Received: test"):
        StereoPack(pack, "test")
    with pytest.raises(DataError, match=r"must hold a pack; make one with .*stereo_pack"):
        StereoPack(tmp_path, "train")
    path = sorted(pack.glob("train-*"))[1]
    path.rename(tmp_path / "away")
    with pytest.raises(PackError, match=rf"{path.name} is missing"):
        StereoPack(pack, "train")
    assert len(StereoPack(pack, "validation")) == 21


def test_stereo_pack_rejects_files_of_two_packs(pack):
    path = next(pack.glob("train-*"))
    shutil.copy(path, path.with_name("train-000-of-999.h5"))
    with pytest.raises(PackError, match=r"missing|two packs"):
        StereoPack(pack, "train")


def test_stereo_pack_finds_every_kind_of_damage(pack):
    """Bytes changed anywhere are refused in clear words, or were not part of any example."""
    path = sorted(pack.glob("train-*"))[0]
    content = path.read_bytes()
    expected = rows_of(path)
    refused = 0
    for position in np.random.default_rng(0).integers(0, len(content), 60).tolist():
        changed = bytearray(content)
        changed[position] ^= 0xFF
        path.write_bytes(changed)
        try:
            assert rows_of(path) == expected
        except PackError as error:
            assert path.name in str(error)
            refused += 1
    assert refused > 40  # most of the file is pictures
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(PackError, match="is damaged or no HDF5 file"):
        StereoPack(pack, "train")


def rows_of(path):
    """All rows; the file is closed again, so that HDF5 keeps nothing of it in memory."""
    rows = RowFile(path, StereoExample, "deep3d_stereo_pack")
    return [rows[k] for k in range(len(rows))]


def change(pack, write):
    with h5py.File(sorted(pack.glob("train-*"))[0], "a") as file:
        write(file)


def replace(name, **dataset):
    def write(file):
        del file[name]
        file.create_dataset(name, **dataset)

    return write


@pytest.mark.parametrize(
    "write, match",
    [
        (lambda file: file.attrs.modify("format", "weights"), "no file of a pack"),
        (lambda file: file.pop("pts"), "column pts is missing or foreign"),
        (replace("left_jpeg", data=["text"]), "column left_jpeg is missing or foreign"),
        (replace("pts", shape=(10**13,), dtype=np.int64, chunks=(100,)), "differ in length"),
        (replace("width", shape=(3,), dtype="S1000000000", chunks=(1,)), "column width is"),
        (replace("width", data=np.zeros(1, np.int64)), "columns differ in length"),
        (
            replace("before_jpegs", shape=(9, 10**9), dtype=row_files.DTYPES[bytes], chunks=(1, 1)),
            "column before_jpegs is missing or foreign",
        ),
    ],
)
def test_stereo_pack_rejects_foreign_files(pack, write, match):
    change(pack, write)
    with pytest.raises(PackError, match=match):
        StereoPack(pack, "train")


def test_stereo_pack_rejects_pictures_beyond_the_bound(pack, monkeypatch):
    stored = StereoPack(pack, "train")
    monkeypatch.setattr(row_files, "MAX_BYTES", 1000)
    with pytest.raises(PackError, match="a picture is too large"):
        stored[0]


def test_stereo_pack_imports_no_framework():
    code = (
        "import sys; sys.modules.update(tensorflow=None, tensorflow_datasets=None, keras=None);"
        "import data_pipeline.stereo_pack, data_pipeline.dataset_config;"
        "import data_pipeline.packs.row_files"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_stereo_pack_command(data_dir, tmp_path):
    def command(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "data_pipeline.stereo_pack", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )

    done = command(f"--data={data_dir}", f"--output={tmp_path / 'pack'}")
    assert done.returncode == 0 and "train 21, validation 21 frames" in done.stderr
    assert len(StereoPack(tmp_path / "pack", "validation")) == 21
    nothing = command(f"--data={tmp_path}", f"--output={tmp_path / 'other'}")
    assert nothing.returncode == 1 and "must hold a data set" in nothing.stderr
    assert command(f"--data={data_dir}").returncode == 2
