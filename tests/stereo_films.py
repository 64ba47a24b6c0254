"""Tiny stereo films with known disparity for the tests of the ingestion."""

from fractions import Fraction

import cv2
import numpy as np

from data_pipeline.scenes.film import MovieConfig, movie_frames
from deep3d.video import VideoWriter, pack, packed_size


def textured_pair(seed, disparity, height=108, width=192, step=0):
    """A plane with texture: right(x) = left(x + disparity); `step` moves it on by pixels."""
    reach = 40
    noise = np.random.default_rng(seed).integers(0, 256, (height, width + 2 * reach, 3), np.uint8)
    wide = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 1.5), None, 30, 230, cv2.NORM_MINMAX)
    left = reach + step
    right = left + disparity
    return wide[:, left : left + width].copy(), wide[:, right : right + width].copy()


def two_planes(seed, far, near, height=108, width=192, step=0):
    """A plane at disparity `far` with a nearer plane covering its middle third."""
    left, right = textured_pair(seed, far, height, width, step)
    front_left, front_right = textured_pair(seed + 1000, near, height, width, step)
    first, last = width // 3, 2 * width // 3
    left[:, first:last] = front_left[:, first:last]
    right[:, first - near : last - near] = front_right[:, first - near : last - near]
    return left, right


def street_views():
    """Two seconds of a made-up street, in which one can see which eye is which."""
    config = MovieConfig(
        5, 2.0, width=288, height=144, frame_rate=8, title_seconds=0, bars="none", kind="street"
    )
    return [(frame.left, frame.right) for frame, *_ in movie_frames(config)]


def title_card(text="A FILM", height=108, width=192):
    """White text on black without parallax."""
    card = np.zeros((height, width, 3), np.uint8)
    cv2.putText(card, text, (20, 65), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255, 255, 255), 3)
    return card, card.copy()


def write_film(path, pairs, layout="full_sbs", frame_rate=8):
    """Writes pairs of views, one frame each."""
    pairs = list(pairs)
    height, width = pairs[0][0].shape[:2]
    width, height = packed_size(width, height, layout)
    rate = Fraction(frame_rate)
    with VideoWriter(path, width, height, rate, 1 / rate, crf=10, preset="ultrafast") as writer:
        for k, (left, right) in enumerate(pairs):
            writer.write(pack(left, right, layout), k)
    return path
