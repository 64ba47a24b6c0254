"""Reports on the parallax of a 3D film, shot by shot: how comfortable it is to look at.

python -m deep3d.comfort film.3D.mkv [--layout=half_sbs] [--output=report]
"""

import json
import pathlib

from absl import flags

from deep3d.comfort import ParallaxBudget
from deep3d.comfort.film import LAYOUTS, layout_of_name, measure_film
from deep3d.command_line import UsageError, run_script

flags.DEFINE_enum("layout", None, LAYOUTS, "How the eyes are stored. Default: by the film's name.")
flags.DEFINE_string("output", None, "The report's name. Default: the film's, with .comfort.")
flags.DEFINE_float("budget_front", ParallaxBudget.front, "% of the width in front of the screen.")
flags.DEFINE_float("budget_back", ParallaxBudget.back, "% of the width behind the screen.")
flags.DEFINE_float("every", 0.5, "Seconds between two frames that are measured.", lower_bound=0)
flags.DEFINE_float("start", None, "Second at which to begin.")
flags.DEFINE_float("end", None, "Second at which to end.")


def main(arguments):
    """Measures one film and writes the report."""
    options = flags.FLAGS
    if len(arguments) != 1:
        raise UsageError("Give one 3D film.")
    film = pathlib.Path(arguments[0])
    layout = options.layout or layout_of_name(film)
    if layout is None:
        raise UsageError(f"The name of {film.name} says no layout: give --layout.")
    budget = ParallaxBudget(options.budget_front, options.budget_back)
    report = measure_film(film, layout, budget, options.every, options.start, options.end)
    files = report.write(options.output or film.with_name(f"{film.stem}.comfort"))
    print(json.dumps(report.result()["film"], indent=1))
    print(*files, sep="\n")


if __name__ == "__main__":
    run_script(main, __doc__)
