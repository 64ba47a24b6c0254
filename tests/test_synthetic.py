"""Synthetic films: plan, files, truth, sound and the command."""

import dataclasses
import json
import subprocess
import sys
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from data_pipeline.scenes.film import MovieConfig, bar_height, movie_frames, plan_shots
from data_pipeline.synthetic import decode_disparity, encode_disparity, make_movie
from deep3d.video import VideoReader, unpack

SMALL = MovieConfig(
    seed=4, seconds=2, width=96, height=64, frame_rate=2, shot_seconds=0.8, title_seconds=0.5
)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A film, its truth folder and its summary."""
    folder = tmp_path_factory.mktemp("film")
    config = dataclasses.replace(SMALL, layout="full_sbs", bars="8")
    summary = make_movie(config, folder / "film.mp4", folder / "truth")
    return folder / "film.mp4", folder / "truth", summary


@pytest.fixture(scope="module")
def frames(film):
    """The same film's frames, rendered once more."""
    return list(movie_frames(MovieConfig(**film[2].config)))


def read(path):
    with VideoReader(path) as reader:
        return [frame.image for frame in reader], reader.frame_rate, reader.has_audio


def test_plan_shots_covers_the_film():
    shots = plan_shots(dataclasses.replace(SMALL, seconds=60, frame_rate=24, shot_seconds=3))
    assert shots[0].is_title and not any(shot.is_title for shot in shots[1:])
    assert [shot.first for shot in shots] == [0, *(shot.end for shot in shots[:-1])]
    assert shots[-1].end == 1440
    assert len({shot.seed for shot in shots}) == len(shots)
    lengths = np.array([(shot.end - shot.first) / 24 for shot in shots[1:-1]])
    assert (lengths > 1.7).all() and (lengths < 4.3).all() and lengths.std() > 0.3


def test_plan_shots_at_another_frame_rate_cuts_at_the_same_times():
    config = dataclasses.replace(SMALL, seconds=30, shot_seconds=3)
    slow, fast = (plan_shots(dataclasses.replace(config, frame_rate=r)) for r in (2, 24))
    for one, other in zip(slow, fast, strict=True):
        assert abs(one.end / 2 - other.end / 24) <= 0.26


def test_frame_rate_of_television_is_exact():
    config = dataclasses.replace(SMALL, frame_rate=23.976)
    assert config.exact_frame_rate == Fraction(24000, 1001)


def test_movie_frames_repeat_with_the_seed(film, frames):
    _, truth, _ = film
    for number, (frame, _, _) in enumerate(frames):
        for name in ("left", "right"):
            written = cv2.imread(str(truth / name / f"{number:06d}.png"))[..., ::-1]
            np.testing.assert_array_equal(getattr(frame, name), written)


def test_make_movie_holds_both_views(film):
    path, truth, summary = film
    images, rate, has_audio = read(path)
    assert (len(images), rate, has_audio) == (4, 2, True) and summary.frames == 4
    for number, image in enumerate(images):
        for name, view in zip(("left", "right"), unpack(image, "full_sbs"), strict=True):
            exact = cv2.imread(str(truth / name / f"{number:06d}.png"))[..., ::-1]
            assert view.shape == exact.shape == (64, 96, 3)
            assert np.abs(view.astype(float) - exact).mean() < 6, "lossy, but the same picture"


def test_make_movie_truth_is_the_disparity(film, frames):
    _, truth, summary = film
    stored = cv2.imread(str(truth / "disparity_left" / "000003.png"), cv2.IMREAD_UNCHANGED)
    assert stored.dtype == np.uint16
    np.testing.assert_allclose(
        decode_disparity(stored), frames[3][0].disparity_left, atol=0.5 / 64 + 1e-4
    )
    saved = json.loads((truth / "truth.json").read_text())
    assert saved == json.loads(json.dumps(dataclasses.asdict(summary)))
    assert [s["title"] for s in saved["shots"]] == [True, *[False] * (len(saved["shots"]) - 1)]
    assert saved["shots"][-1]["end_frame"] == 4
    assert not list(truth.rglob("*.part"))


def test_make_movie_bars_and_title_have_no_parallax(film, frames):
    _, _, summary = film
    assert summary.bars == 8
    for frame, _, is_title in frames:
        for bar in (np.s_[:8], np.s_[-8:]):
            assert not frame.left[bar].any() and not frame.disparity_right[bar].any()
        if is_title:
            np.testing.assert_array_equal(frame.left, frame.right)
            assert frame.left.max() > 200 and not frame.disparity_left.any()
        else:
            assert frame.left[8].any() and frame.disparity_left[8:-8].any()


def test_make_movie_sound_lasts_as_long_as_the_film(film):
    with av.open(str(film[0])) as container:
        samples = [f.to_ndarray() for f in container.decode(audio=0)]
    loud = np.concatenate(samples, axis=1)
    assert loud.shape[1] / 48000 == pytest.approx(2.0, abs=0.05)
    assert 0.01 < np.sqrt((loud**2).mean()) < 0.3


@pytest.mark.parametrize(
    ("layout", "size"),
    [("half_sbs", (96, 64)), ("half_tab", (96, 64)), ("full_tab", (96, 128)), ("mono", (96, 64))],
)
def test_make_movie_layouts(tmp_path, layout, size):
    config = dataclasses.replace(SMALL, layout=layout, seconds=1, title_seconds=1, audio=False)
    make_movie(config, tmp_path / "film.mkv")
    images, _, has_audio = read(tmp_path / "film.mkv")
    assert len(images) == 2 and not has_audio
    assert images[0].shape[:2] == size[::-1]
    left = next(movie_frames(config))[0].left
    view = images[1] if layout == "mono" else unpack(images[1], layout, stretch=True)[1]
    assert np.abs(view.astype(float) - left).mean() < 6, "a title is the same for both eyes"


def test_bar_height_auto_is_even_and_varies():
    heights = [bar_height(MovieConfig(seed=seed)) for seed in range(20)]
    assert 0 in heights and len(set(heights)) > 3
    assert all(height % 2 == 0 and height < 120 for height in heights)


def test_encode_disparity_round_trip():
    disparity = np.linspace(-500, 500, 999, dtype=np.float32).reshape(27, 37)
    back = decode_disparity(encode_disparity(disparity))
    np.testing.assert_allclose(back, disparity, atol=0.5 / 64 + 1e-4)
    assert encode_disparity(np.zeros((1, 1)))[0, 0] == 512 * 64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layout": "cube"}, "layout must be one of half_sbs.*Received: cube"),
        ({"width": 8}, "width and height must be 32 to 8192. Received: 8 x 64"),
        ({"seconds": 0}, "seconds must be positive. Received: 0"),
        ({"frame_rate": float("nan")}, "frame_rate must be positive. Received: nan"),
        ({"bars": "thick"}, "bars must be auto, none, or pixels.*Received: thick"),
        ({"bars": "30"}, "bars must be auto, none, or pixels.*Received: 30"),
        ({"kind": "ocean"}, "kind must be any or one of.*Received: ocean"),
        ({"seed": -1}, "seed and title_seconds must be >= 0. Received: -1"),
    ],
)
def test_movie_config_rejects(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SMALL, **change)


def run_command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "data_pipeline.synthetic", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["--layout=cube", "--output=a.mp4"],
        ["--output=a.avi"],
        ["--no_such=1"],
        [],
        ["a", "--output=a.mp4"],
    ],
    ids=" ".join,
)
def test_command_rejects_in_one_line(arguments):
    result = run_command(*arguments)
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1 and "Traceback" not in result.stderr


def test_command_makes_a_film(tmp_path):
    path = tmp_path / "film.mp4"
    result = run_command(
        f"--output={path}", "--seconds=1", "--frame_rate=2", "--width=64", "--height=48"
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert len(read(path)[0]) == 2


def test_import_is_light():
    program = "import sys, data_pipeline.synthetic; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
