"""The splits of movies that have been read: by title, and by what their pictures show.

Another release, a copy under another name and a trailer show the pictures of a movie, so that their
titles belong together whatever they are. Movies of which nothing was accepted take no place.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from data_pipeline.ingest_config import IngestConfig, IngestError
from data_pipeline.storage.picture_hash import alike_groups
from data_pipeline.storage.splits import split_titles, title_of_listed


@dataclasses.dataclass(frozen=True)
class Splits:
    """Which title belongs where.

    Attributes:
        of_title: The split of every title of which anything was accepted.
        joined: The titles that were joined, by two, and how many pictures are alike.
    """

    of_title: dict[str, str]
    joined: list[dict]


def choose_splits(config: IngestConfig, hashes: Mapping[str, Sequence[str]]) -> Splits:
    """Splits titles by the config, those of the same pictures together.

    Args:
        config: Shares, seed, or lists of titles.
        hashes: `picture_hash` of the accepted pictures of every title.

    Returns:
        The splits.

    Raises:
        IngestError: If lists divide what belongs together, or leave nothing for training.
    """
    hashes = {title: ones for title, ones in hashes.items() if ones}
    joined = alike_groups(hashes)
    first = _first_titles(hashes, [pair["titles"] for pair in joined])
    listed = [
        [first[title] for title in _listed(titles) if title in first]
        for titles in (config.validation_titles, config.test_titles)
    ]
    both = set(listed[0]) & set(listed[1])
    if both:
        names = sorted(title for title, one in first.items() if one in both)
        raise IngestError(f"titles of the same pictures are listed for two splits: {names}")
    if config.validation_titles or config.test_titles:
        # Lists of which nothing is left do not ask for a draw.
        drawn = split_titles(first.values(), 0, 0, 0, *listed)
    else:
        drawn = split_titles(
            first.values(), config.validation_share, config.test_share, config.seed
        )
    return Splits({title: drawn[one] for title, one in first.items()}, joined)


def check_lists(config: IngestConfig, titles: Iterable[str]) -> None:
    """Refuses lists and shares that cannot be meant, before movies are read for hours.

    Raises:
        ValueError: As `split_titles`.
    """
    split_titles(
        titles,
        config.validation_share,
        config.test_share,
        config.seed,
        _listed(config.validation_titles),
        _listed(config.test_titles),
    )


def _listed(titles: str) -> list[str]:
    return [title_of_listed(title) for title in map(str.strip, titles.split(",")) if title]


def _first_titles(titles: Iterable[str], pairs: Iterable[Sequence[str]]) -> dict[str, str]:
    """The first title of those that belong together, directly or by others, for each of them."""
    group = {title: {title} for title in titles}
    for one, other in pairs:
        together = group[one] | group[other]
        for title in together:
            group[title] = together
    return {title: min(together) for title, together in group.items()}
