"""deep3d turns 2D video into stereoscopic 3D (Deep3D, Xie et al., arXiv 1604.03650).

Importing this package is cheap: TensorFlow is loaded only by the modules that need it.
"""

__version__ = "0.3.0"


def load(name: str = "default"):
    """Loads a model; see `deep3d.pretrained.load_model`, which this imports late."""
    from deep3d.pretrained import load_model

    return load_model(name)
