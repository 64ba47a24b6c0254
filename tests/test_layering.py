"""Imports run one way, from the scripts down to the sign of disparity.

The ingestion asks the shipped network which things are near, so that it can tell exchanged eyes
(data_pipeline.decisions.eye_order); `pretrained` is all that it needs for that, and imports no
framework before a network is loaded that LiteRT cannot run.
"""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
FRAMEWORKS = {"tensorflow", "keras", "tensorflow_datasets"}
# Every module of deep3d and the layer it lies in; a module imports from lower layers, or its own.
LAYERS = {
    "atomic_file": 0,
    "disparity": 0,
    "disocclusions": 0,
    "frame_stack": 0,
    "video": 0,
    "wording": 0,
    "cluster": 0,
    "model_files": 0,
    "background": 0,
    "batch": 0,
    "command_line": 0,
    "image_file": 0,
    "journal": 0,
    "stage_clock": 0,
    "stereo_matching": 1,
    "comfort": 1,
    "composition": 1,
    "config": 1,
    "conversion_config": 1,
    "experiments": 1,
    "optimization": 2,
    "compilation": 0,
    "pair_changes": 1,
    "trainer": 3,
    "callbacks": 4,
    "distribution": 2,
    "left_disparity": 1,
    "selection": 1,
    "structural_similarity": 0,
    "bands": 0,
    "followed_points": 0,
    "bootstrap": 0,
    "perceptual": 0,
    "comparison": 2,
    "metrics": 1,
    "rendering": 1,
    "xla_rendering": 2,
    "clip_scores": 1,
    "temporal": 1,
    "depth_scores": 1,
    "score_tables": 1,
    "compact": 1,
    "losses": 1,
    "model": 2,
    "devices": 2,
    "frame_packer": 2,
    "output_files": 2,
    "conversion_plan": 3,
    "eye_views": 2,
    "baselines": 2,
    "disparity_files": 1,
    "composed_pairs": 2,
    "pairs": 2,
    "stereo_layouts": 3,
    "vgg": 3,
    "checkpoint": 3,
    "inference": 3,
    "lite_inference": 3,
    "lettering": 0,
    "event_log": 0,
    "data_clock": 0,
    "layer_graph": 0,
    "disparity_pictures": 1,
    "profile_picture": 1,
    "validation_baselines": 2,
    "validation_pictures": 2,
    "summaries": 3,
    "placed_frames": 4,
    "stereo_frames": 4,
    "array_conversion": 4,
    "film_conversion": 4,
    "film_output": 4,
    "film_segments": 4,
    "pretrained": 4,
    "lite_export": 4,
    "pair_prediction": 4,
    "pair_scores": 4,
    "evaluation": 4,
    "report": 5,
    "training": 5,
    "conversion": 5,
    "preview_pictures": 2,
    "preview": 5,
}
WITHOUT_FRAMEWORK = {
    "atomic_file", "disparity", "video", "background", "command_line", "stereo_matching",
    "journal", "stage_clock", "composition", "config", "conversion_config", "experiments",
    "rendering", "baselines", "metrics", "score_tables", "disocclusions",
    "depth_scores", "clip_scores", "pairs", "temporal", "image_file", "left_disparity",
    "devices", "frame_packer", "batch", "output_files", "comfort", "eye_views",
    "structural_similarity", "bands", "followed_points", "bootstrap", "comparison",
    "cluster", "frame_stack", "composed_pairs",
    "lite_inference", "wording", "model_files", "conversion_plan", "preview_pictures",
    "lettering", "event_log", "disparity_pictures", "profile_picture",
    "validation_baselines", "validation_pictures", "disparity_files", "stereo_layouts",
}  # fmt: skip
# Packages of data_pipeline, likewise; on top are the commands and what reads a data set.
PIPELINE_LAYERS = {
    "packs": 0,
    "decisions": 0,
    "blender": 0,
    "scenes": 1,
    "movies": 1,
    "ingest_report": 1,
    "depth_sources": 2,
    "storage": 2,
}
FOR_DATA_PIPELINE = {
    "atomic_file", "disparity", "video", "stereo_matching", "composition", "command_line",
    "image_file", "wording", "pairs", "stereo_layouts", "frame_stack", "journal",
    "pretrained",
}  # fmt: skip


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module in ("deep3d", "data_pipeline"):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def modules():
    for path in sorted((ROOT / "deep3d").rglob("*.py")):
        name = path.relative_to(ROOT / "deep3d").parts[0].removesuffix(".py")
        if name != "__init__":
            yield pytest.param(name, path, id=path.relative_to(ROOT).as_posix())


@pytest.mark.parametrize(("name", "path"), list(modules()))
def test_deep3d_imports_run_one_way(name, path):
    assert name in LAYERS, f"state the layer of {name} in {pathlib.Path(__file__).name}"
    for imported in imports(path):
        top, _, rest = imported.partition(".")
        assert top != "data_pipeline", f"{path}: deep3d never imports data_pipeline"
        if name in WITHOUT_FRAMEWORK:
            assert top not in FRAMEWORKS, f"{path} imports {imported}"
        if top == "deep3d" and rest:
            other = rest.split(".")[0]
            assert other == name or LAYERS[other] <= LAYERS[name], f"{path} imports {imported}"


def pipeline_modules():
    folder = ROOT / "data_pipeline"
    return [
        pytest.param(path, id=path.relative_to(folder).as_posix())
        for path in sorted(folder.rglob("*.py"))
    ]


@pytest.mark.parametrize("path", pipeline_modules())
def test_data_pipeline_imports_run_one_way(path):
    package = path.parent.name
    if package == "data_pipeline":
        return
    for imported in imports(path):
        parts = imported.split(".")
        if parts[0] == "data_pipeline" and parts[1] in PIPELINE_LAYERS:
            lower = PIPELINE_LAYERS[parts[1]] < PIPELINE_LAYERS[package]
            assert lower or parts[1] == package, f"{path} imports {imported}"


@pytest.mark.parametrize("path", pipeline_modules())
def test_data_pipeline_imports_the_ground_of_deep3d_only(path):
    for imported in imports(path):
        top, _, rest = imported.partition(".")
        if top == "deep3d" and rest:
            assert rest.split(".")[0] in FOR_DATA_PIPELINE, f"{path} imports {imported}"
