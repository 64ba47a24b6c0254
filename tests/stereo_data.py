"""Small ingested data sets for tests, made without a film."""

import pathlib
from fractions import Fraction

import cv2
import numpy as np

from data_pipeline import stereo_movies
from data_pipeline.movies.shot import StereoFrame
from data_pipeline.storage.movie_store import encode_frame
from deep3d.composition import Composition

DISPARITY = 5  # of every stored pair, in front of the screen
HEIGHT, WIDTH, FRAMES = 61, 139, 21


def make_pair(seed, height=HEIGHT, width=WIDTH):
    """Left view with left[y, x] unlike its neighbors, and right(x) = left(x + DISPARITY)."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width + DISPARITY, 3), np.uint8)
    wide = cv2.GaussianBlur(noise, (0, 0), 2.0)
    wide = cv2.normalize(wide, None, 0, 255, cv2.NORM_MINMAX)
    return tuple(map(np.ascontiguousarray, (wide[:, :width], wide[:, DISPARITY:])))


def fake_frames(frames_before=0):
    """Stands for what is accepted of a movie: frame k is pair k, j frames before it 1000 j + k."""
    for k in range(FRAMES):
        left, right = make_pair(k)
        yield StereoFrame(
            left,
            right,
            shot=k // 3,
            pts=1001 * k,
            time_base=Fraction(1, 24000),
            composition=Composition(width=WIDTH + 4, shift=-4),
            scale=0.25,
            percentile_5=-1.5,
            percentile_95=2.25,
            matched=0.75,
            swapped_probability=0.125,
            vertical_error=0.5,
            color_difference=1.5,
            before=tuple(make_pair(1000 * j + k) for j in range(1, frames_before + 1)),
        )


def write_data_set(folder, splits=("train",), frames_before=0):
    """Writes a data set of `FRAMES` pairs in each split, three shards each; returns its folder."""
    import tensorflow_datasets as tfds

    examples = {
        split: [encode_frame(frame, split) for frame in fake_frames(frames_before)]
        for split in splits
    }
    config = stereo_movies.StereoMoviesConfig(name="movies", splits=examples)
    builder = stereo_movies.StereoMovies(data_dir=folder, config=config)
    several_shards = tfds.download.DownloadConfig(num_shards=3)
    builder.download_and_prepare(download_config=several_shards)
    return pathlib.Path(builder.data_dir)
