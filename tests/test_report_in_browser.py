"""The page of an evaluation in a real browser, without a network and without a window."""

import numpy as np
import pytest
from headless_browser import found_by

from deep3d import report
from deep3d.disparity import DisparityLevels
from deep3d.evaluation import PairPrediction
from deep3d.pairs import Pair

COUNT = 14
ROWS = ("copy_left", "global_shift", "model", "oracle")
ERRORS = [(5 * number) % COUNT + 1 for number in range(COUNT)]  # every one once, in no order
# Runs after the page's own script and tells what it finds.
SCRIPT = """
const all = (choice, inside = document) => [...inside.querySelectorAll(choice)];
const click = (choice, text) => all(choice).find(one => one.textContent === text).click();
const shownIn = one => all(".picture", one)
  .filter(picture => getComputedStyle(picture).display !== "none")
  .map(picture => picture.classList[1]);
const cases = () => all(".case").filter(one => !one.hidden).map(one => Number(one.dataset.number));
const found = {orders: {first: cases()}, toggles: [], columns: []};
const one = document.querySelector("#case-3"), other = document.querySelector("#case-5");

found.toggles.push(shownIn(one));
for (const text of ["wiggle", "anaglyph", "true", "side by side", "wiggle", "disparity", "error"]) {
  click("#case-3 .toggles button", text);
  found.toggles.push(shownIn(one));
}
found.pressed = all("[aria-pressed=true]", one).map(button => button.textContent);

for (const text of ["best by MAE", "worst by gap", "best by gap", "in order"]) {
  click("#choices button", text);
  found.orders[text] = cases();
}

const column = number => all("#table-pairs tbody tr").map(row => row.cells[number].textContent);
const heads = all("#table-pairs th button");
const model = heads.findIndex(head => head.textContent === "MAE, model");
for (const number of [model, model, 0]) {
  heads[number].click();
  found.columns.push(column(number));
}
found.sorted = all("#table-pairs th[aria-sort]").length;

click("#choices button", "wiggle");
found.wiggling = shownIn(other);
found.eyes = [false, true].map(flipped => {
  document.body.classList.toggle("flipped", flipped);
  return [".left", ".model"].map(eye => getComputedStyle(other.querySelector(eye)).visibility);
});
let flips = 0;
new MutationObserver(() => { flips += 1; }).observe(document.body, {attributeFilter: ["class"]});
location.hash = "#case-13";
setTimeout(() => {
  found.flips = flips;
  found.linked = cases();
  document.documentElement.dataset.found = JSON.stringify(found);
}, 1500);
"""


def evaluation():
    """Result and cases of pairs on which only the model's error differs."""
    cases, items = report.Cases(DisparityLevels()), []
    disparity, view = np.zeros((24, 32), np.float32), np.full((24, 32, 3), 10, np.uint8)
    for number, wrong in enumerate(ERRORS):
        views = {"global_shift": view + np.uint8(20), "oracle": view, "model": view + wrong}
        cases.add(number, PairPrediction(Pair("", view, view), disparity, views, {}, disparity))
        mae = dict(zip(ROWS, (30.0, 20.0, float(wrong), 0.0), strict=True))
        rows = [{"name": name, "mae": value} for name, value in mae.items()]
        items.append({"name": f"pair {number}", "content": "", "size": "32x24", "rows": rows})
    rows = [{"name": name, "mae": 5.0 * n, "gap_closed": 0.5} for n, name in enumerate(ROWS)]
    chosen = {"chosen_on": "x", "global_shift_px": 0.0, "vertical_ramp_px": [0.0, 0.0]}
    return {"rows": rows, "classes": [], "per_item": items, "baselines": chosen}, cases


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    result, cases = evaluation()
    report.write_result(result, folder, cases)
    return found_by(f"(() => {{ {SCRIPT} }})()", folder / "eval.html")[0]


def test_toggles_show_what_they_say(found):
    assert found["toggles"] == [
        ["left", "model"],  # side by side
        ["left", "model"],  # wiggle, in one place
        ["anaglyph"],
        ["true_anaglyph"],
        ["left", "right"],
        ["left", "right"],
        ["disparity", "measured"],
        ["error", "shift_error"],
    ]
    assert found["pressed"] == ["error", "true"]


def test_wiggle_shows_the_eyes_in_turn(found):
    assert found["wiggling"] == ["left", "model"]
    assert found["eyes"] == [["visible", "hidden"], ["hidden", "visible"]]
    assert 6 <= found["flips"] <= 10  # every 180 ms


def test_orders_begin_with_the_worst_or_the_best(found):
    best_first = sorted(range(COUNT), key=ERRORS.__getitem__)
    orders = found["orders"]
    assert orders["best by MAE"] == orders["best by gap"] == best_first[:12]
    assert orders["first"] == orders["worst by gap"] == best_first[::-1][:12]
    assert orders["in order"] == list(range(12))


def test_a_link_to_a_case_unfolds_it(found):
    assert found["linked"] == list(range(COUNT))


def test_tables_sort_by_a_click(found):
    down, up, names = found["columns"]
    assert [float(text) for text in down] == sorted(ERRORS, reverse=True)
    assert [float(text) for text in up] == sorted(ERRORS)
    assert names == [f"pair {number}" for number in reversed(range(COUNT))]
    assert found["sorted"] == 1
