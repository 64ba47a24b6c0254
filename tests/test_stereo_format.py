import numpy as np
import pytest

from deep3d.video.anaglyph import ANAGLYPHS, anaglyph
from deep3d.video.stereo_format import (
    LAYOUTS,
    OUTPUT_FORMATS,
    PACKED_FORMATS,
    pack,
    packed_size,
    unpack,
)


def _views(height, width, seed=0):
    rng = np.random.default_rng(seed)
    return tuple(rng.integers(0, 256, (height, width, 3), np.uint8) for _ in range(2))


@pytest.mark.parametrize(
    "layout", ["full_sbs", "full_tab", "cross_eyed", "rgbd", "vr180", "two_files"]
)
def test_pack_round_trip(layout):
    left, right = _views(38, 54)
    unpacked = unpack(pack(left, right, layout), layout)
    np.testing.assert_array_equal(unpacked[0], left)
    np.testing.assert_array_equal(unpacked[1], right)


def test_pack_preset():
    left = np.arange(2 * 4 * 3, dtype=np.uint8).reshape(2, 4, 3)
    right = left + 100
    side_by_side = pack(left, right, "half_sbs")
    np.testing.assert_array_equal(side_by_side[0, :, 0], [2, 8, 102, 108])  # means of 0 3 and 6 9
    above = pack(left, right, "half_tab")
    np.testing.assert_array_equal(above[:, 0, 0], [6, 106])  # means of 0 and 12
    assert side_by_side.shape == above.shape == left.shape


@pytest.mark.parametrize("layout", OUTPUT_FORMATS)
@pytest.mark.parametrize("size", [(37, 53), (38, 53), (37, 54), (1, 1)])
def test_pack_odd_sizes(layout, size):
    height, width = size
    left, right = _views(height, width)
    frame = pack(left, right, layout)
    assert frame.shape[1::-1] == packed_size(width, height, layout)
    assert frame.shape[0] % 2 == frame.shape[1] % 2 == 0
    if layout == "full_sbs":
        np.testing.assert_array_equal(frame[:height, :width], left)
        np.testing.assert_array_equal(frame[-1], frame[height - 1])
        np.testing.assert_array_equal(frame[:height, -1], right[:, -1])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pack_takes_windows(layout):
    # Views cut out of a larger picture are not contiguous in memory.
    left, right = _views(60, 80)
    window = np.s_[3:43, 5:69]
    np.testing.assert_array_equal(
        pack(left[window], right[window], layout),
        pack(left[window].copy(), right[window].copy(), layout),
    )


@pytest.mark.parametrize("layout", ["half_sbs", "half_tab"])
def test_unpack_stretch_keeps_positions(layout):
    # A ramp survives squeezing and stretching: nothing moves by half a pixel.
    ramp = np.linspace(20, 220, 96).round().astype(np.uint8)
    image = np.repeat(ramp[None, :, None], 96, axis=0).repeat(3, axis=2)
    image = image.transpose(1, 0, 2).copy() if layout == "half_tab" else image
    left, right = unpack(pack(image, 255 - image, layout), layout, stretch=True)
    inside = np.s_[4:-4, 4:-4]
    # 1.5 steps: rounding twice, and the cubic kernel.
    np.testing.assert_allclose(left[inside].astype(int), image[inside], atol=1.5)
    np.testing.assert_allclose(right[inside].astype(int), 255 - image[inside].astype(int), atol=1.5)


@pytest.mark.parametrize("layout", OUTPUT_FORMATS)
def test_pack_deep_is_pack_finer(layout):
    left, right = _views(6, 8)
    deep = pack(left.astype(np.uint16) * 256, right.astype(np.uint16) * 256, layout)
    assert deep.dtype == np.uint16
    frame = pack(left, right, layout)
    inside = (frame > 0) & (frame < 255)  # anaglyphs are cut off there
    np.testing.assert_allclose(deep[inside] / 256, frame[inside], atol=0.51)


def test_pack_puts_the_eyes_in_their_places():
    left, right = _views(6, 8)
    crossed = pack(left, right, "cross_eyed")
    np.testing.assert_array_equal(crossed[:, :8], right)
    rows = pack(left, right, "interleaved")
    np.testing.assert_array_equal(rows[0::2], left[0::2])
    np.testing.assert_array_equal(rows[1::2], right[1::2])
    np.testing.assert_array_equal(pack(left, right, "disparity"), right)


@pytest.mark.parametrize("layout", PACKED_FORMATS)
def test_unpack_gives_the_left_view_first(layout):
    left, right = np.full((8, 12, 3), 10, np.uint8), np.full((8, 12, 3), 200, np.uint8)
    views = unpack(pack(left, right, layout), layout)
    assert [(int(view.min()), int(view.max())) for view in views] == [(10, 10), (200, 200)]


def test_unpack_stretch_puts_rows_back_in_their_place():
    ramp = np.repeat(np.arange(0, 192, 4, dtype=np.uint8)[:, None, None], 10, axis=1)
    ramp = ramp.repeat(3, axis=2)
    left, right = unpack(pack(ramp, 255 - ramp, "interleaved"), "interleaved", stretch=True)
    np.testing.assert_array_equal(left[:-1], ramp[:-1])  # the last row is a copy of the one above
    np.testing.assert_array_equal(right[1:], 255 - ramp[1:])


def test_unpack_gives_windows():
    frame = np.zeros((8, 12, 3), np.uint8)
    left, right = unpack(frame, "half_sbs")
    right[:] = 7
    assert left.shape == (8, 6, 3)
    assert frame[:, 6:].min() == 7
    assert frame[:, :6].max() == 0


@pytest.mark.parametrize("method", ANAGLYPHS)
def test_anaglyph_matches_reference(method):
    left, right = _views(37, 7, seed=3)
    expected = np.empty_like(left)
    for row, column in np.ndindex(37, 7):
        expected[row, column] = _reference_pixel(
            left[row, column].astype(float), right[row, column].astype(float), method
        )
    # 1: values that lie between two steps may round either way in float32.
    np.testing.assert_allclose(anaglyph(left, right, method).astype(int), expected, atol=1)


def _reference_pixel(left, right, method):
    def luma(color):
        return color @ [0.299, 0.587, 0.114]

    # Thousandths as Dubois printed them for LCD screens; rows are R, G, B.
    printed = {
        "anaglyph_dubois": (
            [[456, 500, 176], [-40, -38, -16], [-15, -21, -5]],
            [[-43, -88, -2], [378, 734, -18], [-72, -113, 1226]],
        ),
        "anaglyph_green_magenta": (
            [[-62, -158, -39], [284, 668, 143], [-15, -27, 21]],
            [[529, 705, 24], [-16, -15, -65], [9, 75, 937]],
        ),
        "anaglyph_amber_blue": (
            [[1062, -205, 299], [-26, 908, 68], [-38, -173, 22]],
            [[-16, -123, -17], [6, 62, -17], [94, 185, 911]],
        ),
    }
    if method in printed:
        from_left, from_right = (np.array(rows) / 1000 for rows in printed[method])
        mixed = from_left @ left + from_right @ right
    else:
        mixed = {
            "anaglyph_color": [left[0], right[1], right[2]],
            "anaglyph_half_color": [luma(left), right[1], right[2]],
            "anaglyph_gray": [luma(left), luma(right), luma(right)],
        }[method]
    return np.clip(np.rint(mixed), 0, 255)


@pytest.mark.parametrize("method", ANAGLYPHS)
def test_anaglyph_keeps_white_and_black(method):
    for value in (0, 255):
        view = np.full((2, 2, 3), value, np.uint8)
        # 9: Dubois' rows do not sum to exactly 1 (0.999, 1.000, 1.000 and clipping).
        np.testing.assert_allclose(anaglyph(view, view, method).astype(int), value, atol=9)


def test_pack_rejects_what_does_not_fit():
    left, right = _views(4, 6)
    with pytest.raises(ValueError, match="one shape"):
        pack(left, right[:, :4], "half_sbs")
    with pytest.raises(ValueError, match="uint8"):
        pack(left.astype(np.float32), right, "half_sbs")
    with pytest.raises(ValueError, match="layout must be one of"):
        pack(left, right, "sbs")
    with pytest.raises(ValueError, match="method must be one of"):
        anaglyph(left, right, "half_sbs")
    with pytest.raises(ValueError, match="at least one pixel"):
        packed_size(0, 4, "half_sbs")


def test_unpack_rejects_odd_frames_and_anaglyphs():
    with pytest.raises(ValueError, match="even width"):
        unpack(np.zeros((4, 7, 3), np.uint8), "full_sbs")
    with pytest.raises(ValueError, match="even height"):
        unpack(np.zeros((5, 8, 3), np.uint8), "half_tab")
    with pytest.raises(ValueError, match="layout must be one of"):
        unpack(np.zeros((4, 8, 3), np.uint8), "anaglyph_color")
