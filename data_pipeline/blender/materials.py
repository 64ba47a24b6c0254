"""Materials of rendered scenes: procedural textures of wood, brick, cloth, stone, leaves and so on.

Colours are linear RGB. Textures run over texture coordinates in metres (see
blender_shapes.Shape), so that they keep their size on every object.
"""

import colorsys
from collections.abc import Sequence

import numpy as np

from data_pipeline.blender import nodes
from data_pipeline.blender.render import import_bpy
from data_pipeline.blender.stage import Stage

Color = Sequence[float]


def random_color(
    rng: np.random.Generator,
    hue: tuple[float, float] = (0, 1),
    saturation: tuple[float, float] = (0.1, 0.8),
    value: tuple[float, float] = (0.08, 0.8),
) -> tuple[float, float, float]:
    """A colour from ranges of hue (0..1, may pass 1), saturation and linear brightness."""
    return colorsys.hsv_to_rgb(
        rng.uniform(*hue) % 1, float(rng.uniform(*saturation)), float(rng.uniform(*value))
    )


def plain(stage: Stage, color: Color, roughness: float = 0.6, metal: float = 0.0):
    """One colour: paint, plastic, ceramics, metal."""
    tree, material = nodes.new_material()
    return nodes.finish(stage, tree, material, nodes.surface(tree, color, roughness, metal))


def shining(stage: Stage, color: Color, strength: float):
    """A surface that gives light: lamp shades, screens."""
    tree, material = nodes.new_material()
    shader = tree.nodes.new("ShaderNodeEmission")
    shader.inputs["Color"].default_value = (*color, 1)
    shader.inputs["Strength"].default_value = strength
    return nodes.finish(stage, tree, material, shader.outputs[0])


def photo(stage: Stage, glow: float = 0.0, repeat: float = 1.0):
    """A photograph over (0, 0) .. (1, 1), as paint or, with a glow, as a shining screen.

    Without photographs a made-up abstract picture takes its place.
    """
    path = stage.photo()
    if path is None:
        return _abstract(stage, glow)
    tree, material = nodes.new_material()
    image = tree.nodes.new("ShaderNodeTexImage")
    image.image = import_bpy().data.images.load(str(path), check_existing=True)
    image.extension = "MIRROR"
    vector = nodes.scaled(tree, nodes.texture_coordinates(tree), (repeat, repeat, 1))
    tree.links.new(vector, image.inputs["Vector"])
    return nodes.finish(
        stage, tree, material, nodes.paint_or_glow(tree, image.outputs["Color"], glow)
    )


def mottled(
    stage: Stage,
    dark: Color,
    light: Color,
    size: float,
    roughness: float = 0.8,
    bump: float = 0.0,
    detail: float = 4.0,
    stretch: tuple[float, float, float] = (1, 1, 1),
):
    """Two colours in clouds of about `size` metres: plaster, earth, stone, bark, grass."""
    tree, material = nodes.new_material()
    place = nodes.scaled(tree, nodes.position(tree), stretch)
    noise = nodes.noise(tree, place, 1 / size, detail)
    color = nodes.ramp(tree, noise, dark, light, 0.35, 0.68)
    shader = nodes.surface(tree, color, roughness, bump=(noise, bump * size))
    return nodes.finish(stage, tree, material, shader)


def wood(stage: Stage, color: Color | None = None):
    """Grain along the longer texture axis; darker or lighter by chance."""
    rng = stage.rng
    color = color or random_color(rng, (0.05, 0.11), (0.45, 0.8), (0.06, 0.55))
    tree, material = nodes.new_material()
    along = (1.2, 14, 1) if rng.random() < 0.5 else (14, 1.2, 14)
    vector = nodes.scaled(tree, nodes.position(tree), tuple(v * rng.uniform(0.8, 2) for v in along))
    noise = nodes.noise(tree, vector, 1.0, 4, distortion=1.2)
    dark = tuple(v * rng.uniform(0.35, 0.7) for v in color)
    shader = nodes.surface(
        tree, nodes.ramp(tree, noise, dark, color, 0.3, 0.7), rng.uniform(0.25, 0.7)
    )
    return nodes.finish(stage, tree, material, shader)


def bricks(stage: Stage, color: Color, other: Color, mortar: Color, width: float, height: float):
    """Courses of bricks or stones, or with equal sides tiles."""
    rng = stage.rng
    tree, material = nodes.new_material()
    texture = tree.nodes.new("ShaderNodeTexBrick")
    tree.links.new(nodes.texture_coordinates(tree), texture.inputs["Vector"])
    texture.inputs["Scale"].default_value = 1.0
    texture.inputs["Brick Width"].default_value = width
    texture.inputs["Row Height"].default_value = height
    texture.inputs["Mortar Size"].default_value = 0.03 * height + 0.003
    texture.inputs["Bias"].default_value = rng.uniform(-0.4, 0.4)
    texture.offset = 0.0 if abs(width - height) < 1e-6 else 0.5
    for name, value in (("Color1", color), ("Color2", other), ("Mortar", mortar)):
        texture.inputs[name].default_value = (*value, 1)
    dirty = nodes.dirty(tree, texture.outputs["Color"], rng.uniform(0.1, 0.35))
    shader = nodes.surface(tree, dirty, rng.uniform(0.3, 0.9))
    return nodes.finish(stage, tree, material, shader)


def checker(stage: Stage, color: Color, other: Color, size: float, roughness: float = 0.4):
    """Squares of two colours."""
    tree, material = nodes.new_material()
    texture = tree.nodes.new("ShaderNodeTexChecker")
    tree.links.new(nodes.texture_coordinates(tree), texture.inputs["Vector"])
    texture.inputs["Scale"].default_value = 1 / size
    texture.inputs["Color1"].default_value = (*color, 1)
    texture.inputs["Color2"].default_value = (*other, 1)
    shader = nodes.surface(tree, nodes.dirty(tree, texture.outputs["Color"], 0.2), roughness)
    return nodes.finish(stage, tree, material, shader)


def stripes(stage: Stage, color: Color, other: Color, size: float, upright: bool):
    """Stripes of two colours, `size` metres from one to the next."""
    tree, material = nodes.new_material()
    texture = tree.nodes.new("ShaderNodeTexWave")
    texture.bands_direction = "X" if upright else "Y"
    texture.inputs["Scale"].default_value = 0.314 / size  # a wave is 2 pi / 20 at scale 1
    tree.links.new(nodes.texture_coordinates(tree), texture.inputs["Vector"])
    edge = stage.rng.uniform(0.4, 0.6)
    mixed = nodes.ramp(tree, texture.outputs["Fac"], color, other, edge, edge + 0.05)
    return nodes.finish(stage, tree, material, nodes.surface(tree, mixed, 0.85))


def dotted(stage: Stage, color: Color, other: Color, size: float):
    """Spots of one colour on another: printed cloth, terrazzo, pebbles."""
    tree, material = nodes.new_material()
    texture = tree.nodes.new("ShaderNodeTexVoronoi")
    texture.inputs["Scale"].default_value = 1 / size
    texture.inputs["Randomness"].default_value = stage.rng.choice([0.0, 0.6, 1.0])
    tree.links.new(nodes.texture_coordinates(tree), texture.inputs["Vector"])
    mixed = nodes.ramp(tree, texture.outputs["Distance"], color, other, 0.28, 0.34)
    return nodes.finish(stage, tree, material, nodes.surface(tree, mixed, 0.8))


def marble(stage: Stage, color: Color, vein: Color, size: float = 0.4):
    """Veins in polished stone."""
    tree, material = nodes.new_material()
    noise = nodes.noise(tree, nodes.position(tree), 1 / size, 6, distortion=3)
    mixed = nodes.ramp(tree, noise, vein, color, 0.42, 0.56)
    return nodes.finish(stage, tree, material, nodes.surface(tree, mixed, 0.15))


def cloth(stage: Stage, color: Color | None = None, size: float = 0.12):
    """Some woven stuff: plain, striped, chequered, dotted, mottled or printed with a photograph."""
    rng = stage.rng
    color = color or random_color(rng)
    other = random_color(rng, value=(0.05, 0.9))
    kind = rng.choice(6, p=(0.26, 0.17, 0.17, 0.15, 0.17, 0.08))
    if kind == 1:
        return stripes(stage, color, other, size * rng.uniform(0.4, 2), rng.random() < 0.5)
    if kind == 2:
        return checker(stage, color, other, size * rng.uniform(0.3, 1.2), 0.9)
    if kind == 3:
        return dotted(stage, other, color, size * rng.uniform(0.5, 1.5))
    if kind == 5 and stage.photos:
        return photo(stage, repeat=1 / (8 * size))
    if kind == 4:
        return mottled(stage, color, other, size * rng.uniform(0.5, 2), 0.9)
    dim = tuple(0.7 * v for v in color)
    return mottled(stage, dim, color, size * 0.2, 0.95, bump=0.2)


def any_stuff(stage: Stage):
    """What statues, pedestals, boards and walls may be made of."""
    rng = stage.rng
    color = random_color(rng, saturation=(0, 0.7), value=(0.1, 0.85))
    dark = tuple(v * float(rng.uniform(0.4, 0.8)) for v in color)
    kind = rng.choice(6)
    if kind == 0:
        return wood(stage)
    if kind == 1:
        return marble(stage, color, dark)
    if kind == 2:
        return cloth(stage)
    if kind == 3:
        return bricks(stage, color, dark, (0.5, 0.48, 0.45), 0.22, 0.07)
    if kind == 4:
        return plain(stage, color, float(rng.uniform(0.08, 0.6)))
    return mottled(stage, dark, color, 0.15, 0.8, bump=0.1)


def leaves(stage: Stage, color: Color):
    """Leaves, let through some light; each a little different."""
    tree, material = nodes.new_material()
    noise = nodes.noise(tree, nodes.position(tree), stage.rng.uniform(1.5, 5), 1)
    dark = tuple(0.45 * v for v in color)
    mixed = nodes.ramp(tree, noise, dark, color, 0.3, 0.7)
    shader = nodes.surface(tree, mixed, 0.55)
    through = tree.nodes.new("ShaderNodeBsdfTranslucent")
    tree.links.new(mixed, through.inputs["Color"])
    both = tree.nodes.new("ShaderNodeMixShader")
    both.inputs["Fac"].default_value = 0.25
    tree.links.new(shader, both.inputs[1])
    tree.links.new(through.outputs[0], both.inputs[2])
    return nodes.finish(stage, tree, material, both.outputs[0])


def _abstract(stage: Stage, glow: float):
    """A picture of three colours flowing into one another."""
    rng = stage.rng
    tree, material = nodes.new_material()
    noise = nodes.noise(
        tree,
        nodes.texture_coordinates(tree),
        rng.uniform(1, 5),
        rng.uniform(0, 5),
        rng.uniform(0, 3),
    )
    ramp = tree.nodes.new("ShaderNodeValToRGB")
    ramp.color_ramp.elements.new(0.5)
    for element, place in zip(ramp.color_ramp.elements, (0.3, 0.5, 0.7), strict=True):
        element.position, element.color = place, (*random_color(rng, value=(0.02, 0.9)), 1)
    tree.links.new(noise, ramp.inputs["Fac"])
    return nodes.finish(
        stage, tree, material, nodes.paint_or_glow(tree, ramp.outputs["Color"], glow)
    )
