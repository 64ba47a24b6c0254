"""A Blender scene under construction: meshes, lights, skies and weather."""

import dataclasses
import math
import pathlib
from collections.abc import Callable, Sequence

import numpy as np

from data_pipeline.blender.render import import_bpy
from data_pipeline.blender.shapes import Shape


@dataclasses.dataclass(frozen=True)
class Piece:
    """Something that can be put down several times.

    Attributes:
        meshes: Blender's, each with its material.
        width: metres along x.
        depth: metres along y.
        height: metres.
    """

    meshes: tuple
    width: float
    depth: float
    height: float


def _flat(x: float, y: float) -> float:
    return 0.0


@dataclasses.dataclass
class Stage:
    """The scene that is being built.

    Attributes:
        scene: Blender's.
        rng: decides everything.
        photos: picture files for walls and backdrops; may be empty.
        haze: distance in metres at which 63 % of the light is lost, or None indoors.
        haze_color: linear RGB.
        ground_height: metres above z = 0 of the ground at (x, y).
    """

    scene: object
    rng: np.random.Generator
    photos: tuple[pathlib.Path, ...] = ()
    haze: float | None = None
    haze_color: tuple[float, float, float] = (0.6, 0.7, 0.85)
    ground_height: Callable = _flat

    def mesh(self, shape: Shape, material):
        """A Blender mesh of a shape in one material."""
        mesh = import_bpy().data.meshes.new("shape")
        count = len(shape.faces)
        mesh.vertices.add(len(shape.vertices))
        mesh.vertices.foreach_set("co", shape.vertices.astype(np.float32).ravel())
        mesh.loops.add(4 * count)
        mesh.loops.foreach_set("vertex_index", shape.faces.astype(np.int32).ravel())
        mesh.polygons.add(count)
        mesh.polygons.foreach_set("loop_start", np.arange(count, dtype=np.int32) * 4)
        mesh.polygons.foreach_set("use_smooth", np.full(count, shape.smooth))
        layer = mesh.uv_layers.new()
        layer.data.foreach_set("uv", shape.corners().astype(np.float32).ravel())
        mesh.materials.append(material)
        mesh.update(calc_edges=True)
        return mesh

    def piece(self, *parts: tuple[Shape, object]) -> Piece:
        """A piece from shapes and their materials."""
        corners = np.concatenate([shape.vertices for shape, _ in parts])
        size = corners.max(0) - corners.min(0)
        meshes = tuple(self.mesh(shape, material) for shape, material in parts)
        return Piece(meshes, float(size[0]), float(size[1]), float(corners[:, 2].max()))

    def put(
        self,
        piece: Piece,
        at: Sequence[float] = (0, 0, 0),
        turn: float = 0.0,
        scale: float = 1.0,
        tilt: float = 0.0,
    ):
        """Puts a piece down: tilted about x, turned about z (degrees), then moved to `at`."""
        data = import_bpy().data
        for mesh in piece.meshes:
            item = data.objects.new("item", mesh)
            item.location = tuple(float(v) for v in (*at, 0.0)[:3])
            item.rotation_euler = (math.radians(tilt), 0.0, math.radians(turn))
            item.scale = (scale, scale, scale)
            self.scene.collection.objects.link(item)

    def add(self, shape: Shape, material, at: Sequence[float] = (0, 0, 0), turn: float = 0.0):
        """Puts a single shape down."""
        self.put(self.piece((shape, material)), at, turn)

    def area_light(
        self,
        at: Sequence[float],
        towards: Sequence[float],
        size: tuple[float, float],
        power: float,
        color: Sequence[float] = (1, 1, 1),
    ):
        """A shining rectangle, itself unseen; power in watts."""
        from mathutils import Vector

        data = import_bpy().data
        light = data.lights.new("area", "AREA")
        light.shape, light.size, light.size_y = "RECTANGLE", *size
        light.energy, light.color = power, tuple(color)
        item = data.objects.new("area", light)
        item.location = tuple(at)
        direction = Vector(towards) - Vector(at)
        item.rotation_euler = direction.to_track_quat("-Z", "Y").to_euler()
        item.visible_camera = False
        self.scene.collection.objects.link(item)

    def bulb(self, at: Sequence[float], power: float, radius: float = 0.08, color=(1, 0.75, 0.5)):
        """A small lamp."""
        data = import_bpy().data
        light = data.lights.new("bulb", "POINT")
        light.energy, light.shadow_soft_size, light.color = power, radius, tuple(color)
        item = data.objects.new("bulb", light)
        item.location = tuple(at)
        item.visible_camera = False
        self.scene.collection.objects.link(item)

    def sun(self, elevation: float, azimuth: float, strength: float, color=(1, 0.95, 0.85)):
        """Parallel light from `azimuth` degrees right of +y, `elevation` above the ground."""
        data = import_bpy().data
        light = data.lights.new("sun", "SUN")
        light.energy, light.color = strength, tuple(color)
        light.angle = math.radians(self.rng.uniform(0.5, 3.0))
        item = data.objects.new("sun", light)
        item.rotation_euler = (math.radians(90 - elevation), 0, math.radians(180 - azimuth))
        self.scene.collection.objects.link(item)

    def daylight(self):
        """Some weather: a sky with clouds, the sun where it may be, and haze to suit."""
        rng = self.rng
        elevation, azimuth = float(rng.uniform(8, 65)), float(rng.uniform(-180, 180))
        clouds = float(
            rng.choice([rng.uniform(0, 0.3), rng.uniform(0.2, 0.7), 1.0], p=(0.45, 0.4, 0.15))
        )
        self.haze = float(
            rng.choice([150, 400, 1000, 3000, 8000], p=(0.1, 0.2, 0.25, 0.25, 0.2))
            * rng.uniform(0.7, 1.4)
        )
        grey = np.array([0.5, 0.58, 0.68]) * rng.uniform(0.6, 1.2)
        low = max(0.0, 1 - elevation / 30)
        self.haze_color = tuple((grey * (1 + 0.2 * low, 1, 1 - 0.25 * low)).tolist())
        self.sky(elevation, azimuth, clouds)

    def grey_world(self, light: Sequence[float], strength: float):
        """Even light from everywhere."""
        background = self._world().nodes["Background"]
        background.inputs["Color"].default_value = (*light, 1)
        background.inputs["Strength"].default_value = strength

    def sky(self, elevation: float, azimuth: float, clouds: float):
        """The sky of a clear day with `clouds` (0..1) before it, and its sun.

        Args:
            elevation: of the sun, degrees.
            azimuth: of the sun, degrees to the right of +y.
            clouds: part of the sky that is covered.
        """
        tree = self._world()
        clear = tree.nodes.new("ShaderNodeTexSky")
        clear.sky_type, clear.sun_disc = "NISHITA", False
        clear.sun_elevation = math.radians(elevation)
        clear.sun_rotation = math.radians(azimuth)
        clear.dust_density = self.rng.uniform(0.3, 4)
        strength = tree.nodes.new("ShaderNodeVectorMath")
        strength.operation = "MULTIPLY"
        strength.inputs[1].default_value = (0.12, 0.12, 0.12)
        tree.links.new(clear.outputs[0], strength.inputs[0])
        whitish = 0.55 + 0.5 * math.sin(math.radians(elevation))
        mixed = self._clouds(tree, strength.outputs[0], clouds, whitish)
        tree.links.new(mixed, tree.nodes["Background"].inputs["Color"])
        low = max(0.0, 1 - elevation / 30)
        self.sun(
            elevation,
            azimuth,
            6 * (1 - 0.97 * clouds**2),
            (1, 0.95 - 0.3 * low, 0.88 - 0.6 * low),
        )

    def _clouds(self, tree, clear, amount: float, white: float):
        """Clouds of noise over a colour socket; returns the new one."""
        nodes, links = tree.nodes, tree.links
        direction = nodes.new("ShaderNodeTexCoord")
        stretch = nodes.new("ShaderNodeMapping")
        stretch.inputs["Scale"].default_value = (1, 1, self.rng.uniform(2.5, 5))
        stretch.inputs["Location"].default_value = tuple(self.rng.uniform(0, 50, 3))
        noise = nodes.new("ShaderNodeTexNoise")
        noise.inputs["Scale"].default_value = self.rng.uniform(1.2, 3.5)
        noise.inputs["Detail"].default_value = 5
        cover = nodes.new("ShaderNodeMapRange")
        edge = 0.72 - 0.5 * amount
        cover.inputs["From Min"].default_value = edge
        cover.inputs["From Max"].default_value = edge + self.rng.uniform(0.08, 0.3)
        mix = nodes.new("ShaderNodeMixRGB")
        mix.inputs["Color2"].default_value = (white, white, white * 1.03, 1)
        links.new(direction.outputs["Generated"], stretch.inputs["Vector"])
        links.new(stretch.outputs["Vector"], noise.inputs["Vector"])
        links.new(noise.outputs["Fac"], cover.inputs["Value"])
        links.new(cover.outputs["Result"], mix.inputs["Fac"])
        links.new(clear, mix.inputs["Color1"])
        return mix.outputs["Color"]

    def _world(self):
        world = import_bpy().data.worlds.new("world")
        world.use_nodes = True
        world.cycles.sampling_method, world.cycles.sample_map_resolution = "MANUAL", 128
        self.scene.world = world
        return world.node_tree

    def photo(self) -> pathlib.Path | None:
        """One of the photographs, or None without any."""
        return self.photos[self.rng.integers(len(self.photos))] if self.photos else None
