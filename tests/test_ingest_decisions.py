import csv
import dataclasses
import json
import pathlib

import pytest
from stereo_films import write_film
from test_eye_order import rendered

ROOT = pathlib.Path(__file__).resolve().parents[1]
SIZE = (128, 72)


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


@pytest.fixture
def films():
    """Two small films with everything that there is a table for, without their pictures."""
    from burnt_in_words import Subtitle
    from faulty_shots import FilmedShot, Shot
    from labelled_film import Film
    from shot_sources import Sources
    from window_path import Misalignment

    shots = (
        Shot("moving:0"),
        Shot("moving:1", swapped=True, misalignment=Misalignment(3.0)),
        Shot("moving:2", bars=(8, 8, 0, 0), subtitle=Subtitle()),
        Shot("title"),
        Shot("black"),
        Shot("moving:3", floating_window=(5, 0), light="fade_out"),
        Shot("flat:1", motion="hold"),
    )
    stereo = Film("a.mkv", shots, "half_sbs", *SIZE)
    labels = []
    for film in (stereo, Film("b.mkv", shots[:1], "mono", *SIZE)):
        facts = [
            FilmedShot(shot, Sources(), SIZE, [0.0, 1.0]).facts(2 * k, 2.0 * k, 2.0 * k + 2)
            for k, shot in enumerate(film.shots)
        ]
        labels.append(dataclasses.asdict(film) | {"frames": 2 * len(facts), "shots": facts})
    labels.append(labels[0] | {"file": "c.mkv", "file_fault": "empty", "shots": []})
    return labels


def perfect_rows(label):
    """The rows that the best ingestion would report of a film."""
    for number, shot in enumerate(label["shots"]):
        top, bottom, left, right = shot["bars"]
        window = shot["floating_window"]
        rejected = {"no_parallax": 4} if shot["no_parallax"] else {}
        rejected |= {"black": 4} if shot["black"] else {}
        rejected |= {"fade": 1} if shot["light"] else {}
        rejected |= {"subtitles": 2} if shot["subtitles"] else {}
        yield {
            "movie": pathlib.Path(label["file"]).stem,
            "shot": number,
            "start_s": shot["start_s"] + 0.04,
            "end_s": shot["end_s"] + 0.04,
            "layout": label["layout"],
            "swapped": shot["swapped"],
            "swapped_probability": 0.99 if shot["swapped"] else 0.01,
            "accepted": 4 - sum(rejected.values()),
            "sampled": 4,
            "reason": next(iter(rejected), ""),
            "rejected": " ".join(f"{reason}:{count}" for reason, count in rejected.items()),
            "bars_top": top,
            "bars_bottom": bottom,
            "bars_left": left + window[0],
            "bars_right": right + window[1],
            "vertical_offset_px": shot["vertical_offset_px"],
            "time_offset_frames": 0,
            "subtitled": 2 if shot["subtitles"] else 0,
        }


def tables_of(folder, labels, rows):
    """{title: {first cell: the line by column}} of a report."""
    from decision_tables import all_tables
    from matched_shots import read_films

    for label in labels:
        path = folder / pathlib.Path(label["file"]).with_suffix(".json")
        path.write_text(json.dumps(label))
    with (folder / "report.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(max(rows, key=len)), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return {
        table.title: {
            line[0]: dict(zip(table.columns[1:], line[1:], strict=True)) for line in table.lines
        }
        for table in all_tables(read_films(folder, folder / "report.csv"))
    }


def rows_of(films):
    refused = {"movie": "b", "reason": "error: b.mkv: is a 2D film"}
    empty = {"movie": "c", "reason": "error: c.mkv: is empty"}
    return [*perfect_rows(films[0]), refused, empty]


def test_all_tables_of_a_perfect_report(films, tmp_path):
    tables = tables_of(tmp_path, films, rows_of(films))
    assert tables["Layout of films"] == {
        "half_sbs": {"half_sbs": 1, "mono": 0},
        "mono": {"half_sbs": 0, "mono": 1},
    }
    assert tables["Cuts between shots"] == {6: {"found": 6, "missed": 0, "false": 0}}
    eyes = tables["Order of the eyes, shots with parallax"]
    assert (eyes["all"]["number"], eyes["all"]["right"]) == (4, 4)
    assert eyes["made up, swapped"]["right"] == 1
    for group in ("bars", "floating window", "no bars"):
        assert tables["Black bars, px"][group]["worst"] == "0.00"
    flat = tables["No parallax, title cards and 2D inserts"]
    assert flat["title"]["no parallax"] == flat["2D insert"]["no parallax"] == 1
    assert flat["with parallax"]["accepted"] == 4
    offsets = tables["Vertical offset, px"]
    assert (offsets["all"]["measured"], offsets["all"]["within 0.3"]) == (4, "100.0 %")
    words = tables["Subtitles, shots"]
    assert words["made up, subtitles"]["seen"] == 1 and words["made up, none"]["seen"] == 0
    lit = tables["Black, fades and flashes"]
    assert lit["black"]["with a black sample"] == lit["fade out"]["with a fade sample"] == 1
    assert lit["even light"]["with a fade sample"] == 0
    assert tables["Frames between the eyes, films"] == {0: {"0": 1}}
    assert tables["Files"]["empty"]["said"] == "c.mkv: is empty"


def test_all_tables_of_a_wrong_report(films, tmp_path):
    rows = rows_of(films)
    rows[0] |= {"swapped": True, "swapped_probability": 0.95}
    rows[1] |= {"swapped": False, "swapped_probability": 0.4, "vertical_offset_px": -3.5}
    rows[2] |= {"swapped": "unsure", "bars_top": 3, "subtitled": 0, "rejected": "", "accepted": 4}
    rows[3] |= {"rejected": "", "accepted": 4}
    rows[5] |= {"bars_left": 0, "rejected": "subtitles:1"}
    del rows[6]  # its time belongs to no row
    tables = tables_of(tmp_path, films, rows)
    assert tables["Cuts between shots"] == {6: {"found": 5, "missed": 1, "false": 0}}
    eyes = tables["Order of the eyes, shots with parallax"]["all"]
    assert [eyes[name] for name in ("right", "unsure", "wrong", "wrong, confident")] == [1, 1, 1, 1]
    assert tables["Black bars, px"]["bars"]["worst"] == "5.00"
    assert tables["Black bars, px"]["floating window"]["within 2"] == "0.0 %"
    flat = tables["No parallax, title cards and 2D inserts"]
    assert flat["title"]["accepted"] == 1 and flat["2D insert"]["no row"] == 1
    # Of the swapped shot either sign is right.
    assert tables["Vertical offset, px"]["made up, moved"]["worst"] == "0.50"
    words = tables["Subtitles, shots"]
    assert words["made up, subtitles"]["not seen"] == 1 and words["made up, none"]["seen"] == 1


def test_words_on_a_bar_are_not_in_the_picture(films, tmp_path):
    shot = films[0]["shots"][2]
    height, (_, bottom, *_) = films[0]["height"], shot["bars"]
    box = {"left": 30, "right": 90, "top": height - bottom, "bottom": height - 2}
    shot["subtitles"] = [{**words, "box": box} for words in shot["subtitles"]]
    rows = rows_of(films)
    rows[2] |= {"subtitled": 0, "rejected": "", "accepted": 4}
    words = tables_of(tmp_path, films, rows)["Subtitles, shots"]
    assert words["made up, subtitles on a bar"]["not seen"] == 1
    assert "made up, subtitles" not in words


def test_a_corpus_is_ingested(tmp_path):
    """By the function that the command calls where no report is given."""
    from ingest_decisions import _ingested

    (tmp_path / "films").mkdir()
    write_film(tmp_path / "films" / "a.mkv", [rendered(4)] * 4)
    with _ingested(tmp_path / "films", tmp_path / "data").open(newline="") as file:
        assert [row["movie"] for row in csv.DictReader(file)] == ["a"]


def test_tables_are_printed(films, tmp_path):
    from decision_tables import Table
    from ingest_decisions import markdown, plain_text

    table = Table("Eyes", ("shots", "right"), [("all", 12), ("real | old", 3)])
    assert plain_text(table).splitlines()[2:] == [
        "shots       right",
        "all            12",
        "real | old      3",
    ]
    assert markdown(table).splitlines()[2:] == [
        "| shots | right |",
        "| --- | --- |",
        "| all | 12 |",
        "| real / old | 3 |",
    ]


def test_read_films_rejects_a_folder_without_labels(tmp_path):
    from matched_shots import read_films

    (tmp_path / "report.csv").write_text("movie\n")
    with pytest.raises(ValueError, match="labelled films"):
        read_films(tmp_path, tmp_path / "report.csv")
