"""Pairs to evaluate on, from all that the scripts take: data sets, films, folders.

What is given is recognized by its content. Every source is read anew each time that it is iterated
over, and hands on one pair at a time. Those of ingested data sets are in ingested_pairs.py, those
of films in film_pairs.py.
"""

import pathlib

from data_pipeline.film_pairs import FilmPairs
from data_pipeline.ingested_pairs import PACK, SHARDS
from data_pipeline.movie_options import AUTO
from data_pipeline.stereo_pack import is_stereo_pack
from data_pipeline.storage.sources import MOVIE_SUFFIXES
from deep3d.pairs import FilePairs
from deep3d.stereo_layouts import FOLDER_LAYOUTS, folder_layout, list_pairs
from deep3d.video import LAYOUTS
from deep3d.wording import either

KNOWN_LAYOUTS = (SHARDS, PACK, *FOLDER_LAYOUTS, "films", *LAYOUTS)


def find_layout(data: str) -> str:
    """How what is given is laid out.

    Args:
        data: Ingested data set, pack of one, folder of pictures or films, film, or glob pattern of
            films.

    Returns:
        "shards", "pack", "films", or one of `deep3d.stereo_layouts.FOLDER_LAYOUTS`.

    Raises:
        ValueError: If there is nothing.
    """
    path = pathlib.Path(data)
    if (path / "dataset_info.json").exists():
        return SHARDS
    if is_stereo_pack(path):
        return PACK
    if path.is_dir():
        films = any(file.suffix.lower() in MOVIE_SUFFIXES for file in path.iterdir())
        return "films" if films else folder_layout(path)
    if path.suffix.lower() in MOVIE_SUFFIXES or set("*?[") & set(data):
        return "films"
    raise ValueError(f"There is no folder {data}.")


def open_pairs(
    data: str,
    layout: str = "",
    table: dict[str, dict] | None = None,
    at_most: int | None = None,
    film_frames: int = 20,
    eyes: str = AUTO,
) -> FilePairs | FilmPairs:
    """Pairs of a folder, not composed yet, or of films.

    Args:
        data: As for `find_layout`.
        layout: What `find_layout` returns, or how films are packed; "" finds out.
        table: What is known of pairs by name, as for `deep3d.pairs.FilePairs`.
        at_most: That many pairs or fewer, evenly spread.
        film_frames: As for `FilmPairs`.
        eyes: As for `FilmPairs`.

    Returns:
        The pairs, to be iterated over as often as wanted.

    Raises:
        ValueError: If there are no pairs, a view is missing, or the layout is unknown.
    """
    layout = layout or find_layout(data)
    if layout in FOLDER_LAYOUTS:
        return FilePairs(list_pairs(data, layout), table, at_most)
    if layout == "films" or layout in LAYOUTS:
        packed = AUTO if layout == "films" else layout
        return FilmPairs(data, film_frames, packed, eyes, at_most)
    raise ValueError(f"layout must be one of {either(KNOWN_LAYOUTS)}. Received: {layout!r}")
