"""Makes the pictures of pages that the README shows, from films made from nothing.

    python benchmarks/screenshots.py --output=docs/pictures --work=FOLDER

The films, their ingest and its report are those of `notebooks/01_data.ipynb`; the shipped network
learns from them for some steps and is evaluated on them. Needs Chromium or Chrome; takes some
minutes. What the folder `--work` already holds is not made again.
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
flags.DEFINE_integer("steps", 60, "Training steps.", 2)

ROOT = pathlib.Path(__file__).resolve().parents[1]
RUN = "default"
# The evaluation's page: the second case shows its disparity.
TOGGLE = """<script>
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
    runs, evaluation = work / "runs", work / "evaluation"
    if not evaluation.exists():
        _run(
            *("train.py", "--config=default", "--start_from=default", f"--data={data}"),
            *(f"--workdir={runs / RUN}", f"--steps={options.steps}", "--batch_size=4"),
            *("--learning_rate=1e-4", "--warmup_steps=5", "--checkpoint_every=20"),
            *("--summary_every=20", "--validation_batches=2"),
        )
        whole = f"--data={data}", "--split=train", f"--output={evaluation}"
        _run("eval.py", "--model=default", *whole)
    screenshot((data / "report.html").as_uri(), output / "ingest.png", (1400, 1330))
    page = work / "evaluation.html"
    text = (evaluation / "eval.html").read_text(encoding="utf-8")
    page.write_text(text.replace("</body>", TOGGLE), encoding="utf-8")
    screenshot(page.as_uri(), output / "evaluation.png", (960, 1518))
    with tensorboard(runs, {f"{RUN}/logs/baseline_copy_left"}) as address:
        for tab, name, size in (
            ("images&tagFilter=depth", "tensorboard_depth.png", (1500, 1520)),
            ("scalars&tagFilter=validation%2Fright", "tensorboard_baselines.png", (1100, 480)),
        ):
            screenshot(f"http://{address}/#{tab}", output / name, size)
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


def _run(script: str, *flags_of_it: str) -> None:
    subprocess.run([sys.executable, ROOT / script, *flags_of_it], check=True)


def _to_palette(path: pathlib.Path) -> None:
    """A third of the bytes; pages have few colors."""
    Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)


if __name__ == "__main__":
    run_script(main, __doc__)
