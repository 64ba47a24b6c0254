import numpy as np
import pytest

from deep3d.lettering import write


def written(text, anchor="la"):
    """Darkness of a text, 0..1."""
    picture = write(np.full((40, 200, 3), 255, np.uint8), (100, 20), text, anchor=anchor)
    return 1.0 - picture[..., 0] / 255.0


def parts(picture):
    """A text cut at columns that are empty or nearly so."""
    used = np.pad((picture > 0.3).any(axis=0), 1).astype(int)
    begins, ends = (np.flatnonzero(np.diff(used) == way) for way in (1, -1))
    return [picture[:, begin:end] for begin, end in zip(begins, ends, strict=True)]


@pytest.mark.parametrize("anchor", ["la", "ma", "ra", "rm", "ls"])
@pytest.mark.parametrize(("text", "number"), [("-8", 0), ("-1.5", 0), ("3 -7", 1)])
def test_write_minus_survives_half_size(text, number, anchor):
    """Whichever rows are left out, the sign is there, as wide as a plus and as high up."""
    minus, plus = (parts(written(sign, anchor))[number] for sign in (text, text.replace("-", "+")))
    assert abs(minus.shape[1] - plus.shape[1]) <= 1
    for first in (0, 1):
        assert minus[first::2].max() > 0.8
    heights = [np.flatnonzero((sign > 0.3).any(axis=1)).mean() for sign in (minus, plus)]
    assert heights[0] == pytest.approx(heights[1], abs=0.5)


def test_write_minus_has_the_outline():
    """Light signs are to be seen on light pictures too."""
    picture = write(np.full((30, 60, 3), 255, np.uint8), (5, 5), "-1", (255, 255, 0), outline=1)
    sign = picture[:, :14]
    assert (sign == (255, 255, 0)).all(axis=-1).any() and (sign == 0).all(axis=-1).any()


def test_write_hyphen_between_letters_is_one_row():
    middle = parts(written("a-b"))[1]
    assert np.count_nonzero(middle.any(axis=1)) == 1


@pytest.mark.parametrize(("anchor", "share"), [("la", 0.0), ("ma", 0.5), ("ra", 1.0)])
def test_write_places_its_anchor(anchor, share):
    columns = np.flatnonzero(written("HHHH", anchor).any(axis=0))
    low, high = columns[0], columns[-1] + 1
    assert low + share * (high - low) == pytest.approx(100, abs=2)
