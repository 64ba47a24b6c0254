"""Makes 3D films with faults, and beside each what is true of every one of its frames.

    python benchmarks/faulty_films.py --output=DIR [--films=48] [--pairs=FOLDER] [--clips=FOLDER]
    python benchmarks/faulty_films.py --output=FILM.mkv --every_fault [--seconds=600]

The films go through all layouts, sizes from 480 to 2160 lines, frame rates and rate factors; their
shots have swapped eyes, bars, misaligned eyes, subtitles, titles, 2D inserts, fades and more
(`film_list`), or the file itself is damaged. NAME.json beside a film is its label
(`labelled_film`). The same flags make the same films. `ingest_decisions.py` judges by them.

Pictures are made-up scenes and, where folders are given, real pairs and 2D clips; a window moves
over stills, so that a film costs little more than its encoding.
"""

import concurrent.futures
import dataclasses
import pathlib
import sys

import cv2
from absl import flags
from film_list import designed_films, every_fault
from labelled_film import Film, write_film
from shot_sources import Sources

from deep3d.command_line import UsageError, run_script

flags.DEFINE_string("output", None, "Folder of the films; with --every_fault the film's file.")
flags.DEFINE_integer("films", 48, "Films; 46 have every kind of film.", lower_bound=1)
flags.DEFINE_integer("seed", 0, "Another seed is another corpus.", lower_bound=0)
flags.DEFINE_string("pairs", None, "Folder of real pairs: NAME/left.* and NAME/right.*.")
flags.DEFINE_string("clips", None, "Folder of real 2D clips.")
flags.DEFINE_boolean("small", False, "Tiny pictures and short shots, to try things out.")
flags.DEFINE_boolean("every_fault", False, "Make a single film with all faults of shots.")
flags.DEFINE_float("seconds", 600.0, "Length of that film.", lower_bound=10.0)
flags.DEFINE_list("size", ["960", "540"], "Width and height of that film's views.")
flags.DEFINE_integer("workers", 1, "Films made at the same time.", lower_bound=1)


def main(arguments):
    """Makes the films that the flags ask for."""
    options = flags.FLAGS
    if arguments or not options.output:
        raise UsageError("Give --output, and flags alone.")
    folders = [pathlib.Path(path) if path else None for path in (options.pairs, options.clips)]
    for folder in folders:
        if folder and not folder.is_dir():
            raise UsageError(f"{folder} is no folder.")
    output, sources = pathlib.Path(options.output), Sources(*folders)
    if options.every_fault:
        film = every_fault(options.seconds, _size(options.size), options.seed, sources)
        films, output = [dataclasses.replace(film, file=output.name)], output.parent
    else:
        films = designed_films(options.films, options.seed, sources, options.small)
    output.mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ProcessPoolExecutor(options.workers) as pool:
        making = [pool.submit(_make, film, output, folders) for film in films]
        try:
            for film, made in zip(films, making, strict=True):
                print(f"{film.file}: {made.result()} frames", file=sys.stderr, flush=True)
        finally:  # an interruption waits for the films in hand and not for all
            pool.shutdown(cancel_futures=True)
    print(f"{output}: {len(films)} films")


def _make(film: Film, output: pathlib.Path, folders: list[pathlib.Path | None]) -> int:
    """Makes a film in a process of its own; the number of its frames."""
    cv2.setNumThreads(1)
    return write_film(film, output, Sources(*folders))["frames"]


def _size(words: list[str]) -> tuple[int, int]:
    try:
        width, height = map(int, words)
    except ValueError:
        raise UsageError(f"--size must be WIDTH,HEIGHT. Received: {','.join(words)}") from None
    return width, height


if __name__ == "__main__":
    run_script(main, __doc__)
