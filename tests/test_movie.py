import dataclasses
import weakref
from fractions import Fraction

import cv2
import numpy as np
import pytest
from stereo_films import textured_pair, title_card, two_planes, write_film

from data_pipeline.decisions import film_facts
from data_pipeline.decisions.black_bars import find_black_bars
from data_pipeline.decisions.film_facts import FilmFacts
from data_pipeline.decisions.light import HELD, LightWatch
from data_pipeline.decisions.misalignment import AlignmentLimits
from data_pipeline.decisions.time_offset import TimeOffset
from data_pipeline.movie_options import MovieOptions
from data_pipeline.movies import movie
from data_pipeline.movies.movie import stereo_frames
from deep3d.composition import apply_composition
from deep3d.stereo_matching import match_stereo
from deep3d.video import LAYOUTS, BlackBars, VideoError, VideoFrame, pack, unpack
from deep3d.video.reading_faults import ReadingFaults

FULL = MovieOptions(layout="full_sbs", eyes="left_first", every_s=0.25)


class FakeFrame(VideoFrame):
    """Stands for DeferredFrame."""

    def thumbnail(self, width, height):
        return cv2.resize(self.image, (width, height), interpolation=cv2.INTER_AREA)


class FakeReader:
    """Stands for VideoReader: full side by side frames at 8 per second, from memory."""

    sample_aspect_ratio, frame_rate = Fraction(1), Fraction(8)
    faults, missing_s, origin = ReadingFaults(), 0.0, 0

    def __init__(self, pairs, layout="full_sbs", fails_at=None):
        self._images = [pack(left, right, layout) for left, right in pairs]
        self._fails_at = fails_at
        self.height, self.width = self._images[0].shape[:2]
        self.duration_s = len(self._images) / 8
        self.read = 0

    def __call__(self, path, start_s=0.0, quick=False, wants_all=None):
        self._start = start_s
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def deferred(self):
        for k, image in enumerate(self._images):
            if k == self._fails_at:
                raise VideoError("film.mkv: damaged")
            self.read = k + 1
            if k / 8 >= self._start:
                yield FakeFrame(image, k, Fraction(1, 8))


def in_memory(monkeypatch, reader):
    """Lets a reader take the place of the file, whose frames are full side by side."""

    def inspect(path, options):
        pairs = [unpack(image, "full_sbs") for image in reader._images]
        return FilmFacts("full_sbs", 1.0, {}, BlackBars(), find_black_bars(pairs), 0.5)

    monkeypatch.setattr(movie, "VideoReader", reader)
    monkeypatch.setattr(movie, "inspect_film", inspect)


def ingest(monkeypatch, pairs, options=FULL):
    """Accepted frames and the reports of a film in memory."""
    in_memory(monkeypatch, FakeReader(pairs))
    reports = []
    return list(stereo_frames("film.mkv", options, reports.append)), reports


def moving(seed, far, near, count=8):
    return [two_planes(seed, far, near, step=k) for k in range(count)]


def median_disparity(left, right):
    return float(np.nanmedian(match_stereo(left, right, -40, 40)))


@pytest.mark.parametrize("swap_eyes", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_stereo_frames_keeps_left_and_right_apart(tmp_path, layout, swap_eyes):
    # 6 px of 192 in front of the screen on average; with the eyes swapped, as far behind it.
    pairs = [two_planes(5, 4, 8, step=k) for k in range(2)]
    if swap_eyes:
        pairs = [(right, left) for left, right in pairs]
    path = write_film(tmp_path / "film.mkv", pairs, layout)
    options = MovieOptions(layout, "right_first" if swap_eyes else "left_first")
    frame, *_ = stereo_frames(path, options)
    assert frame.percentile_5 == pytest.approx(100 * 4 / 192, abs=0.3)
    assert frame.percentile_95 == pytest.approx(100 * 8 / 192, abs=0.3)
    # 6 px of 192 are 13.5 of 432; the middle of the levels is -0.5.
    assert frame.composition.shift == -14
    assert median_disparity(frame.left, frame.right) == pytest.approx(9 - 14, abs=0.4)
    assert frame.left.shape == frame.right.shape == (243, 432 - 14, 3)


def test_stereo_frames_composition_can_be_undone(monkeypatch):
    frames, _ = ingest(monkeypatch, moving(3, -3, 2))
    frame = frames[0]
    assert frame.scale == pytest.approx(432 / 192)
    width = frame.left.shape[1]
    disparity = match_stereo(frame.left, frame.right, -16, 16)
    back = (disparity - frame.composition.shift) / frame.scale
    assert np.nanmedian(back[:, : width // 5]) == pytest.approx(-3, abs=0.25)
    assert np.nanmedian(back[:, 9 * width // 20 : 11 * width // 20]) == pytest.approx(2, abs=0.25)


def test_stereo_frames_gives_a_shot_one_composition(monkeypatch):
    # The near plane comes closer within the first shot; the second shot is another scene.
    first = [two_planes(3, -2, 1 + (k >= 6), step=k) for k in range(12)]
    frames, reports = ingest(monkeypatch, first + moving(4, 2, 5))
    assert len(reports) == 2
    assert {frame.composition for frame in frames if frame.shot == 0} == {frames[0].composition}
    # The middle moves from -0.5 to 3.5 of 192 px, which is 9 of 432.
    assert frames[-1].composition.shift - frames[0].composition.shift == pytest.approx(-9, abs=1)
    assert [(r.start_s, r.accepted, r.sampled) for r in reports] == [(0.0, 6, 6), (1.5, 4, 4)]
    assert reports[1].end_s == pytest.approx(19 / 8)
    assert reports[1].percentile_95 == pytest.approx(100 * 5 / 192, abs=0.2)


def test_stereo_frames_samples_by_time(monkeypatch):
    for every_s, count in ((0.25, 8), (0.3, 7), (5, 1)):
        options = dataclasses.replace(FULL, every_s=every_s)
        frames, reports = ingest(monkeypatch, moving(3, -3, 2, 16), options)
        assert len(frames) == reports[0].sampled == count
    assert frames[0].pts * frames[0].time_base == 0


def test_stereo_frames_holds_few_frames(monkeypatch):
    reader = FakeReader(moving(3, -3, 2, 40))
    in_memory(monkeypatch, reader)
    frames = stereo_frames("film.mkv", dataclasses.replace(FULL, every_s=0.125))
    next(frames)
    # Whether a sample belongs to a fade is known later.
    assert reader.read == FULL.composition_frames + HELD


def test_stereo_frames_keeps_frames_before(monkeypatch):
    # Frames move on by one column of 192, so what frame k shows at column x, frame k - j shows at
    # x + j. 8 frames per second, every second of which is sampled.
    options = dataclasses.replace(FULL, frames_before=3)
    first, second = moving(3, -3, 2), moving(4, 2, 5)
    frames, reports = ingest(monkeypatch, first + second, options)
    assert [report.accepted for report in reports] == [4, 4]
    for frame in frames:
        scene, number = (first, frame.pts) if frame.shot == 0 else (second, frame.pts - 8)
        assert len(frame.before) == 3
        for j, pair in enumerate(frame.before, 1):
            # The shot's first frame is repeated, and no frame of the shot before is taken.
            original = scene[max(0, number - j)]
            composed = apply_composition(*original, frame.composition)
            for view, source in zip(pair, composed, strict=True):
                assert view.shape == frame.left.shape
                np.testing.assert_array_equal(view, source)


def test_stereo_frames_crops_frames_before_as_the_frame(monkeypatch):
    def with_window(left, right):
        left = left.copy()
        left[:, :40] = 0
        return left, right

    pairs = [with_window(*pair) for pair in moving(3, -2, 2)]
    pairs = moving(7, -3, 2) + pairs
    frames, _ = ingest(monkeypatch, pairs, dataclasses.replace(FULL, frames_before=1))
    for view in (*frames[-1].before[0], frames[-1].left):
        assert view.shape == frames[-1].left.shape and view[:, 0].mean() > 60


def test_stereo_frames_holds_few_frames_before(monkeypatch):
    """Memory does not grow with the film: pictures alive are those before the pending samples."""
    images = []

    class Counted(np.ndarray):
        pass

    class Reader(FakeReader):
        def deferred(self):
            for frame in super().deferred():
                image = frame.image.copy().view(Counted)
                images.append(weakref.ref(image))
                yield dataclasses.replace(frame, image=image)

    in_memory(monkeypatch, Reader(moving(3, -3, 2, 38)))
    options = dataclasses.replace(FULL, frames_before=2, composition_frames=2)
    most = max(
        sum(image() is not None for image in images) for _ in stereo_frames("film.mkv", options)
    )
    assert len(images) == 38
    # Views of side by side frames are parts of them: two samples with two before each, at most.
    assert most <= options.composition_frames * 3 + 3 + HELD < 38


def test_stereo_frames_does_without_what_no_other_refers_to(monkeypatch):
    class Sparse(FakeReader):
        """Every other frame, but all that are wanted."""

        def __call__(self, path, start_s=0.0, quick=False, wants_all=lambda time: True):
            self.wants_all = wants_all
            return super().__call__(path, start_s)

        def deferred(self):
            return (f for f in super().deferred() if f.pts % 2 == 0 or self.wants_all(f.time))

    class Light(LightWatch):
        def update(self, thumbnail, left_out=0):
            left.append(left_out)
            super().update(thumbnail, left_out)

    class Offset(TimeOffset):
        def update(self, *eyes):
            compared.append("frame")
            super().update(*eyes)

        def interrupt(self):
            compared.append("gap")
            super().interrupt()

    monkeypatch.setattr(movie, "LightWatch", Light)
    monkeypatch.setattr(movie, "TimeOffset", Offset)
    for name, seconds in (("WHOLE_AT_FIRST_S", 1), ("PERIOD_S", 4), ("WHOLE_OF_PERIOD_S", 2)):
        monkeypatch.setattr(movie, name, seconds)
    pairs = moving(3, -3, 2, 38)
    left, compared = [], []
    in_memory(monkeypatch, Sparse(pairs))
    frames = list(stereo_frames("film.mkv", FULL))
    # Whole up to 1 s and from 2 s to 4 s, that is frames 0..7 and 16..31.
    assert left == [0] * 8 + [0] + [1] * 3 + [0] * 16 + [0] + [1] * 2
    assert compared == ["frame"] * 8 + ["gap"] + ["frame"] * 16
    left.clear()
    in_memory(monkeypatch, Sparse(pairs))
    before = list(stereo_frames("film.mkv", dataclasses.replace(FULL, frames_before=1)))
    assert left == [0] * 38
    assert [frame.pts for frame in before] == [frame.pts for frame in frames]


def test_stereo_frames_rejects_title_card_for_no_parallax(monkeypatch):
    frames, reports = ingest(monkeypatch, [title_card()] * 4 + moving(3, -3, 2))
    assert (reports[0].accepted, reports[0].reason) == (0, "no_parallax")
    assert {frame.shot for frame in frames} == {1}


@pytest.mark.parametrize(
    "reason, pairs",
    [
        ("black", [(np.full((108, 192, 3), 9, np.uint8),) * 2]),
        ("duplicate", [two_planes(3, -3, 2)] * 12),
        ("no_parallax", [textured_pair(3, 0, step=k) for k in range(4)]),
        # Nothing here can match, and still it is clear that there is no parallax.
        ("no_parallax", [(np.full((108, 192, 3), 90, np.uint8),) * 2]),
        ("unmatched", [(textured_pair(k, 0)[0], textured_pair(k + 50, 0)[0]) for k in (1, 2)]),
        ("out_of_levels", moving(3, -6, 6, 4)),
    ],
)
def test_stereo_frames_rejects_with_reason(monkeypatch, reason, pairs):
    _, reports = ingest(monkeypatch, pairs)
    assert {report.reason for report in reports} == {reason}
    assert sum(report.accepted for report in reports) == (reason == "duplicate")


def test_stereo_frames_rejects_single_frames_out_of_levels(monkeypatch):
    pairs = moving(3, -3, 2, 12) + [two_planes(3, -3, 8, step=12)] * 2
    _, reports = ingest(monkeypatch, pairs)
    assert reports[0].rejected == {"out_of_levels": 1}
    assert reports[0].accepted == 6


def test_stereo_frames_rejects_too_narrow(monkeypatch):
    options = dataclasses.replace(FULL, minimum_width=420)
    frames, reports = ingest(monkeypatch, moving(3, 7, 9, 4), options)
    assert (frames, reports[0].reason) == ([], "too_narrow")


def test_stereo_frames_counts_the_rest_of_a_refused_shot_unseen(monkeypatch):
    options, unpacked = dataclasses.replace(FULL, minimum_width=420), []

    def unpack_eyes(image, *film):
        unpacked.append(image)
        return film_facts.unpack_eyes(image, *film)

    monkeypatch.setattr(movie, "unpack_eyes", unpack_eyes)
    frames, reports = ingest(monkeypatch, moving(3, 7, 9, 24), options)
    # Of 12 samples.
    assert (frames, reports[0].rejected) == ([], {"too_narrow": 12})
    assert len(unpacked) == options.composition_frames


def test_stereo_frames_crops_black_bars(monkeypatch):
    def with_bars(view):
        return np.pad(view, ((14, 14), (0, 0), (0, 0)))

    # A dark shot and a title must not widen the bars.
    pairs = [tuple(map(with_bars, pair)) for pair in moving(3, -3, 2, 6)]
    dark = [tuple(view // 8 for view in pair) for pair in moving(5, -3, 2, 4)]
    pairs += [tuple(map(with_bars, pair)) for pair in [title_card()] * 3 + dark]
    frames, _ = ingest(monkeypatch, pairs)
    source_rows = frames[0].left.shape[0] / frames[0].scale
    assert 108 - 4 - 1 <= source_rows <= 108  # up to two rows of margin on either side
    assert frames[0].left[0].mean() > 60


def test_stereo_frames_crops_floating_window_of_a_shot(monkeypatch):
    def with_window(left, right):
        left = left.copy()
        left[:, :40] = 0
        return left, right

    pairs = moving(7, -3, 2) + [with_window(*pair) for pair in moving(3, -2, 2)]
    frames, reports = ingest(monkeypatch, pairs)
    assert [report.accepted for report in reports] == [4, 4]
    plain, windowed = frames[0], frames[-1]
    assert plain.scale == pytest.approx(432 / 192)
    assert windowed.scale == pytest.approx(432 / (192 - 42))  # 40 columns and the margin
    assert windowed.left[:, 0].mean() > 60
    # Percentiles are of the narrower view, so that composition and undoing agree.
    assert windowed.percentile_95 == pytest.approx(100 * 2 / (192 - 42), abs=0.15)


def test_stereo_frames_yields_what_lies_before_damage(monkeypatch):
    reader = FakeReader(moving(3, -3, 2, 16), fails_at=7)
    in_memory(monkeypatch, reader)
    frames, reports = [], []
    with pytest.raises(VideoError, match="damaged"):
        frames.extend(stereo_frames("film.mkv", FULL, reports.append))
    assert reports[0].accepted == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"layout": "mono"},
        {"every_s": 0.0},
        {"minimum_width": 433},
        {"composition_frames": 0},
        {"frames_before": 9},
    ],
)
def test_movie_options_rejects_bad_values(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must .* Received"):
        MovieOptions(**wrong)


def test_stereo_frames_of_real_pairs(tmp_path, shared_folder):
    # Percentiles in percent of the width from the folder's index.csv.
    for name, low, high in (("crestereo_fence", 0.17, 2.0), ("stereograph_1900", -2.24, -0.66)):
        views = [
            cv2.imread(str(path)) for path in sorted((shared_folder / "stereo" / name).iterdir())
        ]
        pair = [cv2.cvtColor(cv2.resize(view, (640, 360)), cv2.COLOR_BGR2RGB) for view in views]
        film = write_film(tmp_path / f"{name}.mkv", [pair] * 2, "half_sbs")
        reports = []
        # As they are: the stereograph's eyes are turned against each other.
        options = MovieOptions("half_sbs", "left_first", alignment=AlignmentLimits(9.0, 9.9))
        frames = list(stereo_frames(film, options, reports.append))
        assert [report.accepted for report in reports] == [1]
        assert frames[0].percentile_5 == pytest.approx(low, abs=0.3)
        assert frames[0].percentile_95 == pytest.approx(high, abs=0.3)
        composed = match_stereo(frames[0].left, frames[0].right, -16, 16)
        assert np.nanpercentile(composed, 5) >= -8.5 and np.nanpercentile(composed, 95) <= 7.5
