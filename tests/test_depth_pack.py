import dataclasses

import h5py
import numpy as np
import pytest
from depth_examples import box_example

from data_pipeline.packs import depth_pack, row_files
from data_pipeline.packs.depth_example import DepthExample
from data_pipeline.packs.depth_pack import PackError, decode, read_pack, write_pack


@pytest.fixture
def pack(tmp_path):
    write_pack(tmp_path / "pack", (box_example(seed) for seed in range(5)))
    return tmp_path / "pack"


def test_write_pack_round_trip(pack):
    rows = list(read_pack(pack))
    assert [row.name for row in rows] == [f"box{seed}" for seed in range(5)]
    original, stored = box_example(3), decode(rows[3])
    assert (stored.group, stored.content) == ("group3", "indoor")
    # Affine to the original, over the range of the trusted pixels, in 8-bit steps.
    trusted = original.weight > 0
    low, high = original.disparity[trusted].min(), original.disparity[trusted].max()
    expected = 255 * (original.disparity - low) / (high - low)
    np.testing.assert_allclose(stored.disparity[trusted], expected[trusted], atol=0.51)
    np.testing.assert_allclose(stored.weight, original.weight, atol=1 / 255)
    assert np.abs(stored.left.astype(int) - original.left).mean() < 4


def test_write_pack_begins_new_files(tmp_path, monkeypatch):
    monkeypatch.setattr(row_files, "FILE_BYTES", 6_000)
    assert write_pack(tmp_path / "pack", (box_example(seed) for seed in range(7))) == 7
    assert len(list((tmp_path / "pack").glob("*.h5"))) > 1
    assert [row.name for row in read_pack(tmp_path / "pack")] == [f"box{k}" for k in range(7)]


def test_write_pack_keeps_what_is_there(pack):
    with pytest.raises(FileExistsError, match="is there already"):
        write_pack(pack, [box_example()])


def test_write_pack_leaves_nothing_half_written(tmp_path):
    def failing():
        yield box_example()
        raise ValueError("the source is damaged")

    with pytest.raises(ValueError, match="damaged"):
        write_pack(tmp_path / "pack", failing())
    assert not (tmp_path / "pack").exists()
    assert write_pack(tmp_path / "pack", [box_example()]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]


def test_write_pack_leaves_out_untrusted(tmp_path):
    nothing = dataclasses.replace(box_example(), weight=np.zeros((70, 110), np.float32))
    with pytest.warns(UserWarning, match="box0 has no trusted disparity"):
        assert write_pack(tmp_path / "pack", [nothing, box_example(1)]) == 1


def test_read_pack_rejects_empty_folder(tmp_path):
    with pytest.raises(PackError, match="holds no pack"):
        list(read_pack(tmp_path))


def test_read_pack_rejects_damaged_file(pack):
    path = pack / "000.h5"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(PackError, match="damaged"):
        list(read_pack(pack))


def test_read_pack_finds_a_changed_byte(pack):
    left = next(read_pack(pack)).left
    content = (pack / "000.h5").read_bytes()
    position = content.index(left) + len(left) // 2
    changed = bytes([content[position] ^ 1])
    (pack / "000.h5").write_bytes(content[:position] + changed + content[position + 1 :])
    with pytest.raises(PackError, match="row 0 has changed"):
        list(read_pack(pack))


def test_read_pack_rejects_foreign_files(pack):
    with h5py.File(pack / "000.h5", "a") as file:
        del file["left"]
        file["left"] = h5py.ExternalLink(str(pack / "000.h5"), "disparity")
    with pytest.raises(PackError, match="column left is missing or foreign"):
        list(read_pack(pack))
    with h5py.File(pack / "000.h5", "w") as file:
        file.attrs["format"] = "weights"
    with pytest.raises(PackError, match="no file of a pack: its format must be"):
        list(read_pack(pack))


def test_read_pack_rejects_columns_of_unequal_length(pack):
    with h5py.File(pack / "000.h5", "a") as file:
        del file["group"]
        file.create_dataset("group", data=["one"], dtype=h5py.string_dtype())
    with pytest.raises(PackError, match="columns differ"):
        list(read_pack(pack))


def test_read_pack_rejects_unknown_content(pack):
    with h5py.File(pack / "000.h5", "a") as file:
        file["content"][2] = "spam"
        del file["crc32"]  # packs of earlier versions have no checksums
    with pytest.raises(PackError, match="content 'spam'"):
        list(read_pack(pack))


def test_decode_rejects_broken_picture(pack):
    row = dataclasses.replace(next(read_pack(pack)), left=b"no picture")
    with pytest.raises(PackError, match="box0 cannot be decoded"):
        decode(row)


def test_decode_rejects_pictures_of_unequal_size(pack):
    row = next(read_pack(pack))
    with pytest.raises(PackError, match="must have the size of the view"):
        decode(dataclasses.replace(row, disparity=depth_pack._encoded(".png", np.eye(9) * 255)))


@pytest.mark.parametrize(
    "fields",
    [
        {"content": "spam"},
        {"left": np.zeros((70, 110, 3))},
        {"disparity": np.zeros((70, 109), np.float32)},
    ],
)
def test_depth_example_rejects_nonsense(fields):
    with pytest.raises(ValueError, match="Received"):
        DepthExample(**(vars(box_example()) | fields))
