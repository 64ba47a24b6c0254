import ast
import pathlib

import pytest

from deep3d.video import CODECS
from deep3d.wording import clock, did_you_mean, either

ROOT = pathlib.Path(__file__).resolve().parents[1]


def test_either_preset():
    assert either(CODECS) == "h264, h265, av1 or vp9"
    assert either((8, 10)) == "8 or 10"
    assert either(["h264"]) == "h264"


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        (f"The codec must be one of {either(CODECS)}. Received: 'h256'", "Did you mean h265? "),
        ("--config must be one of default or vgg16. Received: 'vgg61'", "Did you mean vgg16? "),
        (
            "split must be one of test or train, which a/b holds. Received: tran",
            "Did you mean train? ",
        ),
        ("--config must be one of default or vgg16. Received: 'x'", ""),
        ("The disk is full.", ""),
    ],
)
def test_did_you_mean_preset(message, hint):
    assert did_you_mean(message) == hint


def test_clock_preset():
    assert clock(7.46) == "0:07.5"
    assert clock(59.96) == "1:00.0"
    assert clock(5652) == "1:34:12.0"


@pytest.mark.parametrize("package", ["deep3d", "data_pipeline"])
def test_messages_print_no_tuples_of_constants(package):
    """After "one of" a message has words, never the name of a constant or a tuple."""
    for path in sorted((ROOT / package).rglob("*.py")):
        for text in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(text, ast.JoinedStr):
                continue
            for before, value in zip(text.values, text.values[1:], strict=False):
                if isinstance(before, ast.Constant) and before.value.endswith(" one of "):
                    called = isinstance(value.value, ast.Call) and value.value.func.id
                    assert called == "either", f"{path}:{text.lineno}"
