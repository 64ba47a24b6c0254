import hashlib
import os

import numpy as np
import pytest

from deep3d.journal import Journal, finished_steps

TASK = {"source": "a", "numbers": [1, 2.5]}


def add(journal, number, data=b"data"):
    name = f"{number}.bin"
    (journal.folder / name).write_bytes(data)
    facts = len(data), hashlib.sha256(data).hexdigest()
    journal.add({"number": number}, {name: facts}, {"values": np.arange(number + 1.0)})


def three_steps(folder):
    with Journal(folder, TASK, "film.mkv") as journal:
        for number in range(3):
            add(journal, number)


def test_journal_keeps_steps_and_arrays(tmp_path):
    three_steps(tmp_path / "run")
    assert finished_steps(tmp_path / "run") == [{"number": number} for number in range(3)]
    with Journal(tmp_path / "run", TASK, "film.mkv") as journal:
        assert journal.steps == [{"number": number} for number in range(3)] and not journal.dropped
        np.testing.assert_array_equal(journal.arrays(2)["values"], [0, 1, 2])
        add(journal, 3)
    assert len(finished_steps(tmp_path / "run")) == 4


def test_journal_without_steps_leaves_nothing(tmp_path):
    with Journal(tmp_path / "run", TASK, "film.mkv"):
        assert (tmp_path / "run").exists()
    assert os.listdir(tmp_path) == [] and finished_steps(tmp_path / "run") == []


def test_journal_of_another_task_is_dropped(tmp_path):
    three_steps(tmp_path / "run")
    with Journal(tmp_path / "run", TASK | {"source": "b"}, "film.mkv", replace=True) as journal:
        assert journal.dropped and journal.steps == []
        assert os.listdir(journal.folder) == ["journal.jsonl"]


def test_journal_of_another_task_is_kept_unless_it_is_to_be_dropped(tmp_path):
    three_steps(tmp_path / "run")
    with pytest.raises(ValueError, match=r"film.mkv: was begun with other settings, and run holds"):
        Journal(tmp_path / "run", TASK | {"source": "b"}, "film.mkv")
    assert len(finished_steps(tmp_path / "run")) == 3


def test_journal_removes_what_no_step_made(tmp_path):
    three_steps(tmp_path / "run")
    (tmp_path / "run" / "3.bin.partial").write_bytes(b"half")
    with Journal(tmp_path / "run", TASK, "film.mkv") as journal:
        assert len(journal.steps) == 3
        assert not (journal.folder / "3.bin.partial").exists()


@pytest.mark.parametrize("name", ["1.bin", "000001.npz"])
@pytest.mark.parametrize("damage", ["changed", "longer", "missing"])
def test_journal_ends_before_a_damaged_file(tmp_path, name, damage):
    three_steps(tmp_path / "run")
    path = tmp_path / "run" / name
    data = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(data + b"x" if damage == "longer" else b"x" + data[1:])
    with Journal(tmp_path / "run", TASK, "film.mkv") as journal:
        assert journal.steps == [{"number": 0}] and journal.damaged == 2
        assert sorted(os.listdir(journal.folder)) == ["0.bin", "000000.npz", "journal.jsonl"]
        add(journal, 1)
    assert finished_steps(tmp_path / "run") == [{"number": 0}, {"number": 1}]


def test_journal_cut_off_anywhere_keeps_whole_lines(tmp_path):
    three_steps(tmp_path / "run")
    path = tmp_path / "run" / "journal.jsonl"
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        assert len(finished_steps(tmp_path / "run")) == max(whole[:end].count(b"\n") - 1, 0)


def test_journal_drop_forgets_all(tmp_path):
    with Journal(tmp_path / "run", TASK, "film.mkv") as journal:
        add(journal, 0)
        journal.drop()
        assert journal.steps == [] and os.listdir(journal.folder) == ["journal.jsonl"]
        add(journal, 0)
    assert finished_steps(tmp_path / "run") == [{"number": 0}]


def test_journal_refuses_a_second_process(tmp_path):
    with (
        Journal(tmp_path / "run", TASK, "film.mkv"),
        pytest.raises(ValueError, match="another process"),
    ):
        Journal(tmp_path / "run", TASK, "film.mkv")
