"""The page of an ingest: what it says of films and shots."""

import html
import json
import pathlib
import re
from xml.etree import ElementTree

import ingest_rows
import pytest
from ingest_rows import NAN, film, refused, shot

from data_pipeline.decisions.quality import QualityLimits
from data_pipeline.ingest_report import ingest_page, shot_cards, shot_doubt
from data_pipeline.ingest_report.film_timeline import disagreements, timeline
from data_pipeline.ingest_report.ingest_page import FilmRow, write_page
from data_pipeline.ingest_report.shot_cards import show_shot
from data_pipeline.ingest_report.thresholds import thresholds_in_force
from data_pipeline.movie_options import MovieOptions
from data_pipeline.movies import movie

HOSTILE = "</script><script>alert('x')</script><img src=x onerror=alert(1)>\"'&{{cards}}"


@pytest.fixture
def write(tmp_path):
    def written(*films, **options) -> str:
        write_page(tmp_path / "report.html", films, ingest_rows.thresholds(), **options)
        return (tmp_path / "report.html").read_text(encoding="utf-8")

    return written


def text_of(page: str) -> str:
    """What a reader sees of a part of a page."""
    return html.unescape(re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", page)))


def total(page: str, label: str) -> str:
    return re.search(rf"<span>{label}</span><b>([^<]*)</b><small>([^<]*)", page).groups()


def test_write_page_escapes_every_text(write):
    row = refused(0, HOSTILE, picture=HOSTILE)
    facts = {"layout": HOSTILE, "layout_score": 1.0, "evidence": {HOSTILE: HOSTILE}, "bars": {}}
    hostile = film(HOSTILE, [row], split=HOSTILE, error=HOSTILE, facts=facts, counts={HOSTILE: 1})
    page = write(hostile)
    plain = write(film("plain", [refused(0, "black")]))
    for tag in ("<script", "</script", "<img", "onerror"):
        expected = plain.count(tag) + (tag == "onerror") * page.count("onerror=alert(1)&gt;")
        assert page.count(tag) == expected
    assert text_of(page).count("alert('x')") >= 7
    assert "{{cards}}" in page  # as a part of the name, not as a place of the template


def test_write_page_has_a_films_remarks(write):
    page = write(film("one", [shot(0)], remarks=["its pictures end <early>", "other"]))
    assert re.findall(r'<p class="remark">([^<]*)</p>', page) == [
        "its pictures end &lt;early&gt;",
        "other",
    ]


def test_write_page_totals(write):
    some = shot(1, accepted=6, sampled=8, rejected={"subtitles": 2}, reason="subtitles")
    page = write(
        film("one", [shot(0), some, refused(2, "black")]),
        film("two", [refused(0, "black", sampled=5, rejected={"black": 4, "fade": 1})]),
        FilmRow("three", error="no 3D movie"),
    )
    assert total(page, "films") == ("3", "1 with an error")
    assert total(page, "shots") == ("4", "2 accepted at least in part")
    assert total(page, "samples") == ("29", "looked at")
    assert total(page, "accepted") == ("14", "48% of the samples")
    assert total(page, "time accepted") == ("7.0 s", "of 16.0 s")  # 4 s and 6 of 8 of 4 s
    bars = re.findall(
        r'data-reason="(\w+)".*?width:([\d.]+)%.*?<b>(\d+)</b><small>in (\d+) shot', page
    )
    assert bars == [
        ("accepted", "100.0", "14", "2"),
        ("black", "85.7", "12", "2"),
        ("subtitles", "14.3", "2", "1"),
        ("fade", "7.1", "1", "1"),
    ]


def test_write_page_shows_unknown_values_as_a_dash(write):
    page = write(film("one", [refused(0, "black")], duration_s=NAN, facts={}))
    card = re.search(r"<article.*</article>", page)[0]
    assert "matched — " in text_of(card)
    assert "disparity — " in text_of(card)
    for word in ("nan", "None", "inf"):
        assert not re.search(rf"\b{word}\b", text_of(card))


def test_write_page_takes_null_for_nan(write):
    rows = [refused(0, "black"), shot(1)]
    nulls = json.loads(json.dumps(rows).replace("NaN", "null"))
    assert write(film("one", nulls)) == write(film("one", rows))


def test_write_page_is_deterministic(write):
    films = film("one", [shot(0), refused(1, "fade")]), film("two", [shot(0)])
    assert write(*films) == write(*films)


def test_write_page_without_films(write):
    assert total(write(), "shots") == ("0", "0 accepted at least in part")


def test_write_page_is_well_formed(write):
    page = write(film(HOSTILE, [shot(0), refused(1, "x y")]), film("b", [], error="<b>"))
    body = re.search(r"<main>.*</main>", page, re.DOTALL)[0]
    body = re.sub(r"<(img|input)([^>]*)>", r"<\1\2/>", body)
    ElementTree.fromstring(body)  # closes all it opens


def test_write_page_splits_what_is_too_large(write, tmp_path):
    films = film("a", [shot(0), shot(1)]), film(HOSTILE, [refused(0, "black")])
    index = write(*films, page_bytes=5_000)
    assert "<article" not in index
    assert total(index, "shots")[0] == "3"
    for number, count in ((1, 2), (2, 1)):
        page = (tmp_path / f"report-00{number}.html").read_text(encoding="utf-8")
        assert page.count("<article") == count
        assert 'href="report.html"' in page
        for address in re.findall(rf'href="report-00{number}.html#(shot-[\d-]+)"', index):
            assert f'id="{address}"' in page
    assert 'href="report-002.html#shot-1-0"' in index


def test_timeline_width_is_time():
    rows = [shot(0, start_s=0.0, end_s=10.0), shot(1, start_s=10.0, end_s=40.0)]
    shown = [show_shot(row, "a", 0, 1.0, []) for row in rows]
    places = re.findall(r"left:([\d.]+)%;width:([\d.]+)%", timeline(shown, 50.0))
    assert places == [("0.000", "20.000"), ("20.000", "60.000")]


def test_timeline_of_a_long_film_takes_rows():
    rows = [shot(n, start_s=5.0 * n, end_s=5.0 * n + 5.0) for n in range(1000)]
    page = timeline([show_shot(row, "a", 0, 1.0, []) for row in rows], 5000.0)
    assert page.count('class="track"') == 7
    widths = [float(width) for width in re.findall(r"width:([\d.]+)%", page)]
    # Rows of 12 minutes; each of a thousand widths is rounded to 0.001 %.
    assert sum(widths) / 100 * 720 == pytest.approx(5000, abs=1000 * 0.0005 / 100 * 720)


def test_disagreements_name_the_source():
    facts = {"layout": "half_tab", "evidence": {"prior": "half_sbs", "prior_source": "name"}}
    facts["evidence"]["prior_words"] = "HSBS"
    assert disagreements(facts) == ["name says half_sbs (HSBS)"]
    assert disagreements(facts | {"layout": "half_sbs"}) == []
    assert disagreements({"layout": "", "evidence": None}) == []


@pytest.mark.parametrize(
    ("matched", "state"), [(0.24, "beyond"), (0.26, "near"), (0.31, ""), (0.15, "beyond")]
)
def test_measured_values_marks_thresholds(matched, state):
    values = shot_doubt.measured_values(shot(0, matched=matched), ingest_rows.thresholds())
    (value,) = [one for one in values if one.label == "matched"]
    assert (value.text, value.state) == (f"{matched:.0%}".replace("%", " %"), state)
    assert value.limit == "at least 25 %"


def doubt_of(layout_score=1.0, **changes) -> float:
    row = shot(0, swapped_probability=0.0) | changes
    values = shot_doubt.measured_values(row, ingest_rows.thresholds())
    return shot_doubt.doubt(shot_doubt.doubts(row, layout_score, values))


def test_doubt_preset():
    assert doubt_of() == 0
    assert doubt_of(swapped_probability=0.3) == pytest.approx(0.6)
    assert doubt_of(swapped_probability=0.7, swapped=True) == pytest.approx(0.6)
    assert doubt_of(layout_score=0.75) == pytest.approx(0.25)
    assert doubt_of(matched=0.275) == pytest.approx(0.5)  # 10 % above the limit
    assert doubt_of(matched=0.225) == pytest.approx(0.5)  # 10 % below
    assert doubt_of(color_difference=20.0) == 1
    assert doubt_of(matched=0.275, layout_score=0.5) == pytest.approx(0.75)


def test_doubt_of_a_title_card_is_not_that_of_its_eyes():
    row = refused(0, "no_parallax")
    assert shot_doubt.eyes(row) == shot_doubt.NOT_JUDGED
    assert shot_doubt.doubts(row, 1.0, shot_doubt.measured_values(row, [])) == []
    assert shot_doubt.eyes(row | {"color_difference": 2.0}) == shot_doubt.UNSURE


def test_thresholds_follow_the_options():
    quality = QualityLimits(matched_above=0.4, flat_below=0.3)
    limits = thresholds_in_force(MovieOptions(quality=quality, minimum_width=260))
    by_measure = {one.measure: one.value for one in limits if one.measure}
    assert by_measure["matched"] == 0.4
    assert by_measure["spread"] == 5.0  # 13 of 16 levels' steps of a pixel, of 260
    assert all(one.name and one.source for one in limits)
    assert "color_difference" not in by_measure


def test_thresholds_in_force_rejects_unknown_keys():
    with pytest.raises(ValueError, match=r"Received: \['weight'\]"):
        thresholds_in_force(MovieOptions(), {"weight": 1.0})


def test_every_reason_has_words_and_a_color():
    folder = pathlib.Path(ingest_page.__file__).parent
    style = (folder / "ingest_page.css").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", movie.__doc__)) - {"film_facts", "shot"}
    assert named == set(shot_cards.REASONS)
    assert all(f".r-{reason} " in style for reason in named)
