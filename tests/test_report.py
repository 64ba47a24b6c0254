import json
import re

import cv2
import numpy as np
import pytest

from deep3d import report, score_tables
from deep3d.disparity import DisparityLevels
from deep3d.evaluation import PairPrediction
from deep3d.pairs import Pair
from deep3d.report import cases as cases_module
from deep3d.report.latex import escape

LEVELS = DisparityLevels()
NASTY = "<script>alert(1)</script>&.png"
NAMES = ("copy_left", "global_shift", "global_shift_per_image", "model", "oracle")


def picture(seed, height=20, width=30):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def prediction(name="pair", shift=0.5, model=0.25, oracle=0.0, truth=None):
    """Views that are wrong by these shares of 200."""
    right = picture(1) // 8
    views = {
        row: right + np.uint8(200 * error)
        for row, error in (("global_shift", shift), ("model", model), ("oracle", oracle))
    }
    pair = Pair(name, picture(0), right, truth=truth)
    disparity = np.linspace(-8, 7, 600, dtype=np.float32).reshape(20, 30)
    return PairPrediction(pair, disparity, views, {}, disparity)


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


@pytest.fixture
def with_films(result):
    for row in result["rows"]:
        row["lpips"] = 0.125
        row["something_new"] = 3.0
    mae = {"model": 5.0, "model_select": 4.0}
    film = {"film": "a|b & c", "pairs": 2, "mae": mae, "gap_closed": 0.5, "ordinal_error": None}
    edges = {"canny": [50, 150], "budget_percent": {"front": 1.0, "back": 2.0}}
    return {**result, "films": [film], "resampled": "films", "edges": edges}


@pytest.fixture
def compared(result):
    numbers = {"first": 5.0, "second": 4.0, "difference": -1.0, "interval": [-1.5, -0.5]}
    nothing = dict.fromkeys(("interval", "better", "worse"))
    scores = {
        "mae": {**numbers, "better": 0.75, "worse": 0.25, "pairs": 4},
        "gap_closed": {"first": 0.5, "second": 0.25, "difference": -0.25, **nothing, "pairs": 4},
    }
    comparison = {"row": "model_select", "pairs": 4, "resampled": "films", "scores": scores}
    about = {"model": "a.h5", "data": "x", "layout": "films"}
    return {**result, "evaluated": about, "compared_with": "<b>.h5", "comparison": comparison}


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


def test_format_further_scores_has_every_score(result, with_films):
    text = report.format_further_scores(with_films)
    assert "| right view by | LPIPS | something new |" in text
    assert "| model | 0.125 | 3 |" in text
    assert "Thresholds: canny 50..150; budget percent 1 front, 2 back." in text
    assert "intervals over films" in report.format_table(with_films)


def test_page_says_which_edges_are_meant(result, tmp_path):
    """Those of brightness in the right view (bands.canny_edges), not those of depth."""
    for row in result["rows"]:
        row["edge_mae"] = 1.0
    report.write_result(result, tmp_path)
    page = (tmp_path / "eval.html").read_text()
    assert "<dt>MAE at edges</dt><dd>near edges that the true right view shows</dd>" in page


def test_format_comparison_preset(result, compared):
    assert report.format_comparison(result) == ""
    text = report.format_comparison(compared)
    assert "| MAE (0-255) | 5.00 | 4.00 | -1.00 | -1.50..-0.50 | 75 % | 25 % | 4 |" in text
    assert "| gap closed | 0.50 | 0.25 | -0.25 |  |  |  | 4 |" in text
    assert "First: a.h5; second: <b>.h5; row: model select" in text and "over films" in text


def test_page_compares_only_if_something_was_compared(result, compared, tmp_path):
    for given, shown in ((result, False), (compared, True)):
        report.write_result(given, tmp_path)
        page = (tmp_path / "eval.html").read_text()
        assert ('id="comparison"' in page) == shown == ("75 %" in page)
        assert "<b>.h5" not in page
        assert page.count('<tr class="certain">') == shown  # the gap has no interval


def test_format_films_preset(result, with_films):
    assert report.format_films(result) == report.format_films({**result, "films": []}) == ""
    assert "| a/b & c | 2 | 5.00 | 0.50 |  |" in report.format_films(with_films)
    many = {**with_films, "films": with_films["films"] * 50}
    assert "40 of 50 films." in report.format_films(many)


def test_format_latex_preset(with_films):
    text = report.format_latex(with_films)
    assert r"\toprule" in text and r"\bottomrule" in text
    # the best of what needs no true right view: neither the oracle nor the best shift of a pair
    assert r"model & \textbf{5.00} & \textbf{0.50} & \textbf{20.00} & \textbf{25 \%}" in text
    assert r"oracle & 2.00 &" in text and r"MAE (0-255) $\downarrow$" in text
    assert r"a\textbar{}b \& c & 2 & 5.00 & 0.50 &  \\" in text
    table = text.split(r"\midrule")[1].split(r"\bottomrule")[0]
    columns = len(re.search(r"\\begin\{tabular\}\{(l r*)\}".replace(" ", ""), text)[1])
    assert all(line.count(" & ") == columns - 1 for line in table.strip().splitlines())


def test_escape_leaves_no_command():
    escaped = escape("50_%\n\\input{x}$^~#&<>")
    assert escaped == (
        r"50\_\% \textbackslash{}input\{x\}\$\textasciicircum{}\textasciitilde{}\#\&"
        r"\textless{}\textgreater{}"
    )


def test_write_result_round_trip(result, tmp_path):
    report.write_result(result, tmp_path / "deep" / "out")
    folder = tmp_path / "deep" / "out"
    assert json.loads((folder / "eval.json").read_text()) == result
    text = (folder / "eval.txt").read_text()
    assert text == report.format_result(result) + "\n"
    assert (folder / "eval.tex").read_text() == report.format_latex(result) + "\n"
    assert sorted(path.name for path in folder.iterdir()) == [
        *("eval.html", "eval.json", "eval.tex", "eval.txt")
    ]


def test_write_result_page_is_self_contained_and_escaped(result, tmp_path):
    cases = report.Cases(LEVELS)
    cases.add(0, prediction(NASTY))
    report.write_result({**result, "evaluated": {"model": NASTY}}, tmp_path, cases)
    page = (tmp_path / "eval.html").read_text()
    assert page.count("<script") == 1 and "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert page.count('src="data:image/jpeg;base64,') == page.count("<img") == 9
    assert not re.search(r'(src|href)="(?!data:|#)', page) and "url(" not in page
    assert "default-src 'none'" in page
    assert '<a href="#case-0">' in page and '<a href="#case-1">' not in page
    assert "{{" not in page


def test_page_does_not_fill_places_in_names(result, tmp_path):
    result["per_item"][0]["name"] = "{{pairs}}"
    report.write_result(result, tmp_path)
    page = (tmp_path / "eval.html").read_text()
    assert page.count("{{pairs}}") == 1 and page.count('id="table-pairs"') == 1


def test_cases_are_the_worst_the_best_and_some_between():
    cases = report.Cases(LEVELS, at_most=12)
    errors = np.random.default_rng(0).permutation(100) / 200
    for number, error in enumerate(errors):
        # the oracle is perfect on every second pair, and no better than the shift on the others
        oracle = 0.0 if number % 2 else 0.5
        cases.add(number, prediction(str(number), 0.5, error, oracle))
    kept = [case.number for case in cases]
    assert kept == sorted(kept) and len(kept) == len(cases) <= 12
    by_error = np.argsort(errors)
    odd = [n for n in by_error if n % 2]
    for telling in (by_error[:2], by_error[-2:], odd[:2], odd[-2:]):
        assert set(telling) <= set(kept)
    assert {0, 64} <= set(kept)
    assert {case.gap is None for case in cases if not case.number % 2} == {True}
    (worst,) = (case for case in cases if case.number == by_error[-1])
    assert worst.mae == pytest.approx(200 * errors.max(), abs=1.01)


def test_cases_show_true_or_measured_disparity():
    truth = np.full((20, 30), np.nan, np.float32)
    truth[:, 20:] = 7.0
    cases = report.Cases(LEVELS)
    cases.add(0, prediction())
    cases.add(1, prediction(truth=truth))
    first, second = (case.pictures for case in cases)
    assert "true_disparity" not in first and "measured" not in second
    shown = {}
    for name, data in (("model", first["disparity"]), ("true", second["true_disparity"])):
        shown[name] = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert shown["model"][-4:].mean() > shown["model"][:4].mean() + 50  # the near rows are bright
    assert abs(shown["true"][:, :16].astype(int) - 128).max() < 8
    assert shown["true"][:, 24:].mean() > 180


def test_a_page_of_many_noisy_pairs_stays_below_15_mb():
    """Blurred noise takes about twice as many bytes as the pictures of real pairs."""
    noise = cv2.GaussianBlur(picture(0, 300, 384), (0, 0), 1.0)
    disparity = cv2.resize(picture(1, 20, 30)[..., 0].astype(np.float32) / 16 - 8, (384, 300))
    pair = Pair("x", noise, np.roll(noise, 3, axis=1))
    views = dict.fromkeys(("global_shift", "model", "oracle"), noise)
    cases = report.Cases(LEVELS)
    cases.add(0, PairPrediction(pair, disparity, views, {}, disparity))
    (case,) = cases
    assert sum(map(len, case.pictures.values())) * 4 / 3 * cases_module.MAX_CASES < 15e6
    shown = cv2.imdecode(np.frombuffer(case.pictures["left"], np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (255, 326, 3)  # area of 384 x 216, aspect kept
