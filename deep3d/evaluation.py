"""A model against every baseline, on pairs whose true right view is known.

Pairs are composed (see composition.py), so that a model which cannot know the rig of a pair is
compared on what it can know: which disparities, in pixels of the composed pair, make the scene.
Every table has the baselines, because by any pixel error copying the left view does well.
"""

import dataclasses
import json
import os
import pathlib
from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np

from deep3d import baselines, metrics
from deep3d.composition import apply_composition, compose_for_levels
from deep3d.disparity import DisparityLevels
from deep3d.inference import Predictor
from deep3d.rendering import render_select, render_warp
from deep3d.stereo_matching import disparity_percentiles

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
MAX_PIXELS = 100_000_000
# Disparities are searched up to this share of the width before a pair is composed.
SEARCH_LIMIT = 0.15


@dataclasses.dataclass(frozen=True)
class Pair:
    """A left view and its true right view, (h, w, 3) uint8 RGB of one size."""

    name: str
    left: np.ndarray
    right: np.ndarray


def read_pairs(folder) -> Iterator[Pair]:
    """Reads a folder of stereo pairs.

    Args:
        folder: Has `left/` and `right/` with equal names, or one folder for each pair with
            `left.*` and `right.*`.

    Yields:
        The pairs, sorted by name.

    Raises:
        ValueError: If there are no pairs, one has no partner, or a pair differs in size.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}.")
    paths = _paired_by_name(folder) if (folder / "left").is_dir() else _paired_by_folder(folder)
    if not paths:
        raise ValueError(
            f"{folder} has no stereo pairs: neither left/ and right/ with equal names, nor "
            "folders with left.* and right.*"
        )
    for name, left_path, right_path in paths:
        left, right = read_image(left_path), read_image(right_path)
        if left.shape != right.shape:
            raise ValueError(
                f"Pair {name}: both views must have one size. Received: left "
                f"{left.shape[1]}x{left.shape[0]}, right {right.shape[1]}x{right.shape[0]}"
            )
        yield Pair(name, left, right)


def read_image(path) -> np.ndarray:
    """Reads a picture as (h, w, 3) uint8 RGB.

    Args:
        path: Any picture that OpenCV decodes.

    Returns:
        The picture.

    Raises:
        ValueError: If it is no picture.
    """
    picture = cv2.imread(os.fspath(path), cv2.IMREAD_COLOR)
    if picture is None or picture.shape[0] * picture.shape[1] > MAX_PIXELS:
        raise ValueError(f"{path} is no picture that can be read.")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def compose(pair: Pair, levels: DisparityLevels) -> Pair:
    """Brings a pair to the composition that its disparities need to fit the levels.

    Args:
        pair: Any pair.
        levels: The levels; the pair becomes as wide as they mean it, or narrower.

    Returns:
        The composed pair; one in which nothing matches is only resized.
    """
    width = pair.left.shape[1]
    percentiles = disparity_percentiles(pair.left, pair.right, limit=SEARCH_LIMIT)
    if not np.isfinite(percentiles).all():
        percentiles = (0.0, 0.0)
    composition = compose_for_levels(*percentiles, width, levels, target_width=levels.width)
    return Pair(pair.name, *apply_composition(pair.left, pair.right, composition))


def evaluate(
    pairs: Iterable[Pair],
    predictor: Predictor,
    validation: Sequence[Pair] | None = None,
) -> dict:
    """Compares a model and all baselines on composed pairs.

    Args:
        pairs: Composed pairs, held in memory.
        predictor: The model.
        validation: Composed pairs on which the fixed shift and the fixed ramp are chosen; the
            evaluated pairs themselves when None, which flatters those two baselines.

    Returns:
        {"rows": [{"name", "mae", "psnr", "ssim"}, ...], "per_item": [{"name", "size",
        "rows": [...]}, ...], "baselines": how the fixed ones were chosen}. MAE on 0..255.

    Raises:
        ValueError: If there are no pairs.
    """
    pairs = list(pairs)
    if not pairs:
        raise ValueError("There must be at least one pair to evaluate on.")
    levels = predictor.config.levels
    low, high = min(levels.values), max(levels.values)
    chosen_on = [(pair.left, pair.right) for pair in (validation or pairs)]
    shift = baselines.best_shift(chosen_on, low, high)
    ramp = baselines.best_ramp(chosen_on, low, high)
    per_item = []
    for pair in pairs:
        predictions = dict(_predictions(pair, predictor, shift, ramp))
        rows = [{"name": name, **_scores(pair.right, view)} for name, view in predictions.items()]
        size = f"{pair.left.shape[1]}x{pair.left.shape[0]}"
        per_item.append({"name": pair.name, "size": size, "rows": rows})
    names = [row["name"] for row in per_item[0]["rows"]]
    return {
        "rows": [_mean_row(name, per_item) for name in names],
        "per_item": per_item,
        "baselines": {
            "chosen_on": "validation pairs" if validation else "the evaluated pairs themselves",
            "global_shift_px": shift,
            "vertical_ramp_px": list(ramp),
        },
    }


def format_table(result: dict) -> str:
    """The rows of `evaluate` as a text table.

    Args:
        result: Return value of `evaluate`.

    Returns:
        Markdown table with one line for each row.
    """
    lines = ["| right view by | MAE (0-255) | PSNR (dB) | SSIM |", "|---|---|---|---|"]
    lines += [
        f"| {row['name'].replace('_', ' ')} | {row['mae']:.2f} | {row['psnr']:.2f} "
        f"| {row['ssim']:.3f} |"
        for row in result["rows"]
    ]
    chosen = result["baselines"]
    top, bottom = chosen["vertical_ramp_px"]
    lines.append(
        f"\n{len(result['per_item'])} pairs; global shift {chosen['global_shift_px']:+.1f} px and "
        f"vertical ramp {top:+.0f}..{bottom:+.0f} px chosen on {chosen['chosen_on']}."
    )
    return "\n".join(lines)


def write_result(result: dict, folder):
    """Writes `eval.json` and `eval.txt`.

    Args:
        result: Return value of `evaluate`.
        folder: Made if missing.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("eval.json", json.dumps(result, indent=1)),
        ("eval.txt", format_table(result) + "\n"),
    ):
        temporary = folder / f".{name}.part"
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, folder / name)


def _predictions(pair: Pair, predictor: Predictor, shift: float, ramp: tuple[float, float]):
    levels = predictor.config.levels
    low, high = round(min(levels.values)), round(max(levels.values))
    left, right = pair.left, pair.right
    yield "copy_left", left
    yield "global_shift", baselines.global_shift(left, shift)
    own_shift = baselines.best_shift([(left, right)], low, high)
    yield "global_shift_per_image", baselines.global_shift(left, own_shift)
    yield "vertical_ramp", baselines.vertical_ramp(left, *ramp)
    yield "oracle", baselines.oracle(left, right, low, high)
    small = predictor.shrink(left)[np.newaxis]
    # The network's pixels are those of the composed pair, however wide that is: its composition
    # has already brought the disparities to the levels.
    yield "model", render_warp(left, predictor.disparity(small)[0])
    same_width = dataclasses.replace(levels, width=left.shape[1])
    yield "model_select", render_select(left, predictor.probabilities(small)[0], same_width)


def _scores(truth: np.ndarray, prediction: np.ndarray) -> dict[str, float]:
    truth, prediction = (
        view[np.newaxis].astype(np.float32) / 255.0 for view in (truth, prediction)
    )
    return {
        "mae": float(metrics.mean_absolute_error(truth, prediction)[0]),
        "psnr": float(metrics.psnr(truth, prediction)[0]),
        "ssim": float(metrics.ssim(truth, prediction)[0]),
    }


def _mean_row(name: str, per_item: list[dict]) -> dict:
    rows = [row for item in per_item for row in item["rows"] if row["name"] == name]
    return {
        "name": name,
        **{key: float(np.mean([row[key] for row in rows])) for key in ("mae", "psnr", "ssim")},
    }


def _paired_by_name(folder: pathlib.Path) -> list[tuple[str, pathlib.Path, pathlib.Path]]:
    names = {
        side: {path.name for path in (folder / side).glob("*") if _is_image(path)}
        for side in ("left", "right")
    }
    alone = sorted(names["left"] ^ names["right"])
    if alone:
        raise ValueError(f"{folder}: left/ and right/ must have equal names. Alone: {alone[:5]}")
    return [
        (name, folder / "left" / name, folder / "right" / name) for name in sorted(names["left"])
    ]


def _paired_by_folder(folder: pathlib.Path) -> list[tuple[str, pathlib.Path, pathlib.Path]]:
    paths = []
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        views = [
            [p for p in sorted(inner.glob(f"{s}.*")) if _is_image(p)] for s in ("left", "right")
        ]
        if all(views):
            paths.append((inner.name, views[0][0], views[1][0]))
    return paths


def _is_image(path: pathlib.Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES
