import io

import av
import cv2
import numpy as np
import pytest
from PIL import Image
from tag_readers import ffmpeg_stereo
from video_samples import smooth_image

from deep3d.video.stereo_picture import encode_frame, encode_pair

LEFT, RIGHT = smooth_image(0, 80, 48), 255 - smooth_image(9, 80, 48)


def _same(image, expected, bound=2.0):
    assert image.shape == expected.shape
    assert np.abs(np.asarray(image).astype(int) - expected).mean() < bound


def test_jps_is_right_left_and_says_so(tmp_path):
    path = tmp_path / "a.jps"
    path.write_bytes(encode_pair(LEFT, RIGHT, ".jps"))
    image = cv2.imread(str(path))[..., ::-1]
    _same(image, np.hstack([RIGHT, LEFT]))
    data = path.read_bytes()
    at = data.index(b"_JPSJPS_")
    assert data[at - 4 : at] == b"\xff\xe3" + (18).to_bytes(2, "big")
    assert data[at + 8 : at + 14].hex() == "0004" + "00000201"
    # FFmpeg's JPEG decoder: beside each other, the right view first.
    assert ffmpeg_stereo(path) == ((1, True), None)


def test_mpo_is_read_by_pillow(tmp_path):
    path = tmp_path / "a.mpo"
    path.write_bytes(encode_pair(LEFT, RIGHT, ".mpo"))
    with Image.open(path) as image:
        assert (image.format, image.n_frames) == ("MPO", 2)
        for number, view in enumerate((LEFT, RIGHT)):
            image.seek(number)
            _same(np.asarray(image.convert("RGB")), view)
            assert image.mpinfo[0xB000] == b"0100"
            entry = image.mpinfo[0xB002][number]
            assert entry["Attribute"]["MPType"] == "Multi-Frame Image: (Disparity)"
            assert entry["Attribute"]["RepresentativeImageFlag"] == (number == 0)
    # What knows nothing of two pictures shows the left one.
    _same(cv2.imread(str(path))[..., ::-1], LEFT)


def test_mpo_lists_where_both_lie():
    data = encode_pair(LEFT, RIGHT, ".mpo")
    with Image.open(io.BytesIO(data)) as image:
        first, second = image.mpinfo[0xB002]
    assert first["Size"] + second["Size"] == len(data)
    start = data.index(b"MPF\0") + 4 + second["DataOffset"]
    assert start == first["Size"] and data[start : start + 2] == b"\xff\xd8"
    assert data[start:].count(b"MPF\0") == 1


@pytest.mark.parametrize(("suffix", "bound"), [(".png", 0.0), (".jpg", 2.0), (".tiff", 0.0)])
def test_encode_frame_round_trip(tmp_path, suffix, bound):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(encode_frame(LEFT, suffix))
    with av.open(str(path)) as container:
        image = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert np.abs(image.astype(int) - LEFT).mean() <= bound


def test_encode_rejects_what_is_no_picture():
    with pytest.raises(ValueError, match=r"cannot be written as \.mp4"):
        encode_frame(LEFT, ".mp4")
    with pytest.raises(ValueError, match="must be one of"):
        encode_pair(LEFT, RIGHT, ".png")
    with pytest.raises(ValueError, match="one shape"):
        encode_pair(LEFT, RIGHT[:, :40], ".mpo")
