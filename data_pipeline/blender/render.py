"""Stereo pictures and exact depth of a scene that stands in Blender (bpy, Cycles on the CPU).

Light is read back linear and developed here, alike for both eyes. Depth is rendered by itself:
one ray through the centre of each pixel, without lens blur, on a material that shines as brightly
as its distance along the axis. Needs the package `bpy`, which is imported when it is needed.
"""

import contextlib
import dataclasses
import importlib
import os
import pathlib
import sys
import tempfile

import numpy as np

from data_pipeline.blender.view import LEFT, RIGHT, Development, View, develop
from deep3d.disparity import disparity_from_depth

INFINITY = 1e6  # metres: what is behind everything


@dataclasses.dataclass(frozen=True)
class Quality:
    """How much work goes into a picture.

    Attributes:
        width: pixels.
        height: pixels.
        samples: light paths per pixel.
        threads: of the CPU, 0 for all.
    """

    width: int
    height: int
    samples: int
    threads: int


def import_bpy():
    """The module bpy, imported without its remarks.

    Raises:
        ValueError: If it is not installed.
    """
    try:
        with silence():
            return importlib.import_module("bpy")
    except ImportError as error:
        raise ValueError(
            "Rendering needs Blender as the Python package bpy (Python 3.11): run "
            f"`make blender-env`, then .venv-blender/bin/python. Received: {error}"
        ) from error


@contextlib.contextmanager
def silence():
    """Keeps what Blender's C++ code says about every step from standard output and error."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        for copy, descriptor in zip(kept, (1, 2), strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)


def empty_scene(quality: Quality, seed: int):
    """A scene with nothing but a camera and the settings of Cycles; replaces the one before.

    Args:
        quality: size and samples.
        seed: of Cycles' noise.
    """
    bpy = import_bpy()
    with silence():
        bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.data.sensor_fit, camera.data.sensor_width = "HORIZONTAL", 36.0
    camera.data.clip_start, camera.data.clip_end = 0.02, INFINITY
    scene.collection.objects.link(camera)
    scene.camera = camera
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_percentage = 100
    render.use_persistent_data = True
    render.use_compositing = render.use_sequencer = False
    render.threads_mode = "FIXED" if quality.threads else "AUTO"
    render.threads = quality.threads or 1
    settings = render.image_settings
    settings.file_format, settings.exr_codec = "OPEN_EXR", "NONE"
    settings.color_mode, settings.color_depth = "RGBA", "32"
    cycles.device, cycles.denoiser = "CPU", "OPENIMAGEDENOISE"
    # cleaning albedo and normals thoroughly takes longer than four samples of light
    cycles.denoising_quality, cycles.denoising_prefilter = "BALANCED", "FAST"
    cycles.sampling_pattern = "TABULATED_SOBOL"
    cycles.use_adaptive_sampling = False
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 4.0
    cycles.sample_clamp_direct = 12.0
    cycles.blur_glossy = 1.0
    cycles.seed = seed % 2**31
    return scene


def render_light(scene, view: View, eye: float, quality: Quality) -> np.ndarray:
    """Linear light as one eye sees it.

    Args:
        scene: Blender's.
        view: the stereo camera.
        eye: LEFT or RIGHT.
        quality: size and samples.

    Returns:
        (height, width, 3) float32.
    """
    cycles = scene.cycles
    _set_size(scene, quality.width, quality.height)
    cycles.samples, cycles.use_denoising = quality.samples, True
    cycles.pixel_filter_type, cycles.filter_width = "BLACKMAN_HARRIS", 1.5
    cycles.max_bounces, cycles.diffuse_bounces = 4, 2
    cycles.glossy_bounces, cycles.transmission_bounces = 2, 4
    _aim(scene, view, eye, lens_blur=True)
    return _render(scene)[..., :3]


def render_depth(scene, view: View, eye: float, width: int, height: int) -> np.ndarray:
    """Exact distance along the axis at the centre of each pixel.

    Args:
        scene: Blender's.
        view: the stereo camera.
        eye: LEFT, RIGHT or 0 for the middle.
        width: pixels.
        height: pixels.

    Returns:
        (height, width) float32 metres, INFINITY where there is nothing.
    """
    cycles, layer = scene.cycles, scene.view_layers[0]
    _set_size(scene, width, height)
    cycles.samples, cycles.use_denoising, cycles.max_bounces = 1, False, 0
    cycles.pixel_filter_type, cycles.filter_width = "BOX", 0.01
    clamp, cycles.sample_clamp_direct = cycles.sample_clamp_direct, 0.0
    _aim(scene, view, eye, lens_blur=False)
    layer.material_override = _distance_material()
    scene.render.film_transparent = True
    try:
        pixels = _render(scene)
    finally:
        layer.material_override = None
        scene.render.film_transparent = False
        cycles.sample_clamp_direct = clamp
    return np.where(pixels[..., 3] > 0.5, pixels[..., 0], INFINITY).astype(np.float32)


def render_stereo(
    scene, view: View, quality: Quality, development: Development | None, rng
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Development]:
    """Both views and the left view's disparity.

    Args:
        scene: Blender's.
        view: the stereo camera with its baseline and convergence.
        quality: size and samples.
        development: exposure and colours; None to choose them.
        rng: chooses them.

    Returns:
        Left and right (h, w, 3) uint8 RGB, disparity (h, w) float32 pixels, and the development.
    """
    left, disparity = _left_light(scene, view, quality)
    right = render_light(scene, view, RIGHT, quality)
    development = development or develop(rng, left)
    return development.picture(left), development.picture(right), disparity, development


def render_left(scene, view: View, quality: Quality, rng) -> tuple[np.ndarray, None, np.ndarray]:
    """The left view, developed by itself, and its disparity; as `render_stereo` without right."""
    left, disparity = _left_light(scene, view, quality)
    return develop(rng, left).picture(left), None, disparity


def _left_light(scene, view: View, quality: Quality) -> tuple[np.ndarray, np.ndarray]:
    # Depth comes first: before it depth was rendered to choose the view, on the same material.
    depth = render_depth(scene, view, LEFT, quality.width, quality.height)
    disparity = disparity_from_depth(
        depth, view.baseline, view.focal * quality.width, view.convergence
    )
    return render_light(scene, view, LEFT, quality), disparity


def _set_size(scene, width: int, height: int):
    scene.render.resolution_x, scene.render.resolution_y = width, height


def _aim(scene, view: View, eye: float, lens_blur: bool):
    """Puts the camera where an eye is; Blender's looks down its own -z, with x to the right."""
    from mathutils import Euler, Matrix, Vector

    pitch, roll, yaw = (np.radians(v) for v in (90 + view.pitch, view.roll, -view.yaw))
    turn = Euler((pitch, 0.0, yaw)).to_matrix() @ Matrix.Rotation(roll, 3, "Z")
    position = Vector(view.position) + turn @ Vector((view.eye_offset(eye), 0.0, 0.0))
    scene.camera.matrix_world = Matrix.Translation(position) @ turn.to_4x4()
    camera = scene.camera.data
    camera.lens = view.focal * camera.sensor_width
    camera.shift_x = view.sensor_shift(eye)
    camera.dof.use_dof = lens_blur and view.focus is not None and view.aperture > 0
    if camera.dof.use_dof:
        camera.dof.focus_distance = view.focus
        # f-number is focal length / diameter, both in metres of the real sensor
        camera.dof.aperture_fstop = camera.lens / 1000 / view.aperture


def _render(scene) -> np.ndarray:
    """(h, w, 4) float32 of the scene as it is set, first row on top."""
    bpy = import_bpy()
    height, width = scene.render.resolution_y, scene.render.resolution_x
    with tempfile.TemporaryDirectory() as folder, silence():
        path = pathlib.Path(folder) / "light.exr"
        bpy.ops.render.render()
        bpy.data.images["Render Result"].save_render(str(path))
        image = bpy.data.images.load(str(path))
        pixels = np.empty(height * width * 4, np.float32)
        image.pixels.foreach_get(pixels)
        bpy.data.images.remove(image)
    return pixels.reshape(height, width, 4)[::-1]


def _distance_material():
    bpy = import_bpy()
    name = "distance along the axis"
    if name in bpy.data.materials:
        return bpy.data.materials[name]
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    camera = tree.nodes.new("ShaderNodeCameraData")
    shine = tree.nodes.new("ShaderNodeEmission")
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(camera.outputs["View Z Depth"], shine.inputs["Strength"])
    tree.links.new(shine.outputs[0], output.inputs["Surface"])
    material.cycles.emission_sampling = "NONE"
    return material
