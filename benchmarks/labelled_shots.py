"""Short shots of stereo pairs, from photographs, real pairs, clips and drawn scenes.

What a shot shows is known, since it was put there: subtitles, or signs that belong to the scene.
Every shot is packed, compressed and unpacked as a film is.
"""

import io
import pathlib
from fractions import Fraction

import av
import cv2
import numpy as np

from data_pipeline.scenes.render import render_stereo
from data_pipeline.scenes.shot_design import random_scene
from deep3d.video import VideoReader, pack, unpack

Pairs = list[tuple[np.ndarray, np.ndarray]]
PHOTO_FOLDERS = (
    "photos/bsds500",
    "photos/imagenet_samples",
    "photos/kodak",
    "labelled/camvid/images",
    "labelled/labelmefacade/images",
    "labelled/ade_planar_sprs/images",
    "labelled/davis2016_val/images",
    "labelled/clothing_coparsing/images",
)


def photo_paths(shared: pathlib.Path) -> list[pathlib.Path]:
    """All photographs, in an order that has nothing to do with their folders."""
    paths = [
        path
        for folder in PHOTO_FOLDERS
        for path in sorted((shared / folder).rglob("*"))
        if path.suffix.lower() in (".jpg", ".png", ".jpeg")
    ]
    return [paths[k] for k in np.random.default_rng(7).permutation(len(paths))]


def photo_shot(rng, path, height: int, width: int, count: int, depth=True, signs=None) -> Pairs:
    """A shot that pans over a photograph with made-up depth.

    Args:
        rng: numpy Generator.
        path: The photograph.
        height: Of the views.
        width: Of the views.
        count: Number of samples.
        depth: Whether the right view differs.
        signs: Called with the wide picture, paints something that belongs to the scene.

    Returns:
        The pairs.
    """
    image = read_image(path)
    room = 1.25
    if rng.random() < 0.4:  # at its own resolution, mirrored at its edges: fine texture
        tall, wide = round(height * room), round(width * room)
        enlarged = max(1.0, height / 600)
        image = cv2.resize(image, None, fx=enlarged, fy=enlarged, interpolation=cv2.INTER_CUBIC)
        rows, columns = (
            _mirrored(np.arange(n), s) for n, s in ((tall, image.shape[0]), (wide, image.shape[1]))
        )
        image = image[rows][:, columns]
    else:
        scale = max(height * room / image.shape[0], width * room / image.shape[1])
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    image = np.ascontiguousarray(image)
    if signs is not None:
        signs(image)
    disparity = _made_up_disparity(rng, *image.shape[:2], width) if depth else None
    moves = rng.random() < 0.75
    x0, y0 = (rng.uniform(0.3, 0.7) * (image.shape[k] - s) for k, s in ((1, width), (0, height)))
    speed = rng.normal(0, 0.012, 2) * width * moves
    pairs = []
    for k in range(count):
        x = float(np.clip(x0 + speed[0] * k, 40, image.shape[1] - width - 40))
        y = float(np.clip(y0 + speed[1] * k, 0, image.shape[0] - height))
        pairs.append(shifted_views(image, disparity, x, y, height, width))
    return pairs


def pair_shot(rng, left, right, height: int, width: int, count: int) -> Pairs:
    """A shot that pans over a real pair, its zero parallax moved at random."""
    room = rng.uniform(1.05, 1.25)
    scale = max(height * room / left.shape[0], (width * room + 80) / left.shape[1])
    left, right = (
        cv2.resize(v, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for v in (left, right)
    )
    middle = round(0.02 * width * rng.uniform(-1, 1))
    x0 = rng.uniform(40, left.shape[1] - width - 40)
    y0 = rng.uniform(0, left.shape[0] - height)
    speed = rng.normal(0, 0.012, 2) * width * (rng.random() < 0.75)
    pairs = []
    for k in range(count):
        x = int(np.clip(x0 + speed[0] * k, 40, left.shape[1] - width - 40))
        y = int(np.clip(y0 + speed[1] * k, 0, left.shape[0] - height))
        rows = np.s_[y : y + height]
        pairs.append((left[rows, x : x + width], right[rows, x + middle : x + middle + width]))
    return pairs


def drawn_shot(seed: int, height: int, width: int, count: int) -> Pairs:
    """A shot of a made-up scene."""
    scene = random_scene(np.random.default_rng([seed, 11]), None, 3.0, width / height)
    frames = (
        render_stereo(scene, scene.path.at(k / 2), width, height, k / 2) for k in range(count)
    )
    return [(frame.left, frame.right) for frame in frames]


def compressed(pairs: Pairs, crf: int, layout: str = "half_sbs", gap: int = 1) -> Pairs:
    """The pairs after H.264, each sample a few frames after the one before."""
    frames = [pack(left, right, layout) for left, right in pairs]
    height, width = frames[0].shape[:2]
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": str(crf), "preset": "veryfast", "threads": "1"}
        for frame in (frame for frame in frames for _ in range(gap)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file) as container:
        decoded = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
    return [unpack(frame, layout, stretch=True) for frame in decoded[gap - 1 :: gap]]


def read_image(path) -> np.ndarray:
    """The picture (h, w, 3) uint8 RGB of a file."""
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def shifted_views(image, disparity, x, y, height, width):
    """Both views of a window of a picture at (x, y): the right one moved by its disparity."""
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32) + x, np.arange(height, dtype=np.float32) + y
    )
    left = cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    if disparity is None:
        return left, left.copy()
    moved = cv2.remap(disparity, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    right = cv2.remap(image, columns + moved, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return left, right


def clip_picture(rng, shared: pathlib.Path, half: int) -> np.ndarray:
    """A frame of a random clip, from its first seconds or from those behind them."""
    clips = sorted((shared / "clips").glob("*.mp4"))
    start = float(rng.uniform(0, 10) + 13 * half)
    with VideoReader(clips[rng.integers(len(clips))], start_s=start) as reader:
        return next(iter(reader)).image


def letterboxed(pairs: Pairs, bars: int) -> Pairs:
    """The pairs with black bars of so many rows above and below."""
    pairs = [tuple(view.copy() for view in pair) for pair in pairs]
    for view in (view for pair in pairs for view in pair if bars):
        view[:bars] = view[-bars:] = 0
    return pairs


def _mirrored(index, size):
    index = index % (2 * size)
    return np.where(index < size, index, 2 * size - 1 - index)


def _made_up_disparity(rng, tall, wide, width):
    """(tall, wide) float32 in pixels: a slope towards the viewer and a few smooth hills."""
    y, x = np.mgrid[0:1:9j, 0:1:16j].astype(np.float32)
    field = rng.uniform(0, 0.02) * y + rng.uniform(-0.006, 0.006) * x
    for _ in range(rng.integers(1, 4)):
        cx, cy, radius = rng.uniform(0, 1, 3)
        hill = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (0.1 + 0.2 * radius) ** 2)
        field += rng.uniform(-0.004, 0.012) * hill
    field += rng.uniform(-0.025, 0.012) - field.mean()
    return cv2.resize(field * width, (wide, tall), interpolation=cv2.INTER_CUBIC)
