import dataclasses
import importlib.util
import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from data_pipeline.blender import animals, boards, figures
from data_pipeline.blender import materials as blender_materials
from data_pipeline.blender import shapes as blender_shapes
from data_pipeline.blender.render import (
    INFINITY,
    Quality,
    empty_scene,
    import_bpy,
    render_depth,
)
from data_pipeline.blender.shots import KINDS, render_shot, render_stills
from data_pipeline.blender.stage import Stage
from data_pipeline.blender.view import LEFT, RIGHT, View, aim, develop, fit_stereo, is_worth_seeing
from data_pipeline.blender_film import (
    BlenderFilmConfig,
    finished_shots,
    make_film,
    photographs,
    plan_shots,
    shot_kind,
)
from data_pipeline.depth_sources.rendered_frames import rendered_examples
from data_pipeline.synthetic import decode_disparity
from deep3d.disparity import disparity_from_depth

HAS_BPY = importlib.util.find_spec("bpy") is not None
needs_bpy = pytest.mark.skipif(
    not HAS_BPY, reason="Blender (bpy) is not installed: make blender-env"
)
SMALL = BlenderFilmConfig(seed=5, frames=5, width=48, height=32, frames_per_shot=2)


def made_up_shot(kind, seed, count, quality, photos=()):
    """Frames that depend on the seed alone."""
    rng = np.random.default_rng(seed)
    size = (quality.height, quality.width)
    frames = [
        (
            rng.integers(256, size=(*size, 3), dtype=np.uint8),
            rng.integers(256, size=(*size, 3), dtype=np.uint8),
            rng.uniform(-8, 7, size).astype(np.float32),
        )
        for _ in range(count)
    ]
    return [{"focal": 40.0, "baseline": 0.06, "convergence": 3.0}] * count, frames


def made_up_stills(kind, seed, count, quality, photos=()):
    """The same without right views; the shape depends on the seed, too."""
    height = quality.height + 2 * seed[2]
    quality = dataclasses.replace(quality, height=height)
    cameras, frames = made_up_shot(kind, seed, count, quality)
    return cameras, [(left, None, disparity) for left, _, disparity in frames]


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_plan_shots_preset():
    shots = plan_shots(SMALL)
    assert [(shot.first, shot.end) for shot in shots] == [(0, 2), (2, 4), (4, 5)]
    assert len({shot.seed for shot in shots}) == 3


def test_plan_shots_do_not_depend_on_length():
    longer = dataclasses.replace(SMALL, frames=9)
    assert [shot.seed for shot in plan_shots(longer)[:3]] == [s.seed for s in plan_shots(SMALL)]
    kinds = [[shot_kind(c, s) for s in plan_shots(c)[:3]] for c in (SMALL, longer)]
    assert kinds[0] == kinds[1]


def test_shot_kind_mixes_all_kinds():
    config = BlenderFilmConfig(frames=200)
    kinds = [shot_kind(config, shot) for shot in plan_shots(config)]
    assert set(kinds) == set(KINDS)
    assert 0.2 < kinds.count("room") / 200 < 0.4  # 0.3 and 3 standard deviations
    other = dataclasses.replace(config, seed=1)
    assert kinds != [shot_kind(other, shot) for shot in plan_shots(other)]


def test_shot_kind_as_told():
    config = BlenderFilmConfig(kind="street", frames=9)
    assert {shot_kind(config, shot) for shot in plan_shots(config)} == {"street"}


@pytest.mark.parametrize(
    ("change", "message"),
    [({"kind": "moon"}, "moon"), ({"frames": 0}, "frames"), ({"width": 8}, "width"),
     ({"samples": 0}, "samples"), ({"seed": -1}, "seed")],
)  # fmt: skip
def test_config_rejects_nonsense(change, message):
    with pytest.raises(ValueError, match=f"Received: .*{next(iter(change.values()))}") as error:
        BlenderFilmConfig(**change)
    assert message in str(error.value)


def test_make_film_writes_truth_that_readers_know(tmp_path):
    make_film(SMALL, tmp_path, render=made_up_shot)
    _, frames = made_up_shot("room", plan_shots(SMALL)[1].seed, 2, Quality(48, 32, 1, 1))
    left = cv2.imread(str(tmp_path / "left/000003.png"))[..., ::-1]
    np.testing.assert_array_equal(left, frames[1][0])
    stored = cv2.imread(str(tmp_path / "disparity_left/000003.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_allclose(decode_disparity(stored), frames[1][2], atol=0.5 / 64 + 1e-4)
    truth = json.loads((tmp_path / "truth.json").read_text())
    assert truth["frames"] == 5
    assert truth["shots"][1]["kind"] == shot_kind(SMALL, plan_shots(SMALL)[1])
    assert truth["shots"][1]["cameras"][0]["focal"] == 40.0
    examples = list(rendered_examples(tmp_path))
    assert len(examples) == 5
    assert len({example.group for example in examples}) == 3


def test_make_film_resumes_with_the_same_files(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    make_film(SMALL, whole, render=made_up_shot)
    rendered = []

    def until_killed(kind, seed, *rest):
        if len(rendered) == 2:
            raise KeyboardInterrupt
        rendered.append(seed)
        return made_up_shot(kind, seed, *rest)

    with pytest.raises(KeyboardInterrupt):
        make_film(SMALL, broken, render=until_killed)
    rendered.clear()

    def counted(kind, seed, *rest):
        rendered.append(seed)
        return made_up_shot(kind, seed, *rest)

    make_film(SMALL, broken, render=counted)
    assert rendered == [plan_shots(SMALL)[2].seed]
    assert contents(broken) == contents(whole)


def test_make_film_adds_frames(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    longer = dataclasses.replace(SMALL, frames=8)
    make_film(SMALL, one, render=made_up_shot)
    make_film(longer, one, render=made_up_shot)
    make_film(longer, other, render=made_up_shot)
    assert contents(one) == contents(other)


def test_finished_shots_misses_lost_files(tmp_path):
    make_film(SMALL, tmp_path, render=made_up_shot)
    assert len(finished_shots(tmp_path, SMALL)) == 3
    (tmp_path / "right/000002.png").unlink()
    assert len(finished_shots(tmp_path, SMALL)) == 1


def test_finished_shots_rejects_another_film(tmp_path):
    make_film(SMALL, tmp_path, render=made_up_shot)
    with pytest.raises(ValueError, match=r"film with seed=5.*Received: seed=6"):
        finished_shots(tmp_path, dataclasses.replace(SMALL, seed=6))
    (tmp_path / "truth.json").write_text("[]")
    with pytest.raises(ValueError, match="must tell of a film"):
        finished_shots(tmp_path, SMALL)


def test_stills_have_no_right_view_and_any_shape(tmp_path):
    stills = dataclasses.replace(SMALL, stills=True)
    make_film(stills, tmp_path, render=made_up_stills)
    assert not (tmp_path / "right").exists()
    examples = list(rendered_examples(tmp_path))
    assert [example.left.shape[:2] for example in examples] == [
        (32, 48), (32, 48), (34, 48), (34, 48), (36, 48)
    ]  # fmt: skip
    assert len({example.group for example in examples}) == 3
    assert len(finished_shots(tmp_path, stills)) == 3
    (tmp_path / "left/000002.png").unlink()
    assert len(finished_shots(tmp_path, stills)) == 1
    with pytest.raises(ValueError, match=r"stills=True.*Received: stills=False"):
        finished_shots(tmp_path, SMALL)


def test_finished_shots_knows_films_of_before_there_were_stills(tmp_path):
    make_film(SMALL, tmp_path, render=made_up_shot)
    truth = json.loads((tmp_path / "truth.json").read_text())
    del truth["config"]["stills"]
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    assert len(finished_shots(tmp_path, SMALL)) == 3


def test_photographs_rejects_empty_folder(tmp_path):
    assert photographs("") == ()
    with pytest.raises(ValueError, match="folder with photographs"):
        photographs(str(tmp_path))
    for name in ("b.JPG", "deeper/a.png", "note.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in photographs(str(tmp_path))] == ["b.JPG", "a.png"]


def test_view_shifts_agree_with_disparity_from_depth():
    view = View(focal=0.8, baseline=0.07, convergence=2.5)
    depth = np.array([0.9, 2.5, 7.0, 1e6])
    x = 0.3  # metres right of the middle
    seen = {
        eye: view.focal * (x - view.eye_offset(eye)) / depth - view.sensor_shift(eye)
        for eye in (LEFT, RIGHT)
    }
    expected = disparity_from_depth(depth, 0.07, 0.8, 2.5)
    np.testing.assert_allclose(seen[LEFT] - seen[RIGHT], expected, atol=1e-12)


def test_view_moves_within_a_shot():
    view = View(position=(1, 2, 3), yaw=10, velocity=(0.1, 0, -0.2), yaw_rate=0.5).at(4)
    np.testing.assert_allclose(view.position, (1.4, 2, 2.2))
    assert view.yaw == 12


def test_aim_preset():
    np.testing.assert_allclose(aim((0, 0, 0), (1, 1, 0)), (45, 0), atol=1e-9)
    np.testing.assert_allclose(aim((1, 1, 2), (1, 3, 0)), (0, -45), atol=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_fit_stereo_keeps_the_budget(seed):
    rng = np.random.default_rng(seed)
    depth = np.exp(rng.uniform(np.log(rng.uniform(0.3, 5)), np.log(500), (45, 108)))
    depth[:9] = 1e6
    view = fit_stereo(rng, View(focal=1.2), depth)
    disparity = disparity_from_depth(depth, view.baseline, 1.2 * 384, view.convergence)
    low, high = np.percentile(disparity, (0.2, 99.8))
    assert low >= -8
    assert high <= 7
    assert view.baseline > 0
    far, near = np.percentile(disparity, (5, 95))
    assert near - far > 0.5


def test_is_worth_seeing_preset():
    rows = np.linspace(1.0, 30.0, 45)[::-1, np.newaxis] * np.ones((1, 108))
    assert is_worth_seeing(rows, 0.6, 10.0)
    assert not is_worth_seeing(rows, 2.0, 10.0)
    assert not is_worth_seeing(rows, 0.6, 40.0)
    assert not is_worth_seeing(np.full((45, 108), 3.0), 0.6, 2.0)
    behind_a_wall = rows.copy()
    behind_a_wall[:, :70] = 1.0
    assert not is_worth_seeing(behind_a_wall, 0.6, 10.0)
    filled = np.full((45, 108), 1.0)
    filled[:, :20] = 2.0
    assert not is_worth_seeing(filled, 0.6, 1.5)
    assert not is_worth_seeing(filled, 0.6, 1.5, filled=0.97)  # all at one distance
    filled[:10] = 0.9
    assert not is_worth_seeing(filled, 0.6, 1.5)
    assert is_worth_seeing(filled, 0.6, 1.5, filled=0.97)


def test_develop_is_the_same_for_any_light_level():
    light = np.random.default_rng(3).gamma(1.0, 0.2, (31, 47, 3)).astype(np.float32)
    pictures = [
        develop(np.random.default_rng(4), light * scale).picture(light * scale)
        for scale in (1.0, 40.0)
    ]
    assert pictures[0].dtype == np.uint8
    assert 40 < pictures[0].mean() < 200
    assert np.abs(pictures[0].astype(int) - pictures[1]).mean() < 2  # 1e-4 added before the log


def test_picture_is_monotonic():
    development = develop(np.random.default_rng(0), np.full((5, 7, 3), 0.3, np.float32))
    ramp = np.linspace(0, 4, 50, dtype=np.float32)[np.newaxis, :, np.newaxis].repeat(3, 2)
    assert (np.diff(development.picture(ramp).astype(int).mean(2)[0]) >= 0).all()


def outward_volume(shape):
    """Volume by the divergence theorem; positive where faces turn outwards."""
    a, b, c, d = (shape.vertices[shape.faces[:, k]] for k in range(4))
    return sum(
        np.einsum("ij,ij->i", p, np.cross(q, r)).sum() / 6 for p, q, r in ((a, b, c), (a, c, d))
    )


def test_shapes_volumes():
    assert outward_volume(blender_shapes.box(2, 3, 4, (5, 6, 7))) == pytest.approx(24)
    ball = outward_volume(blender_shapes.ball(1.0, 40, 60))
    assert ball == pytest.approx(4 / 3 * np.pi, rel=0.01)
    tube = blender_shapes.tube([(0, 0, 0), (0, 0, 1), (0, 0, 2)], (0.5, 0.5, 0.5), 60)
    assert abs(outward_volume(tube)) == pytest.approx(2 * np.pi * 0.25, rel=0.01)


def test_shape_moved_preset():
    shape = blender_shapes.box(1, 1, 1).moved((10, 0, 0), turn=90, scale=(4, 2, 1))
    np.testing.assert_allclose(shape.vertices.min(0), (9, -2, 0), atol=1e-12)
    np.testing.assert_allclose(shape.vertices.max(0), (11, 2, 1), atol=1e-12)
    tilted = blender_shapes.box(1, 1, 1).moved(tilt=90)  # what was up points to -y
    np.testing.assert_allclose(tilted.vertices.min(0), (-0.5, -1, -0.5), atol=1e-12)


def test_sheet_preset():
    x, z = np.meshgrid((0.0, 1.0, 3.0), (0.0, 2.0))
    texture = np.stack([x / 3, z / 2], -1)
    shape = blender_shapes.sheet(np.stack([x, 0 * x, z], -1), texture)
    assert len(shape.faces) == 2
    corners = shape.vertices[shape.faces]
    np.testing.assert_allclose(shape.corners(), corners[..., (0, 2)] / (3, 2))
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 1])
    assert (normals[:, 1] < 0).all()  # as cards: it faces -y


def test_mirrored_turns_outwards_on_both_sides():
    shape = blender_shapes.ball(1.0).moved((3, 1, 0))
    both = figures.mirrored(shape)
    assert outward_volume(both) == pytest.approx(2 * outward_volume(shape))
    np.testing.assert_allclose(both.vertices[:, 0].min(), -both.vertices[:, 0].max())


@pytest.mark.parametrize("seed", range(6))
def test_wires_stay_within_the_fence(seed):
    wires = boards.wires(np.random.default_rng(seed))
    assert np.abs(wires.vertices[:, 0]).max() < 2.1
    assert wires.vertices[:, 2].min() > -0.1
    assert wires.vertices[:, 2].max() < 2.2


def test_union_keeps_texture_coordinates():
    card, box = blender_shapes.card(2, 1), blender_shapes.box(3, 1, 1)
    both = blender_shapes.union(card, box)
    assert both.faces.max() == len(both.vertices) - 1
    np.testing.assert_array_equal(both.corners()[:1], card.corners())
    np.testing.assert_allclose(both.corners()[1:].max(axis=(0, 1)), (1.5, 1))


def test_import_bpy_rejects_its_absence(monkeypatch):
    monkeypatch.setitem(sys.modules, "bpy", None)
    with pytest.raises(ValueError, match=r"make blender-env.*Received"):
        import_bpy()


@pytest.mark.skipif(HAS_BPY, reason="Blender (bpy) is installed here")
def test_command_says_in_one_line_what_is_missing(tmp_path):
    command = [sys.executable, "-m", "data_pipeline.blender_film", f"--output={tmp_path / 'film'}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "make blender-env" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "film").exists()


@needs_bpy
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_render_shot_right_view_follows_disparity(kind):
    quality = Quality(144, 60, 24, 1)
    _, [(left, right, disparity)] = render_shot(kind, (7, 1), 1, quality)
    warped, visible = left_from_right(right, disparity)
    errors = [np.abs(warped - left.astype(float))[visible].mean()]
    for wrong in (-disparity, disparity + 1.5, disparity - 1.5):
        warped, _ = left_from_right(right, wrong)
        errors.append(np.abs(warped - left.astype(float))[visible].mean())
    assert errors[0] < 9  # of 255: noise of few samples, sharp edges, gloss
    assert errors[0] < 0.8 * min(errors[1:])


@needs_bpy
def test_render_shot_is_deterministic():
    quality = Quality(96, 48, 2, 1)
    first = render_shot("closeup", (3, 2), 2, quality)
    second = render_shot("closeup", (3, 2), 2, quality)
    assert first[0] == second[0]
    for one, other in zip(first[1], second[1], strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[1][0][0], first[1][1][0])  # the camera moves


@needs_bpy
@pytest.mark.parametrize("make", [animals.animal, figures.figure])
def test_creatures_stand_on_the_ground(make):
    for seed in range(20):
        stage = Stage(empty_scene(Quality(32, 32, 1, 1), 1), np.random.default_rng(seed))
        piece = make(stage, 2.0)
        lowest = min(vertex.co[2] for mesh in piece.meshes for vertex in mesh.vertices)
        assert -0.3 < lowest < 0.25  # swimming birds lie a little deeper
        assert 0.6 < piece.height < 3.0
        assert piece.width < 4  # with tail and head


@needs_bpy
def test_render_stills_preset():
    quality = Quality(96, 60, 2, 1)
    runs = [render_stills("room", (3, 4, k), 2, quality) for k in (0, 0, 1, 2, 3, 4, 5)]
    shapes = {left.shape[:2] for _, frames in runs for left, _, _ in frames}
    assert len(shapes) > 2
    assert all(abs(height * width / (96 * 60) - 1) < 0.03 for height, width in shapes)
    for one, other in zip(runs[0][1], runs[1][1], strict=True):  # the same seed
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[2], other[2])
    (cameras, [(left, right, disparity), (elsewhere, *_)]) = runs[0]
    assert right is None
    assert not np.array_equal(left, elsewhere)
    assert cameras[0]["position"] != cameras[1]["position"]
    assert left.shape[:2] == disparity.shape
    # in pixels of the picture's own width: within the levels, -8..+7 px at 384
    share = disparity / disparity.shape[1] * 384
    assert np.percentile(share, 1) > -9
    assert np.percentile(share, 99) < 8
    assert np.percentile(share, 95) - np.percentile(share, 5) > 1


@needs_bpy
def test_render_depth_preset():
    quality = Quality(120, 60, 2, 1)
    stage = Stage(empty_scene(quality, 1), np.random.default_rng(0))
    white = blender_materials.plain(stage, (1, 1, 1))
    stage.add(blender_shapes.card(2, 10), white, (0, 5, -5))
    view = View((0, 0, 0), focal=1.0, focus=1.0, aperture=0.05, baseline=0.5, convergence=5.0)
    depth = render_depth(stage.scene, view, 0.0, 120, 60)
    seen = depth < INFINITY
    np.testing.assert_allclose(depth[seen], 5, rtol=1e-5)  # planar: the same at the edges
    # 2 m at 5 m are 0.4 of the width, 48 columns in the middle of 120
    np.testing.assert_array_equal(np.flatnonzero(seen[30]), np.arange(36, 84))
    at_zero_parallax = render_depth(stage.scene, view, LEFT, 120, 60) < INFINITY
    np.testing.assert_array_equal(at_zero_parallax, seen)
    parallel = dataclasses.replace(view, convergence=1e9)
    shifted = render_depth(stage.scene, parallel, LEFT, 120, 60) < INFINITY
    # the left eye sees things 0.25 m / 5 m = 0.05 of the width farther to the right
    np.testing.assert_array_equal(np.flatnonzero(shifted[30]), np.arange(42, 90))


@needs_bpy
def test_rendering_is_silent(capfd):
    render_shot("room", (1, 1), 1, Quality(32, 32, 1, 1))
    assert capfd.readouterr() == ("", "")


def left_from_right(right, disparity):
    """The left view looked up in the right one, and where the right eye sees the same surface."""
    height, width = disparity.shape
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    target = columns - disparity
    warped = cv2.remap(
        right.astype(np.float32),
        target.astype(np.float32),
        rows.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    nearest = np.full((height, width), -np.inf)
    inside = (target >= 0) & (target <= width - 1)
    landing = np.clip(np.round(target).astype(int), 0, width - 1)
    np.maximum.at(nearest, (rows[inside], landing[inside]), disparity[inside])
    return warped, inside & (disparity >= nearest[rows, landing] - 0.5)
