"""Makes the pictures of pages that the README shows, from films made from nothing.

    python benchmarks/screenshots.py --output=docs/pictures --work=FOLDER

The films, their ingest and its report are those of `notebooks/01_data.ipynb`. A small network
learns from them what the curves show; the shipped one goes on learning a little, so that
TensorBoard shows its depth, and is evaluated on them. Needs Chromium or Chrome; takes some minutes.
What the folder `--work` already holds is not made again.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest.mock

from absl import flags
from pages import BROWSERS, browser, screenshot, tensorboard
from PIL import Image

from deep3d.command_line import UsageError, run_script

flags.DEFINE_string("output", None, "Folder for the pictures.")
flags.DEFINE_string("work", None, "Folder for films, data, training and evaluation.")
flags.DEFINE_string("every_fault", None, "Data of the film of faulty_films.py --every_fault.")

ROOT = pathlib.Path(__file__).resolve().parents[1]
SMALL = (
    *("--config=vgg16", "--vgg_weights=", "--channel_divisor=8", "--height=96", "--width=192"),
    *("--batch_size=8", "--learning_rate=2e-3"),
)
SHIPPED = (
    *("--config=default", "--start_from=default", "--batch_size=4", "--learning_rate=1e-5"),
    "--warmup_steps=5",
)
# Of the evaluation's page: its first table and first pairs, the second with its disparity.
SHORTER = """<script>
for (const head of document.querySelectorAll("h2")) {
  if (head.textContent === "Films") head.parentElement.hidden = true;
  if (head.textContent !== "Further scores") continue;
  for (let one = head; one; one = one.nextElementSibling) one.hidden = true;
}
document.querySelectorAll(".case")[1].querySelectorAll(".toggles button")[3].click();
</script></body>"""


def main(arguments):
    """Films -> data -> training and evaluation -> pictures."""
    options = flags.FLAGS
    if arguments or not (options.output and options.work):
        raise UsageError("Give --output and --work, and nothing else.")
    if browser() is None:
        raise UsageError(f"One of {', '.join(BROWSERS)} must be installed.")
    work, output = pathlib.Path(options.work).resolve(), pathlib.Path(options.output)
    output.mkdir(parents=True, exist_ok=True)
    data = _data(work)
    runs, evaluation = data.parent / "runs", data.parent / "evaluation"
    if not evaluation.exists():
        _train(data.parent, "small", 240, *SMALL)
        _train(data.parent, "default", 20, *SHIPPED)
        whole = "--data=data", "--split=train", "--output=evaluation"
        _run(data.parent, "eval.py", "--model=default", *whole)
    screenshot((data / "report.html").as_uri(), output / "ingest.png", (1400, 1330))
    if options.every_fault:
        report = pathlib.Path(options.every_fault).resolve() / "report.html"
        screenshot(report.as_uri(), output / "ingest_every_fault.png", (1400, 1500))
        _to_palette(output / "ingest_every_fault.png")
    page = data.parent / "evaluation.html"
    text = (evaluation / "eval.html").read_text(encoding="utf-8")
    page.write_text(text.replace("</body>", SHORTER), encoding="utf-8")
    screenshot(page.as_uri(), output / "evaluation.png", (1100, 1640))
    for run, tab, name, size in (
        ("default", "images&tagFilter=depth", "tensorboard_depth", (1500, 1520)),
        ("small", "scalars&tagFilter=validation", "tensorboard_baselines", (1100, 500)),
    ):
        with tensorboard(runs / run, {"logs/baseline_copy_left"}) as address:
            screenshot(f"http://{address}/#{tab}", output / f"{name}.png", size)
    for name in ("evaluation", "tensorboard_depth", "tensorboard_baselines"):
        _to_palette(output / f"{name}.png")


def _data(work: pathlib.Path) -> pathlib.Path:
    """The data set of the notebook, which makes its films in a temporary folder, here this one."""
    made = sorted(work.glob("deep3d_data_*/again/manifest.json"))
    if not made:
        work.mkdir(parents=True, exist_ok=True)
        notebook = json.loads((ROOT / "notebooks/01_data.ipynb").read_text(encoding="utf-8"))
        code = [
            "".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"
        ]
        with unittest.mock.patch.object(tempfile, "tempdir", str(work)):
            exec("\n".join(code), {})
        made = sorted(work.glob("deep3d_data_*/again/manifest.json"))
    return made[-1].parents[1] / "data"


def _train(folder: pathlib.Path, run: str, steps: int, *flags_of_it: str) -> None:
    every = "--checkpoint_every=20", "--summary_every=20", "--validation_batches=2"
    where = "--data=data", f"--workdir=runs/{run}", f"--steps={steps}"
    _run(folder, "train.py", *flags_of_it, *where, *every)


def _run(folder: pathlib.Path, script: str, *flags_of_it: str) -> None:
    """In the folder, so that the pages name what lies there and not where that is."""
    subprocess.run([sys.executable, ROOT / script, *flags_of_it], cwd=folder, check=True)


def _to_palette(path: pathlib.Path) -> None:
    """A third of the bytes; pages have few colors."""
    Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)


if __name__ == "__main__":
    run_script(main, __doc__)
