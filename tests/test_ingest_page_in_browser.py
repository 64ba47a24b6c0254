"""The page of an ingest in a real browser, without a network and without a window."""

import pytest
from headless_browser import found_by
from ingest_rows import film, refused, shot, thresholds

from data_pipeline.ingest_report.ingest_page import write_page

HOSTILE = (
    "<script>document.title='bad'</script>"
    "<img src=http://a.invalid/x.png onerror=document.title='bad'>"
)
# Runs after the page's own script and tells what it finds.
SCRIPT = """
const found = {requests: [], blocked: 0};
document.addEventListener("securitypolicyviolation", () => { found.blocked += 1; });
const press = (key, on = document.activeElement) =>
  on.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
const click = (choice, text) => all(choice).find(one => one.textContent.includes(text)).click();
const shown = () => visible().map(card => card.id.slice(5));
const bright = () => all(".piece:not(.other)").map(piece => piece.hash.slice(6));
const state = () => ({cards: shown(), pieces: bright(), count: count.textContent});
const after = (...steps) => { for (const step of steps) step(); return state(); };

found.title = document.title;
found.first = state();
found.names = all("h3").map(head => head.textContent);
found.time = after(() => click("#choices button", "in order of time"));
found.reason = after(() => click(".reason", "subtitles"));
found.two = after(() => click(".reason", "no parallax"));
found.pressed = all(".reason[aria-pressed=true]").map(button => button.dataset.reason);
found.cleared = after(() => clear.click());
found.good = after(() => click(".reason", "accepted"));
found.refused = after(() => clear.click(), () => click("#choices button", "refused"));
found.swapped = after(() => clear.click(), () => click("#choices button", "swapped"));
found.unsure = after(() => click("#choices button", "unsure"));
found.film = after(() => clear.click(), () => {
  film.value = "1";
  film.dispatchEvent(new Event("change"));
});
found.doubt = after(() => press("Escape"), () => press("d"));

click("#choices button", "refused");
const piece = all(".piece").find(one => one.hash === "#shot-0-1");
piece.dispatchEvent(new PointerEvent("pointerover", {bubbles: true}));
found.tip = [tip.hidden, tip.textContent, all("img", tip).length];
piece.click();
found.clicked = {focus: document.activeElement.id, hidden: tip.hidden, shown: shown().length,
  current: all(".piece.current").map(one => one.hash)};
const box = document.activeElement.getBoundingClientRect();
found.inside = box.top >= 0 && box.bottom <= innerHeight;
press("Enter");
found.large = all(".shot.large").map(card => card.id);
press("t");
press("j");
found.next = document.activeElement.id;
press("k");
press("k");
found.previous = document.activeElement.id;
piece.focus();
press("ArrowRight");
found.arrow = [document.activeElement.hash, document.activeElement.tabIndex, piece.tabIndex];
found.tabs = all(".piece[tabindex='0']").length;
found.hatched = ["swapped", "unsure"].map(kind => {
  const style = getComputedStyle(document.querySelector(`.piece.${kind}`), "::after");
  return style.backgroundImage.startsWith("repeating-linear-gradient");
});
found.pictures = all("#shots img").every(image => image.src.startsWith("data:image/jpeg"));
found.wide = document.documentElement.scrollWidth - innerWidth;
setTimeout(() => {
  found.requests = performance.getEntriesByType("resource").map(one => one.name)
    .filter(name => !name.startsWith("data:"));
  document.documentElement.dataset.found = JSON.stringify(found);
}, 1000);
"""


def films():
    swapped = shot(1, swapped=True, swapped_probability=0.97)
    unsure = refused(2, "eyes_unsure", swapped_probability=0.45, color_difference=2.0)
    words = shot(3, accepted=5, reason="subtitles", rejected={"subtitles": 3})
    near = shot(1, color_difference=17.0)
    return [
        film("first & last", [shot(0), swapped, unsure, words, refused(4, "no_parallax")]),
        film(HOSTILE, [refused(0, "no_parallax"), near], error=HOSTILE),
    ]


def look(folder, window: str) -> dict:
    """What the script finds in a window of a size, and what the browser complains of."""
    page = folder / "report.html"
    write_page(page, films(), thresholds())
    flags = "--enable-logging=stderr", f"--window-size={window}"
    found, said = found_by(f"{{ {SCRIPT} }}", page, *flags)
    complaints = [line for line in said.splitlines() if "CONSOLE" in line]
    return found | {"complaints": complaints}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return look(tmp_path_factory.mktemp("page"), "1400,900")


def test_doubtful_shots_come_first(found):
    # The eyes' order, then a color difference near its limit, then by the probability.
    assert found["first"]["cards"] == ["0-2", "1-1", "0-1", "0-0", "0-3", "0-4", "1-0"]
    assert found["doubt"]["cards"] == found["first"]["cards"]
    assert found["time"]["cards"] == ["0-0", "0-1", "0-2", "0-3", "0-4", "1-0", "1-1"]
    assert found["first"]["count"] == "7 of 7 shots"


@pytest.mark.parametrize(
    ("choice", "keys"),
    [
        ("reason", ["0-3"]),
        ("two", ["0-3", "0-4", "1-0"]),
        ("cleared", ["0-0", "0-1", "0-2", "0-3", "0-4", "1-0", "1-1"]),
        ("good", ["0-0", "0-1", "0-3", "1-1"]),
        ("refused", ["0-2", "0-4", "1-0"]),
        ("swapped", ["0-1"]),
        ("unsure", ["0-2"]),
        ("film", ["1-0", "1-1"]),
    ],
)
def test_choices_leave_what_they_say(found, choice, keys):
    assert found[choice] == {"cards": keys, "pieces": keys, "count": f"{len(keys)} of 7 shots"}


def test_reasons_show_that_they_are_chosen(found):
    assert found["pressed"] == ["no_parallax", "subtitles"]


def test_pointing_at_the_time_line_tells(found):
    words = "shot 1, 0:04.0, 4.0 s · 8 of 8 accepted · eyes swapped"
    assert found["tip"] == [False, words, 1]


def test_click_on_the_time_line_goes_to_the_card(found):
    key = "shot-0-1"  # which was hidden by what was chosen before
    expected = {"focus": key, "hidden": True, "shown": 7, "current": [f"#{key}"]}
    assert found["clicked"] == expected
    assert found["inside"]


def test_keys(found):
    assert found["large"] == ["shot-0-1"]
    assert found["next"] == "shot-0-2"
    assert found["previous"] == "shot-0-0"
    assert found["arrow"] == ["#shot-0-2", 0, -1]
    assert found["tabs"] == 2  # one of each film


def test_swapped_and_unsure_are_hatched(found):
    assert found["hatched"] == [True, True]


def test_names_are_text(found):
    assert found["title"] == "Ingested films"
    assert any(HOSTILE in name for name in found["names"])


def test_the_page_asks_for_nothing(found):
    assert found["requests"] == []
    assert found["blocked"] == 0
    assert found["complaints"] == []
    assert found["pictures"]


def test_the_page_fits_a_phone(tmp_path):
    assert look(tmp_path, "500,900")["wide"] <= 0
