"""Which movie belongs to which split: by title, never by frame.

Frames of one movie resemble each other far too much for a part of them to test what was learned
from the rest, and so do its parts, its releases and its copies.
"""

import hashlib
import pathlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

SPLITS = ("train", "validation", "test")
# Words of file names at which the title has ended: years, formats, parts.
_AFTER_TITLE = re.compile(
    r"(19|20)\d\d|3d|[hf]?-?(sbs|tab|ou)|half|full|lr|rl|\d{3,4}[pi]|[48]k|uhd|hdr"
    r"|blu|bluray|b[dr]rip|web|webdl|dvd|[xh]26[45]|hevc|avc|av1|vp9"
    r"|part|(part|pt|cd|dis[ck]|chapter|reel)\d+"
)


def title_of(path: str | pathlib.PurePath) -> str:
    """The title in a movie's file name, in lower case and without release words.

    `Film.2009.3D.HSBS.mkv` and `Film 2009 part2.mp4` both give `film`. Sequels that are told
    apart by such words only ("Part 2") share a title, which errs on the safe side.

    Args:
        path: The movie; only the name counts, and the file need not exist.

    Returns:
        The words up to the first year or release word; the first word is always kept.
    """
    stem = unicodedata.normalize("NFKC", pathlib.PurePath(path).stem).casefold()
    words = [word for word in re.split(r"[\W_]+", stem) if word] or [stem]
    end = next(
        (k for k, word in enumerate(words) if k and _AFTER_TITLE.fullmatch(word)), len(words)
    )
    return " ".join(words[:end])


def split_titles(
    titles: Iterable[str],
    validation_share: float = 0.1,
    test_share: float = 0.1,
    seed: int = 0,
    validation_titles: Sequence[str] = (),
    test_titles: Sequence[str] = (),
) -> dict[str, str]:
    """Assigns every title to a split, independently of the order in which titles are given.

    One title: train. Two: one for training, one for validation. Three or more: the titles are
    ordered by a hash of seed and title; the first `round(validation_share * titles)` are for
    validation, the next `round(test_share * titles)` for the test, at least one each where the
    share is positive; the rest is for training. Where titles are listed explicitly, exactly
    those make up validation and test, and nothing is drawn.

    Args:
        titles: Titles, as from `title_of`; repeated ones count once.
        validation_share: Share of the titles for validation, 0..0.5.
        test_share: Share of the titles for the test, 0..0.5, and less than 1 together.
        seed: Another seed draws other titles.
        validation_titles: Explicit list; file names will do.
        test_titles: Explicit list.

    Returns:
        The split of every title.

    Raises:
        ValueError: If a share is out of range, a listed title is unknown or listed twice, or
            nothing is left for training.
    """
    titles = sorted(set(titles))
    for name, share in (("validation_share", validation_share), ("test_share", test_share)):
        if not 0 <= share <= 0.5:
            raise ValueError(f"{name} must be within 0..0.5. Received: {share}")
    if validation_titles or test_titles:
        chosen = _listed(titles, validation_titles, test_titles)
    else:
        chosen = _drawn(titles, validation_share, test_share, seed)
    if titles and len(chosen) == len(titles):
        raise ValueError(f"A title must be left for training. Received: {titles}")
    return {title: chosen.get(title, "train") for title in titles}


def _listed(titles, validation_titles, test_titles) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for split, listed in (("validation", validation_titles), ("test", test_titles)):
        for title in map(title_of_listed, listed):
            if title not in titles:
                raise ValueError(f"Listed titles must be among {titles}. Received: {title}")
            if chosen.setdefault(title, split) != split:
                raise ValueError(f"A title must be listed for one split only. Received: {title}")
    return chosen


def title_of_listed(text: str) -> str:
    """The title that a user means, who may have written a title or a file name."""
    path = pathlib.PurePath(text)
    # "Mr. Nobody" must not lose its second half as a suffix.
    return title_of(path if re.fullmatch(r"\.\w{2,4}", path.suffix) else path.name + ".mkv")


def _drawn(titles, validation_share: float, test_share: float, seed: int) -> dict[str, str]:
    if len(titles) < 2:
        return {}
    ranked = sorted(
        titles, key=lambda title: hashlib.sha256(f"{seed}:{title}".encode()).hexdigest()
    )
    validation = _number(validation_share, len(titles))
    # Two titles have none to spare for a test.
    test = _number(test_share, len(titles)) if len(titles) > 2 else 0
    return {
        **dict.fromkeys(ranked[:validation], "validation"),
        **dict.fromkeys(ranked[validation : validation + test], "test"),
    }


def _number(share: float, count: int) -> int:
    return max(1, round(share * count)) if share > 0 else 0
