"""Errors of black bars in pixels, by kind of bars.

python benchmarks/black_bars.py --shared=FOLDER [--repeats=6] [--seed=0]

Views of real pairs and rendered scenes get bars of known size, are packed, coded in H.264 of crf 18
to 32 and unpacked. An error is lines cut minus lines of bar, in pixels of the packed frame: a
margin that is cut on purpose counts as error, so that up to +2 is meant to be.
"""

import collections
import pathlib
import tempfile

import cv2
import numpy as np
from absl import flags

from benchmarks.movie_views import coded, real_views, synthetic_views
from data_pipeline.decisions.black_bars import find_black_bars, find_shot_bars
from deep3d.command_line import UsageError, run_script
from deep3d.video import LAYOUTS, BlackBars, pack, unpack

flags.DEFINE_string("shared", None, "Folder with stereo/.")
flags.DEFINE_integer("repeats", 6, "Films of each kind.", 1)
flags.DEFINE_integer("seed", 0, "Other films for another seed.", 0)
flags.DEFINE_string("wrong", None, "Folder for a frame of each film that errs by more than 2.")

KINDS = (
    "none",
    "letterbox",
    "pillars",
    "both",
    "off-black",
    "subtitles",
    "logo",
    "night",
    "odd",
    "shot letterbox",
    "shot window one eye",
    "shot window both",
    "shot night",
)
HEIGHTS = (480, 480, 576, 720)
SIDES = ("top", "bottom", "left", "right")


def main(arguments):
    """Films -> table of errors."""
    options = flags.FLAGS
    if arguments or not options.shared:
        raise UsageError("Give --shared.")
    cv2.setNumThreads(1)
    errors = collections.defaultdict(list)
    for kind_number, kind in enumerate(KINDS):
        for repeat in range(options.repeats):
            rng = np.random.default_rng([options.seed, kind_number, repeat])
            pairs, truth, layout = make_film(pathlib.Path(options.shared), rng, kind)
            found = (find_shot_bars if kind.startswith("shot") else find_black_bars)(pairs)
            error = _errors(found, truth, layout)
            errors[kind].append(error)
            if max(map(abs, error)) > 2:
                shape = pairs[0][0].shape
                print(f"{kind} {repeat}: {layout} {shape} {truth} found {found}", flush=True)
                if options.wrong:
                    name = f"{options.wrong}/{kind.replace(' ', '_')}{repeat}.png"
                    sheet = np.vstack([np.hstack(pair) for pair in pairs[:2]])
                    cv2.imwrite(name, cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    print("| kind | within 2 px | median error | worst |\n|---|---|---|---|")
    for kind, each in errors.items():
        sizes = np.abs(each).max(axis=1)
        cut = [value for error in each for value in error if value]
        worst = max(cut, key=abs, default=0)
        median = np.median(cut) if cut else 0
        print(f"| {kind} | {sum(sizes <= 2)} of {len(sizes)} | {median:+.1f} | {worst:+.1f} |")


def make_film(shared, rng, kind):
    """Unpacked pairs, their true bars per eye, and the layout."""
    height = int(rng.choice(HEIGHTS)) + 2 * (kind == "odd")
    width = 2 * round(height * 8 / 9)
    layout = str(rng.choice(LAYOUTS))
    bars = _bars(rng, kind, width, height, layout)
    count = 4 if kind.startswith("shot") else 10
    if rng.random() < 0.6:
        views = real_views(shared, rng, width, height, count)
    else:
        factor = height / 270
        small = synthetic_views(rng, round(width / factor), 270, count)
        views = [tuple(cv2.resize(view, (width, height)) for view in pair) for pair in small]
    black = int(rng.integers(16, 29)) if kind == "off-black" else 0
    views = [_night(pair) if kind.endswith("night") else pair for pair in views]
    pairs = []
    for number, pair in enumerate(views):
        framed = [_framed(view, eye, black) for view, eye in zip(pair, bars, strict=True)]
        if kind == "subtitles" and number % 2:
            framed = [_text(view, bars[0].bottom) for view in framed]
        if kind == "logo":
            framed = [_logo(view, bars[0].bottom) for view in framed]
        pairs.append(framed)
    frames = [pack(*pair, layout) for pair in pairs]
    with tempfile.TemporaryDirectory() as folder:
        frames = coded(frames, pathlib.Path(folder) / "film.mp4", int(rng.integers(18, 33)))
    return [unpack(frame, layout, stretch=True) for frame in frames], bars, layout


def _bars(rng, kind, width, height, layout):
    """Bars of the left and of the right eye."""
    rows = int(height * rng.uniform(0.04, 0.14))
    columns = int(width * rng.uniform(0.04, 0.14))
    if kind != "odd" and layout == "half_tab":
        rows -= rows % 2
    if kind != "odd" and layout == "half_sbs":
        columns -= columns % 2
    if kind == "none":
        return BlackBars(), BlackBars()
    if kind == "pillars":
        return (BlackBars(left=columns, right=columns),) * 2
    if kind == "both":
        return (BlackBars(rows, rows, columns, columns),) * 2
    if kind.startswith("shot window"):
        first, second = (int(width * rng.uniform(0.005, 0.03)) for _ in range(2))
        return BlackBars(left=first), BlackBars(right=second if "both" in kind else 0)
    return (BlackBars(rows, rows),) * 2


def _framed(view, bars, black):
    """The view with its margins painted over, as masters are."""
    framed = np.full_like(view, black)
    bars.crop(framed)[:] = bars.crop(view)
    return framed


def _night(pair):
    return tuple((255 * (view / 255.0) ** 2.2 * 0.35).astype(np.uint8) for view in pair)


def _text(view, bar):
    height, width = view.shape[:2]
    scale = bar / 40
    for color, thick in (((0,) * 3, 4), ((235,) * 3, 2)):
        place = (round(width * 0.3), height - bar // 4)
        cv2.putText(view, "And then he left.", place, 0, scale, color, thick, cv2.LINE_AA)
    return view


def _logo(view, bar):
    height, width = view.shape[:2]
    size = bar // 2
    top, left = height - bar + bar // 4, width - 3 * size - width // 20
    view[top : top + size, left : left + 2 * size] = (190, 190, 200)
    return view


def _errors(found, truth, layout):
    """Lines cut too many, for each side, in pixels of the packed frame."""
    scale = {"half_tab": (0.5, 0.5, 1, 1), "half_sbs": (1, 1, 0.5, 0.5)}.get(layout, (1,) * 4)
    return [
        (getattr(found, side) - max(getattr(eye, side) for eye in truth)) * factor
        for side, factor in zip(SIDES, scale, strict=True)
    ]


if __name__ == "__main__":
    run_script(main, __doc__)
