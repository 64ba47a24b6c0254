import dataclasses
import pathlib
import re
import subprocess
import sys
from fractions import Fraction

import cv2
import keras
import numpy as np
import pytest

from deep3d import checkpoint
from deep3d.clip_scores import ClipScores
from deep3d.config import ModelConfig
from deep3d.disparity import DisparityLevels
from deep3d.model import build_deep3d
from deep3d.video import VideoWriter

ROOT = pathlib.Path(__file__).resolve().parents[1]
CONFIG = ModelConfig(levels=DisparityLevels(minimum=-4, count=8, width=96), height=32, width=96)
CARD = (
    "# Card\n\nProse.\n\n<!-- table: real -->\nold\n<!-- end -->\n\nMore.\n\n"
    "<!-- table: content -->\n<!-- end -->\n<!-- table: clips -->\n<!-- end -->\n"
    "<!-- table: pictures -->\n<!-- end -->\nThe end.\n"
)


@pytest.fixture
def card_module(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import model_card

    return model_card


@pytest.fixture
def pictures_module(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import card_pictures

    return card_pictures


def noise(seed, height=60, width=80):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def example(module, number, credit="A. Author, CC BY 4.0"):
    return module.Example(f"name{number}", credit, *(noise(number + n) for n in range(3)))


def test_replace_table_leaves_the_rest_alone(card_module):
    card = card_module.replace_table(CARD, "real", "| a \\1 |\n")
    assert "\n<!-- table: real -->\n\n| a \\1 |\n\n<!-- end -->\n\nMore." in card
    assert card_module.replace_table(card, "real", "| a \\1 |") == card
    assert card.replace("\n\n| a \\1 |\n\n", "\nold\n") == CARD


def test_replace_table_rejects_absent_and_double_tables(card_module):
    with pytest.raises(ValueError, match=r"one table 'no'\. Received: 0"):
        card_module.replace_table(CARD, "no", "")
    with pytest.raises(ValueError, match="Received: 2"):
        card_module.replace_table(CARD + CARD, "real", "")


def test_replace_table_finds_every_table_of_the_card(card_module):
    card = (ROOT / "MODEL_CARD.md").read_text()
    for name in ("real", "content", "synthetic", "clips", "rendering", "pictures"):
        assert card_module.replace_table(card, name, "x") != card


def test_format_clips_preset(card_module):
    scores = ClipScores(30, 0.25, 0.5, -1.5, 0.75, 0.1, 0, None)
    steady = dataclasses.replace(scores, flicker=0.05, low=-9.0)
    row = card_module.format_clips({"walk": (scores, steady)}).splitlines()[-1]
    assert row == "| walk | 30 | 0.250 | 0.050 | 50% | -1.50..+0.75 | 10% | 0 |  |"


def test_write_sheets_are_small_and_replace_older_ones(pictures_module, tmp_path):
    (tmp_path / "pairs-9.jpg").write_bytes(b"old")
    examples = [example(pictures_module, number) for number in range(40)]  # noise: the worst case
    files = pictures_module.write_sheets(examples, tmp_path, "pairs", 500_000, originals=True)
    assert [path.name for path in files] == ["pairs-1.jpg", "pairs-2.jpg"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pairs-1.jpg", "pairs-2.jpg"]
    assert sum(path.stat().st_size for path in files) < 400_000


def test_write_sheets_show_only_what_may_be_shown(pictures_module, tmp_path):
    """Without a free licence the picture is a plain grey; the disparity is there."""
    for number, credit in enumerate(("", "CC BY-NC 4.0", "Apache-2.0")):
        shown = example(pictures_module, 0, credit)
        (path,) = pictures_module.write_sheets(
            [shown], tmp_path, f"sheet{number}", 200_000, originals=True
        )
        sheet = cv2.imread(str(path))
        left, disparity, anaglyph = (
            sheet[60:120, first + 40 : first + 160].std() for first in (0, 208, 416)
        )
        assert disparity > 20
        assert (left > 20) == (anaglyph > 20) == (credit == "Apache-2.0")


def test_credits_line_preset(pictures_module):
    one, two = (example(pictures_module, number) for number in (1, 2))
    closed = example(pictures_module, 3, "research only")
    assert pictures_module.credits_line([one, two, closed]) == "name1, name2: A. Author, CC BY 4.0"


def write_media(folder):
    """Two pairs of which one may be shown, and a clip."""
    for number in range(2):
        wide = cv2.GaussianBlur(noise(number, 60, 160), (0, 0), 2)
        (folder / "pairs" / f"pair{number}").mkdir(parents=True)
        for name, start in (("left", 20), ("right", 22 + number)):
            path = folder / "pairs" / f"pair{number}" / f"{name}.png"
            cv2.imwrite(str(path), wide[:, start : start + 120])
    (folder / "pairs" / "index.csv").write_text("name,licence\npair0,Apache-2.0\n")
    (folder / "media.csv").write_text("name,content,credit\npair0,street,\nwalk,film,CC BY 4.0\n")
    (folder / "clips").mkdir()
    with VideoWriter(folder / "clips" / "walk.mp4", 128, 64, 10, Fraction(1, 10)) as writer:
        for number in range(6):
            writer.write(noise(9, 64, 140)[:, number : number + 128], number)


@pytest.mark.slow
def test_model_card_end_to_end(tmp_path):
    write_media(tmp_path)
    keras.utils.set_random_seed(0)
    checkpoint.save_model(tmp_path / "tiny.h5", build_deep3d(CONFIG), CONFIG)
    (tmp_path / "card.md").write_text(CARD)
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / "benchmarks" / "model_card.py"),
            f"--model={tmp_path / 'tiny.h5'}",
            f"--card={tmp_path / 'card.md'}",
            f"--pairs={tmp_path / 'pairs'}",
            f"--clips={tmp_path / 'clips'}",
            f"--media={tmp_path / 'media.csv'}",
            f"--pictures={tmp_path / 'pictures'}",
            "--originals",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    card = (tmp_path / "card.md").read_text()
    assert "| model affine |" in card and "| street | 1 |" in card and "| walk | 6 |" in card
    assert "pair0: Apache-2.0; walk: CC BY 4.0." in card
    for path in re.findall(r"!\[\w+\]\((.+?)\)", card):
        assert (tmp_path / path).stat().st_size < 200_000
    assert "Prose." in card and card.endswith("The end.\n")
