"""Pictures with disparity for tests: a box before a ramp, soft random colors."""

import cv2
import numpy as np

from data_pipeline.packs.depth_example import DepthExample


def box_example(seed=0, height=70, width=110, group=None, content="indoor"):
    """A ramp that comes nearer downwards, 0..1, and a box of 2 in the middle."""
    rng = np.random.default_rng(seed)
    left = cv2.resize(rng.integers(0, 256, (9, 14, 3), np.uint8), (width, height))
    disparity = np.tile(np.linspace(0, 1, height, dtype=np.float32)[:, None], (1, width))
    weight = np.ones((height, width), np.float32)
    disparity[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3] = 2.0
    weight[:5] = 0.0
    return DepthExample(f"box{seed}", group or f"group{seed}", content, left, disparity, weight)
