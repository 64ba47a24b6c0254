from fractions import Fraction

import av
import numpy as np
import pytest

from deep3d.video import VideoReader

WIDTH, HEIGHT, STEP = 96, 64, 4


def bar(time):
    """A bright vertical bar that moves by STEP pixels per field."""
    image = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    image[:, 10 + STEP * time : 26 + STEP * time] = 200
    return image


def woven(number):
    """The two fields of a frame, the upper one first: they show two moments."""
    image = bar(2 * number)
    image[1::2] = bar(2 * number + 1)[1::2]
    return image


def write(path, images, interlaced, colorspace=2, codec="mpeg2video"):
    options = {"qscale": "1"} if codec == "mpeg2video" else {"crf": "2"}
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=25, options={"bf": "0", **options})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = 20_000_000
        context = stream.codec_context
        context.colorspace, context.color_range = colorspace, 1
        if interlaced and codec == "mpeg2video":
            flags = av.codec.context.Flags
            context.flags |= flags.interlaced_dct | flags.interlaced_me
        elif interlaced:
            stream.options["x264-params"] = "tff=1"
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image).reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def combing(image):
    """How much every row differs from both its neighbours alike: the teeth of woven fields."""
    luma = image.astype(float).mean(axis=2)
    between = (luma[:-2] + luma[2:]) / 2 - luma[1:-1]
    return np.abs(between).mean()


def read(path):
    with VideoReader(path) as reader:
        return list(reader), reader


@pytest.mark.parametrize("codec", ["mpeg2video", "libx264"])
def test_interlaced_film_is_deinterlaced(tmp_path, codec):
    path = write(tmp_path / "film.ts", [woven(n) for n in range(8)], True, codec=codec)
    with av.open(str(path)) as container:
        stored = list(container.decode(video=0))
    assert all(frame.interlaced_frame for frame in stored)
    frames, reader = read(path)
    assert [frame.time for frame in frames] == [frame.pts * frame.time_base for frame in stored]
    before = np.mean([combing(frame.to_ndarray(format="rgb24")) for frame in stored[2:-1]])
    after = np.mean([combing(frame.image) for frame in frames[2:-1]])
    assert before > 5
    assert after < before / 5
    for number, frame in enumerate(frames[2:-1], 2):
        # Each shows the moment of one field: nearer to that than the two are to each other.
        errors = [np.abs(frame.image.astype(int) - bar(2 * number + n)).mean() for n in (0, 1)]
        assert min(errors) < 2.5 < max(errors)
    assert "fields" in reader.losses[0]


def test_progressive_film_is_not_touched(tmp_path):
    path = write(tmp_path / "film.ts", [bar(n) for n in range(6)], False)
    with av.open(str(path)) as container:
        stored = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    frames, reader = read(path)
    for frame, image in zip(frames, stored, strict=True):
        assert np.abs(frame.image.astype(int) - image).max() <= 2  # two ways of rounding
    assert reader.losses == ()


@pytest.mark.parametrize("colorspace", [1, 6])
def test_deinterlaced_film_keeps_its_color(tmp_path, colorspace):
    flat = np.broadcast_to(np.uint8([180, 60, 90]), (HEIGHT, WIDTH, 3)).copy()
    images = []
    for interlaced in (True, False):
        path = write(tmp_path / f"{interlaced}.mkv", [flat] * 4, interlaced, colorspace)
        frames, reader = read(path)
        assert reader.color.matrix_tag == colorspace
        images.append(frames[1].image.astype(int))
    assert np.abs(images[0] - images[1]).max() <= 2


def test_film_that_becomes_interlaced(tmp_path):
    first = write(tmp_path / "a.ts", [bar(n) for n in range(5)], False)
    second = write(tmp_path / "b.ts", [woven(n) for n in range(5)], True)
    both = tmp_path / "both.ts"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    with av.open(str(both)) as container:
        count = sum(1 for _ in container.decode(video=0))
    frames, _ = read(both)
    assert len(frames) == count > 5
    assert max(combing(frame.image) for frame in frames[-3:-1]) < 3
