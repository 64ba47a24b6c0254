import struct

import cv2
import numpy as np
import pytest

from deep3d import disparity_files as files


def ramp(height=5, width=7):
    return np.arange(height * width, dtype=np.float32).reshape(height, width) / 4


def write_pfm(path, values, order="<"):
    height, width = values.shape
    head = f"Pf\n{width} {height}\n{-1.0 if order == '<' else 1.0}\n".encode()
    path.write_bytes(head + values[::-1].astype(f"{order}f4").tobytes())


def write_sintel(path, disparity):
    """As sintel_io.py of the data set writes it."""
    red = np.floor(disparity / 4)
    green = np.floor(disparity * 2**6) % 256
    blue = np.floor(disparity * 2**14) % 256
    cv2.imwrite(str(path), np.stack([blue, green, red], axis=2).astype(np.uint8))


def test_read_kitti_preset(tmp_path):
    cv2.imwrite(str(tmp_path / "d.png"), np.array([[0, 256, 40000]], np.uint16))
    np.testing.assert_array_equal(files.read_kitti(tmp_path / "d.png"), [[np.nan, 1, 156.25]])


def test_read_scaled_preset(tmp_path):
    cv2.imwrite(str(tmp_path / "d.png"), np.array([[0, 3, 255]], np.uint8))
    np.testing.assert_array_equal(files.read_scaled(tmp_path / "d.png", 2), [[np.nan, 1.5, 127.5]])


def test_read_sintel_round_trip(tmp_path):
    disparity = np.random.default_rng(0).random((6, 9)) * 300
    write_sintel(tmp_path / "d.png", disparity)
    read = files.read_sintel(tmp_path / "d.png")
    assert np.abs(read - disparity).max() < 2**-14 + 1e-4  # float32 near 300 adds 3e-5


@pytest.mark.parametrize("order", ["<", ">"])
def test_read_pfm_round_trip(tmp_path, order):
    values = ramp()
    values[2, 3] = np.inf
    write_pfm(tmp_path / "d.pfm", values, order)
    values[2, 3] = np.nan
    np.testing.assert_array_equal(files.read_pfm(tmp_path / "d.pfm"), values)


def test_read_pfm_rejects_what_is_none(tmp_path):
    path = tmp_path / "d.pfm"
    write_pfm(path, ramp())
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"cut off: 7x5"):
        files.read_pfm(path)
    path.write_bytes(b"Pf\n100000 100000\n-1\n")
    with pytest.raises(ValueError, match=r"at most .* 100000x100000"):
        files.read_pfm(path)
    path.write_bytes(b"PF\n2 2\n-1\n" + bytes(48))
    with pytest.raises(ValueError, match="one channel"):
        files.read_pfm(path)
    path.write_bytes(b"\x80\x04pickle" * 50)
    with pytest.raises(ValueError, match="no PFM file"):
        files.read_pfm(path)


def test_png_size_is_bounded_before_it_is_decoded(tmp_path, monkeypatch):
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 60_000, 60_000)
    (tmp_path / "d.png").write_bytes(head)
    monkeypatch.setattr(cv2, "imread", lambda *_: pytest.fail("decoded"))
    with pytest.raises(ValueError, match="60000x60000"):
        files.read_kitti(tmp_path / "d.png")


def test_png_rejects_other_codings(tmp_path):
    path = tmp_path / "d.png"
    cv2.imwrite(str(path), np.zeros((2, 2), np.uint8))
    with pytest.raises(ValueError, match=r"16 bits. Received: uint8"):
        files.read_kitti(path)
    with pytest.raises(ValueError, match="RGB"):
        files.read_sintel(path)
    cv2.imwrite(str(path), np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(ValueError, match="8 bits"):
        files.read_scaled(path, 2)
    with pytest.raises(ValueError, match="grey"):
        files.read_mask(path)
    path.write_bytes(b"GIF89a" + bytes(30))
    with pytest.raises(ValueError, match="no PNG"):
        files.read_mask(path)


def test_disparity_of_right_matches_reference():
    """Against a loop over all pixels, with steps of at least 3 px and so nothing seen through."""
    disparity = np.repeat(np.random.default_rng(1).integers(-2, 3, (6, 8)) * 3.0, 4, axis=1)
    disparity = disparity.astype(np.float32)
    disparity[2, 5:9] = np.nan
    hidden = np.zeros(disparity.shape, bool)
    hidden[3, 10:14] = True
    expected = np.full(disparity.shape, np.nan)
    for row, column in np.ndindex(disparity.shape):
        d = disparity[row, column]
        if np.isnan(d) or hidden[row, column] or not 0 <= column - d < disparity.shape[1]:
            continue
        place = row, int(column - d)
        expected[place] = np.nanmax([expected[place], d])
    moved = files.disparity_of_right(disparity, hidden)
    # what lies between two pixels of a nearer surface is taken out
    differs = ~(np.isnan(moved) & np.isnan(expected)) & (moved != expected)
    assert np.isnan(moved[differs]).all() and differs.mean() < 0.05
    assert np.isfinite(moved).mean() > 0.5


def test_disparity_of_right_hides_what_is_behind_a_stretched_surface():
    """A near surface twice as wide for the right eye, with the far wall behind its gaps."""
    disparity = np.zeros((1, 40), np.float32)
    disparity[0, 20:30] = 20 - np.arange(10)  # x - d = 0, 2, 4, ... 18
    moved = files.disparity_of_right(disparity)[0]
    np.testing.assert_array_equal(moved[0:20:2], disparity[0, 20:30])
    assert np.isnan(moved[1:18:2]).all()
    assert (moved[30:] == 0).all() and np.isnan(moved[20:30]).all()
