import keras
import pytest
from keras import layers, ops

from deep3d.config import ModelConfig
from deep3d.layer_graph import layer_graph
from deep3d.model import build_deep3d


def test_layer_graph_preset():
    left = keras.Input((8, 8, 3), name="left")
    first = layers.Conv2D(4, 3, padding="same", name="block_first")(left)
    second = layers.Conv2D(4, 3, padding="same", name="block_second")(first)
    joined = layers.Add(name="joined")([first, second])
    turned = ops.transpose(joined, (0, 2, 1, 3))  # a call with constants besides tensors
    nodes = {node.name: node for node in layer_graph(keras.Model(left, turned)).node}
    assert nodes["block/block_second"].op == "Conv2D"
    assert list(nodes["block/block_second"].input) == ["block/block_first"]
    assert list(nodes["joined"].input) == ["block/block_first", "block/block_second"]
    shape = nodes["joined"].attr["_output_shapes"].list.shape[0]
    assert [size.size for size in shape.dim] == [-1, 8, 8, 4]
    assert len(nodes) == 5


@pytest.mark.parametrize("encoder", ["vgg16", "compact"])
def test_layer_graph_is_connected(encoder):
    """Whatever feeds a node is a node, and only the left view has no input."""
    graph = layer_graph(build_deep3d(ModelConfig(encoder=encoder)))
    nodes = {node.name: list(node.input) for node in graph.node}
    assert {source for sources in nodes.values() for source in sources} <= set(nodes)
    assert [name for name, sources in nodes.items() if not sources] == ["left"]
    assert set(nodes["right"]) == {"left", "probabilities"}
