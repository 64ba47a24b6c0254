"""How two views share one frame: beside, above or between each other, or mixed by color.

The left eye is first: the left half, the upper half, the first row; only `cross_eyed`, for looking
without glasses, has the right one first. "Half" formats squeeze each view to half its width (or
height), so the frame keeps the size of one view; `interleaved` takes every other row of each, as
televisions with polarizing glasses show them (4:2:0 video mixes the colors of neighbouring rows and
so of both eyes; `lossless` does not); full formats double the frame. `rgbd` and `disparity`
have the gray picture of the left view's disparity (`disparity_picture`) in the right view's place,
`vr180` has views that `Vr180Projection` made, and `two_files` is taken apart again by its writer.

Frame sizes are even, as 4:2:0 video needs: of an odd source the last column or row is repeated.
"""

import cv2
import numpy as np

from deep3d.video.anaglyph import ANAGLYPHS, anaglyph, check_views
from deep3d.wording import either

# How films that are sold in 3D come.
LAYOUTS = ("half_sbs", "full_sbs", "half_tab", "full_tab")

_BESIDE = ("half_sbs", "full_sbs", "cross_eyed", "rgbd", "vr180", "two_files")
_ABOVE = ("half_tab", "full_tab")
_SQUEEZED = ("half_sbs", "half_tab", "interleaved")

# Those whose frame holds both views, so that they can be had back.
PACKED_FORMATS = (*LAYOUTS, "cross_eyed", "interleaved", "rgbd", "vr180", "two_files")
OUTPUT_FORMATS = (*PACKED_FORMATS, "disparity", *ANAGLYPHS)
# Those that ask for the gray picture of disparity instead of a right view.
DISPARITY_FORMATS = ("rgbd", "disparity")


def pack(left: np.ndarray, right: np.ndarray, layout: str) -> np.ndarray:
    """Puts two views into one frame.

    Args:
        left: uint8 or uint16 (h, w, 3) RGB.
        right: Same shape and type; for `DISPARITY_FORMATS` the gray picture of disparity.
        layout: One of `OUTPUT_FORMATS`.

    Returns:
        Frame of that type and of `packed_size(w, h, layout)`.

    Raises:
        ValueError: If the views differ in shape or type, are not RGB, or the layout is unknown.
    """
    check_views(left, right)
    height, width = left.shape[:2]
    frame_width, frame_height = packed_size(width, height, layout)
    left, right = _pad_to_even(left), _pad_to_even(right)
    if layout in ANAGLYPHS:
        return anaglyph(left, right, layout)
    if layout == "disparity":
        return right
    frame = np.empty((frame_height, frame_width, 3), left.dtype)
    for number, (view, part) in enumerate(zip((left, right), _parts(frame, layout), strict=True)):
        if layout == "interleaved":
            part[:] = view[number::2]
        elif layout in _SQUEEZED:
            # At exactly half the size this is the mean of two pixels: no aliasing, no shift, and
            # sixteen times as fast as INTER_AREA, which gives the same.
            cv2.resize(view, part.shape[1::-1], dst=part, interpolation=cv2.INTER_LINEAR)
        else:
            part[:] = view
    return frame


def unpack(frame: np.ndarray, layout: str, stretch: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Takes the two views out of a packed frame.

    Args:
        frame: (h, w, ...) array of any type, packed as `layout`.
        layout: One of `PACKED_FORMATS`.
        stretch: Whether the views of half and interleaved formats are enlarged to the size of the
            frame, which makes their pixels square again. Otherwise the views are windows into
            `frame`, no copy.

    Returns:
        Left and right view.

    Raises:
        ValueError: If the layout is not a packed one or the frame cannot be halved.
    """
    if layout not in PACKED_FORMATS:
        raise ValueError(
            f"The layout must be one of {either(PACKED_FORMATS)}. Received: {layout!r}"
        )
    side = 1 if layout in _BESIDE else 0
    if frame.ndim < 2 or frame.shape[side] < 2 or frame.shape[side] % 2:
        raise ValueError(
            f"A frame packed as {layout} must have an even {('height', 'width')[side]}. "
            f"Received: shape {frame.shape}"
        )
    views = _parts(frame, layout)
    if not (stretch and layout in _SQUEEZED):
        return views
    if layout == "interleaved":
        return tuple(_fill_rows(view, number) for number, view in enumerate(views))
    size = frame.shape[1::-1]
    return tuple(cv2.resize(view, size, interpolation=cv2.INTER_CUBIC) for view in views)


def packed_size(width: int, height: int, layout: str) -> tuple[int, int]:
    """Width and height of the frame that holds two views of the given size; always even.

    Args:
        width: Width of one view in pixels.
        height: Height of one view in pixels.
        layout: One of `OUTPUT_FORMATS`.

    Returns:
        (width, height) of the frame.

    Raises:
        ValueError: If the layout is unknown or a side is not positive.
    """
    if layout not in OUTPUT_FORMATS:
        raise ValueError(
            f"The layout must be one of {either(OUTPUT_FORMATS)}. Received: {layout!r}"
        )
    if width < 1 or height < 1:
        raise ValueError(f"A view must have at least one pixel. Received: {width}x{height}")
    width, height = width + width % 2, height + height % 2
    if layout in _BESIDE and layout not in _SQUEEZED:
        return 2 * width, height
    return width, height * (2 if layout == "full_tab" else 1)


def _parts(frame, layout):
    """The windows of the left and the right view in a packed frame."""
    height, width = frame.shape[:2]
    if layout == "interleaved":
        return frame[0::2], frame[1::2]
    if layout in _ABOVE:
        return frame[: height // 2], frame[height // 2 :]
    beside = frame[:, : width // 2], frame[:, width // 2 :]
    return beside[::-1] if layout == "cross_eyed" else beside


def _fill_rows(view, first):
    """A view whose rows are every other one of a picture, from `first` on -> all rows."""
    rows = len(view)
    # Row r of the whole is row (r - first) / 2 of the view; cv2's columns are the picture's own.
    places = (np.arange(2 * rows, dtype=np.float32) - first) / 2
    across = np.arange(view.shape[1], dtype=np.float32)
    columns, lines = np.meshgrid(across, places)
    return cv2.remap(
        np.ascontiguousarray(view), columns, lines, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
    )


def _pad_to_even(view):
    height, width = view.shape[:2]
    if height % 2 == 0 and width % 2 == 0:
        return view
    return cv2.copyMakeBorder(view, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
