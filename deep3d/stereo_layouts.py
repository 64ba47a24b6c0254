"""Where stereo data sets keep their pairs, and what is known of them: one function a layout.

kitti        (training/)image_2, image_3; of 2012 colored_0, colored_1 or image_0, image_1;
             disp_noc_0, disp_occ_0, of 2012 disp_noc, disp_occ: of the left view. (disp_occ_1 is
             no right view: it belongs to the left one, a frame later.)
middlebury   a folder for each scene: of 2014 and 2021 im0, im1 and disp0.pfm, disp1.pfm (or
             disp0GT.pfm); of 2005 and 2006 view1, view5 and disp1, disp5; of 2003 im2, im6 and
             disp2, disp6
sintel       (training/)final_left or clean_left, the same of right, by scene; disparities,
             occlusions, outofframe: of the left view
inria        Inria 3DMovie v1: frames/SEQUENCE/00012249.jpg and 00012249.jpg.right, in the folder
             of one task or of all. Its disparity is an estimate, so it is no truth here
mono2stereo  indoor, outdoor, simple, complex, animation; left and right in each
folders      left/ and right/ with equal names, by film or at once; or left.* and right.* in one
             folder for each pair

Sources: the data sets' own descriptions, but for Mono2Stereo, whose layout is taken from code that
reads it. Nothing else of the data sets is opened.
"""

import functools
import pathlib
from collections.abc import Iterable

import numpy as np

from deep3d.disparity_files import (
    disparity_of_right,
    read_kitti,
    read_mask,
    read_pfm,
    read_scaled,
    read_sintel,
)
from deep3d.pairs import PairFiles, is_image, pair_paths
from deep3d.wording import either

KITTI_VIEWS = (
    ("image_2", "image_3"),
    ("colored_0", "colored_1"),
    ("colour_0", "colour_1"),
    ("image_0", "image_1"),
)
# The left view's, most careful first: "noc" leaves out what lies beyond the right view's frame.
KITTI_TRUTHS = ("disp_noc_0", "disp_occ_0", "disp_noc", "disp_occ")
# Left and right view, their disparities, and the rows of a picture of full size, at which one
# pixel of disparity is stored as 1; of smaller pictures disparities keep the values of full size.
MIDDLEBURY_SCENES = (
    ("im0", "im1", ("disp0.pfm", "disp0GT.pfm"), ("disp1.pfm", "disp1GT.pfm"), None),
    ("view1", "view5", ("disp1.png",), ("disp5.png",), 1110),
    ("im2", "im6", ("disp2.png",), ("disp6.png",), 1500),
)
SINTEL_PASSES = ("final", "clean")
MONO2STEREO_KINDS = ("animation", "complex", "indoor", "outdoor", "simple")


def folder_layout(folder) -> str:
    """Which layout a folder has.

    Args:
        folder: Of a data set, or of pairs.

    Returns:
        One of `FOLDER_LAYOUTS`; "folders" where it is none of the others.
    """
    folder = pathlib.Path(folder)
    root = _training(folder)
    if any((root / view).is_dir() for views in KITTI_VIEWS for view in views):
        return "kitti"
    if any((root / f"{one}_{side}").is_dir() for one in SINTEL_PASSES for side in _SIDES):
        return "sintel"
    if any(_scene_views(scene) for scene in _folders_and_itself(folder)):
        return "middlebury"
    if _inria_folders(folder):
        return "inria"
    if any((folder / kind / "left").is_dir() for kind in MONO2STEREO_KINDS):
        return "mono2stereo"
    return "folders"


def list_pairs(folder, layout: str = "") -> list[PairFiles]:
    """Finds the pairs of a data set without opening their pictures.

    Args:
        folder: The data set.
        layout: One of `FOLDER_LAYOUTS`; "" finds out.

    Returns:
        The pairs, sorted; frames of a sequence one after the other.

    Raises:
        ValueError: If the folder does not have that layout or no pairs, or a view is missing.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}.")
    layout = layout or folder_layout(folder)
    if layout not in FOLDER_LAYOUTS:
        raise ValueError(f"layout must be {either(FOLDER_LAYOUTS)}. Received: {layout}")
    files = FOLDER_LAYOUTS[layout](folder)
    if not files:
        raise ValueError(f"{folder} does not have the layout of {layout}: no pairs were found.")
    return files


def _kitti(folder: pathlib.Path) -> list[PairFiles]:
    root = _training(folder)
    views = next((v for v in KITTI_VIEWS if any((root / one).is_dir() for one in v)), None)
    if views is None:
        return []
    names = _partners(*(root / view for view in views))
    scenes = [name.split("_")[0] for name in names]
    truths = [root / folder for folder in KITTI_TRUTHS]
    return [
        PairFiles(
            pathlib.Path(name).stem,
            *(root / view / name for view in views),
            content="street",
            film=scene if scenes.count(scene) > 1 else "",
            read_truth=_moved(read_kitti, _first_file(path / name for path in truths)),
        )
        for name, scene in zip(names, scenes, strict=True)
    ]


def _middlebury(folder: pathlib.Path) -> list[PairFiles]:
    files = []
    for scene in _folders_and_itself(folder):
        names = _scene_views(scene)
        if not names:
            continue
        left, right = (_first_file(scene.glob(f"{name}.*")) for name in names[:2])
        if not left or not right:
            missing = names[1] if left else names[0]
            raise ValueError(f"{scene} has no {missing}, the other view of the scene.")
        files.append(PairFiles(scene.name, left, right, read_truth=_middlebury_truth(scene, names)))
    return files


def _middlebury_truth(scene: pathlib.Path, names):
    left, right = (_first_file(scene / name for name in choice) for choice in names[2:4])
    read = read_pfm
    if names[4]:
        read = functools.partial(_read_middlebury_png, rows=names[4])
    return functools.partial(read, right) if right else _moved(read, left)


def _read_middlebury_png(path, rows: int):
    disparity = read_scaled(path, 1)
    height = disparity.shape[0]
    scale = round(rows / height)
    if not 1 <= scale <= 4 or abs(scale * height - rows) > scale:
        raise ValueError(
            f"{path} must be {rows} rows high, or a half or a third or a quarter of it, for its "
            f"unit to be known. Received: {height}"
        )
    return disparity / scale


def _scene_views(scene: pathlib.Path):
    """The row of `MIDDLEBURY_SCENES` that a folder has a view of, or None."""
    for names in MIDDLEBURY_SCENES:
        if any(is_image(path) for name in names[:2] for path in scene.glob(f"{name}.*")):
            return names
    return None


def _sintel(folder: pathlib.Path) -> list[PairFiles]:
    root = _training(folder)
    folders = [[root / f"{one}_{side}" for side in _SIDES] for one in SINTEL_PASSES]
    views = next((pair for pair in folders if any(one.is_dir() for one in pair)), None)
    if views is None:
        return []
    scenes = sorted({path.name for view in views for path in view.glob("*") if path.is_dir()})
    return [
        PairFiles(
            f"{scene}/{pathlib.Path(name).stem}",
            *(view / scene / name for view in views),
            content="animation",
            film=scene,
            read_truth=_sintel_truth(root, pathlib.Path(scene) / name),
        )
        for scene in scenes
        for name in _partners(*(view / scene for view in views))
    ]


def _sintel_truth(root: pathlib.Path, name: pathlib.Path):
    path = root / "disparities" / name
    if not path.is_file():
        return None
    masks = [root / kind / name for kind in ("occlusions", "outofframe")]
    return functools.partial(_read_sintel_truth, path, [mask for mask in masks if mask.is_file()])


def _read_sintel_truth(path, masks):
    hidden = np.any([read_mask(mask) for mask in masks], axis=0) if masks else None
    return disparity_of_right(read_sintel(path), hidden)


def _inria(folder: pathlib.Path) -> list[PairFiles]:
    files = []
    for frames in _inria_folders(folder):
        for right in sorted(frames.glob("*.right")):
            if not right.with_suffix("").is_file():
                raise ValueError(f"{right.with_suffix('')} is missing, the left view of {right}.")
        for left in sorted(path for path in frames.glob("*") if is_image(path)):
            right = left.with_name(f"{left.name}.right")
            if not right.is_file():
                raise ValueError(f"{right} is missing, the right view of {left}.")
            film = "" if frames.name == "frames" else frames.relative_to(folder).as_posix()
            name = left.with_suffix("").relative_to(folder).as_posix()
            files.append(PairFiles(name, left, right, content="film", film=film))
    return files


def _inria_folders(folder: pathlib.Path) -> list[pathlib.Path]:
    """Folders with right views in the folder of a sequence, of a task or of all tasks."""
    patterns = ("*.right", "*/*.right", "*/*/*.right", "*/*/*/*.right")
    return sorted({path.parent for pattern in patterns for path in folder.glob(pattern)})


def _mono2stereo(folder: pathlib.Path) -> list[PairFiles]:
    return [
        PairFiles(f"{kind}/{name}", left, right, content=kind)
        for kind in MONO2STEREO_KINDS
        if (folder / kind).is_dir()
        for name, left, right in pair_paths(folder / kind)
    ]


def _folders(folder: pathlib.Path) -> list[PairFiles]:
    films = [path for path in sorted(folder.glob("*")) if _has_both_sides(path)]
    if (folder / "left").is_dir() or not films:
        return [PairFiles(*paths) for paths in pair_paths(folder)]
    return [
        PairFiles(f"{film.name}/{name}", left, right, film=film.name)
        for film in films
        for name, left, right in pair_paths(film)
    ]


def _has_both_sides(folder: pathlib.Path) -> bool:
    return all((folder / side).is_dir() for side in _SIDES)


def _training(folder: pathlib.Path) -> pathlib.Path:
    return folder / "training" if (folder / "training").is_dir() else folder


def _folders_and_itself(folder: pathlib.Path) -> list[pathlib.Path]:
    return [folder, *sorted(path for path in folder.glob("*") if path.is_dir())]


def _partners(left: pathlib.Path, right: pathlib.Path) -> list[str]:
    """Names of pictures that both folders have; ValueError names the first that one lacks."""
    names = [{path.name for path in one.glob("*") if is_image(path)} for one in (left, right)]
    for has, other, missing in (
        (left, right, names[0] - names[1]),
        (right, left, names[1] - names[0]),
    ):
        if missing:
            name = min(missing)
            raise ValueError(
                f"{other / name} is missing, the other view of {has / name} "
                f"({len(missing)} such in all)."
            )
    return sorted(names[0])


def _first_file(paths: Iterable[pathlib.Path]) -> pathlib.Path | None:
    return next((path for path in paths if path.is_file()), None)


def _moved(read, path):
    """Reads the left view's truth for the right view's pixels; None where there is no file."""
    return None if path is None else functools.partial(_read_moved, read, path)


def _read_moved(read, path):
    return disparity_of_right(read(path))


_SIDES = ("left", "right")
FOLDER_LAYOUTS = {
    "kitti": _kitti,
    "middlebury": _middlebury,
    "sintel": _sintel,
    "inria": _inria,
    "mono2stereo": _mono2stereo,
    "folders": _folders,
}
