"""Decoding of stored pictures whose size nobody vouches for."""

import io

import cv2
import numpy as np
from PIL import Image

from data_pipeline.packs.row_files import PackError

MAX_SIDE = 4096


def decode_picture(data: bytes, mode: int, name: str) -> np.ndarray:
    """Decodes a picture of at most `MAX_SIDE` a side.

    The size is read from its head, before memory is taken for what it claims to be.

    Args:
        data: The encoded file.
        mode: `cv2.IMREAD_COLOR` or `cv2.IMREAD_GRAYSCALE`.
        name: What it is, for the message.

    Returns:
        (h, w, 3) uint8 BGR or (h, w) uint8.

    Raises:
        PackError: If it cannot be decoded or is larger.
    """
    try:
        with Image.open(io.BytesIO(data)) as head:
            fits = max(head.size) <= MAX_SIDE
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise PackError(f"A picture of {name} cannot be decoded.") from error
    image = cv2.imdecode(np.frombuffer(data, np.uint8), mode) if fits else None
    if image is None:
        raise PackError(f"A picture of {name} cannot be decoded.")
    return image
