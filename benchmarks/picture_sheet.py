"""A sheet of pictures: left view, predicted disparity (near is bright), right view, anaglyph.

python benchmarks/picture_sheet.py --output=sheet.png picture.png [more pictures]
"""

import cv2
import numpy as np
from absl import flags

from deep3d.command_line import UsageError, load_tensorflow, run_script
from deep3d.conversion_config import ConversionConfig

flags.DEFINE_string("model", "default", "Shipped model or path of a model file.")
flags.DEFINE_string("output", None, "PNG to write.")
flags.DEFINE_integer("width", 480, "Width of each picture in pixels.")


def main(arguments):
    """One row for each picture."""
    options = flags.FLAGS
    if not arguments or not options.output:
        raise UsageError("Give --output and at least one picture.")
    load_tensorflow()
    from deep3d.disparity_pictures import disparity_picture
    from deep3d.eye_views import render_eyes
    from deep3d.image_file import read_image
    from deep3d.inference import Predictor
    from deep3d.pretrained import load_model
    from deep3d.video import anaglyph

    predictor = Predictor(*load_model(options.model))
    levels = predictor.config.levels
    rows = []
    for path in arguments:
        left = read_image(path)
        height = round(left.shape[0] * options.width / left.shape[1])
        left = cv2.resize(left, (options.width, height), interpolation=cv2.INTER_AREA)
        disparity = predictor.disparity(predictor.shrink(left)[np.newaxis])[0]
        _, right = render_eyes(left, disparity, levels, None, ConversionConfig())
        color = cv2.resize(disparity_picture(disparity, levels), (options.width, height))
        rows.append(np.hstack([left, color, right, anaglyph(left, right, "anaglyph_dubois")]))
    if not cv2.imwrite(options.output, cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)):
        raise OSError(f"{options.output} cannot be written")


if __name__ == "__main__":
    run_script(main, __doc__)
