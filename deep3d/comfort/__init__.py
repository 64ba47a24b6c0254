"""3D that can be looked at for long: NumPy, OpenCV and PyAV only, no deep learning.

Parallax is in % of the picture width here, positive in front of the screen, as it is the eyes'
angle that tires, whatever the number of pixels. A film is comfortable when its parallax stays
within a budget, when the depth of what is looked at neither drifts fast nor leaps at a cut, and
when nothing in front of the screen is cut off by the frame's left or right edge.
"""

from deep3d.comfort.budget import ParallaxBudget
from deep3d.comfort.frame_parallax import FrameParallax, measure_parallax
from deep3d.comfort.parallax_report import ParallaxReport, parallax_measures
from deep3d.comfort.placer import Placement, Placer

__all__ = [
    "FrameParallax",
    "ParallaxBudget",
    "ParallaxReport",
    "Placement",
    "Placer",
    "measure_parallax",
    "parallax_measures",
]
