"""Views of short made-up films, from real pairs, synthetic scenes, photographs and 2D clips."""

import functools
import pathlib
from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np

from data_pipeline.scenes.render import render_stereo
from data_pipeline.scenes.shot_design import random_scene
from deep3d.video import VideoReader, VideoWriter

Pair = tuple[np.ndarray, np.ndarray]
FRAMES_A_SHOT = 4


def real_views(shared: pathlib.Path, rng, width: int, height: int, count: int) -> list[Pair]:
    """Shots that pan over real stereo pairs, composed so that the middle lies on the screen."""
    pairs = _real_pairs(shared)
    shots = []
    while len(shots) < count:
        shots += _pan(rng, _composed(*pairs[rng.integers(len(pairs))]), width, height)
    return shots[:count]


def synthetic_views(rng, width: int, height: int, count: int) -> list[Pair]:
    """Shots of rendered scenes."""
    views: list[Pair] = []
    while len(views) < count:
        scene = random_scene(rng, None, FRAMES_A_SHOT, width / height)
        for time in range(FRAMES_A_SHOT):
            frame = render_stereo(scene, scene.path.at(time), width, height, time)
            views.append((frame.left, frame.right))
    return views[:count]


def photo_views(shared: pathlib.Path, rng, width: int, height: int, count: int) -> list[Pair]:
    """Shots that pan over photographs; both views are the same."""
    paths = photo_paths(shared)
    views: list[Pair] = []
    while len(views) < count:
        image = read(paths[rng.integers(len(paths))])
        views += _pan(rng, (image, image), width, height)
    return views[:count]


def clip_views(shared: pathlib.Path, rng, width: int, height: int, count: int) -> list[Pair]:
    """Frames of one 2D clip; both views are the same."""
    paths = sorted((shared / "clips").glob("*.mp4"))
    path = paths[rng.integers(len(paths))]
    with VideoReader(path) as reader:
        duration = reader.duration_s or 1.0
    views: list[Pair] = []
    for number in range(count):
        with VideoReader(path, start_s=duration * (0.05 + 0.9 * number / count)) as reader:
            image = next(iter(reader)).image
        views += _pan(rng, (image, image), width, height, 1)
    return views


def title_card(rng, width: int, height: int) -> np.ndarray:
    """Words on a dark ground."""
    image = np.full((height, width, 3), rng.integers(0, 40, 3), np.uint8)
    scale, lines = height / 400, ("a film by", "somebody else", "and all the others")
    for number in range(rng.integers(1, 4)):
        place = (int(width * rng.uniform(0.05, 0.4)), int(height * (0.3 + 0.2 * number)))
        font, thick = cv2.FONT_HERSHEY_DUPLEX, max(round(scale * 1.5), 1)
        cv2.putText(image, lines[number], place, font, scale, (230,) * 3, thick, cv2.LINE_AA)
    return image


def coded(frames: list[np.ndarray], path: pathlib.Path, crf: float) -> list[np.ndarray]:
    """Frames of one even size as H.264 leaves them."""
    height, width = frames[0].shape[:2]
    rate = Fraction(24)
    with VideoWriter(path, width, height, rate, 1 / rate, crf=crf, preset="veryfast") as writer:
        for number, frame in enumerate(frames):
            writer.write(frame, number)
    with VideoReader(path) as reader:
        return [frame.image for frame in reader]


def read(path: pathlib.Path) -> np.ndarray:
    """An image file as (h, w, 3) uint8 RGB."""
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


@functools.cache
def photo_paths(shared: pathlib.Path) -> list[pathlib.Path]:
    """All photographs."""
    suffixes = (".jpg", ".jpeg", ".png")
    return sorted(p for p in (shared / "photos").rglob("*") if p.suffix.lower() in suffixes)


@functools.cache
def _real_pairs(shared) -> list[tuple[pathlib.Path, pathlib.Path]]:
    folders = [path for path in (shared / "stereo").iterdir() if path.is_dir()]
    pairs = [(next(f.glob("left.*")), next(f.glob("right.*"))) for f in sorted(folders)]
    street = shared / "stereo_sequences" / "kitti_grey"
    return pairs + [(p, street / "right" / p.name) for p in sorted(street.glob("left/*"))[::10]]


@functools.cache
def _composed(left_path, right_path) -> Pair:
    """Both views, cropped so that the displacement of most of the picture is gone."""
    left, right = read(left_path), read(right_path)
    width = left.shape[1]
    small = 256
    grays = [
        cv2.cvtColor(
            cv2.resize(view, (small, 144), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY
        )
        for view in (left, right)
    ]
    reach = 40
    found = cv2.matchTemplate(grays[1], grays[0][:, reach:-reach], cv2.TM_CCOEFF_NORMED)
    shift = round((int(found.argmax()) - reach) * width / small)  # right(x + shift) = left(x)
    kept = width - abs(shift)
    first, second = max(-shift, 0), max(shift, 0)
    return left[:, first : first + kept], right[:, second : second + kept]


def _pan(rng, views: Pair, width, height, count=FRAMES_A_SHOT) -> Iterator[Pair]:
    """Windows of one shape and size that move over both views, at the size that is wanted."""
    rows, columns = views[0].shape[:2]
    largest = min(columns / width, rows / height)
    size = round(largest * width), round(largest * height)
    zoom = rng.uniform(0.75, 1.0)
    size = round(size[0] * zoom), round(size[1] * zoom)
    start, end = rng.uniform(0, 1, (2, 2))
    for number in range(count):
        place = start + (end - start) * number / max(count, 1)
        left, top = (
            round(float(share) * (whole - part))
            for share, whole, part in zip(place, (columns, rows), size, strict=True)
        )
        yield tuple(
            cv2.resize(
                view[top : top + size[1], left : left + size[0]],
                (width, height),
                interpolation=cv2.INTER_AREA if size[0] > width else cv2.INTER_CUBIC,
            )
            for view in views
        )
