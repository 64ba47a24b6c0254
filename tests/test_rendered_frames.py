import cv2
import numpy as np
import pytest

from data_pipeline.depth_sources.rendered_frames import rendered_examples
from data_pipeline.synthetic import MovieConfig, encode_disparity, make_movie


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    config = MovieConfig(
        seed=3, seconds=1.5, width=96, height=54, frame_rate=4.0, shot_seconds=0.5,
        title_seconds=0.5, audio=False, bars="none", layout="mono",
    )  # fmt: skip
    make_movie(config, folder / "film.mp4", folder / "truth")
    return folder / "truth"


def test_rendered_examples_are_the_frames_after_the_title(truth):
    examples = list(rendered_examples(truth.parent))
    assert [example.name for example in examples] == [f"truth_{k:06d}" for k in range(2, 6)]
    assert len({example.group for example in examples}) > 1, "shots are groups"
    left = cv2.imread(str(truth / "left" / "000002.png"))[..., ::-1]
    np.testing.assert_array_equal(examples[0].left, left)
    stored = cv2.imread(str(truth / "disparity_left" / "000002.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(encode_disparity(examples[0].disparity), stored)
    assert examples[0].weight.min() == 1.0


def test_rendered_examples_rejects_folder_without_truth(tmp_path):
    with pytest.raises(ValueError, match=r"holds no truth\.json"):
        list(rendered_examples(tmp_path))


def test_rendered_examples_rejects_missing_frame(truth):
    (truth / "left" / "000004.png").unlink()
    with pytest.raises(ValueError, match="lacks frame 4"):
        list(rendered_examples(truth))
