import math

import numpy as np
import pytest

from deep3d.video.vr180 import MAX_SIDE, Vr180Projection


def _reference(view, projection, eye):
    """Every pixel of the sphere by itself: direction, then where it meets the screen."""
    height, width = view.shape[:2]
    side, fov = projection.side, math.radians(projection.field_of_view)
    made = np.zeros((side, side, 3))
    for row in range(side):
        for column in range(side):
            a = ((column + 0.5) / side - 0.5) * math.pi
            b = ((row + 0.5) / side - 0.5) * math.pi
            x, y, z = math.cos(b) * math.sin(a), math.sin(b), math.cos(b) * math.cos(a)
            u = x / z / math.tan(fov / 2) * width / 2
            u += (-1 if eye == "left" else 1) * projection.nearer / 2
            v = y / z / math.tan(fov / 2) * width / 2 * projection.pixel_aspect
            made[row, column] = _bilinear(view, u + width / 2 - 0.5, v + height / 2 - 0.5)
    return made


def _bilinear(view, column, row):
    """Black outside."""
    total = np.zeros(3)
    for y in (math.floor(row), math.floor(row) + 1):
        for x in (math.floor(column), math.floor(column) + 1):
            if 0 <= y < view.shape[0] and 0 <= x < view.shape[1]:
                total += (1 - abs(row - y)) * (1 - abs(column - x)) * view[y, x].astype(float)
    return total


@pytest.mark.parametrize("eye", ["left", "right"])
@pytest.mark.parametrize("pixel_aspect", [1.0, 4 / 3])
def test_project_matches_reference(eye, pixel_aspect):
    rng = np.random.default_rng(3)
    view = rng.integers(0, 256, (21, 30, 3), np.uint8)
    projection = Vr180Projection(30, 21, 80.0, nearer=1.7, pixel_aspect=pixel_aspect)
    made = projection.project(view, eye)
    # 12: cv2's fixed-point form has places in 32nds of a pixel, and noise differs by up to 255.
    np.testing.assert_allclose(made.astype(int), _reference(view, projection, eye), atol=12)


def test_project_is_as_wide_as_asked():
    white = np.full((90, 160, 3), 255, np.uint8)
    for fov in (40.0, 90.0, 120.0):
        projection = Vr180Projection(160, 90, fov)
        middle = projection.project(white, "left")[projection.side // 2, :, 0]
        degrees = (middle > 127).sum() / projection.side * 180
        assert degrees == pytest.approx(fov, abs=360 / projection.side)


def test_project_keeps_the_middle_as_sharp_as_the_film():
    rng = np.random.default_rng(0)
    view = rng.integers(0, 256, (64, 64, 3), np.uint8)
    projection = Vr180Projection(64, 64, 90.0)
    assert projection.side == 2 * int(math.pi * 32 / 2)
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    row = projection.project(stripes, "left")[projection.side // 2, :, 0].astype(int)
    middle = row[projection.side // 2 - 8 : projection.side // 2 + 8]
    assert np.abs(np.diff(middle)).mean() > 100
    assert projection.project(view, "right").shape == (projection.side, projection.side, 3)


def test_nearer_makes_the_farthest_infinitely_far():
    # A mark 4 pixels behind the screen: x_left - x_right = -4.
    left, right = np.zeros((2, 40, 80, 3), np.uint8)
    left[:, 38], right[:, 42] = 255, 255
    projection = Vr180Projection(80, 40, 60.0, nearer=4.0)
    rows = [
        projection.project(view, eye)[projection.side // 2, :, 0].astype(float)
        for view, eye in ((left, "left"), (right, "right"))
    ]
    places = [np.average(np.arange(projection.side), weights=row) for row in rows]
    assert places[0] == pytest.approx(places[1], abs=0.05)  # the same direction: parallel eyes


def test_project_deep_is_project_finer():
    view = np.random.default_rng(4).integers(0, 256, (21, 30, 3), np.uint8)
    projection = Vr180Projection(30, 21, 80.0)
    deep = projection.project(view.astype(np.uint16) * 256, "left")
    assert deep.dtype == np.uint16
    np.testing.assert_allclose(deep / 256, projection.project(view, "left"), atol=0.6)


def test_within_limits_the_frame():
    projection = Vr180Projection(3840, 2160, 90.0)
    assert projection.side == MAX_SIDE
    assert projection.within(4096, None).side == 2048
    assert projection.within(4096, 1000).side == 1000
    assert projection.within(None, None) == projection
    small = projection.within(200, None)
    white = np.full((2160, 3840, 3), 255, np.uint8)
    assert small.project(white, "left").shape == (100, 100, 3)


def test_vr180_rejects_what_cannot_be():
    for fov in (5.0, 180.0):
        with pytest.raises(ValueError, match=r"field of view must be 20\.\.150"):
            Vr180Projection(64, 64, fov)
    projection = Vr180Projection(64, 48)
    with pytest.raises(ValueError, match="must be 64x48"):
        projection.project(np.zeros((64, 48, 3), np.uint8), "left")
    with pytest.raises(ValueError, match="left or right"):
        projection.project(np.zeros((48, 64, 3), np.uint8), "both")
