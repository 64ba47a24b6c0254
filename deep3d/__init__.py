"""deep3d turns 2D video into stereoscopic 3D (Deep3D, Xie et al., arXiv 1604.03650).

Importing this package is cheap: TensorFlow is loaded only by the modules that need it.
"""

__version__ = "0.6.7"


def load(name: str = "default"):
    """Loads a model; see `deep3d.pretrained.load_model`, which this imports late."""
    from deep3d.pretrained import load_model

    return load_model(name)


def convert(source, output=None, *, model="default", overwrite=False, frame_rate=24.0, **options):
    """Makes 3D of a file, of one picture in memory, or of a stream of pictures.

    Args:
        source: Path of a video or picture; or a (h, w, 3) uint8 RGB array; or an iterable of such
            arrays, which are the frames of a film.
        output: Target file or folder; None is beside the source. Of files only.
        model: A shipped name, the path of a model file, or a loaded `Predictor`.
        overwrite: Whether an existing target is replaced.
        frame_rate: Frames per second of an iterable.
        **options: Fields of `deep3d.config.ConversionConfig`: `format="full_sbs"`, `strength=3.0`.

    Returns:
        A `ConversionResult` of a file; the packed picture of an array; an iterator over packed
        pictures, some frames behind, of an iterable.

    Raises:
        ValueError: If an option, a path or a picture cannot be meant.
        OSError: If a file cannot be read or written.
    """
    import os

    import numpy

    from deep3d.array_conversion import convert_frames
    from deep3d.conversion import convert as convert_file
    from deep3d.conversion_config import ConversionConfig
    from deep3d.pretrained import load_predictor

    config = ConversionConfig(**options)
    predictor = load_predictor(model) if isinstance(model, (str, os.PathLike)) else model
    if isinstance(source, (str, os.PathLike)):
        return convert_file(source, output, predictor, config, overwrite)
    if output is not None:
        raise ValueError(f"Pictures in memory have no output file. Received: {output!r}")
    if isinstance(source, numpy.ndarray):
        return next(convert_frames([source], predictor, config))
    return convert_frames(source, predictor, config, frame_rate)
