"""True disparity from the files of stereo data sets, in the codings that they use.

Most data sets give the disparity of the left view's pixels; a predicted right view is judged at
its own pixels, so such maps are moved there. The files are untrusted: the size that a header
states is bounded before anything is decoded, and nothing is unpickled.

Sources: the development kits of KITTI 2012 and 2015 (16-bit PNG, value / 256, 0 is unknown) and
of Sintel stereo (`sintel_io.py`: d = 4 R + G / 2^6 + B / 2^14), and the description of PFM files
at vision.middlebury.edu/stereo/submit3 (rows from bottom to top, infinity is unknown).
"""

import pathlib
import struct

import cv2
import numpy as np

from deep3d.image_file import MAX_PIXELS

_PNG_BEGINNING = b"\x89PNG\r\n\x1a\n"
# Columns of a surface that is pulled apart lie one pixel from each other; what is seen between
# them and is this much farther away, in pixels, lies behind it.
_SEEN_THROUGH = 1.0


def read_kitti(path) -> np.ndarray:
    """Disparity as KITTI stores it.

    Args:
        path: 16-bit grey PNG, disparity times 256, 0 where it is unknown.

    Returns:
        (h, w) float32 pixels, NaN where it is unknown.

    Raises:
        ValueError: If the file is no such picture.
    """
    values = _read_png(path)
    if values.ndim != 2 or values.dtype != np.uint16:
        raise ValueError(f"{path} must be a grey PNG of 16 bits. Received: {_kind(values)}")
    return _known(values / np.float32(256), values > 0)


def read_scaled(path, scale: int) -> np.ndarray:
    """Disparity as Middlebury stored it until 2006.

    Args:
        path: 8-bit grey PNG, disparity times `scale`, 0 where it is unknown.
        scale: Values in a pixel of disparity.

    Returns:
        (h, w) float32 pixels, NaN where it is unknown.

    Raises:
        ValueError: If the file is no such picture.
    """
    values = _read_png(path)
    if values.ndim != 2 or values.dtype != np.uint8:
        raise ValueError(f"{path} must be a grey PNG of 8 bits. Received: {_kind(values)}")
    return _known(values / np.float32(scale), values > 0)


def read_sintel(path) -> np.ndarray:
    """Disparity as Sintel stores it.

    Args:
        path: 8-bit RGB PNG of which red counts 4 px, green 1/64 px and blue 1/16384 px.

    Returns:
        (h, w) float32 pixels, known everywhere.

    Raises:
        ValueError: If the file is no such picture.
    """
    values = _read_png(path)
    if values.ndim != 3 or values.shape[2] != 3 or values.dtype != np.uint8:
        raise ValueError(f"{path} must be an RGB PNG of 8 bits. Received: {_kind(values)}")
    blue, green, red = np.moveaxis(values.astype(np.float32), 2, 0)
    return 4 * red + green / 64 + blue / 16384


def read_mask(path) -> np.ndarray:
    """A picture as (h, w) bool: where it is not 0.

    Raises:
        ValueError: If the file is no grey PNG.
    """
    values = _read_png(path)
    if values.ndim != 2:
        raise ValueError(f"{path} must be a grey PNG. Received: {_kind(values)}")
    return values > 0


def read_pfm(path) -> np.ndarray:
    """Disparity in a portable float map, as Middlebury stores it since 2014.

    Args:
        path: PFM file of one channel.

    Returns:
        (h, w) float32 pixels from the top row to the bottom one, NaN where it is unknown.

    Raises:
        ValueError: If the file is no such map, too large or cut off.
    """
    path = pathlib.Path(path)
    with path.open("rb") as file:
        head = [file.readline(100).decode("latin-1").split() for _ in range(3)]
        try:
            ((kind,), (width, height), (scale,)) = head
            width, height, scale = int(width), int(height), float(scale)
        except ValueError as error:
            raise ValueError(f"{path} is no PFM file.") from error
        count = width * height
        if kind != "Pf" or min(width, height) < 1 or count > MAX_PIXELS or scale == 0:
            raise ValueError(
                f"{path} must be a PFM file of one channel and at most {MAX_PIXELS} pixels. "
                f"Received: {kind} {width}x{height}"
            )
        data = file.read(4 * count)
    if len(data) < 4 * count:
        raise ValueError(f"{path} is cut off: {width}x{height} pixels were promised.")
    values = np.frombuffer(data, "<f4" if scale < 0 else ">f4").reshape(height, width)[::-1]
    return _known(values.astype(np.float32), np.isfinite(values))


def disparity_of_right(disparity: np.ndarray, hidden: np.ndarray | None = None) -> np.ndarray:
    """Moves known disparity from the pixels of the left view to those of the right view.

    What the left eye sees at x the right eye sees at x - d. Where two things come to one pixel
    the nearer one hides the other.

    Args:
        disparity: (h, w) float32 of the left view's pixels, NaN where it is unknown.
        hidden: (h, w) bool, pixels that the right eye does not see; None if nobody said.

    Returns:
        (h, w) float32 of the right view's pixels; NaN where it is unknown, and where only the
        right eye sees.
    """
    known = np.isfinite(disparity)
    if hidden is not None:
        known &= ~hidden
    rows, columns = np.nonzero(known)
    values = disparity[known]
    places = np.rint(columns - values).astype(np.intp)
    inside = (places >= 0) & (places < disparity.shape[1])
    rows, places, values = rows[inside], places[inside], values[inside]
    order = np.argsort(values, kind="stable")  # of several values for one pixel the last stays
    right = np.full(disparity.shape, np.nan, np.float32)
    right[rows[order], places[order]] = values[order]
    return _without_seen_through(right)


def _without_seen_through(right):
    """Without pixels of a background between two of one nearer surface."""
    between = np.full(right.shape, np.nan, np.float32)
    between[:, 1:-1] = np.minimum(right[:, :-2], right[:, 2:])  # NaN where either is
    return np.where(right < between - _SEEN_THROUGH, np.nan, right)


def _read_png(path) -> np.ndarray:
    path = pathlib.Path(path)
    with path.open("rb") as file:
        head = file.read(24)
    if len(head) < 24 or not head.startswith(_PNG_BEGINNING):
        raise ValueError(f"{path} is no PNG file.")
    width, height = struct.unpack(">II", head[16:])
    if width * height > MAX_PIXELS:
        raise ValueError(f"{path} is too large: {width}x{height} pixels.")
    values = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if values is None:
        raise ValueError(f"{path} is no picture that can be read.")
    return values


def _kind(values) -> str:
    channels = 1 if values.ndim == 2 else values.shape[2]
    return f"{values.dtype}, {channels} channels"


def _known(disparity, known) -> np.ndarray:
    return np.where(known, disparity, np.nan).astype(np.float32)
