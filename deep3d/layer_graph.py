"""The layers of a network as a graph that TensorBoard draws.

TensorBoard's own conversion of Keras models knows neither layers that are called on lists of
constants nor the sizes of tensors; this one follows every tensor, and says its shape.
"""

import json
from collections.abc import Iterator

import keras


def layer_graph(model: keras.Model):
    """One node for each layer, in boxes by the first word of their names.

    Args:
        model: A functional model.

    Returns:
        GraphDef with the class of each layer as its operation, and shapes on its edges.
    """
    from tensorboard.compat.proto.graph_pb2 import GraphDef

    layers = {layer.name: layer for layer in model.operations}  # bare operations included
    boxed = {name: _boxed(name, list(layers)) for name in layers}
    graph = GraphDef()
    for layer in json.loads(model.to_json())["config"]["layers"]:
        node = graph.node.add()
        node.name, node.op = boxed[layer["name"]], layer["class_name"]
        sources = dict.fromkeys(_sources(layer["inbound_nodes"]))
        node.input.extend(boxed[source] for source in sources)
        shapes = node.attr["_output_shapes"].list.shape
        for tensor in keras.tree.flatten(layers[layer["name"]].output):
            shape = shapes.add()
            for size in tensor.shape:
                shape.dim.add().size = -1 if size is None else size
    return graph


def _boxed(name: str, names: list[str]) -> str:
    """block1_conv2 -> block1/block1_conv2, where other layers begin like it."""
    word = name.partition("_")[0]
    alike = [other for other in names if other == word or other.startswith(word + "_")]
    return f"{word}/{name}" if len(alike) > 1 else name


def _sources(part) -> Iterator[str]:
    """Names of the layers whose tensors stand anywhere in a layer's call."""
    if isinstance(part, dict):
        if "keras_history" in part:
            yield part["keras_history"][0]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _sources(inner)
