import cv2
import numpy as np

from data_pipeline.packs.right_view import to_right_view


def right_view_reference(disparity, weight):
    """Point by point: the nearest of all left pixels that land on a right one."""
    height, width = disparity.shape
    best = np.full((height, width), -np.inf)
    for y in range(height):
        for x in range(width):
            target = round(x - float(disparity[y, x]))
            if 0 <= target < width:
                best[y, target] = max(best[y, target], disparity[y, x])
    seen = np.isfinite(best)
    for y in range(height):
        known = [x for x in range(width) if seen[y, x]]
        for x in range(width):
            if not seen[y, x]:
                before = [k for k in known if k < x][-1:]
                after = [k for k in known if k > x][:1]
                best[y, x] = min(best[y, k] for k in before + after)
    return best, seen


def test_to_right_view_matches_reference():
    rng = np.random.default_rng(2)
    disparity = cv2.resize(rng.uniform(-6, 6, (4, 5)).astype(np.float32), (31, 13))
    disparity[4:9, 8:17] = 6.3
    weight = rng.uniform(0.2, 1, disparity.shape).astype(np.float32)
    carried, trust, seen = to_right_view(disparity, weight)
    expected, expected_seen = right_view_reference(disparity, weight)
    np.testing.assert_allclose(carried, expected, atol=1 / 64)  # sorted in such steps
    np.testing.assert_array_equal(seen > 0, expected_seen)
    assert trust[seen == 0].max() <= 0.5 < trust.max()


def test_to_right_view_shows_background_beside_a_box():
    """A box at +4 moves 4 px to the left; what it uncovers on its right is background."""
    disparity = np.zeros((3, 20), np.float32)
    disparity[1, 8:12] = 4.0
    carried, _, seen = to_right_view(disparity, np.ones_like(disparity))
    np.testing.assert_array_equal(carried[1], [0] * 4 + [4] * 4 + [0] * 12)
    np.testing.assert_array_equal(seen[1], [1] * 8 + [0] * 4 + [1] * 8)
