"""Things before backgrounds: finding them, refusing the rest, and the depth that is guessed."""

import cv2
import numpy as np
import pytest

from data_pipeline.depth_sources import salient_object
from data_pipeline.depth_sources.object_photos import find_sky, object_disparity, object_examples
from data_pipeline.depth_sources.salient_object import (
    ObjectLimits,
    SalientObject,
    find_salient_object,
    saliency,
)

HEIGHT, WIDTH = 240, 320


def meadow(seed=0, blur=3.0):
    """Green with texture."""
    noise = np.random.default_rng(seed).normal(0, 1, (HEIGHT, WIDTH, 1))
    noise = cv2.GaussianBlur(noise, (0, 0), blur)[..., np.newaxis]
    return np.clip((60, 120, 50) + 25 * noise / noise.std(), 0, 255).astype(np.uint8)


def ellipse(center=(150, 130), axes=(60, 45)):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    return cv2.ellipse(mask, center, axes, 10, 0, 360, 1, -1) > 0


def animal(mask, seed=0, color=(210, 140, 60), blur=3.0):
    """A patterned thing on a meadow."""
    noise = np.random.default_rng(seed + 100).normal(0, 1, (HEIGHT, WIDTH, 1))
    noise = cv2.GaussianBlur(noise, (0, 0), 1.5)[..., np.newaxis]
    body = np.clip(np.array(color) + 30 * noise / noise.std(), 0, 255).astype(np.uint8)
    return np.where(mask[..., np.newaxis], body, meadow(seed, blur))


def overlap(first, second):
    return (first & second).sum() / (first | second).sum()


def found(mask, doubtful=None, sharpness=1.0):
    doubtful = np.zeros_like(mask) if doubtful is None else doubtful
    return SalientObject(mask, doubtful, "", sharpness)


@pytest.mark.parametrize("center", [(150, 130), (110, 100), (200, 160)])
def test_find_salient_object_preset(center):
    mask = ellipse(center)
    result = find_salient_object(animal(mask))
    assert result.refusal == ""
    assert overlap(result.mask, mask) > 0.9
    assert not (result.mask & result.doubtful).any()


def test_find_salient_object_is_deterministic():
    image = animal(ellipse(), 3)
    cv2.setRNGSeed(5)
    first = find_salient_object(image)
    cv2.setRNGSeed(6)
    second = find_salient_object(image)
    np.testing.assert_array_equal(first.mask, second.mask)
    assert first.sharpness == second.sharpness


def test_find_salient_object_measures_defocus():
    mask = ellipse()
    sharp = find_salient_object(animal(mask, blur=1.0)).sharpness
    blurred = find_salient_object(animal(mask, blur=12.0)).sharpness
    assert blurred > 2 > 1.5 > sharp


def test_find_salient_object_doubts_the_rest():
    body, head = ellipse((170, 150), (70, 40)), ellipse((80, 90), (18, 18))
    image = animal(body)
    image[head] = animal(head, 1)[head]  # apart from the body, of its colour
    result = find_salient_object(image)
    assert overlap(result.mask, body) > 0.9
    assert (result.doubtful | result.mask)[head].mean() > 0.8
    assert result.doubtful[10:40].mean() < 0.1


def test_find_salient_object_doubts_what_no_run_claims(monkeypatch):
    """A part of a thing is found; the rest has not the colours of the picture's margin."""
    body = ellipse(axes=(90, 45))
    part = body & (np.arange(WIDTH) < 150)
    small = cv2.resize(part.astype(np.uint8), (160, 120), interpolation=cv2.INTER_AREA) > 0
    monkeypatch.setattr(salient_object, "_grab_cut", lambda image, start: small)
    result = find_salient_object(animal(body))
    assert overlap(result.mask, part) > 0.9
    assert result.doubtful[body & (np.arange(WIDTH) > 155)].mean() > 0.9
    assert result.doubtful[~body].mean() < 0.1


def bare(seed):
    return meadow(seed)


def halves(seed):
    image = meadow(seed)
    image[: HEIGHT // 2] = (120, 170, 230)
    return image


def tiny(seed):
    return animal(ellipse(axes=(18, 14)), seed)


def strip(seed):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[110:150, 30:290] = True
    return animal(mask, seed)


@pytest.mark.parametrize("make", [bare, halves, tiny, strip])
def test_find_salient_object_refuses(make):
    assert all(find_salient_object(make(seed)).refusal for seed in range(3))


@pytest.mark.parametrize(
    ("limits", "refusal"),
    [
        ({"area": (0.3, 0.6)}, "area"),
        ({"solidity": 1.1}, "solidity"),
        ({"separation": 1.1}, "separation"),
        ({"contrast": 500.0}, "contrast"),
        ({"weak_contrast": 500.0}, "contrast"),
        ({"sharpness": 50.0}, "sharpness"),
        ({"saliency": 50.0}, "saliency"),
        ({"unity": 1.1}, "unity"),
        ({"agreement": 1.1}, "agreement"),
        ({"touching": -0.1}, "touching"),
    ],
)
def test_find_salient_object_limits(limits, refusal):
    image = animal(ellipse())
    assert find_salient_object(image).refusal == ""
    assert find_salient_object(image, ObjectLimits(**limits)).refusal == refusal


def test_find_salient_object_rejects_floats():
    with pytest.raises(ValueError, match=r"uint8\. Received: .*float64"):
        find_salient_object(np.zeros((40, 50, 3)))


def test_saliency_prefers_the_thing():
    mask = ellipse()
    salient = saliency(animal(mask))
    assert salient.shape == mask.shape and np.isfinite(salient).all()
    assert salient[mask].mean() > 2 * salient[~mask].mean()


def test_object_disparity_preset():
    mask = ellipse()
    doubtful = np.zeros_like(mask)
    doubtful[20:60, 250:300] = True
    disparity, weight = object_disparity(animal(mask), found(mask, doubtful))
    assert disparity.dtype == weight.dtype == np.float32
    assert disparity.min() >= 0 and disparity.max() <= 1
    inside = disparity[mask]
    assert np.ptp(inside) == 0
    assert inside[0] > disparity[~mask].max()
    assert (np.diff(disparity[:, 5]) > 0).all()  # nearer below
    lowest = np.flatnonzero(mask.any(axis=1))[-1]
    assert weight[130, 150] == pytest.approx(0.7)  # the object
    assert weight[20, 20] == pytest.approx(0.3)  # the background
    assert weight[lowest + 10, 20] == pytest.approx(0.15)
    assert (weight[doubtful] == 0).all()
    outline = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0
    assert (weight[outline] == 0).all()


def test_object_disparity_out_of_focus():
    mask = ellipse()
    near, _ = object_disparity(animal(mask), found(mask, sharpness=1.0))
    far, _ = object_disparity(animal(mask), found(mask, sharpness=4.0))
    assert far[~mask].max() < near[~mask].max()
    assert np.ptp(far[:, 5]) < np.ptp(near[:, 5])


def test_object_disparity_sky_is_farthest():
    mask = ellipse((150, 150))
    image = animal(mask)
    image[:60] = (110, 160, 230)
    disparity, weight = object_disparity(image, found(mask))
    assert (disparity[:50] == 0).all() and (weight[:50] > 0.3).all()
    assert disparity[70:].min() > 0


def test_object_disparity_rejects_empty_mask():
    with pytest.raises(ValueError, match="must not be empty"):
        object_disparity(meadow(), found(np.zeros((HEIGHT, WIDTH), bool)))


@pytest.mark.parametrize(("color", "is_sky"), [((110, 160, 230), True), ((90, 140, 60), False)])
def test_find_sky_preset(color, is_sky):
    image = meadow()
    image[:80] = color
    sky = find_sky(image)
    assert sky[4:70].mean() == is_sky
    assert not sky[90:].any()


def test_find_sky_hangs_from_the_top():
    image = meadow()
    image[150:220] = (110, 160, 230)  # a lake
    image[:80, 40:90] = (110, 160, 230)  # a gap between trees
    assert not find_sky(image).any()


def test_find_sky_is_not_paper():
    sky = find_sky(np.full((HEIGHT, WIDTH, 3), 250, np.uint8))
    assert sky[: HEIGHT // 2].mean() > 0.95
    assert not sky[round(0.7 * HEIGHT) :].any()


def test_object_examples_preset(tmp_path):
    folder = tmp_path / "zoo"
    folder.mkdir()
    masks = {"b": ellipse(), "a": ellipse((160, 140), (50, 36)), "c": None}
    for k, (name, mask) in enumerate(masks.items()):
        image = meadow(k) if mask is None else animal(mask, k)
        image = cv2.resize(image, (640, 480), interpolation=cv2.INTER_CUBIC)
        assert cv2.imwrite(str(folder / f"{name}.png"), image[..., ::-1])
    (folder / "notes.txt").write_text("no picture")
    first, second = object_examples(folder)
    assert (first.name, first.group, first.content) == ("zoo/a", "zoo/a", "nature")
    assert (second.name, second.content) == ("zoo/b", "close-up")
    for example, name in ((first, "a"), (second, "b")):
        assert example.left.shape == (360, 480, 3)
        mask = cv2.resize(masks[name].astype(np.uint8), (480, 360)) > 0
        assert overlap(example.disparity == example.disparity.max(), mask) > 0.9


def test_object_examples_rejects_folder_without_images(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    for folder in (tmp_path, tmp_path / "gone"):
        with pytest.raises(ValueError, match="must exist and hold images"):
            object_examples(folder)


def test_object_examples_rejects_text(tmp_path):
    (tmp_path / "a.jpg").write_text("no picture")
    with pytest.raises(ValueError, match="no picture that can be read"):
        next(object_examples(tmp_path))


def test_find_salient_object_real(shared_folder):
    """Moving things in real videos, whose outlines are known: what is taken lies on them."""
    folder = shared_folder / "labelled" / "davis2016_val"
    if not folder.is_dir():
        pytest.skip(f"no outlines of real things: {folder}")
    precision = []
    for path in sorted((folder / "images").iterdir())[::11]:
        image = cv2.imread(str(path))[..., ::-1]
        result = find_salient_object(np.ascontiguousarray(image))
        if not result.refusal:
            truth = cv2.imread(str(folder / "labels" / f"{path.stem}.png"), 0) > 0
            precision.append((result.mask & truth).sum() / result.mask.sum())
    assert precision and np.median(precision) > 0.7
