import cv2
import numpy as np
import pytest

from data_pipeline.scenes.camera import Camera, CameraPath
from data_pipeline.scenes.props import block, turned
from data_pipeline.scenes.render import inverse_depths
from data_pipeline.scenes.scene import Look, Scene, Texture
from data_pipeline.scenes.still_life import another_view, still_life
from data_pipeline.scenes.surface_photos import SurfacePhotos
from data_pipeline.scenes.synthetic_stills import VIEWS, WIDTH, synthetic_examples


@pytest.fixture(scope="module")
def photo_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number in range(3):
        picture = rng.integers(0, 256, (90, 120, 3), np.uint8)
        picture[..., 2 - number] = 255  # one color of each is full
        cv2.imwrite(str(folder / f"{number}.png"), picture)
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_surface_has_the_size_and_depends_on_the_generator_alone(photo_folder):
    photos = SurfacePhotos(photo_folder)
    for seed, (height, width) in enumerate([(40, 70), (64, 64), (33, 200)] * 8):
        surface = photos.surface(np.random.default_rng(seed), height, width)
        assert surface.shape == (height, width, 3) and surface.dtype == np.uint8
        again = SurfacePhotos(photo_folder).surface(np.random.default_rng(seed), height, width)
        np.testing.assert_array_equal(surface, again)


def test_surface_shows_the_photographs(photo_folder):
    photos = SurfacePhotos(photo_folder)
    surfaces = [photos.surface(np.random.default_rng(seed), 64, 64) for seed in range(60)]
    # No material of our own is random in two colors and constant in the third.
    spread = np.array([surface.std((0, 1)) for surface in surfaces])
    assert 20 < (spread.min(1) < 0.05 * spread.max(1)).sum() < 55


def test_surface_photos_without_pictures(tmp_path):
    with pytest.raises(ValueError, match="no pictures"):
        SurfacePhotos(tmp_path)


def test_block_has_the_depth_of_a_box():
    rotation = turned(0.6, -0.4, 0.3)
    center, half = np.array([0.2, 1.1, 3.0]), np.array([0.5, 0.4, 0.7])
    texture = Texture(np.full((8, 8, 3), 120, np.uint8))
    quads = block(center, 2 * half, rotation, (texture,), Look())
    camera = Camera(position=(0.0, 1.0, 0.0))
    scene = Scene("room", tuple(quads), Look(), CameraPath(camera))
    found = inverse_depths(scene, camera, 160, 120)
    # Rays against the slabs of the box (Kay and Kajiya 1986), in its own axes.
    focal = camera.focal_length(160)
    u, v = np.meshgrid((np.arange(160) - 79.5) / focal, -(np.arange(120) - 59.5) / focal)
    rays = np.stack([u, v, np.ones_like(u)], -1) @ rotation
    start = rotation.T @ (np.array(camera.position) - center)
    crossings = np.stack([(s * half - start) / rays for s in (-1, 1)])
    enters, leaves = crossings.min(0).max(-1), crossings.max(0).min(-1)
    expected = np.where(enters < leaves, 1 / enters, 0.0)
    inner = cv2.erode((expected > 0).astype(np.uint8), np.ones((5, 5))) > 0
    outer = cv2.dilate((expected > 0).astype(np.uint8), np.ones((5, 5))) > 0
    assert inner.sum() > 2000
    np.testing.assert_allclose(found[inner], expected[inner], rtol=0.01)
    assert (found[~outer] == 0).all()


def test_still_life_fills_the_view(photo_folder):
    photos = SurfacePhotos(photo_folder)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        surfaces, camera = still_life(rng, Look(), photos)
        scene = Scene("still_life", tuple(surfaces), Look(), CameraPath(camera))
        for view in (camera, another_view(rng, camera)):
            assert (inverse_depths(scene, view, 96, 64) > 0).mean() > 0.7


def test_synthetic_examples_of_still_lifes(photo_folder):
    photos = SurfacePhotos(photo_folder)
    *others, last = synthetic_examples(3, 2, photos)
    assert len(others) == 2 * VIEWS - 1 and len({e.name for e in (*others, last)}) == 2 * VIEWS
    again = list(synthetic_examples(4, 1, photos))[-1]
    np.testing.assert_array_equal(last.left, again.left)
    np.testing.assert_array_equal(last.disparity, again.disparity)
    assert last.group == "still_life4" and last.content == "indoor"
    assert last.left.shape[1] == WIDTH and last.left.std() > 5 and last.disparity.std() > 0.1
