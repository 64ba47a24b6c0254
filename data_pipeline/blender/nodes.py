"""What materials of rendered scenes are put together from: shaders, noise, ramps, haze."""

from collections.abc import Sequence

from data_pipeline.blender.render import import_bpy
from data_pipeline.blender.stage import Stage

Color = Sequence[float]


def new_material():
    """An empty node tree and the material that it belongs to."""
    material = import_bpy().data.materials.new("material")
    material.use_nodes = True
    material.node_tree.nodes.clear()
    return material.node_tree, material


def finish(stage: Stage, tree, material, shader):
    """Joins a shader to the output, seen through the haze where there is any."""
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    material.cycles.emission_sampling = "NONE"
    if stage.haze:
        camera = tree.nodes.new("ShaderNodeCameraData")
        left = _math(tree, "MULTIPLY", camera.outputs["View Distance"], -1 / stage.haze)
        left = _math(tree, "EXPONENT", left)
        air = tree.nodes.new("ShaderNodeEmission")
        air.inputs["Color"].default_value = (*stage.haze_color, 1)
        mix = tree.nodes.new("ShaderNodeMixShader")
        tree.links.new(left, mix.inputs["Fac"])
        tree.links.new(air.outputs[0], mix.inputs[1])
        tree.links.new(shader, mix.inputs[2])
        shader = mix.outputs[0]
    tree.links.new(shader, output.inputs["Surface"])
    return material


def surface(tree, color, roughness: float, metal: float = 0.0, bump=None):
    """A shader of a colour or colour socket; rough stuff without gloss takes the cheaper one."""
    matt = roughness >= 0.75 and not metal
    shader = tree.nodes.new("ShaderNodeBsdfDiffuse" if matt else "ShaderNodeBsdfPrincipled")
    name = "Color" if matt else "Base Color"
    if isinstance(color, (tuple, list)):
        shader.inputs[name].default_value = (*color, 1)
    else:
        tree.links.new(color, shader.inputs[name])
    if not matt:
        shader.inputs["Roughness"].default_value = roughness
        shader.inputs["Metallic"].default_value = metal
    if bump and bump[1]:
        node = tree.nodes.new("ShaderNodeBump")
        node.inputs["Distance"].default_value = bump[1]
        tree.links.new(bump[0], node.inputs["Height"])
        tree.links.new(node.outputs[0], shader.inputs["Normal"])
    return shader.outputs[0]


def paint_or_glow(tree, color, glow: float):
    """A shader of a colour socket: paint, or with a glow a source of light."""
    if not glow:
        return surface(tree, color, 0.5)
    shader = tree.nodes.new("ShaderNodeEmission")
    shader.inputs["Strength"].default_value = glow
    tree.links.new(color, shader.inputs["Color"])
    return shader.outputs[0]


def dirty(tree, color, amount: float):
    """A colour darkened in places."""
    spots = noise(tree, position(tree), 1.7, 3)
    shade = ramp(tree, spots, (1 - amount,) * 3, (1, 1, 1), 0.3, 0.7)
    mix = tree.nodes.new("ShaderNodeMixRGB")
    mix.blend_type = "MULTIPLY"
    mix.inputs["Fac"].default_value = 1
    tree.links.new(color, mix.inputs["Color1"])
    tree.links.new(shade, mix.inputs["Color2"])
    return mix.outputs["Color"]


def noise(tree, vector, scale: float, detail: float, distortion: float = 0.0):
    """Socket of clouds of noise, 0..1; `scale` is their number per metre."""
    texture = tree.nodes.new("ShaderNodeTexNoise")
    texture.inputs["Scale"].default_value = scale
    texture.inputs["Detail"].default_value = detail
    texture.inputs["Roughness"].default_value = 0.62
    texture.inputs["Distortion"].default_value = distortion
    tree.links.new(vector, texture.inputs["Vector"])
    return texture.outputs["Fac"]


def ramp(tree, value, color: Color, other: Color, first: float, last: float):
    """Socket of a colour that passes from one to the other between two values."""
    curve = tree.nodes.new("ShaderNodeValToRGB")
    for element, place, paint in zip(
        curve.color_ramp.elements, (first, last), (color, other), strict=True
    ):
        element.position, element.color = place, (*paint, 1)
    tree.links.new(value, curve.inputs["Fac"])
    return curve.outputs["Color"]


def _math(tree, operation: str, value, other: float | None = None):
    node = tree.nodes.new("ShaderNodeMath")
    node.operation = operation
    tree.links.new(value, node.inputs[0])
    if other is not None:
        node.inputs[1].default_value = other
    return node.outputs[0]


def position(tree):
    """Socket of the place on the object in metres."""
    return tree.nodes.new("ShaderNodeTexCoord").outputs["Object"]


def texture_coordinates(tree):
    """Socket of the coordinates of blender_shapes.Shape.corners."""
    return tree.nodes.new("ShaderNodeTexCoord").outputs["UV"]


def scaled(tree, vector, scale: Sequence[float]):
    """Socket of a place multiplied along each axis."""
    mapping = tree.nodes.new("ShaderNodeMapping")
    mapping.inputs["Scale"].default_value = tuple(scale)
    tree.links.new(vector, mapping.inputs["Vector"])
    return mapping.outputs[0]
