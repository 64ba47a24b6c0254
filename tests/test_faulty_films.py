import dataclasses
import itertools
import json
import pathlib
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from deep3d.video import unpack

ROOT = pathlib.Path(__file__).resolve().parents[1]
SIZE = (192, 108)


@pytest.fixture(autouse=True)
def benchmarks_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


@pytest.fixture
def sources():
    from shot_sources import Sources

    return Sources()


@pytest.fixture(scope="session")
def pair_folder(tmp_path_factory):
    """A pair whose right view is the left one, 6 px to the left: disparity 6 all over."""
    folder = tmp_path_factory.mktemp("pairs")
    (folder / "even").mkdir()
    noise = np.random.default_rng(5).integers(0, 256, (300, 520, 3), np.uint8)
    wide = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 4.0), None, 60, 220, cv2.NORM_MINMAX)
    cv2.imwrite(str(folder / "even" / "left.png"), wide[:, :500])
    cv2.imwrite(str(folder / "even" / "right.png"), wide[:, 6:506])
    row = "even,left,right,,500,300,6,6,A,none\n"
    header = "name,left,right,ground_truth,width,height,disparity_p5_px,disparity_p95_px,"
    (folder / "index.csv").write_text(header + "rectification,licence\n" + row)
    return folder


@pytest.fixture
def paired(pair_folder):
    from shot_sources import Sources

    return Sources(pair_folder)


def filmed(sources, count=6, **changes):
    """The views and the facts of a shot at 8 frames per second."""
    from faulty_shots import FilmedShot, Shot

    shot = Shot(**({"source": "pair:even", "seconds": count / 8, "seed": 3} | changes))
    film = FilmedShot(shot, sources, SIZE, [k / 8 for k in range(count)])
    return list(film.views()), film.facts(0, 0.0, count / 8)


def misplacement(left, right):
    """(dx, dy) by which the right picture lies further right and lower, by least squares."""
    grays = [cv2.cvtColor(np.ascontiguousarray(v), cv2.COLOR_RGB2GRAY) for v in (left, right)]
    start, _ = cv2.phaseCorrelate(*(gray.astype(np.float32) for gray in grays))
    warp = np.array([[1, 0, start[0]], [0, 1, start[1]]], np.float32)
    enough = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 100, 1e-4)
    _, warp = cv2.findTransformECC(*grays, warp, cv2.MOTION_TRANSLATION, enough)
    return float(warp[0, 2]), float(warp[1, 2])


def dark_ends(view, axis):
    """Black rows (axis 1) or columns (axis 0) at either end."""
    bright = np.flatnonzero(view.max(axis=(axis, 2)) > 20)
    return int(bright[0]), int(view.shape[1 - axis] - 1 - bright[-1])


def test_window_keeps_rows_and_states_its_disparity(paired):
    for motion in ("pan", "zoom", "drift"):
        views, facts = filmed(paired, motion=motion)
        for left, right in views:
            _, dy = misplacement(left, right)
            assert abs(dy) < 0.03
        left, right = views[len(views) // 2]
        low, high = facts["disparity_percent"]
        assert low == high
        assert -misplacement(left, right)[0] == pytest.approx(low / 100 * SIZE[0], abs=0.35)
        assert np.abs(views[0][0].astype(int) - views[-1][0]).mean() > 2  # it moves


@pytest.mark.parametrize("offset", [-4.5, 2.25])
def test_vertical_offset_is_that_of_the_label(paired, offset):
    from window_path import Misalignment

    views, facts = filmed(paired, misalignment=Misalignment(offset_px=offset))
    assert facts["vertical_offset_px"] == offset and facts["vertical_offset_known"]
    for left, right in views:
        assert misplacement(left, right)[1] == pytest.approx(
            offset, abs=0.1
        )  # what can be measured


def test_rotation_is_clockwise_and_zoom_enlarges_the_right_eye(paired):
    from window_path import Misalignment

    turned = Misalignment(rotation_deg=2.0)
    left, right = filmed(paired, misalignment=turned)[0][0]
    # Clockwise: the left end of the picture lies higher, the right end lower.
    ends = slice(8, 64), slice(128, 184)  # their middles are 60 px from that of the picture
    higher, lower = (misplacement(left[:, end], right[:, end])[1] for end in ends)
    assert (higher, lower) == pytest.approx((-2.1, 2.1), abs=0.3)
    left, right = filmed(paired, misalignment=Misalignment(zoom=1.04))[0][0]
    halves = slice(4, 50), slice(58, 104)  # 27 px above and below the middle
    above, below = (misplacement(left[half], right[half])[1] for half in halves)
    assert (above, below) == pytest.approx((-1.08, 1.08), abs=0.3)


def test_bars_and_floating_window_are_those_of_the_label(paired):
    views, facts = filmed(paired, bars=(11, 12, 5, 4), floating_window=(6, 0), noise=2.0)
    assert (facts["bars"], facts["floating_window"]) == ((11, 12, 5, 4), (6, 0))
    for left, right in views:
        assert dark_ends(left, 1) == dark_ends(right, 1) == (11, 12)
        assert dark_ends(left, 0) == (11, 4)
        assert dark_ends(right, 0) == (5, 4)


def test_swapped_shot_has_the_other_eye_first(paired):
    ordered, facts = filmed(paired)
    swapped, other = filmed(paired, swapped=True)
    assert (facts["swapped"], other["swapped"]) == (False, True)
    for (left, right), (first, second) in zip(ordered, swapped, strict=True):
        np.testing.assert_array_equal(left, second)
        np.testing.assert_array_equal(right, first)
        assert (left != right).any()


def test_synthetic_shot_has_near_things_at_larger_disparity(sources):
    """By the true disparity of the still, and by the views themselves."""
    still = sources.still("synthetic:3", 300)
    rows, columns = np.indices(still.map.shape, dtype=np.float32)
    warped = cv2.remap(still.right, columns - still.map, rows, cv2.INTER_LINEAR)
    wrong = cv2.remap(still.right, columns + still.map, rows, cv2.INTER_LINEAR)
    right, other = (np.abs(still.left.astype(int) - view).mean() for view in (warped, wrong))
    assert right < 0.5 * other
    _, facts = filmed(sources, count=2, source="synthetic:3")
    assert facts["disparity_exact"] and facts["parallax"]
    assert facts["disparity_percent"][1] - facts["disparity_percent"][0] > 0.3
    wide = filmed(sources, count=1, source="wide:3")[1]["disparity_percent"]
    assert wide[1] - wide[0] > 1.5 * np.ptp(facts["disparity_percent"])


def test_subtitle_is_in_its_box_and_frames_alone(paired):
    from burnt_in_words import STYLES, Subtitle

    plain, _ = filmed(paired, count=8)
    for style in STYLES:
        subtitle = Subtitle(style, 2, from_share=0.25, to_share=0.75, disparity_percent=2.0)
        views, facts = filmed(paired, count=8, subtitle=dataclasses.replace(subtitle))
        (words,) = facts["subtitles"]
        box = words["box"]
        assert (words["first_frame"], words["last_frame"]) == (2, 5)
        for number, (before, after) in enumerate(zip(plain, views, strict=True)):
            changed = [
                np.abs(a.astype(int) - b).max(axis=2) > 8
                for a, b in zip(before, after, strict=True)
            ]
            assert all(part.any() for part in changed) == (2 <= number <= 5)
            for part in changed:
                part[box["top"] : box["bottom"], box["left"] : box["right"]] = False
                assert not part.any()
        first = [
            np.flatnonzero((a != b).any(axis=(0, 2)))[0]
            for a, b in zip(plain[3], views[3], strict=True)
        ]
        assert abs(first[0] - first[1] - words["disparity_px"]) <= 1


@pytest.mark.parametrize("source", ["title", "title_on_picture:2", "credits", "flat:2"])
def test_flat_sources_are_alike_in_both_eyes(sources, source):
    views, facts = filmed(sources, source=source, noise=0.0)
    assert facts["no_parallax"] and not facts["parallax"]
    for left, right in views:
        np.testing.assert_array_equal(left, right)
        assert left.max() > 60
    moved = not (views[0][0] == views[-1][0]).all()
    assert moved == (not facts["static"])


def test_title_may_have_a_constant_shift(sources):
    (left, right), *_ = filmed(sources, source="title", shift_px=5)[0]
    np.testing.assert_array_equal(left[:, 5:], right[:, :-5])


def test_light_is_that_of_the_label(paired):
    for light in ("fade_in", "fade_out", "flash"):
        views, facts = filmed(paired, count=16, light=light, motion="hold")
        first, last = facts["light_frames"]
        means = np.array([left.mean() for left, _ in views])
        usual = np.delete(means, np.arange(first, last + 1))
        assert np.ptp(usual) < 1
        changed = np.flatnonzero(np.abs(means - usual[0]) > 1)
        assert changed[0] in (first, first + 1) and changed[-1] in (last, last - 1)
        assert means[{"fade_in": first, "fade_out": last}.get(light, first)] < 1 or light == "flash"
    black, facts = filmed(paired, source="black")
    assert facts["black"] and max(view.max() for pair in black for view in pair) == 0


def test_black_eye_and_color_are_those_of_the_label(paired):
    left, right = filmed(paired, black_eye="right")[0][0]
    assert left.mean() > 60 and right.max() == 0
    plain = filmed(paired)[0][0][1].mean(axis=(0, 1))
    tinted = filmed(paired, color_gain=(0.8, 1.0, 1.1))[0][0]
    np.testing.assert_allclose(tinted[1].mean(axis=(0, 1)) / plain, (0.8, 1.0, 1.1), atol=0.01)


def decoded(path):
    with av.open(str(path)) as container:
        return [
            (frame.to_ndarray(format="rgb24"), frame.pts * frame.time_base)
            for frame in container.decode(video=0)
        ]


@pytest.mark.parametrize("layout", ["half_sbs", "full_tab"])
def test_write_film_round_trip(paired, tmp_path, layout):
    """Bars, cuts, times and sizes of the label are those of the decoded file."""
    from faulty_shots import Shot
    from labelled_film import Film, write_film

    shots = (
        Shot("pair:even", 0.5, 1),
        Shot("pair:even", 0.4, 2, bars=(16, 16, 0, 0), swapped=True),
    )
    film = Film("a.mkv", shots, layout, *SIZE, rate="variable", crf=10, tag="half_tab", seed=4)
    label = write_film(film, tmp_path, paired)
    assert json.loads((tmp_path / "a.json").read_text()) == json.loads(json.dumps(label))
    frames = decoded(tmp_path / "a.mkv")
    assert len(frames) == label["frames"] == label["shots"][1]["last_frame"] + 1
    steps = {time - before for (_, before), (_, time) in itertools.pairwise(frames)}
    assert len(steps) > 1
    for shot in label["shots"]:
        assert float(frames[shot["first_frame"]][1]) == pytest.approx(shot["start_s"], abs=0.002)
        for image, _ in frames[shot["first_frame"] : shot["last_frame"] + 1]:
            for view in unpack(image, layout, stretch=True):
                found = dark_ends(view, 1)
                assert np.abs(np.subtract(found, shot["bars"][:2])).max() <= 1


@pytest.mark.parametrize("lag", [2, -1])
def test_time_offset_lets_the_right_eye_lag(paired, lag):
    from faulty_shots import Shot
    from labelled_film import Film, views_of

    shots = (Shot("pair:even", 0.5, 1), Shot("pair:even", 0.5, 2))
    together = Film("a.mkv", shots, "full_sbs", *SIZE, rate="8")
    apart = dataclasses.replace(together, time_offset_frames=lag)
    views, labels = list(views_of(together, paired, [])), []
    lagging = list(views_of(apart, paired, labels))
    assert len(lagging) == len(views) - abs(lag)
    for number, (left, right, time) in enumerate(lagging):
        assert time == Fraction(number, 8)
        np.testing.assert_array_equal(left, views[number + max(lag, 0)][0])
        np.testing.assert_array_equal(right, views[number + max(-lag, 0)][1])
    assert [label["first_frame"] for label in labels] == [0, 4]


def test_file_faults(paired, tmp_path):
    from faulty_shots import Shot
    from labelled_film import Film, write_film

    shots = (Shot("pair:even", 1.0, 1), Shot("pair:even", 1.0, 2))
    base = Film("whole.mkv", shots, "half_sbs", *SIZE, rate="12")
    write_film(base, tmp_path, paired)
    size = (tmp_path / "whole.mkv").stat().st_size
    for fault in ("truncated", "damaged", "audio_only", "empty", "text", "resolution_change"):
        suffix = ".ts" if fault == "resolution_change" else ".mkv"
        film = dataclasses.replace(base, file=fault + suffix, file_fault=fault)
        label = write_film(film, tmp_path, paired)
        assert bool(label["shots"]) == (fault not in ("audio_only", "empty", "text"))
    assert (tmp_path / "empty.mkv").stat().st_size == 0
    assert (tmp_path / "truncated.mkv").stat().st_size == size * 3 // 5
    whole, damaged = ((tmp_path / f"{name}.mkv").read_bytes() for name in ("whole", "damaged"))
    assert len(whole) == len(damaged) and whole != damaged
    with av.open(str(tmp_path / "audio_only.mkv")) as container:
        assert container.streams.audio and not container.streams.video
    sizes = [image.shape[1::-1] for image, _ in decoded(tmp_path / "resolution_change.ts")]
    assert set(sizes) == {SIZE, (128, 72)} and len(sizes) == 24


def test_designed_films_are_the_same_again_and_hold_everything(paired):
    from film_list import designed_films
    from shot_sources import Sources

    films = designed_films(48, 0, paired)
    assert films == designed_films(48, 0, paired)
    assert films != designed_films(48, 1, paired)
    assert len({film.file for film in films}) == 48
    assert {film.layout for film in films} >= {"half_sbs", "full_sbs", "half_tab", "full_tab"}
    assert {480, 2160} <= {film.height for film in films} and {film.crf for film in films} >= {
        18,
        32,
    }
    assert {film.rate for film in films} >= {"24000/1001", "24", "25", "60", "variable"}
    shots = [shot for film in films for shot in film.shots]
    assert sum(shot.swapped for shot in shots) >= 20
    assert {abs(film.time_offset_frames) for film in films} >= {1, 2, 3}
    assert {shot.light for shot in shots} == {"", "fade_in", "fade_out", "flash"}
    assert {shot.kind for shot in shots} >= {"pair", "title", "credits", "black", "flat", "wide"}
    kinds = {shot.kind for film in designed_films(8, 0, Sources()) for shot in film.shots}
    assert "pair" not in kinds and "clip" not in kinds


def test_every_fault_has_them_all_and_its_length(sources):
    from film_list import every_fault

    film = every_fault(600.0, (960, 540), 0, sources)
    assert sum(shot.seconds for shot in film.shots) == pytest.approx(600.0)
    for name in ("swapped", "logo", "black_eye", "subtitle", "noise"):
        assert sum(bool(getattr(shot, name)) for shot in film.shots) >= 2
    assert sum(any(shot.bars) for shot in film.shots) >= 10


def test_write_film_is_deterministic(paired, tmp_path):
    from film_list import designed_films
    from labelled_film import write_film

    film = designed_films(1, 0, paired, small=True)[0]
    film = dataclasses.replace(film, shots=film.shots[:2])
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_film(film, tmp_path / name, paired)
    files = [sorted((tmp_path / name).iterdir()) for name in ("one", "two")]
    for one, two in zip(*files, strict=True):
        if one.suffix == ".json":
            assert one.read_text() == two.read_text()
        else:
            pairs = zip(decoded(one), decoded(two), strict=True)
            assert all((a == b).all() and s == t for (a, s), (b, t) in pairs)
