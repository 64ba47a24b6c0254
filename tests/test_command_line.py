import dataclasses
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from video_samples import write_video

from deep3d import command_line

ROOT = pathlib.Path(__file__).resolve().parents[1]


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        **options,
    )


@pytest.mark.parametrize("script", ["convert_video.py", "train.py", "eval.py"])
def test_help_is_fast_and_complete(script):
    begin = time.monotonic()
    result = run(script, "--help")
    seconds = time.monotonic() - begin
    assert result.returncode == 0
    assert "--model" in result.stdout or "--encoder" in result.stdout
    assert "Received" not in result.stdout and "Default: half_sbs" in " ".join(
        run("convert_video.py", "-h").stdout.split()
    )
    # under a second on a quiet machine; a loaded one gets some grace. TensorFlow alone takes 4 s.
    assert seconds < 2.5
    assert "tensorflow" not in run("-X", "importtime", script, "--help").stderr.lower()


@pytest.mark.parametrize(
    "arguments",
    [
        ("convert_video.py",),
        ("convert_video.py", "film.mp4", "--bogus"),
        ("convert_video.py", "film.mp4", "--strength=much"),
        ("convert_video.py", "film.mp4", "--strength=-3"),
        ("convert_video.py", "film.mp4", "--for=toaster"),
        ("convert_video.py", "film.mp4", "--format=sbs"),
        ("convert_video.py", "film.mp4", "--container=webm", "--codec=h264"),
        ("convert_video.py", "film.mp4", "--start=-1"),
        ("convert_video.py", "film.mp4", "--report=no/such/folder/report"),
        ("convert_video.py", "film.mp4", "--for=tv", "--bits=10"),
        ("convert_video.py", "film.mp4", "--model=none.h5"),
        ("convert_video.py", "film.mp4", "--output=film.avi"),
        ("convert_video.py", "film.mp4", "--output=no/such/folder/film.mkv"),
        ("convert_video.py", "film.mp4", "other.mp4", "--output=both.mkv"),
        ("convert_video.py", "film.mp4", "film.mkv", "--container=mkv"),
        ("train.py", "--config=no-such", "--data=x", "--workdir=y"),
        ("train.py",),
        ("eval.py", "stray", "--data=x"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(arguments):
    result = run(*arguments)
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("argument", ["--model=none.h5", "--output=film.avi"])
def test_wrong_usage_is_found_without_tensorflow(argument):
    result = run("-X", "importtime", "convert_video.py", "film.mp4", argument)
    assert result.returncode == 2
    assert "| tensorflow" not in result.stderr


def test_dry_run_tells_of_every_source_without_tensorflow(tmp_path):
    (tmp_path / "a.mp4").write_text("no video")
    write_video(tmp_path / "b.mp4", audio=["aac"])
    before = sorted(tmp_path.iterdir())
    for flag in ("--dry-run", "--dry_run"):
        result = run(
            *("-X", "importtime", "convert_video.py", tmp_path, flag, "--max-width=60"),
            f"--output={tmp_path / 'new'}",
        )
        assert result.returncode == 1
        assert "| tensorflow" not in result.stderr
        assert f"Error: {tmp_path / 'a.mp4'}: not a readable video" in result.stderr
        assert result.stdout.splitlines() == [
            f"{tmp_path / 'b.mp4'}: 64x48, 25 frames/s, 0:00.5, about 12 frames, h264 of 8 bits",
            f"  to {tmp_path / 'new' / 'b.3D.HSBS_LR.mp4'}",
            "  as half_sbs, 60x44, h264 of 8 bits, crf 18, preset fast",
            "  copied: aac audio (eng)",
        ]
    facts = run("convert_video.py", tmp_path, "--dry-run", "--json").stdout.splitlines()
    assert "error" in json.loads(facts[0]) and json.loads(facts[1])["frame"]["width"] == 64
    assert sorted(tmp_path.iterdir()) == before


def test_flags_override_nested_defaults():
    code = """
import dataclasses, json, sys
from absl import flags
from deep3d.command_line import define_flags, override
from deep3d.config import ModelConfig
define_flags(ModelConfig)
flags.FLAGS(["x", "--levels_count=33", "--levels_minimum=-15", "--fully_connected=false"])
print(json.dumps(dataclasses.asdict(override(ModelConfig(encoder="vgg16", fully_connected=True)))))
"""
    config = json.loads(run("-c", code).stdout)
    assert config["levels"]["count"] == 33 and config["levels"]["minimum"] == -15.0
    assert config["levels"]["step"] == 1.0
    assert config["fully_connected"] is False


def test_levels_below_two_are_refused_in_one_line(tmp_path):
    result = run(
        "train.py", "--levels_count=1", f"--data={tmp_path}", f"--workdir={tmp_path / 'run'}"
    )
    assert result.returncode == 2
    assert result.stderr.startswith("The number of disparity levels")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("cause", [KeyboardInterrupt(), None])
def test_load_tensorflow_is_interrupted_inside_its_extensions(monkeypatch, cause):
    def initialize(_):
        raise ImportError("initialization failed") from cause

    monkeypatch.setattr(command_line.importlib, "import_module", initialize)
    with pytest.raises(KeyboardInterrupt if cause else ImportError):
        command_line.load_tensorflow()


def test_help_text_comes_from_the_docstring():
    from deep3d.command_line import _attribute_docs
    from deep3d.config import ModelConfig, TrainingConfig
    from deep3d.conversion_config import ConversionConfig

    for config in (ConversionConfig, ModelConfig, TrainingConfig):
        fields = {field.name for field in dataclasses.fields(config)}
        assert fields == set(_attribute_docs(config))


def test_terminal_progress_preset(monkeypatch):
    from deep3d.command_line import terminal_progress

    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert terminal_progress() is None
    terminal.isatty = lambda: True
    for done in (1, 2):
        terminal_progress()(done, 2)
    assert terminal.getvalue() == "\r1 of 2 frames\r2 of 2 frames\n"


def test_a_terminated_script_ends_as_an_interrupted_one(capsys):
    def main(_):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    before = signal.getsignal(signal.SIGTERM)
    try:
        assert command_line._guarded(main, []) == 130
    finally:
        signal.signal(signal.SIGTERM, before)
    assert capsys.readouterr().err == "Interrupted.\n"


def test_an_interrupted_script_says_how_to_go_on(capsys):
    def main(_):
        raise KeyboardInterrupt("12 frames are finished.")

    before = signal.getsignal(signal.SIGTERM)
    try:
        assert command_line._guarded(main, []) == 130
    finally:
        signal.signal(signal.SIGTERM, before)
    assert capsys.readouterr().err == "Interrupted. 12 frames are finished.\n"
