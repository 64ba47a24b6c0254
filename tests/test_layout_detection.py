import pathlib
from fractions import Fraction

import cv2
import numpy as np
import pytest

from data_pipeline.decisions.layout_detection import LayoutPrior, detect_layout, layout_prior
from deep3d.video import LAYOUTS, VideoReader, VideoWriter, pack, unpack

SQUARE = Fraction(1)
UNKNOWN = LayoutPrior()
WIDTH, HEIGHT = 320, 180


def texture(seed, width, height):
    """Blobs of all sizes in gray tones, with some color."""
    rng = np.random.default_rng(seed)
    image = np.zeros((height, width, 3), np.float32)
    for size in (3, 6, 12, 24, 48):
        blobs = rng.normal(size=(height // size + 2, width // size + 2, 1)) + 0.2 * rng.normal(
            size=(height // size + 2, width // size + 2, 3)
        )
        image += cv2.resize(blobs.astype(np.float32), (width, height)) * size**0.5
    return np.clip(120 + 9 * image, 0, 255).astype(np.uint8)


def views(seed, width=WIDTH, height=HEIGHT):
    """A background behind the screen and a square before it."""
    ground = texture(seed, width + 24, height)
    left, right = ground[:, 8 : 8 + width].copy(), ground[:, 4 : 4 + width].copy()
    thing = texture(1000 + seed, width // 3, height // 2)
    for view, column in ((left, width // 3 + 5), (right, width // 3 - 5)):
        view[height // 4 : height // 4 + len(thing), column : column + thing.shape[1]] = thing
    return left, right


def film(layout, frames=3, **size):
    pairs = [views(seed, **size) for seed in range(frames)]
    return [left if layout == "mono" else pack(left, right, layout) for left, right in pairs]


@pytest.mark.parametrize("layout", (*LAYOUTS, "mono", "interleaved"))
def test_detect_layout_preset(layout):
    decision = detect_layout(film(layout), SQUARE, UNKNOWN)
    assert decision.layout == layout and decision.score > 0.7
    assert decision.evidence.get("identical_share", 0.0) == 0.0


@pytest.mark.parametrize("method", ("dubois", "gray", "green_magenta", "amber_blue"))
def test_detect_layout_anaglyph(method):
    frames = film(f"anaglyph_{method}")
    assert detect_layout(frames, SQUARE, UNKNOWN).layout == "anaglyph"


def test_detect_layout_colored_fringes_are_no_anaglyph():
    frames = [
        np.ascontiguousarray(np.dstack([image[:, 1:, 0], image[:, :-1, 1:]]))
        for image in film("mono")
    ]
    assert detect_layout(frames, SQUARE, UNKNOWN).layout == "mono"


@pytest.mark.parametrize("layout", (*LAYOUTS, "mono"))
@pytest.mark.parametrize("claim", ("half_sbs", "full_tab", "mono"))
def test_detect_layout_overrules_the_prior(layout, claim):
    decision = detect_layout(film(layout), SQUARE, LayoutPrior(claim, True, "name", "x"))
    assert (decision.layout, decision.right_first) == (layout, True)
    assert decision.evidence["prior"] == claim


def test_detect_layout_black_frames_leave_it_to_the_prior():
    black = [np.zeros((180, 320, 3), np.uint8)] * 3
    tagged = LayoutPrior("tab", None, "tag", "top_bottom")
    decision = detect_layout(black, SQUARE, tagged)
    assert decision.layout == "half_tab" and decision.score <= 0.6
    assert detect_layout(black, SQUARE, UNKNOWN).layout == "mono"


def test_detect_layout_some_titles_and_black_frames():
    frames = film("half_tab")
    title = np.zeros_like(frames[0])
    for top in (50, 140):
        cv2.putText(title, "a film by", (90, top), cv2.FONT_HERSHEY_DUPLEX, 0.8, (230,) * 3)
    mixed = [np.zeros_like(title), title, title, *frames, np.zeros_like(title)]
    assert detect_layout(mixed, SQUARE, UNKNOWN).layout == "half_tab"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_detect_layout_bars_in_the_views(layout):
    pairs = [
        [cv2.copyMakeBorder(view, 24, 24, 0, 0, cv2.BORDER_CONSTANT) for view in pair]
        for pair in (views(seed, height=132) for seed in range(3))
    ]
    frames = [pack(*pair, layout) for pair in pairs]
    assert detect_layout(frames, SQUARE, UNKNOWN).layout == layout


@pytest.mark.parametrize("layout, axis", [("half_sbs", "columns"), ("half_tab", "rows")])
def test_detect_layout_bars_around_the_packed_picture(layout, axis):
    rows, columns = (0, 48) if axis == "columns" else (30, 0)
    frames = [
        cv2.copyMakeBorder(frame, rows, rows, columns, columns, cv2.BORDER_CONSTANT)
        for frame in film(layout)
    ]
    decision = detect_layout(frames, SQUARE, UNKNOWN)
    assert decision.layout == layout
    assert abs(decision.evidence[f"outer_{axis}"] - max(rows, columns)) <= 2


def test_detect_layout_sample_aspect_ratio_tells_full_from_half():
    # 4:3 views at full size in a frame that is stored at half its width.
    frames = [
        cv2.resize(frame, (320, 240), interpolation=cv2.INTER_AREA)
        for frame in film("full_sbs", width=320, height=240)
    ]
    assert detect_layout(frames, Fraction(2), UNKNOWN).layout == "full_sbs"
    assert detect_layout(frames, SQUARE, UNKNOWN).layout == "half_sbs"


@pytest.mark.parametrize("layout", ("half_sbs", "full_tab"))
def test_detect_layout_says_that_both_eyes_are_alike(layout):
    rng = np.random.default_rng(0)
    frames = [pack(view, view, layout) for view, _ in map(views, range(3))]
    noisy = [
        np.clip(frame + rng.normal(0, 2, frame.shape), 0, 255).astype(np.uint8) for frame in frames
    ]
    decision = detect_layout(noisy, SQUARE, UNKNOWN)
    assert decision.layout == layout and decision.evidence["identical_share"] == 1.0


@pytest.mark.parametrize(
    "layout, part, name",
    [
        ("half_sbs", 1, "right"),
        ("full_sbs", 0, "left"),
        ("half_tab", 1, "lower"),
    ],
)
def test_detect_layout_names_a_black_half(layout, part, name):
    frames = film(layout)
    for frame in frames:
        unpack(frame, layout)[part][:] = 0
    decision = detect_layout(frames, SQUARE, UNKNOWN)
    assert (decision.layout, decision.evidence["black_half"]) == (layout, name)


def test_detect_layout_repeated_windows_of_a_mono_film():
    wall = np.tile(texture(3, 20, 24), (8, 16, 1))[:180, :320]
    frames = [*film("mono"), wall]
    assert detect_layout(frames, SQUARE, UNKNOWN).layout == "mono"


def test_detect_layout_rejects_no_frame_and_two_sizes():
    with pytest.raises(ValueError, match="of one size"):
        detect_layout([], SQUARE, UNKNOWN)
    with pytest.raises(ValueError, match="of one size"):
        detect_layout(
            [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 6, 3), np.uint8)], SQUARE, UNKNOWN
        )


def test_detect_layout_of_real_pairs(shared_folder):
    folder = shared_folder / "stereo"
    if not folder.is_dir():
        pytest.skip(f"real pairs not found: {folder}")
    for name in ("crestereo_fence", "gopro_meadow", "middlebury_piano"):
        left, right = (
            cv2.imread(str(next((folder / name).glob(f"{eye}.*"))))[..., ::-1].copy()
            for eye in ("left", "right")
        )
        for layout in LAYOUTS:
            assert detect_layout([pack(left, right, layout)], SQUARE, UNKNOWN).layout == layout
        assert detect_layout([left], SQUARE, UNKNOWN).layout == "mono"


@pytest.mark.parametrize(
    "name, layout, right_first",
    [
        ("Film.2012.3D.HSBS.1080p", "half_sbs", None),
        ("Film 3D H-SBS", "half_sbs", None),
        ("Film.3D.Half-OU.BluRay", "half_tab", None),
        ("Film_FSBS", "full_sbs", None),
        ("Film.3D.TAB", "tab", None),
        ("Film_3d_sbs_x264", "sbs", None),
        ("Film.3D.HSBS_LR", "half_sbs", False),
        ("Film.3D.SBS_LRF_Full_SBS", "full_sbs", False),
        ("Film.3D.TAB_TBF", "full_tab", False),
        ("film_RL", "sbs", True),
        ("Film.3D.RLF_cross", "full_sbs", True),
        ("Film.3D.Anaglyph", "anaglyph", None),
        ("Film-2D", "mono", None),
        ("The Tables of LR Ltd", None, None),
        ("Ou est la plage", None, None),
    ],
)
def test_layout_prior_of_names(name, layout, right_first):
    prior = layout_prior(pathlib.Path("films") / f"{name}.mkv")
    assert (prior.layout, prior.right_first) == (layout, right_first)
    assert prior.source == ("name" if layout else "")


@pytest.mark.parametrize(
    "suffix, stereo_format, layout, right_first",
    [
        ("mkv", "cross_eyed", "sbs", True),
        ("mkv", "anaglyph_dubois", "anaglyph", None),
        ("mkv", "interleaved", "interleaved", False),
        ("mp4", "full_tab", "tab", False),
        ("mp4", "half_sbs", "sbs", False),
    ],
)
def test_layout_prior_of_tags(tmp_path, suffix, stereo_format, layout, right_first):
    path = tmp_path / f"film.{suffix}"
    rate = Fraction(24)
    with VideoWriter(path, 128, 96, rate, 1 / rate, stereo_format=stereo_format) as writer:
        writer.write(np.zeros((96, 128, 3), np.uint8), 0)
    with VideoReader(path) as reader:
        prior = layout_prior(path, reader)
        assert (prior.layout, prior.right_first, prior.source) == (layout, right_first, "tag")
        # A name that says half or full completes it, one that contradicts it does not count.
        named = layout_prior(f"film.3D.half-{layout}.mkv", reader).layout
        assert named == (f"half_{layout}" if layout in ("sbs", "tab") else layout)
        assert layout_prior("film.3D.half-ou.mkv", reader).layout in (layout, "half_tab")
