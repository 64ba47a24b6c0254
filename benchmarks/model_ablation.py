"""What each part of the original network is worth, on made-up films: one thing changed at a time.

python benchmarks/model_ablation.py --data=FOLDER --results=FILE.jsonl
python benchmarks/model_ablation.py --results=FILE.jsonl --table

The base is the network of the released code with fewer channels, trained on right views alone from
random weights. Every variant runs once for each seed and adds a line to the file of results; a
killed command goes on where it was. The films are made once, into the folder. Runs are short, so
the figures say what helps early and say nothing of where long training ends.
"""

import dataclasses
import json
import pathlib
import statistics
import sys
import time

from absl import flags

from deep3d.command_line import UsageError, define_flags, load_tensorflow, override, run_script
from deep3d.config import Experiment, ModelConfig, TrainingConfig
from deep3d.disparity import DisparityLevels

BASELINES = {"copy_left": "copy of the left view", "global_shift": "best global shift",
             "oracle": "oracle: true disparity"}  # fmt: skip
SCORES = ("mae", "gap_closed", "ordinal_error")


@dataclasses.dataclass(frozen=True)
class Setting:
    """How large the experiment is.

    Attributes:
        width: Width of the pictures; the levels are -8..+7 px at 192 and follow it.
        height: Height of the pictures.
        scenes: Made-up scenes for training, of which each gives three pairs.
        held_out: Other scenes for the scores.
        channel_divisor: Divides the channels of the network.
        steps: Training steps of a run.
        batch_size: Pairs per step.
        learning_rate: Peak rate of Adam.
    """

    width: int = 192
    height: int = 96
    scenes: int = 300
    held_out: int = 40
    channel_divisor: int = 8
    steps: int = 150
    batch_size: int = 10
    learning_rate: float = 2e-3


def main(arguments):
    """Films -> runs -> lines, or lines -> table."""
    options = flags.FLAGS
    setting = override(Setting())
    if arguments or not options.results or not (options.table or options.data):
        raise UsageError("Give --results, and either --data or --table.")
    unknown = set(options.only) - set(variants(setting))
    if unknown:
        raise UsageError(f"--only must name variants: {', '.join(variants(setting))}.")
    results = pathlib.Path(options.results)
    if not options.table:
        load_tensorflow()
        chosen = options.only or list(variants(setting))
        run_all(setting, pathlib.Path(options.data), results, chosen, range(options.seeds))
    print(table(read_results(results, setting), setting))


def variants(setting: Setting) -> dict[str, tuple[str, Experiment]]:
    """The base and what is changed in it: by name, in words and as an experiment."""
    scale = setting.width / 192
    base = ModelConfig(
        levels=DisparityLevels(-8.0 * scale, scale, 16, setting.width),
        encoder="vgg11",
        fully_connected=True,
        height=setting.height,
        width=setting.width,
        fully_connected_units=512 // setting.channel_divisor,
        channel_divisor=setting.channel_divisor,
    )
    training = TrainingConfig(
        steps=setting.steps,
        batch_size=setting.batch_size,
        learning_rate=setting.learning_rate,
        warmup_steps=min(20, setting.steps),
        precision="float32",
    )

    def levels(minimum: float, step: float, count: int) -> dict:
        return {"levels": DisparityLevels(minimum * scale, step * scale, count, setting.width)}

    changes = {
        "full": ("full: 16 levels of 1 px", {}, {}),
        "without_branches": ("without lower branches", {"branches": 1}, {}),
        "without_selection": ("without selection layer", {"selection": False}, {}),
        "8_levels": ("8 levels of 1 px, half the range", levels(-4, 1, 8), {}),
        "32_levels": ("32 levels of 1 px, twice the range", levels(-16, 1, 32), {}),
        "2px_step": ("8 levels of 2 px, the same range", levels(-8, 2, 8), {}),
        "reflect": ("reflect padding", {"padding": "reflect"}, {}),
        "symmetric": ("with symmetric term", {}, {"symmetric": 1.0}),
        "vgg16": ("all convolutions of VGG16", {"encoder": "vgg16"}, {}),
        "uniform": ("initialization: Uniform(0.01), not Glorot", {"initialization": "uniform"}, {}),
    }
    return {
        name: (
            words,
            Experiment(dataclasses.replace(base, **m), dataclasses.replace(training, **t)),
        )
        for name, (words, m, t) in changes.items()
    }


def run_all(setting: Setting, folder: pathlib.Path, results: pathlib.Path, names, seeds):
    """Runs what the results lack, seed by seed, so that early tables have all variants.

    Args:
        setting: Size of the experiment.
        folder: Where the films lie or shall lie.
        results: Each finished run adds a line.
        names: Names of the variants.
        seeds: Seeds of weights and batches.
    """
    import synthetic_pairs

    levels = variants(setting)["full"][1].model.levels
    training, held_out = (
        synthetic_pairs.load_pairs(folder, first, scenes, setting.height, levels)
        for first, scenes in (
            (0, setting.scenes),
            (synthetic_pairs.FIRST_HELD_OUT, setting.held_out),
        )
    )
    found = {(row["name"], row["seed"]) for row in read_results(results, setting)}
    if ("copy_left", 0) not in found:
        scored = synthetic_pairs.baseline_scores(training, held_out, levels)
        for name, scores in scored.items():
            _append(results, {"name": name, "seed": 0, **scores}, setting)
    limits = {row["name"]: row["mae"] for row in read_results(results, setting)}
    gap = limits["global_shift"] - limits["oracle"]
    for seed in seeds:
        for name in names:
            if (name, seed) in found:
                continue
            begin = time.monotonic()
            scores = _train_and_score(variants(setting)[name][1], seed, training, held_out)
            scores["gap_closed"] = (limits["global_shift"] - scores["mae"]) / gap
            scores["seconds"] = round(time.monotonic() - begin, 1)
            _append(results, {"name": name, "seed": seed, **scores}, setting)
            print(f"{name} {seed}: {scores}", file=sys.stderr, flush=True)


def _train_and_score(experiment: Experiment, seed: int, training, held_out) -> dict:
    import keras
    from synthetic_pairs import Batches, error_of, ordinal_error_of

    from deep3d.disparity import expected_disparity
    from deep3d.model import build_deep3d, set_precision
    from deep3d.trainer import compile_trainer

    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    recipe = experiment.training
    set_precision(recipe.precision)
    model = build_deep3d(experiment.model)
    trainer = compile_trainer(model, experiment)
    batches = Batches(training, recipe.batch_size, recipe.steps, seed)
    loss = trainer.fit(batches, epochs=1, verbose=0, shuffle=False).history["loss"][0]
    outputs = model.predict(held_out.left / 255.0, batch_size=8, verbose=0)
    scores = {"loss": loss, "mae": error_of(held_out, 255.0 * outputs["right"])}
    if "probabilities" in outputs:
        disparity = expected_disparity(outputs["probabilities"], experiment.model.levels)
        scores["ordinal_error"] = ordinal_error_of(held_out, disparity)
    return {**scores, "weights": model.count_params()}


def read_results(path: pathlib.Path, setting: Setting) -> list[dict]:
    """The lines of a file of results that belong to a setting; a line cut by a kill is left out."""
    if not path.exists():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        if row.pop("setting") == dataclasses.asdict(setting):
            rows.append(row)
    return rows


def table(rows: list[dict], setting: Setting) -> str:
    """The results in Markdown: means, and in brackets the least and the greatest of the seeds.

    Args:
        rows: Of `read_results`.
        setting: Their setting.

    Returns:
        The table and what has to be known of it.
    """
    names = BASELINES | {name: words for name, (words, _) in variants(setting).items()}
    lines = [
        "| network | weights | MAE (0-255) | share of the gap closed | wrong order | runs |",
        "|---|---|---|---|---|---|",
    ]
    for name, words in names.items():
        found = [row for row in rows if row["name"] == name]
        if found:
            count = found[0].get("weights")
            mae, gap, order = (_spread(found, score) for score in SCORES)
            weights = f"{count:,}" if count else "-"
            lines.append(f"| {words} | {weights} | {mae} | {gap} | {order} | {len(found)} |")
    lines += [
        "",
        f"{setting.steps} steps of {setting.batch_size} pairs, {setting.width}x{setting.height}, "
        f"{3 * setting.scenes} pairs for training and {3 * setting.held_out} of other scenes for "
        f"the scores; channels divided by {setting.channel_divisor}. Mean (least..greatest) of the "
        "seeds. Gap: (global shift - network) / (global shift - oracle) in MAE. Wrong order: share "
        "of point pairs of which the farther one is said to be nearer. All networks start from "
        "random weights; ImageNet's, from which the paper's started, are not part of this. The "
        f"runs took {sum(row.get('seconds', 0) for row in rows) / 60:.0f} minutes.",
    ]
    return "\n".join(lines)


def _spread(rows: list[dict], score: str) -> str:
    values = [row[score] for row in rows if row.get(score) is not None]
    if not values:
        return "-"
    factor, digits, unit = (1.0, 2, "") if score == "mae" else (100.0, 1, " %")
    low, mean, high = (
        f"{factor * value:.{digits}f}"
        for value in (min(values), statistics.mean(values), max(values))
    )
    return f"{mean}{unit}" if len(values) == 1 else f"{mean}{unit} ({low}..{high})"


def _append(path: pathlib.Path, row: dict, setting: Setting):
    path.parent.mkdir(parents=True, exist_ok=True)
    # A line that a kill has cut short ends here, so that the new one stands by itself.
    cut = path.exists() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" * cut + json.dumps(row | {"setting": dataclasses.asdict(setting)}) + "\n")


def run():
    """Flags -> `main`."""
    define_flags(Setting)
    flags.DEFINE_string("data", None, "Folder for the films; made when it lacks them.")
    flags.DEFINE_string("results", None, "File of results, one JSON object a line.")
    flags.DEFINE_integer("seeds", 3, "Runs of each variant.", 1)
    flags.DEFINE_list("only", [], "Names of the variants to run; all by default.")
    flags.DEFINE_boolean("table", False, "Print the table of the results and run nothing.")
    run_script(main, __doc__)


if __name__ == "__main__":
    run()
