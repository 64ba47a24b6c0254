"""At which size a network sees pictures best: its error on held-out groups of packs.

    python benchmarks/picture_areas.py --packs=DIR/a,DIR/b [--areas=0,36864,61440,86016]

An area is about how many pixels a picture is brought to; 0 is the width of the levels, whatever the
shape (`ModelConfig.picture_area`). A cell says the error of disparity in pixels at the width of the
levels, the same with the best scale and shift for each picture, and the share of point pairs in
wrong order. The groups are those that training with the same packs and seed held out.
"""

import dataclasses

import cv2
import numpy as np
from absl import flags

from data_pipeline.packs.mixture import Mixture, MixtureConfig
from deep3d.command_line import UsageError, run_script
from deep3d.depth_scores import best_affine_disparity, end_point_error, ordinal_error, point_pairs
from deep3d.pretrained import load_predictor

flags.DEFINE_string("model", "default", "Shipped model or path of a model file.")
flags.DEFINE_list("packs", [], "Packs of pictures with disparity.")
flags.DEFINE_list("areas", ["0", "24576", "36864", "61440", "86016"], "Pixels.")
flags.DEFINE_integer("pictures", 48, "Pictures of each pack, a third of each shape.", 3)
MIDDLE_SPREAD = (0.75, 0.75)  # share of the levels' range; training draws 0.5 to 1


def main(arguments):
    """Prints a row for each pack, and the means over them."""
    options = flags.FLAGS
    if arguments or not options.packs:
        raise UsageError("Give --packs, and flags alone.")
    areas = [int(area) for area in options.areas]
    print(f"| pack | {' | '.join('width' if area == 0 else str(area) for area in areas)} |")
    print(f"|---|{'---|' * len(areas)}")
    predictor = load_predictor(options.model)
    rows = []
    for pack in options.packs:
        config = MixtureConfig(batch_size=1, right_view=False, spread=MIDDLE_SPREAD)
        mixture = Mixture({pack: 1.0}, predictor.config.levels, config)
        if mixture.validation:
            rows.append(_scores(mixture, predictor, areas, options.pictures))
            _print_row(pack.rstrip("/").split("/")[-1], rows[-1])
    _print_row("mean", np.mean(rows, axis=0))


def _scores(mixture: Mixture, predictor, areas: list[int], count: int) -> np.ndarray:
    """(areas, 3) means over pictures: error, error with the best scale and shift, wrong order."""
    scores = []
    for number in range(count):
        left, targets = mixture.validation_batch(number)
        picture = np.rint(255.0 * left[0]).astype(np.uint8)
        truth, trust = np.moveaxis(targets["disparity"][0], -1, 0)
        truth = np.where(trust > 0, truth, np.nan)
        pairs = point_pairs(truth)
        if len(pairs[0]):
            scores.append([_score(predictor, area, picture, truth, pairs) for area in areas])
    return np.mean(scores, axis=0)


def _score(predictor, area: int, picture: np.ndarray, truth: np.ndarray, pairs) -> tuple:
    predictor.config = dataclasses.replace(predictor.config, picture_area=area)
    found = predictor.disparity(predictor.shrink(picture)[np.newaxis])[0]
    found = cv2.resize(found, picture.shape[1::-1])
    fitted = best_affine_disparity(found, truth)
    return (
        end_point_error(found, truth),
        end_point_error(fitted, truth),
        ordinal_error(found, *pairs),
    )


def _print_row(name: str, scores: np.ndarray):
    cells = (f"{raw:.2f} / {fitted:.2f} / {100 * order:.0f} %" for raw, fitted, order in scores)
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    run_script(main, __doc__)
