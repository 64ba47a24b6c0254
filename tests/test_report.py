import json
import re

import cv2
import numpy as np
import pytest

from deep3d import report, score_tables
from deep3d.disparity import DisparityLevels
from deep3d.evaluation import PairPrediction
from deep3d.pairs import Pair

LEVELS = DisparityLevels()
NASTY = "<script>alert(1)</script>&.png"
NAMES = ("copy_left", "global_shift", "global_shift_per_image", "model", "oracle")


def picture(seed, height=20, width=30):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def prediction(name="pair"):
    pair = Pair(name, picture(0), picture(1))
    disparity = np.linspace(-8, 7, 600, dtype=np.float32).reshape(20, 30)
    return PairPrediction(pair, disparity, {"model": picture(2)}, {}, disparity)


@pytest.fixture
def result():
    items = []
    for name, content, maes in ((NASTY, "street", [9, 8, 7, 6, 2]), ("b", "film", [9, 8, 6, 4, 2])):
        rows = [{"name": n, "mae": m, "psnr": 20.0} for n, m in zip(NAMES, maes, strict=True)]
        rows[3]["ordinal_error"] = 0.25
        items.append({"name": name, "content": content, "size": "30x20", "rows": rows})
    return {
        "rows": score_tables.mean_rows(items),
        "classes": score_tables.content_rows(items),
        "per_item": items,
        "baselines": {
            "chosen_on": "validation pairs",
            "global_shift_px": 1.5,
            "vertical_ramp_px": [-4.0, 3.0],
        },
    }


def test_format_table_preset(result):
    text = report.format_table(result)
    assert "| copy left | 9.00 | -0.17 | 20.00 |  |  |  |" in text.splitlines()
    assert "| model | 5.00 (4.00..6.00) | 0.50 (0.33..0.67) | 20.00 |  |  | 25 % |" in text
    assert "2 pairs; in brackets" in text
    assert "global shift +1.5 px and vertical ramp -4..+3 px chosen on validation pairs." in text


def test_format_classes_preset(result):
    text = report.format_classes(result)
    assert "| film | 1 | 9.00 | 8.00 | 6.00 | 4.00 | 2.00 | 25 % |" in text
    assert report.format_classes({**result, "classes": []}) == ""
    assert report.format_result({**result, "classes": []}) == report.format_table(result)


def test_write_result_round_trip(result, tmp_path):
    report.write_result(result, tmp_path / "deep" / "out")
    folder = tmp_path / "deep" / "out"
    assert json.loads((folder / "eval.json").read_text()) == result
    text = (folder / "eval.txt").read_text()
    assert text == report.format_result(result) + "\n"
    assert sorted(path.name for path in folder.iterdir()) == ["eval.html", "eval.json", "eval.txt"]


def test_write_result_page_is_self_contained_and_escaped(result, tmp_path):
    pictures = report.Pictures(1, LEVELS)
    pictures.add(0, prediction(NASTY))
    report.write_result(result, tmp_path, pictures.pairs)
    page = (tmp_path / "eval.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert page.count('src="data:image/jpeg;base64,') == page.count("<img") == 5
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "Pictures of 1 of 2 pairs." in page
    assert "<td>copy left</td><td>9.00</td>" in page


def test_pictures_are_spread_evenly_and_show_the_views():
    pictures = report.Pictures(150, LEVELS)
    for number in range(150):
        pictures.add(number, prediction(str(number)))
    assert [name for name, _ in pictures.pairs] == [str(n) for n in range(0, 150, 3)]
    data = pictures.pairs[0][1]["disparity (near is bright)"]
    shown = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (171, 256, 3)  # 256 wide, aspect kept
    assert shown[-20:].mean() > shown[:20].mean() + 50  # the near rows are bright
