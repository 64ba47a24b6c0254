import cv2
import numpy as np
import pytest

from deep3d import image_file
from deep3d.image_file import read_image


def test_read_image_round_trip(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (7, 11, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), picture[..., ::-1])
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), picture)
    cv2.imwrite(str(tmp_path / "grey.png"), picture[..., 0])
    grey = np.repeat(picture[..., :1], 3, axis=2)
    np.testing.assert_array_equal(read_image(tmp_path / "grey.png"), grey)


def test_read_image_rejects_text(tmp_path):
    (tmp_path / "no.png").write_text("text")
    with pytest.raises(ValueError, match=r"no\.png is no picture"):
        read_image(tmp_path / "no.png")


def test_read_image_rejects_too_many_pixels(tmp_path, monkeypatch):
    cv2.imwrite(str(tmp_path / "large.png"), np.zeros((7, 11, 3), np.uint8))
    monkeypatch.setattr(image_file, "MAX_PIXELS", 76)
    with pytest.raises(ValueError, match="no picture"):
        read_image(tmp_path / "large.png")
