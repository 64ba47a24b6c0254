"""What each source of depth, and each term of the loss, brings: many short trainings, compared.

python benchmarks/ablation.py --packs=DIR/labelled,DIR/rgbd,DIR/synthetic --pairs=FOLDER
    [--rows=alone,terms --table=FILE]

Networks are trained alike but for one thing: with all packs, with all but one, and with each alone;
with windows that hide in part what they show; then with the other terms of the loss. Runs are
short, so the figures say what teaches fastest, not where long training ends. Every row is scored on
held-out groups of the packs and on real pairs.
"""

import dataclasses
import pathlib
import sys
import tempfile

import numpy as np
from absl import flags

from deep3d.command_line import UsageError, load_tensorflow, run_script
from deep3d.composed_pairs import compose
from deep3d.experiments import experiments
from deep3d.pairs import pair_paths, read_pairs, read_table

KINDS_OF_ROWS = ("all", "without", "alone", "disturbed", "terms")

flags.DEFINE_list("packs", [], "Packs; those joined by + count as one source.")
flags.DEFINE_string("pairs", None, "Folder of real pairs, as eval.py takes it.")
flags.DEFINE_string("classes", None, "CSV with name,content of the pairs.")
flags.DEFINE_integer("steps", 300, "Steps of each training.", 1)
flags.DEFINE_integer("window_area", 18_432, "Pixels of a training window.", 1024)
flags.DEFINE_integer("seed", 0, "Seed of weights and data.")
flags.DEFINE_list("rows", list(KINDS_OF_ROWS), f"Which rows: {', '.join(KINDS_OF_ROWS)}.")
flags.DEFINE_string("table", None, "File that rows are added to; those that it has are skipped.")


def main(arguments):
    """Packs -> runs -> table."""
    options = flags.FLAGS
    if arguments or len(options.packs) < 2 or not options.pairs:
        raise UsageError("Give --packs with at least two sources, and --pairs.")
    if unknown := set(options.rows) - set(KINDS_OF_ROWS):
        raise UsageError(f"--rows must be among {KINDS_OF_ROWS}. Received: {sorted(unknown)}.")
    pair_paths(pathlib.Path(options.pairs))
    load_tensorflow()
    sources = {_name(text): text.split("+") for text in options.packs}
    everything = [path for paths in sources.values() for path in paths]
    table = pathlib.Path(options.table) if options.table else None
    known = table.read_text() if table and table.exists() else ""
    if not known:
        _write("| trained on | terms | held-out loss | MAE, real pairs | wrong order |", table)
        _write("|---|---|---|---|---|", table)
    for kind, name, paths, terms in _runs(sources, everything):
        row = f"| {name} | {' + '.join(terms)} |"
        if kind not in options.rows or row in known:
            continue
        trained_on = _mixture(paths, "right_view" in terms, kind == "disturbed")
        validation, scores = _train_and_score(trained_on, terms, everything)
        order = f"{100 * scores['ordinal_error']:.0f} %"
        _write(f"{row} {validation:.2f} | {scores['mae']:.2f} | {order} |", table)


def _write(line, table):
    print(line, flush=True)
    if table:
        with table.open("a") as file:
            file.write(line + "\n")


def _runs(sources, everything):
    """Kind of row, name, packs and terms of each training."""
    disparity = {"disparity": 1.0}
    yield "all", "all", everything, disparity
    for name, paths in sources.items():
        yield "without", f"all but {name}", [p for p in everything if p not in paths], disparity
    for name, paths in sources.items():
        yield "alone", f"{name} alone", paths, disparity
    yield "disturbed", "all, disturbed", everything, disparity
    yield "terms", "all", everything, {"disparity": 1.0, "right_view": 5.0}
    yield "terms", "all", everything, {"right_view": 1.0}


def _train_and_score(mixture, terms, everything):
    from data_pipeline.packs.mixture import MixtureSequence, mixture_dataset
    from deep3d import evaluation, inference, training
    from deep3d.trainer import compile_trainer

    options = flags.FLAGS
    default = experiments()["default"]
    recipe = dataclasses.replace(
        default.training,
        steps=options.steps,
        checkpoint_every=options.steps,
        warmup_steps=options.steps // 10,
        averaging=0.98,
        seed=options.seed,
        **({"right_view": 0.0, "disparity": 0.0} | terms),
    )
    model = dataclasses.replace(default.model, picture_area=options.window_area)
    experiment = dataclasses.replace(default, model=model, training=recipe)
    held_out = _mixture(everything, "right_view" in terms)
    with tempfile.TemporaryDirectory() as workdir:
        result = training.train(
            experiment,
            lambda step: mixture_dataset(mixture, step),
            lambda: MixtureSequence(held_out, 0, 1, validation=True),
            workdir,
            verbose=0,
        )
    score = compile_trainer(
        result.model,
        dataclasses.replace(
            experiment, training=dataclasses.replace(recipe, right_view=0.0, disparity=1.0)
        ),
    )
    held = MixtureSequence(_mixture(everything), 0, recipe.validation_batches, validation=True)
    loss = score.evaluate(held, verbose=0, return_dict=True)["loss"]
    levels = experiment.model.levels
    table = read_table(*([options.classes] if options.classes else []))
    pairs = [compose(pair, levels) for pair in read_pairs(options.pairs, table)]
    rows = evaluation.evaluate(pairs, inference.Predictor(result.model, experiment.model))["rows"]
    return loss, next(row for row in rows if row["name"] == "model")


def _mixture(paths, right_view=False, disturbed=False):
    from data_pipeline.packs.mixture import Mixture, MixtureConfig

    options = flags.FLAGS
    default = experiments()["default"]
    config = MixtureConfig(
        batch_size=default.training.batch_size,
        area=options.window_area,
        right_view=right_view,
        disturbed=disturbed,
        seed=options.seed,
    )
    weights = {path: float(np.sqrt(_files_bytes(path))) for path in paths}
    return Mixture(weights, default.model.levels, config)


def _files_bytes(path) -> int:
    """Large packs are drawn more often, but by the root of their size."""
    return sum(file.stat().st_size for file in pathlib.Path(path).glob("*.h5")) or 1


def _name(text: str) -> str:
    return " + ".join(pathlib.Path(path).name.replace("_", " ") for path in text.split("+"))


if __name__ == "__main__":
    sys.exit(run_script(main, __doc__))
