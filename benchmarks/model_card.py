"""Writes the tables and the pictures of the model card anew, from the weights.

python benchmarks/model_card.py --model=default --pairs=FOLDER --synthetic=SHARDS --clips=FOLDER

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; the rest of the card is left as it
is. Every input is optional, and tables whose input is not given stay as they are:
  real, content   eval.py on the folder of real pairs
  synthetic       eval.py on the test split of an ingested data set
  clips           flicker and comfort on videos (see deep3d/clip_scores.py)
  rendering       benchmarks/compare_renderers.py, with --rendering
  pictures        sheets of all pairs and clips, with --pictures=FOLDER
"""

import dataclasses
import itertools
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import cv2
import numpy as np
from absl import flags
from card_pictures import ALL_BYTES, Example, credits_line, write_sheets

from deep3d.atomic_file import write_bytes
from deep3d.command_line import UsageError, load_tensorflow, run_script
from deep3d.image_file import read_image
from deep3d.pairs import pair_paths, read_table
from deep3d.temporal import Stabiliser
from deep3d.video import ShotDetector

ROOT = pathlib.Path(__file__).resolve().parents[1]
MEDIA = ROOT / "benchmarks" / "real_media.csv"
VIDEO_SUFFIXES = (".mp4", ".mkv", ".mov", ".m4v", ".webm", ".avi")
BATCH = 8
STILLS = 3  # of each clip on the sheets
PICTURE_WIDTH = 480

flags.DEFINE_string("model", "default", "Shipped model or path of a model file.")
flags.DEFINE_string("card", str(ROOT / "MODEL_CARD.md"), "The card whose tables are replaced.")
flags.DEFINE_string("pairs", None, "Folder of real pairs, as eval.py takes it.")
flags.DEFINE_string("synthetic", None, "Ingested data set of synthetic films.")
flags.DEFINE_string("clips", None, "Folder of videos.")
flags.DEFINE_boolean("rendering", False, "Also the table of renderers, on films made for it.")
flags.DEFINE_string("pictures", None, "Folder for the picture sheets; must lie beside the card.")
flags.DEFINE_boolean("originals", False, "Whether the sheets show the pictures themselves, too.")
flags.DEFINE_string("media", str(MEDIA), "CSV with name,content,credit of pairs and clips.")
flags.DEFINE_integer("clip_frames", 300, "Frames of each clip that are measured.", 2)


def main(arguments):
    """Inputs -> tables -> card."""
    options = flags.FLAGS
    if arguments:
        raise UsageError(f"Only flags are understood. Received: {arguments}.")
    names = [
        *(("real", "content") if options.pairs else ()),
        *(("synthetic",) if options.synthetic else ()),
        *(("clips",) if options.clips else ()),
        *(("rendering",) if options.rendering else ()),
        *(("pictures",) if options.pictures else ()),
    ]
    if not names:
        raise UsageError("Give at least one of --pairs, --synthetic, --clips, --rendering.")
    path = pathlib.Path(options.card)
    card = path.read_text(encoding="utf-8")
    for name in names:  # said before the hour of work, not after it
        replace_table(card, name, "")
    for name, text in _tables().items():
        card = replace_table(card, name, text)
    write_bytes(path, card.encode())
    print(f"{path}: {', '.join(names)}")


def replace_table(card: str, name: str, text: str) -> str:
    """The card with another text between the marks of one table.

    Args:
        card: Markdown.
        name: Name in the mark `<!-- table: NAME -->`; the next `<!-- end -->` closes it.
        text: What stands between the marks afterwards.

    Returns:
        The card.

    Raises:
        ValueError: If the card has no such table, or two.
    """
    mark = re.compile(rf"(<!-- table: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    found = len(mark.findall(card))
    if found != 1:
        raise ValueError(f"The card must have one table {name!r}. Received: {found} of them.")
    return mark.sub(lambda match: f"{match[1]}\n{text.strip()}\n\n{match[2]}", card)


def _tables() -> dict[str, str]:
    options, tables = flags.FLAGS, {}
    results = {
        name: _evaluate(data)
        for name, data in (("real", options.pairs), ("synthetic", options.synthetic))
        if data
    }
    if options.rendering:
        size = ["--seeds=3", "--frames=5", "--width=1280", "--height=536"]
        tables["rendering"] = _run("benchmarks/compare_renderers.py", *size)
    load_tensorflow()
    from deep3d import inference, pretrained, report

    for name, result in results.items():
        tables[name] = report.format_table(result)
    if "real" in results:
        tables["content"] = report.format_classes(results["real"])
    predictor = inference.Predictor(*pretrained.load_model(options.model))
    table = _table_of_media()
    scores, stills = _measure_clips(predictor, table) if options.clips else ({}, [])
    if scores:
        tables["clips"] = format_clips(scores)
    if options.pictures:
        tables["pictures"] = _write_pictures(_pictured_pairs(predictor, table), stills)
    return tables


def _run(script: str, *arguments: str) -> str:
    command = [sys.executable, str(ROOT / script), f"--model={flags.FLAGS.model}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{script}: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout


def _evaluate(data: str) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        _run("eval.py", f"--data={data}", f"--classes={flags.FLAGS.media}", f"--output={folder}")
        return json.loads((pathlib.Path(folder) / "eval.json").read_text(encoding="utf-8"))


def _table_of_media() -> dict[str, dict]:
    """Licences from index.csv of the pairs, and what --media says."""
    options = flags.FLAGS
    own = pathlib.Path(options.pairs).glob("index.csv") if options.pairs else []
    return read_table(*own, options.media)


def _credit(row: dict) -> str:
    return row.get("credit") or row.get("licence") or ""


def _pictured_pairs(predictor, table) -> list[Example]:
    if not flags.FLAGS.pairs:
        return []
    return [
        _example(name, _credit(table.get(name, {})), read_image(left), predictor)
        for name, left, _ in pair_paths(flags.FLAGS.pairs)
    ]


def _example(name: str, credit: str, left: np.ndarray, predictor) -> Example:
    """One example for the sheets, converted as the converter does."""
    from deep3d.conversion_config import ConversionConfig
    from deep3d.disparity_pictures import disparity_picture
    from deep3d.eye_views import render_eyes
    from deep3d.video import anaglyph

    levels = predictor.config.levels
    height = max(1, round(left.shape[0] * PICTURE_WIDTH / left.shape[1]))
    left = cv2.resize(left, (PICTURE_WIDTH, height), interpolation=cv2.INTER_AREA)
    disparity = predictor.disparity(predictor.shrink(left)[np.newaxis])[0]
    _, right = render_eyes(left, disparity, levels, None, ConversionConfig())
    color = cv2.resize(disparity_picture(disparity, levels), (PICTURE_WIDTH, height))
    return Example(name, credit, left, color, anaglyph(left, right, "anaglyph_dubois"))


def _measure_clips(predictor, table) -> tuple[dict, list[Example]]:
    """Scores of every clip by name, as predicted and held still, and some of their frames."""
    from deep3d.clip_scores import clip_scores
    from deep3d.video import VideoReader

    folder = pathlib.Path(flags.FLAGS.clips)
    paths = sorted(p for p in folder.glob("*") if p.suffix.lower() in VIDEO_SUFFIXES)
    if not paths:
        raise ValueError(f"{folder} has no videos.")
    scores, examples = {}, []
    for path in paths:
        credit, count = _credit(table.get(path.stem, {})), flags.FLAGS.clip_frames
        with VideoReader(path) as reader:
            count = min(count, reader.frame_count or count)
            frames = (frame.image for frame in itertools.islice(reader, count))
            chosen = {(2 * n + 1) * count // (2 * STILLS) for n in range(STILLS)}
            kept = []
            frames = _keeping(frames, chosen, kept)
            frames = list(_with_disparity(frames, predictor))
            scores[path.stem] = clip_scores(frames), clip_scores(_held_still(frames))
        examples += [_example(path.stem, credit, image, predictor) for image in kept]
    return scores, examples


def _keeping(frames, numbers: set[int], kept: list[np.ndarray]):
    """Hands frames on and keeps those with the given numbers."""
    for number, image in enumerate(frames):
        if number in numbers:
            kept.append(image)
        yield image


def _with_disparity(frames, predictor):
    """(picture, disparity) of every frame at the size of the network, in its pixels."""
    while batch := list(itertools.islice(frames, BATCH)):
        small = np.stack([predictor.shrink(image) for image in batch])
        scale = small.shape[2] / predictor.config.levels.width
        yield from zip(small, scale * predictor.disparity(small), strict=True)


def _held_still(frames):
    """The same with the disparity that the converter makes of it."""
    stabiliser, detector = Stabiliser(), ShotDetector()
    for image, disparity in frames:
        yield image, stabiliser.update(image, disparity, detector.update(image))


def format_clips(scores: dict) -> str:
    """Flicker and comfort as a Markdown table.

    Args:
        scores: `ClipScores` by name, as predicted and held still.

    Returns:
        The table.
    """
    lines = [
        "| clip | frames | flicker (px a frame at 384) | held still | followed | parallax, 1st.."
        "99th percentile (% of width) | frames beyond 2 % | cuts | jump at cuts (% of width) |",
        "|---" * 9 + "|",
    ]
    for name, (score, steady) in scores.items():
        row = dataclasses.asdict(score)
        flicker = " | ".join(
            "" if one.flicker is None else f"{one.flicker:.3f}" for one in (score, steady)
        )
        jump = "" if score.jump is None else f"{score.jump:.2f}"
        lines.append(
            f"| {name} | {{frames}} | {flicker} | {{followed:.0%}} | {{low:+.2f}}..{{high:+.2f}} | "
            f"{{outside:.0%}} | {{cuts}} | {jump} |".format(**row)
        )
    return "\n".join(lines)


def _write_pictures(pairs: list[Example], stills: list[Example]) -> str:
    """Writes the sheets and returns the part of the card that shows them."""
    options, parts = flags.FLAGS, []
    beside = pathlib.Path(options.card).resolve().parent
    folder = pathlib.Path(options.pictures).resolve()
    if beside not in folder.parents:
        raise UsageError(f"--pictures must lie beside the card. Received: {options.pictures}.")
    for prefix, examples in (("pairs", pairs), ("clips", stills)):
        files = write_sheets(examples, folder, prefix, ALL_BYTES // 2, options.originals)
        parts += [f"![{prefix}]({path.relative_to(beside).as_posix()})" for path in files]
    parts.append("The model's disparity; near is bright.")
    if options.originals:
        parts[-1] = (
            "From left to right: picture, disparity (near is bright), anaglyph. Pictures by "
            f"{credits_line([*pairs, *stills])}."
        )
    return "\n\n".join(parts)


if __name__ == "__main__":
    run_script(main, __doc__)
