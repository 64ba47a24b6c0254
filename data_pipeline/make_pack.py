"""Makes a pack of pictures with disparity from one source, for train.py --packs.

python -m data_pipeline.make_pack --source=camvid --folder=LABELLED --output=packs/camvid

Sources and their folders: camvid, labelmefacade, ade_planar_sprs, clothing_coparsing and
davis2016_val: photographs with labels (labelled_photos.py); rgbd: pictures with depth and an
index.csv (rgbd.py); stereo: left/ and right/ of rectified pairs (stereo_folders.py); objects:
photographs of one thing each (object_photos.py); rendered: what data_pipeline.synthetic --truth or
data_pipeline.blender_film wrote; still_life: made up by --seed and --scenes, covered with the
photographs of the folder; synthetic: made up without any folder.
"""

import pathlib
import sys
from collections.abc import Iterator

import cv2
from absl import flags

from data_pipeline.depth_sources.labelled_photos import SOURCES as LABELLED
from data_pipeline.depth_sources.labelled_photos import labelled_examples
from data_pipeline.depth_sources.object_photos import object_examples
from data_pipeline.depth_sources.rendered_frames import rendered_examples
from data_pipeline.depth_sources.rgbd import rgbd_examples
from data_pipeline.depth_sources.stereo_folders import stereo_folder_examples
from data_pipeline.packs.depth_example import CONTENTS, DepthExample
from data_pipeline.packs.depth_pack import write_pack
from data_pipeline.scenes.surface_photos import SurfacePhotos
from data_pipeline.scenes.synthetic_stills import synthetic_examples
from deep3d.command_line import UsageError, run_script

SOURCES = (*LABELLED, "rgbd", "stereo", "objects", "rendered", "still_life", "synthetic")

flags.DEFINE_enum("source", None, SOURCES, "Kind of material.")
flags.DEFINE_string("folder", None, "Where the material lies.")
flags.DEFINE_string("output", None, "Folder for the pack; must not exist yet.")
flags.DEFINE_enum("content", "street", CONTENTS, "What the pictures of source stereo show.")
flags.DEFINE_integer("seed", 0, "First seed of made-up scenes.")
flags.DEFINE_integer("scenes", 1000, "Made-up scenes; each gives three pictures.")


def _examples(source: str, folder: str) -> Iterator[DepthExample]:
    if source in LABELLED:
        return labelled_examples(folder, source)
    if source == "stereo":
        name = pathlib.Path(folder).resolve().name
        return stereo_folder_examples(folder, name, content=flags.FLAGS.content)
    if source in ("synthetic", "still_life"):
        photos = SurfacePhotos(folder) if source == "still_life" else None
        return synthetic_examples(flags.FLAGS.seed, flags.FLAGS.scenes, photos)
    return {"rgbd": rgbd_examples, "objects": object_examples, "rendered": rendered_examples}[
        source
    ](folder)


def _main(arguments: list[str]) -> None:
    options = flags.FLAGS
    if arguments:
        raise UsageError(f"Only flags are understood. Received: {arguments}.")
    if not options.source or not options.output:
        raise UsageError("Both --source and --output must be given.")
    if options.source != "synthetic" and not options.folder:
        raise UsageError(f"--folder must be given with --source={options.source}.")
    cv2.setNumThreads(1)  # many small pictures: threads cost more than they bring
    count = write_pack(options.output, _examples(options.source, options.folder))
    print(f"{count} pictures in {options.output}", file=sys.stderr)


def run() -> None:
    """Entry point."""
    run_script(_main, __doc__)


if __name__ == "__main__":
    run()
