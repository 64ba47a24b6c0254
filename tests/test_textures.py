"""Procedural textures and cut-outs: sizes, spectra, seamlessness, edges."""

import numpy as np
import pytest

from data_pipeline.scenes import cutouts, noise, people, pictures, textures

MATERIALS = (
    textures.plaster,
    textures.concrete,
    textures.gravel,
    textures.grass,
    textures.bricks,
    textures.tiles,
    textures.checkers,
    textures.planks,
    textures.wood,
    textures.stripes,
    textures.plaid,
    textures.cloth,
    pictures.facade,
    pictures.shelf,
    pictures.painting,
)
CUTOUTS = (
    cutouts.tree,
    cutouts.conifer,
    cutouts.bush,
    cutouts.car,
    cutouts.plant,
    cutouts.chair,
    people.bust,
    lambda rng: people.person(rng)[0],
)


@pytest.mark.parametrize("material", MATERIALS, ids=lambda function: function.__name__)
def test_material_is_an_image_and_repeats_with_the_seed(material):
    first, again, other = (material(np.random.default_rng(s), 150, 211, 0.02) for s in (5, 5, 6))
    assert first.shape == (150, 211, 3) and first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.3
    assert first.std() > 1.5, "a plain color teaches nothing"


@pytest.mark.parametrize("slope", [0.5, 1.0, 1.5])
def test_fractal_noise_has_the_spectrum_asked_for(slope):
    field = noise.fractal_noise(np.random.default_rng(3), 1024, 1024, slope)
    amplitude = np.abs(np.fft.rfft2(field))[1:256, 1:256]
    radius = np.hypot(*np.mgrid[1:256, 1:256])
    bands = [(16, 24), (64, 96), (160, 240)]
    measured = [amplitude[(radius >= low) & (radius < high)].mean() for low, high in bands]
    expected = [np.mean([low, high]) ** -slope for low, high in bands]
    ratios = np.divide(measured, expected)
    # Means over hundreds of coefficients within a band that spans half an octave.
    np.testing.assert_allclose(ratios / ratios[0], 1, atol=0.08)
    assert abs(field.mean()) < 1e-3 and abs(field.std() - 1) < 1e-3


@pytest.mark.parametrize("material", [textures.bricks, textures.tiles, textures.concrete])
def test_material_of_1024_texels_has_no_seam(material):
    image = material(np.random.default_rng(1), 1024, 1024, 0.01).astype(float)
    for axis in (0, 1):
        steps = np.abs(np.diff(image, axis=axis, append=np.take(image, [0], axis))).mean(
            (1 - axis, 2)
        )
        assert steps[-1] <= np.max(steps[:-1]), "the joint differs from every place inside"


def test_bricks_keep_their_size_whatever_the_resolution():
    def courses(height, texel):
        """Cycles of the strongest upright frequency per metre."""
        image = textures.bricks(np.random.default_rng(4), height, height, texel).mean((1, 2))
        spectrum = np.abs(np.fft.rfft(image - image.mean()))
        return np.argmax(spectrum) / (height * texel)

    assert courses(512, 0.01) == pytest.approx(courses(256, 0.02), rel=0.05)


def test_mix_preset():
    weight = np.array([[0.0, 0.25, 2.0]])
    mixed = textures.mix(weight, np.array([0.0, 100, 200]), np.array([100.0, 0, 200]))
    np.testing.assert_allclose(mixed, [[[0, 100, 200], [25, 75, 200], [100, 0, 200]]], atol=1e-5)


@pytest.mark.parametrize("draw", CUTOUTS, ids=range(len(CUTOUTS)))
def test_cutout_stands_on_its_last_rows_within_the_picture(draw):
    image = draw(np.random.default_rng(2))
    opaque = image[..., 3] >= 128
    assert 0.05 < opaque.mean() < 0.95
    assert opaque[-4:].any(), "does not touch the ground"
    assert not opaque[:, 0].any() and not opaque[:, -1].any(), "cut off by the picture"


@pytest.mark.parametrize("draw", CUTOUTS, ids=range(len(CUTOUTS)))
def test_cutout_has_no_dark_fringe(draw):
    image = draw(np.random.default_rng(2)).astype(float)
    opacity = image[..., 3]
    edge = (opacity > 8) & (opacity < 128)
    inside = opacity > 250
    # Colors at the edge are those of the thing, not mixed with the black of an empty canvas.
    assert image[edge][:, :3].mean() > 0.6 * image[inside][:, :3].mean()


def test_person_walks():
    pictures_of_step = people.person(np.random.default_rng(8), phases=8)
    assert len(pictures_of_step) == 8
    feet = [np.ptp(np.nonzero(p[-20:, :, 3] > 128)[1]) for p in pictures_of_step]
    assert max(feet) > 2 * min(feet), "legs do not swing"


def test_sky_meets_the_haze_at_the_horizon():
    haze = np.array([181.0, 190.0, 199.0])
    sky = pictures.sky(np.random.default_rng(0), 64, 200, haze)
    np.testing.assert_allclose(sky[-1], np.broadcast_to(haze, (200, 3)), atol=1)
