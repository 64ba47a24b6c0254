import json
import pathlib
import tempfile

import pytest

NOTEBOOKS = pathlib.Path(__file__).resolve().parents[1] / "notebooks"
NAMES = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))


def code_cells(name):
    cells = json.loads((NOTEBOOKS / name).read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Executes a notebook in one namespace, which it returns; files may only be temporary ones."""
    here, temporary = tmp_path / "here", tmp_path / "temporary"
    here.mkdir()
    temporary.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    def execute(name):
        namespace = {}
        for number, cell in enumerate(code_cells(name)):
            exec(compile("".join(cell["source"]), f"{name}[{number}]", "exec"), namespace)
        assert not list(here.iterdir())
        return namespace

    return execute


@pytest.mark.parametrize("name", NAMES)
def test_notebook_has_no_outputs(name):
    assert all(not c["outputs"] and c["execution_count"] is None for c in code_cells(name))


def test_first_steps_converts_a_picture(run):
    found = run("first_steps.ipynb")
    assert found["right"].shape == found["left"].shape
    assert found["error"](found["right"]) < 100


@pytest.mark.slow  # makes films and ingests them twice
def test_data_finds_every_fault(run, capsys):
    found = run("01_data.ipynb")
    shots = {(shot["movie"], shot["shot"]): shot for shot in found["shots"]}
    faulty = [shots["faulty", str(number)] for number in range(8)]
    assert [shot["reason"] for shot in faulty] == [
        *("no_parallax", "", "", "no_parallax", "subtitles", "", "misaligned", "color_mismatch"),
    ]
    assert all((int(shot["accepted"]) > 0) == (not shot["reason"]) for shot in faulty)
    assert [shot["swapped"] for shot in faulty if not shot["reason"]] == ["False", "True", "False"]
    offsets = [float(faulty[number]["vertical_offset_px"]) for number in (1, 5, 6)]
    assert offsets == pytest.approx([0, 3, 12], abs=0.3)
    layouts = {movie: shot["layout"] for (movie, _), shot in shots.items()}
    assert layouts == {"faulty": "half_sbs", "above": "half_tab", "wide": "full_sbs", "list": ""}
    assert shots["list", ""]["reason"].startswith("error: list.mkv: not a readable video")
    assert len(found["strips"]) == 16  # of all shots, as none is black
    assert len(found["examples"]) == sum(int(shot["accepted"] or 0) for shot in shots.values())
    assert sum(found["shares"].values()) > 0.95  # few go beyond the levels
    printed = capsys.readouterr().out
    assert "files are as they were made" in printed
    assert "files are identical to those of the manifest" in printed


@pytest.mark.slow  # makes films and trains three times
def test_train_resumes_and_compares(run, capsys):
    found = run("02_train.ipynb")
    assert len(found["result"].history["loss"]) == 4
    assert len(found["resumed"].history["loss"]) == 2  # it went on, and did not begin anew
    assert found["resumed"].history["mae_255"][-1] < found["result"].history["mae_255"][0]
    assert found["manifest"]["splits"].keys() == {"train", "validation"}
    for error in found["errors"].values():
        assert list(error) == [10, 20, 30, 40, 50, 60]
        assert all(0 < value < 50 for value in error.values())
    assert found["baselines"]["global_shift"] <= found["baselines"]["copy_left"]
    logs = sorted((found["work"] / "runs").glob("*/logs/events*"))
    assert [log.parents[1].name for log in logs] == ["full", "full", "one_branch"]
    assert capsys.readouterr().out.count("global shift") == 3


@pytest.mark.slow  # evaluates with all baselines
def test_depth_beats_the_copy_and_knows_the_order(run, capsys):
    found = run("03_depth.ipynb")
    summary = found["summary"]
    assert summary["MAE"] < summary["MAE of the copied left view"]
    assert summary["MAE with the true disparity"] < summary["MAE"]
    assert 0 < summary["ordinal error"] < 0.3  # chance is 0.5
    assert 0 < summary["share of the gap closed"] < 1
    assert len(found["cases"]) == len(found["pairs"]) == 6
    assert found["page"].read_text(encoding="utf-8").count('class="case"') == 6
    printed = capsys.readouterr().out
    assert "model affine" in printed and "film 7" in printed
