"""Synthetic scenes: geometry, exact disparity, occlusion, and the budget of depth."""

import dataclasses
import itertools

import cv2
import numpy as np
import pytest

from data_pipeline.scenes import textures
from data_pipeline.scenes.camera import LEFT, RIGHT, Camera, CameraPath
from data_pipeline.scenes.film import MovieConfig, movie_frames
from data_pipeline.scenes.props import box, card
from data_pipeline.scenes.render import inverse_depths, occluded, render_stereo
from data_pipeline.scenes.scene import Ground, Look, Motion, Quad, Scene, Solid, Texture
from data_pipeline.scenes.shot_design import KINDS, random_scene
from deep3d.disparity import disparity_from_depth

WIDTH, HEIGHT = 241, 101
CAMERA = Camera(position=(0.3, 1.5, -0.2), field_of_view=60, baseline=0.08, convergence=3.0)


def material(seed=0, height=256, width=256):
    return Texture(textures.plaid(np.random.default_rng(seed), height, width, 0.02))


def scene_of(*surfaces, camera=CAMERA, look=Look()):  # noqa: B008 (frozen)
    return Scene("test", surfaces, look, CameraPath(camera))


def wall(z, left=-10.0, right=10.0, bottom=-10.0, top=10.0, seed=0):
    return Quad((left, top, z), (right - left, 0, 0), (0, bottom - top, 0), (material(seed),))


def without_noise(scene):
    return dataclasses.replace(scene, look=dataclasses.replace(scene.look, noise=0.0))


def warping_error(frame):
    """Mean |right(x) - left(x + disparity_right(x))| in 8-bit steps where the left eye sees it."""
    height, width = frame.disparity_right.shape
    columns = np.arange(width, dtype=np.float32) + frame.disparity_right
    rows = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, 1)
    warped = cv2.remap(frame.left, columns, rows, cv2.INTER_LINEAR)
    difference = np.abs(warped.astype(float) - frame.right)
    return difference[~frame.occluded_right].mean()


def test_camera_rotation_preset():
    right, down, ahead = Camera().rotation()
    np.testing.assert_allclose([right, down, ahead], [[1, 0, 0], [0, -1, 0], [0, 0, 1]], atol=1e-12)
    np.testing.assert_allclose(Camera(yaw=90).rotation()[2], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(Camera(pitch=90).rotation()[2], [0, 1, 0], atol=1e-12)
    turned = Camera(yaw=31, pitch=-12, roll=7).rotation()
    np.testing.assert_allclose(turned @ turned.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turned) == pytest.approx(-1), "y points up in the world, down in images"


def test_intrinsics_give_the_convention_of_disparity():
    point = np.array([0.4, -0.3, 2.0, 1.0])
    x = []
    for eye in (LEFT, RIGHT):
        projected = CAMERA.intrinsics(WIDTH, HEIGHT, eye) @ point
        x.append(projected[0] / projected[2])
    expected = disparity_from_depth(2.0, 0.08, CAMERA.focal_length(WIDTH), 3.0)
    assert x[0] - x[1] == pytest.approx(expected, abs=1e-9)
    assert expected > 0, "nearer than the convergence distance is in front"


def test_render_stereo_preset_wall():
    for z in (1.8, 2.8, 9.8):
        frame = render_stereo(scene_of(wall(z)), CAMERA, WIDTH, HEIGHT)
        depth = z - CAMERA.position[2]
        expected = disparity_from_depth(depth, 0.08, CAMERA.focal_length(WIDTH), 3.0)
        np.testing.assert_allclose(frame.disparity_left, expected, atol=1e-4)
        np.testing.assert_allclose(frame.disparity_right, expected, atol=1e-4)


def test_render_stereo_ground_matches_reference():
    camera = dataclasses.replace(CAMERA, pitch=-20.0, roll=4.0, yaw=13.0)
    texture = Texture(material().reduced(0, 0)[0][2:-2, 2:-2, :3].copy(), tiled=True)
    inverse = inverse_depths(scene_of(Ground(texture, 2.0)), camera, WIDTH, HEIGHT)
    focal, rotation = camera.focal_length(WIDTH), camera.rotation()
    for row, column in ((3, 5), (50, 120), (99, 238), (70, 2)):
        ray = np.array([(column - (WIDTH - 1) / 2) / focal, (row - (HEIGHT - 1) / 2) / focal, 1.0])
        expected = max(-(rotation.T @ ray)[1] / camera.position[1], 0)
        assert inverse[row, column] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("cylinder", [False, True])
def test_render_stereo_solid_matches_reference(cylinder):
    solid = Solid((0.5, 1.4, 2.6), (0.5, 0.7, 0.3), material(), cylinder=cylinder)
    camera = dataclasses.replace(CAMERA, pitch=-5.0, yaw=8.0)
    inverse = inverse_depths(scene_of(solid), camera, WIDTH, HEIGHT)
    focal, rotation = camera.focal_length(WIDTH), camera.rotation()
    axes = [0, 2] if cylinder else [0, 1, 2]
    hits = 0
    for row in range(4, HEIGHT, 16):
        for column in range(4, WIDTH, 16):
            ray = [(column - (WIDTH - 1) / 2) / focal, (row - (HEIGHT - 1) / 2) / focal, 1.0]
            direction = rotation.T @ ray / solid.radii
            start = (np.array(camera.position) - solid.center) / solid.radii
            a, b, c = (
                (direction[axes] @ direction[axes]),
                (start[axes] @ direction[axes]),
                (start[axes] @ start[axes] - 1),
            )
            depth = (-b - np.sqrt(b * b - a * c)) / a if b * b > a * c else np.inf
            if cylinder and depth < np.inf and abs((start + depth * direction)[1]) > 1:
                depth = np.inf
            near_edge = abs(b * b - a * c) < 0.1 or (
                cylinder and 0.9 < abs(start[1] + depth * direction[1]) < 1.1
            )
            if not near_edge:
                # The mean of four samples of a curved surface is off by a little.
                assert inverse[row, column] == pytest.approx(1 / depth, abs=2e-3)
                hits += depth < np.inf
    assert hits > 8


def test_render_stereo_nearer_hides_farther():
    scene = scene_of(wall(6.0, seed=1), wall(2.0, -0.5, 0.6, 0.0, 1.6, seed=2))
    for surfaces in (scene.surfaces, scene.surfaces[::-1]):
        frame = render_stereo(dataclasses.replace(scene, surfaces=surfaces), CAMERA, WIDTH, HEIGHT)
        near, far = np.unique(np.round(frame.disparity_left, 3))[[-1, 0]]
        assert near > 0 > far
        # The far wall is hidden from the right eye left of the near one, as wide as they differ.
        row = frame.occluded_left[HEIGHT // 2]
        start = np.argmax(frame.disparity_left[HEIGHT // 2] > 0)
        assert row[start - round(near - far) + 1 : start].all()
        assert row[3:start].sum() == pytest.approx(near - far, abs=1)
        assert not row[start : start + 20].any()


def test_occluded_matches_reference():
    frame = render_stereo(
        without_noise(random_scene(np.random.default_rng(3), "room")), CAMERA, 64, 36
    )
    left, right = frame.disparity_left, frame.disparity_right
    expected = np.zeros(left.shape, bool)
    for row, column in np.ndindex(*left.shape):
        x = column - left[row, column]
        hidden = True
        for neighbour in (int(np.floor(x)), int(np.floor(x)) + 1):
            neighbour = min(max(neighbour, 0), 63)
            hidden &= abs(right[row, neighbour] - left[row, column]) >= 0.5
        expected[row, column] = hidden or not -0.5 < x < 63.5
    np.testing.assert_array_equal(occluded(left, right, -1), expected)
    np.testing.assert_array_equal(frame.occluded_left, expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1])
def test_random_scene_right_is_left_warped_by_the_truth(kind, seed):
    scene = without_noise(random_scene(np.random.default_rng(seed), kind, aspect=2.0))
    frame = render_stereo(scene, scene.path.at(1.0), 320, 160, 1.0)
    assert warping_error(frame) < 3.0
    shifted = dataclasses.replace(frame, disparity_right=-frame.disparity_right)
    assert warping_error(shifted) > 1.5 * warping_error(frame), "the check must tell the sign"
    # A point that both eyes see has one disparity.
    x = np.round(np.arange(320) - frame.disparity_left).astype(int).clip(0, 319)
    other = np.take_along_axis(frame.disparity_right, x, 1)
    assert np.median(np.abs(other - frame.disparity_left)[~frame.occluded_left]) < 0.05


def test_random_scenes_keep_and_use_the_budget_of_depth():
    spans = []
    for seed in range(100, 105):
        scene = random_scene(np.random.default_rng(seed), duration=2.0, aspect=2.0)
        for time in (0.0, 0.9, 2.0):
            frame = render_stereo(scene, scene.path.at(time), 128, 64, time)
            for disparity in (frame.disparity_left, frame.disparity_right):
                assert disparity.min() * 3 > -8 and disparity.max() * 3 < 7, "px at width 384"
        spans.append(np.ptp(np.percentile(disparity, (1, 99))) * 100 / 128)
    assert np.median(spans) > 1.5, "percent of the width"


def test_random_scene_repeats_with_the_seed():
    frames = []
    for seed in (11, 11, 12):
        scene = random_scene(np.random.default_rng(seed), "country")
        frames.append(render_stereo(scene, scene.path.at(0.5), 160, 90, 0.5))
    for name in ("left", "right", "disparity_left", "occluded_right"):
        np.testing.assert_array_equal(getattr(frames[0], name), getattr(frames[1], name))
    assert (frames[0].left != frames[2].left).mean() > 0.5


def test_texture_does_not_swim():
    """What does not move looks the same at another time, and moves with the camera."""
    scene = scene_of(wall(4.0))
    still = [render_stereo(scene, CAMERA, WIDTH, HEIGHT, time).left for time in (0.0, 1.7)]
    np.testing.assert_array_equal(*still)
    step = 4.2 * 10 / CAMERA.focal_length(WIDTH)  # metres that are 10 pixels at that depth
    moved = dataclasses.replace(CAMERA, position=(CAMERA.position[0] + step, *CAMERA.position[1:]))
    after = render_stereo(scene, moved, WIDTH, HEIGHT).left
    difference = np.abs(after[:, :-10].astype(int) - still[0][:, 10:])
    assert difference.max() <= 3, "1/32 pixel of interpolation"


def test_horizon_does_not_alias():
    """Sub-pixel turns of the camera do not make the far ground flicker."""
    rng = np.random.default_rng(0)
    ground = Ground(Texture(textures.checkers(rng, 512, 512, 0.01), tiled=True), 5.12, 0.0, 30.0)
    rows = slice(HEIGHT // 2 + 1, HEIGHT // 2 + 8)
    views = [
        render_stereo(scene_of(ground), dataclasses.replace(CAMERA, yaw=yaw), WIDTH, HEIGHT).left
        for yaw in (0.0, 0.11)  # half a pixel
    ]
    flicker = np.abs(views[0][rows].astype(float) - views[1][rows]).mean()
    assert flicker < 3.0


def test_texture_reduced_keeps_the_mean_and_sizes():
    image = np.random.default_rng(0).integers(0, 256, (96, 40, 3), np.uint8)
    texture = Texture(image)
    for across, down, size in ((0, 0, (96, 40)), (2, 1, (48, 10)), (1, 3, (12, 20))):
        reduced, border = texture.reduced(across, down)
        inner = reduced[border:-border, border:-border]
        assert inner.shape[:2] == size
        np.testing.assert_allclose(inner[..., :3].mean((0, 1)), image.mean((0, 1)), atol=1)


def test_box_has_its_corners_and_faces_outwards():
    quads = box((1.0, 0.5, 3.0), (2.0, 1.0, 0.5), 0.0, (material(),), material(), Look())
    corners = [
        np.add(q.corner, np.outer(s, q.across) + np.outer(t, q.down))
        for q in quads
        for s, t in [([0, 1, 1, 0], [0, 0, 1, 1])]
    ]
    low, high = np.concatenate(corners).min(0), np.concatenate(corners).max(0)
    np.testing.assert_allclose([low, high], [[0, 0, 2.75], [2, 1, 3.25]], atol=1e-9)
    for quad, points in zip(quads, corners, strict=True):
        outward = np.cross(quad.across, quad.down) @ (points.mean(0) - (1.0, 0.5, 3.0))
        assert outward > 0


def test_card_stands_on_its_foot():
    texture = Texture(np.full((32, 33, 4), 255, np.uint8))
    strips = card((0.5, 0.2, 4.0), 1.2, 1.8, 20.0, (texture,), relief=0.3, strips=5)
    bottoms = np.array([np.add(strip.corner, strip.down) for strip in strips])
    np.testing.assert_allclose(bottoms[:, 1], 0.2, atol=1e-9)
    for first, second in itertools.pairwise(strips):
        np.testing.assert_allclose(np.add(first.corner, first.across), second.corner, atol=1e-9)
    nearest = min(bottoms @ [np.sin(np.radians(20)), 0, np.cos(np.radians(20))])
    flat = np.dot((0.5, 0.2, 4.0), [np.sin(np.radians(20)), 0, np.cos(np.radians(20))])
    assert flat - nearest == pytest.approx(0.3, rel=0.1)


def test_motion_offset_preset():
    motion = Motion((1.0, 0.0, -0.5), bounce=0.4, frequency=1.0)
    np.testing.assert_allclose(motion.offset(0.5), [0.5, 0.4, -0.25], atol=1e-9)


def test_random_scene_rejects_kind():
    with pytest.raises(ValueError, match=r"kind must be one of .*Received: ocean"):
        random_scene(np.random.default_rng(0), "ocean")


def test_render_stereo_rejects_size():
    with pytest.raises(ValueError, match=r"at least 8. Received: 4 x 90"):
        render_stereo(scene_of(wall(3.0)), CAMERA, 4, 90)


def test_texture_rejects_floats():
    with pytest.raises(ValueError, match=r"image must be uint8.*Received: float64"):
        Texture(np.zeros((4, 4, 3)))


def test_movement_is_the_same_at_any_frame_rate():
    config = MovieConfig(
        seconds=0.5, title_seconds=0, width=96, height=54, shot_seconds=5, frame_rate=4
    )
    slow = list(movie_frames(config))
    fast = list(movie_frames(dataclasses.replace(config, frame_rate=8)))
    assert (len(slow), len(fast)) == (2, 4)
    for one, other in zip(slow, fast[::2], strict=True):
        np.testing.assert_array_equal(one[0].left, other[0].left)
    assert (slow[0][0].left != slow[1][0].left).any()
