"""How often a movie's layout is told from its pictures: a confusion table over made-up films.

python benchmarks/layout_detection.py --shared=FOLDER [--movies=140] [--seed=0]

Every film has 12 frames of several shots, in H.264 of crf 18 to 32: real pairs, rendered scenes,
photographs and 2D clips, with bars, title cards, black frames, shots without parallax, vertical
offsets and exchanged eyes. No name or tag helps; with --wrong_names they mislead. With --photos,
every photograph is a film of its own.
"""

import collections
import pathlib
import tempfile
import time
from fractions import Fraction

import cv2
import numpy as np
from absl import flags

from benchmarks.movie_views import (
    clip_views,
    coded,
    photo_paths,
    photo_views,
    read,
    real_views,
    synthetic_views,
    title_card,
)
from data_pipeline.decisions.layout_detection import LAYOUT_NAMES, LayoutPrior, detect_layout
from deep3d.command_line import UsageError, run_script
from deep3d.video import ANAGLYPHS, pack

flags.DEFINE_string("shared", None, "Folder with stereo/, photos/ and clips/.")
flags.DEFINE_integer("movies", 140, "Films.", 0)
flags.DEFINE_integer("seed", 0, "Other films for another seed.", 0)
flags.DEFINE_bool("wrong_names", False, "Whether each film's name claims another layout.")
flags.DEFINE_bool("photos", False, "Whether every photograph is tried as well.")
flags.DEFINE_string("wrong", None, "Folder for a frame of each film that is decided wrongly.")
flags.DEFINE_integer("only", None, "Number of the only film to try.")

FRAMES = 12
HEIGHTS = (480, 480, 480, 576, 576, 720, 720, 1080)
LARGE = 2160  # of every 20th film
SHAPES = (16 / 9, 16 / 9, 16 / 9, 1.85, 2.39, 4 / 3)


def main(arguments):
    """Films -> confusion table."""
    options = flags.FLAGS
    if arguments or not options.shared:
        raise UsageError("Give --shared.")
    shared = pathlib.Path(options.shared)
    cv2.setNumThreads(1)
    confusion, seconds = collections.Counter(), []
    numbers = range(options.movies) if options.only is None else [options.only]
    for number in numbers:
        rng = np.random.default_rng([options.seed, number])
        truth = LAYOUT_NAMES[number % len(LAYOUT_NAMES)]
        frames, what = make_film(shared, rng, truth)
        others = [name for name in LAYOUT_NAMES if name != truth]
        claim = others[rng.integers(len(others))] if options.wrong_names else None
        start = time.process_time()
        decision = detect_layout(
            frames, Fraction(1), LayoutPrior(claim, None, "name" * bool(claim))
        )
        seconds.append(time.process_time() - start)
        confusion[truth, decision.layout] += 1
        print(number, truth, decision.layout, decision.score, what, flush=True)
        if decision.layout != truth or options.only is not None:
            print(f"film {number}: {truth} taken for {decision.layout}, {decision.score}: {what}")
            print("   ", {k: _short(v) for k, v in decision.evidence.items()}, flush=True)
            _keep(options.wrong, number, frames)
    if options.photos:
        for path in photo_paths(shared):
            decision = detect_layout([read(path)], Fraction(1), LayoutPrior())
            confusion["one photograph", decision.layout] += 1
            if decision.layout != "mono":
                print(path.name, decision.layout, decision.evidence)
    _print_table(confusion)
    print(f"{np.mean(seconds):.2f} s of one core a film on average, {max(seconds):.2f} s at most")


def make_film(shared: pathlib.Path, rng, layout: str) -> tuple[list[np.ndarray], dict]:
    """A film in a layout, and what it is made of."""
    height, shape = rng.choice(HEIGHTS), rng.choice(SHAPES)
    height = LARGE if rng.random() < 0.05 else height
    width = 2 * round(height * shape / 2)
    bars = rng.choice(("none", "none", "letterbox", "pillars", "around"))
    inner_height, inner_width = int(height), int(width)
    if bars == "letterbox":
        inner_height = 2 * round(height * rng.uniform(0.72, 0.95) / 2)
    elif bars == "pillars":
        inner_width = 2 * round(width * rng.uniform(0.7, 0.95) / 2)
    source = rng.choice(
        ("photos", "clip", "real", "synthetic") if layout == "mono" else ("real", "synthetic")
    )
    views = _views(shared, rng, source, inner_width, inner_height)
    views = [_faulty(rng, pair) for pair in views]
    views = [tuple(_between_bars(view, width, height) for view in pair) for pair in views]
    frames = [_packed(rng, pair, layout) for pair in views]
    if bars == "around":  # of the packed picture
        above, beside = rng.uniform(0.03, 0.14, 2) * rng.permutation([1, 0])
        frames = [_around(frame, above, beside) for frame in frames]
    crf = int(rng.integers(18, 33))
    with tempfile.TemporaryDirectory() as folder:
        frames = coded(frames, pathlib.Path(folder) / "film.mp4", crf)
    what = f"{frames[0].shape[1]}x{frames[0].shape[0]}"
    return frames, {
        "size": what,
        "shape": round(shape, 2),
        "bars": str(bars),
        "crf": crf,
        "source": str(source),
    }


def _views(shared, rng, source, width, height):
    make = {"photos": photo_views, "clip": clip_views, "real": real_views}
    if source == "synthetic":
        factor = max(1.0, height / 270)  # rendering is slow
        size = round(width / factor), round(height / factor)
        views = synthetic_views(rng, *size, FRAMES)
        return [tuple(cv2.resize(v, (width, height)) for v in pair) for pair in views]
    return make[source](shared, rng, width, height, FRAMES)


def _faulty(rng, pair):
    """Now and then a title card, black, no parallax, exchanged eyes, an offset, other colors."""
    left, right = pair
    height, width = left.shape[:2]
    fault = rng.choice(
        ("none", "title", "black", "fade", "flat", "swap", "offset"),
        p=(0.5, 0.12, 0.08, 0.08, 0.06, 0.08, 0.08),
    )
    if fault == "title":
        return (title_card(rng, width, height),) * 2
    if fault == "black":
        return (np.zeros_like(left),) * 2
    if fault == "fade":
        return tuple((view * 0.15).astype(np.uint8) for view in pair)
    if fault == "flat":
        return left, left
    if fault == "swap":
        return right, left
    if fault == "offset" and right is not left:
        return left, np.roll(right, max(1, round(height * rng.uniform(0, 0.012))), axis=0)
    return pair


def _between_bars(view, width, height):
    rows, columns = (height - view.shape[0]) // 2, (width - view.shape[1]) // 2
    return cv2.copyMakeBorder(
        view,
        rows,
        height - view.shape[0] - rows,
        columns,
        width - view.shape[1] - columns,
        cv2.BORDER_CONSTANT,
    )


def _packed(rng, pair, layout):
    if layout == "mono":
        return pair[0]
    if layout == "anaglyph":
        return pack(*pair, ANAGLYPHS[int(pair[0].shape[1]) % len(ANAGLYPHS)])
    return pack(*pair, layout)


def _around(frame, above, beside):
    rows, columns = (
        2 * round(share * size / 2)
        for share, size in zip((above, beside), frame.shape[:2], strict=True)
    )
    return cv2.copyMakeBorder(frame, rows, rows, columns, columns, cv2.BORDER_CONSTANT)


def _keep(folder, number, frames):
    if folder:
        small = [cv2.resize(frame, (320, 200), interpolation=cv2.INTER_AREA) for frame in frames]
        sheet = np.vstack([np.hstack(small[k : k + 6]) for k in range(0, FRAMES, 6)])
        cv2.imwrite(f"{folder}/film{number}.png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def _print_table(confusion):
    names = [
        name for name in (*LAYOUT_NAMES, "one photograph") if any(t == name for t, _ in confusion)
    ]
    print("| truth | " + " | ".join(LAYOUT_NAMES) + " |")
    print("|---" * (len(LAYOUT_NAMES) + 1) + "|")
    for truth in names:
        cells = (str(confusion[truth, name] or "") for name in LAYOUT_NAMES)
        print(f"| {truth} | " + " | ".join(cells) + " |")
    right = sum(
        n for (t, d), n in confusion.items() if d == ("mono" if t == "one photograph" else t)
    )
    print(f"{right} of {sum(confusion.values())} right")


def _short(value):
    return round(value, 3) if isinstance(value, float) else value


if __name__ == "__main__":
    run_script(main, __doc__)
