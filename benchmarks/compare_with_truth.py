"""How far the right eye of a converted film is from the true one.

python benchmarks/compare_with_truth.py --video=demo/film.3D.HSBS_LR.mp4 --truth=demo/truth

The truth is a folder of `data_pipeline.synthetic --truth`. All rows are compared at the size that
one eye has in the converted film, and the baselines are made from the true left eye, so that
they have no loss by compression; the converted film has.

A film's zero parallax is its director's choice and cannot be seen in one eye. The row "converted,
shot by shot at the film's zero parallax" has that choice given, as one whole shift for each shot.
"""

import json
import pathlib

import cv2
import numpy as np
from absl import flags

from deep3d import baselines
from deep3d.command_line import UsageError, run_script
from deep3d.image_file import read_image
from deep3d.video import LAYOUTS, VideoReader, unpack

flags.DEFINE_string("video", None, "Converted film.")
flags.DEFINE_string("truth", None, "Folder with left/, right/ and truth.json.")
flags.DEFINE_enum("layout", "half_sbs", LAYOUTS, "Layout of the converted film.")

SHIFTS = np.arange(-12, 13)
# Neighboring frames want the same shift: it is looked for on every eighth.
SEARCH_STRIDE = 8


def main(arguments):
    """Reads both, prints the table."""
    options = flags.FLAGS
    if arguments or not options.video or not options.truth:
        raise UsageError("--video and --truth must be given, and nothing else.")
    truth = pathlib.Path(options.truth)
    shot_of_frame = _shots(truth)
    lefts, rights, made = _read(truth, options.video, options.layout)
    rows = {
        "copy of the left view": lefts,
        "best global shift": _best_shift(lefts, rights, [0] * len(lefts)),
        "best global shift of each shot": _best_shift(lefts, rights, shot_of_frame),
        "converted": made,
        "converted, shot by shot at the film's zero parallax": _best_shift(
            made, rights, shot_of_frame
        ),
    }
    print(f"3D film: {options.video} ({len(made)} frames)\n")
    print("| right eye | error against the true right eye (MAE, 0-255) |\n|---|---|")
    for name, views in rows.items():
        print(f"| {name} | {_error(views, rights):.2f} |")


def _shots(truth: pathlib.Path) -> list[int]:
    with open(truth / "truth.json", encoding="utf-8") as file:
        facts = json.load(file)
    return [
        number
        for number, shot in enumerate(facts["shots"])
        for _ in range(shot["first_frame"], shot["end_frame"])
    ]


def _read(truth: pathlib.Path, video: str, layout: str):
    lefts, rights, made = [], [], []
    with VideoReader(video) as reader:
        for number, frame in enumerate(reader):
            _, right = unpack(frame.image, layout)
            size = right.shape[1::-1]
            name = f"{number:06d}.png"
            for views, eye in ((lefts, "left"), (rights, "right")):
                picture = read_image(truth / eye / name)
                views.append(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
            made.append(right.copy())
    return lefts, rights, made


def _best_shift(views, rights, groups):
    """Every group of views moved by the shift that suits that group best."""
    moved = {}
    for group in dict.fromkeys(groups):
        members = [i for i, other in enumerate(groups) if other == group]
        chosen_on = members[::SEARCH_STRIDE]
        errors = [
            _error(
                [baselines.global_shift(views[i], float(shift)) for i in chosen_on],
                [rights[i] for i in chosen_on],
            )
            for shift in SHIFTS
        ]
        shift = float(SHIFTS[int(np.argmin(errors))])
        moved.update((i, baselines.global_shift(views[i], shift)) for i in members)
    return [moved[i] for i in range(len(views))]


def _error(views, rights) -> float:
    return float(
        np.mean(
            [cv2.absdiff(view, right).mean() for view, right in zip(views, rights, strict=True)]
        )
    )


if __name__ == "__main__":
    run_script(main, __doc__)
