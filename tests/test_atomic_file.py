import pytest

from deep3d.atomic_file import replaced_when_complete, write_bytes


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_write_bytes_round_trip(tmp_path):
    write_bytes(tmp_path / "a.bin", b"old")
    write_bytes(str(tmp_path / "a.bin"), b"new")
    assert (tmp_path / "a.bin").read_bytes() == b"new"
    assert names(tmp_path) == ["a.bin"]


def test_replaced_when_complete_keeps_the_target_until_the_end(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with replaced_when_complete(target) as temporary:
        assert temporary.parent == tmp_path
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


def test_replaced_when_complete_cleans_up_after_failure(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(KeyError), replaced_when_complete(target) as temporary:
        temporary.write_text("half")
        raise KeyError("stop")
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_replaced_when_complete_rejects_nothing_written(tmp_path):
    with pytest.raises(FileNotFoundError), replaced_when_complete(tmp_path / "a.txt"):
        pass
    assert names(tmp_path) == []
