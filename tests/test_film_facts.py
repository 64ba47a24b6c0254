"""What is known of a movie before it is read, from small files."""

import re
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from stereo_films import write_film
from test_eye_order import rendered
from test_layout_detection import texture, views

from data_pipeline.decisions import film_facts
from data_pipeline.decisions.film_facts import FilmRefused, inspect_film, unpack_eyes
from data_pipeline.movie_options import MovieOptions
from deep3d.video import (
    LAYOUTS,
    BlackBars,
    VideoError,
    VideoReader,
    VideoWriter,
    anaglyph,
    unpack,
)

AUTO = MovieOptions()


def pairs(count=4):
    return [views(seed) for seed in range(count)]


def write_pictures(path, pictures, frame_rate=8, **options):
    """Writes packed frames as they are."""
    height, width = pictures[0].shape[:2]
    rate = Fraction(frame_rate)
    with VideoWriter(
        path, width, height, rate, 1 / rate, crf=10, preset="ultrafast", **options
    ) as writer:
        for k, picture in enumerate(pictures):
            writer.write(picture, k)
    return path


def watched(call, seen):
    def called(frames, *rest):
        seen.append(frames)
        return call(frames, *rest)

    return called


def write_odd(path, width, height):
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=8)
        stream.width, stream.height, stream.pix_fmt = width, height, "gray"
        for k in range(3):
            image = np.full((height, width), 40 * k, np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="gray")))
        output.mux(stream.encode(None))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_inspect_film_finds_the_layout(tmp_path, layout):
    facts = inspect_film(write_film(tmp_path / "a.mkv", pairs(), layout), AUTO)
    assert facts.layout == layout and facts.layout_score > 0.8
    assert facts.evidence["identical_share"] == 0
    assert facts.outer == facts.bars == BlackBars()


def test_inspect_film_believes_pictures_before_names(tmp_path):
    path = write_film(tmp_path / "Film.3D.HSBS.mkv", pairs(), "full_tab")
    assert inspect_film(path, AUTO).layout == "full_tab"


def test_inspect_film_believes_the_user(tmp_path):
    path = write_film(tmp_path / "a.mkv", pairs(), "full_sbs")
    facts = inspect_film(path, MovieOptions(layout="half_sbs", eyes="left_first"))
    assert (facts.layout, facts.layout_score, facts.evidence) == ("half_sbs", 1.0, {})
    assert facts.swapped_prior == 0.5


def test_inspect_film_finds_bars_of_the_views(tmp_path):
    def with_bars(view):
        return np.pad(view[20:-20], ((20, 20), (0, 0), (0, 0)))

    barred = [tuple(map(with_bars, pair)) for pair in pairs()]
    facts = inspect_film(write_film(tmp_path / "a.mkv", barred, "full_sbs"), AUTO)
    assert (facts.layout, facts.outer) == ("full_sbs", BlackBars())
    assert 20 <= facts.bars.top <= 23 and 20 <= facts.bars.bottom <= 23
    assert facts.bars.left == facts.bars.right == 0


def test_inspect_film_finds_bars_around_the_packed_picture(tmp_path):
    # Both views of a full top-bottom picture, with bars above and below the two of them.
    pictures = [np.pad(np.vstack(views(k, 320, 180)), ((36, 36), (0, 0), (0, 0))) for k in range(4)]
    path = write_pictures(tmp_path / "a.mkv", pictures)
    facts = inspect_film(path, AUTO)
    assert facts.layout.endswith("tab")
    assert facts.outer.top == facts.outer.bottom == pytest.approx(36, abs=2)
    with VideoReader(path) as reader:
        upper, lower = unpack_eyes(next(iter(reader)).image, facts)
    expected = [cv2.resize(view, upper.shape[1::-1]) for view in views(0, 320, 180)]
    for view, wanted in zip((upper, lower), expected, strict=True):
        assert np.abs(view[8:-8].astype(int) - wanted[8:-8]).mean() < 12


@pytest.mark.parametrize(
    ("pictures", "words"),
    [
        ([views(k)[0] for k in range(3)], "a 2D movie: no two halves of its pictures"),
        (
            [np.hstack([views(k)[0]] * 2) for k in range(3)],
            "2D: both eyes are identical (full_sbs)",
        ),
        (
            [np.vstack([views(k)[0]] * 2) for k in range(3)],
            "2D: both eyes are identical (full_tab)",
        ),
    ],
)
def test_inspect_film_refuses_2d(tmp_path, pictures, words):
    path = write_pictures(tmp_path / "a.mkv", pictures)
    with pytest.raises(FilmRefused, match=rf"a\.mkv: {re.escape(words)}"):
        inspect_film(path, AUTO)


def test_inspect_film_refuses_anaglyph(tmp_path):
    path = write_pictures(
        tmp_path / "a.mkv", [anaglyph(*views(k), "anaglyph_dubois") for k in range(3)]
    )
    with pytest.raises(FilmRefused, match=r"a\.mkv: an anaglyph, whose eyes cannot be separated"):
        inspect_film(path, AUTO)


def test_inspect_film_takes_films_part_of_which_is_2d(tmp_path):
    flat = [(view, view) for view in (texture(k, 320, 180) for k in (50, 51))]
    facts = inspect_film(write_film(tmp_path / "a.mkv", [*pairs(), *flat], "full_sbs"), AUTO)
    assert facts.layout == "full_sbs" and 0 < facts.evidence["identical_share"] < 0.6


@pytest.mark.parametrize(
    ("layout", "size", "words"),
    [
        ("full_sbs", (181, 90), "a full_sbs movie has an even width, not 181x90"),
        ("half_tab", (180, 91), "a half_tab movie has an even height, not 180x91"),
    ],
)
def test_inspect_film_refuses_odd_halves(tmp_path, layout, size, words):
    # Without color, whose planes the encoder could not halve either.
    path = tmp_path / "a.mkv"
    write_odd(path, *size)
    with pytest.raises(VideoError, match=re.escape(words)):
        inspect_film(path, MovieOptions(layout=layout))


@pytest.mark.parametrize("swapped", [False, True])
def test_inspect_film_prior_of_the_eyes(tmp_path, swapped):
    of_scenes = [rendered(seed) for seed in (4, 5, 6)]
    if swapped:
        of_scenes = [(right, left) for left, right in of_scenes]
    facts = inspect_film(
        write_film(tmp_path / "a.mkv", of_scenes * 2, "full_sbs"), MovieOptions(layout="full_sbs")
    )
    assert facts.swapped_prior == (0.8 if swapped else 0.2)  # as far as a film's opinion goes


@pytest.mark.parametrize(("tag", "prior"), [("right", 0.75), ("left", 0.25), (None, 0.5)])
def test_inspect_film_tag_counts_as_one_picture(tmp_path, monkeypatch, tag, prior):
    silent = [(view, view) for view in (texture(k, 320, 180) for k in range(3))]
    path = write_film(tmp_path / "a.mkv", silent, "full_sbs")
    mode = {"right": "right_left", "left": "left_right", None: None}[tag]
    monkeypatch.setattr("deep3d.video.video_reader.stated_stereo_mode", lambda *_: mode)
    assert inspect_film(path, MovieOptions(layout="full_sbs")).swapped_prior == prior


def test_inspect_film_of_a_film_with_few_key_frames(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(film_facts, "detect_layout", watched(film_facts.detect_layout, seen))
    # The encoder makes one key frame of 30 frames of one scene.
    moving = [views(0)] * 30
    path = write_film(tmp_path / "a.mkv", moving, "full_sbs")
    assert inspect_film(path, AUTO).layout == "full_sbs"
    # A picture for each of so many places; behind the last one is no frame.
    assert len(seen[0]) == film_facts.PROBES - 1


@pytest.mark.parametrize("count", [1, 2])
def test_inspect_film_of_a_few_frames(tmp_path, count):
    path = write_film(tmp_path / "a.mkv", pairs(count), "half_sbs")
    assert inspect_film(path, AUTO).layout == "half_sbs"


def test_unpack_eyes_makes_pixels_square():
    left, right = views(3)
    narrow = [cv2.resize(view, (240, 180)) for view in (left, right)]
    facts = film_facts.FilmFacts("full_sbs", 1.0, {}, BlackBars(), BlackBars(), 0.5)
    packed = np.hstack(narrow)
    np.testing.assert_array_equal(unpack_eyes(packed, facts), unpack(packed, "full_sbs"))
    for view, original in zip(
        unpack_eyes(packed, facts, Fraction(4, 3)), (left, right), strict=True
    ):
        assert view.shape == original.shape
        assert np.abs(view.astype(int) - original).mean() < 10
