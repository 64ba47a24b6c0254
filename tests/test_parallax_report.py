"""Reports on maps and on packed films whose parallax the test has made."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
from stereo_films import textured_pair, two_planes, write_film

from deep3d.comfort import ParallaxBudget, ParallaxReport
from deep3d.comfort.film import layout_of_name, measure_film

BUDGET = ParallaxBudget(1.0, 2.0)


def parallax(far, near, left_edge=None):
    """A thing before a wall: the middle half of the columns, lower half of the rows."""
    depth = np.full((40, 100), float(far))
    depth[10:, 25:75] = near
    if left_edge is not None:
        depth[:, :10] = left_edge
    return depth


def test_report_preset():
    report = ParallaxReport(BUDGET)
    for number in range(4):
        report.add(parallax(-1.5, 0.25 * number), number / 10, number == 0)
    report.add(parallax(-3.0, 1.5, left_edge=0.5), 0.4, True)
    result = report.result()
    first, second = result["shots"]
    assert (first["start_s"], first["end_s"], first["frames"]) == (0.0, 0.3, 4)
    assert (first["low"], first["subject"], first["highest"]) == (-1.5, 0.375, 0.75)
    assert (first["subject_first"], first["subject_last"]) == (0.0, 0.75)
    assert (first["beyond_front"], first["violated"], first["jump"]) == (0, 0, None)
    assert second["jump"] == 0.75
    assert second["beyond_front"] == 0.375  # 30 of 40 rows, half of the columns
    assert second["beyond_back"] == pytest.approx(1 - 0.375 - 0.1)
    assert (second["nearest_at_left_edge"], second["nearest_at_right_edge"]) == (0.5, -3.0)
    assert second["violated"] == 1.0
    film = result["film"]
    assert (film["shots"], film["frames"], film["leaps"]) == (2, 5, 1)
    assert film["beyond_front"] == pytest.approx(0.375 / 5)
    assert (film["lowest"], film["highest"], film["largest_jump"]) == (-3.0, 1.5, 0.75)


def test_report_says_nothing_of_what_is_unknown():
    report = ParallaxReport(BUDGET)
    report.add(np.full((20, 40), np.nan), 0.0, True)
    report.add(parallax(-1, 0), 0.1, True)
    unknown, known = report.result()["shots"]
    assert unknown["low"] is unknown["beyond_back"] is known["jump"] is None
    assert known["beyond_back"] == 0


def test_report_rejects_nothing():
    with pytest.raises(ValueError, match="at least one frame"):
        ParallaxReport(BUDGET).result()


def test_report_writes_json_and_picture(tmp_path):
    report = ParallaxReport(BUDGET)
    for number in range(6):
        report.add(parallax(-3 if number < 3 else -1, 0.5), float(number), number % 3 == 0)
    for name in ("a", "b.json", "c.comfort", "d.PNG"):
        files = report.write(tmp_path / name)
        stem = name.removesuffix(".json").removesuffix(".PNG")
        assert [file.name for file in files] == [f"{stem}.json", f"{stem}.png"]
        assert json.loads(files[0].read_text()) == report.result()
    picture = cv2.imread(str(files[1]))[..., ::-1].astype(int)
    red = (picture[..., 0] - picture[..., 2] > 100) & (picture[..., 1] > 60)
    # only the first shot, 3 of 5 seconds, has anything beyond the budget, and that behind
    assert red[300:, :784].sum() > 5000 and red[:, 786:].sum() == red[:250].sum() == 0


@pytest.mark.parametrize("layout", ["full_sbs", "half_tab", "cross_eyed"])
def test_measure_film_of_known_parallax(tmp_path, layout):
    """Two shots at -2 and +4, then 0 and +3 of 192 px; the square covers the middle third."""
    pairs = [two_planes(1, -2, 4, step=k) for k in range(6)]
    pairs += [two_planes(2, 0, 3, step=k) for k in range(4)]
    film = write_film(tmp_path / "film.mp4", pairs, layout)
    report = measure_film(film, layout, BUDGET, every_s=0.3).result()
    first, second = report["shots"]
    assert (first["start_s"], first["end_s"], second["start_s"]) == (0.0, 0.625, 0.75)
    percent = 100 / 192
    for shot, far, near in ((first, -2, 4), (second, 0, 3)):
        assert shot["low"] == pytest.approx(far * percent, abs=0.15)
        assert shot["high"] == pytest.approx(near * percent, abs=0.15)
        assert shot["subject"] == pytest.approx(near * percent, abs=0.15)
        assert shot["nearest_at_left_edge"] == pytest.approx(far * percent, abs=0.15)
        assert shot["beyond_front"] == pytest.approx(1 / 3, abs=0.06)
    assert second["jump"] == pytest.approx(percent, abs=0.15)


def test_measure_film_sees_what_the_frame_cuts_off(tmp_path):
    film = write_film(tmp_path / "film.mp4", [textured_pair(3, 2)] * 2)
    (shot,) = measure_film(film, "full_sbs", BUDGET, every_s=0.0).result()["shots"]
    assert shot["violated"] == 1.0
    assert shot["nearest_at_right_edge"] == pytest.approx(200 / 192, abs=0.1)


def test_measure_film_rejects_layouts_that_do_not_match(tmp_path):
    with pytest.raises(ValueError, match="layout must be one of"):
        measure_film(tmp_path / "x.mp4", "anaglyph_dubois", BUDGET)


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("Film.3D.HSBS_LR.mkv", "half_sbs"),
        ("Film.3D.SBS_LRF_Full_SBS.mp4", "full_sbs"),
        ("Film.3D.HTAB_TB.mp4", "half_tab"),
        ("Film.3D.TAB_TBF.mp4", "full_tab"),
        ("Film.3D.RLF_cross.mp4", "cross_eyed"),
        ("Film.3D.Rows-eo.mkv", "interleaved"),
        ("Some Film 3D H-SBS 1080p.mkv", "half_sbs"),
        ("Film.3D.Half-OU.mkv", "half_tab"),
        ("Slrsbsx.mp4", None),
        ("Film.3D.Anaglyph.mp4", None),
    ],
)
def test_layout_of_name(name, layout):
    assert layout_of_name(f"/films.sbs/{name}") == layout


def test_script_reports_on_a_film(tmp_path):
    film = write_film(tmp_path / "f.3D.SBS_LRF_Full_SBS.mp4", [textured_pair(3, -6)] * 2)

    def run(*arguments):
        command = [sys.executable, "-m", "deep3d.comfort", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=240)

    result = run(film, "--budget_back=3")
    assert result.returncode == 0, result.stderr
    written = tmp_path / "f.3D.SBS_LRF_Full_SBS.comfort.json"
    report = json.loads(written.read_text())
    assert report["shots"][0]["median"] == pytest.approx(-600 / 192, abs=0.1)
    assert report["budget"] == {"front": 1.0, "back": 3.0}
    assert written.with_suffix(".png").exists() and str(written) in result.stdout
    film = film.rename(tmp_path / "f.mp4")
    result = run(film)
    assert result.returncode == 2 and "give --layout" in result.stderr
