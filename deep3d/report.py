"""The result of an evaluation for people: text tables, and a page with pictures of every pair."""

import base64
import html
import json
import pathlib
from collections.abc import Sequence

import cv2
import numpy as np

from deep3d.atomic_file import write_bytes
from deep3d.disparity import DisparityLevels
from deep3d.disparity_pictures import disparity_picture
from deep3d.evaluation import PairPrediction
from deep3d.video import anaglyph

PICTURE_WIDTH = 256
JPEG_QUALITY = 75
MAX_PICTURED = 60
STYLE = (
    "body{font:14px sans-serif;margin:2em}table{border-collapse:collapse}"
    "td,th{border:1px solid #ccc;padding:2px 8px;text-align:right}"
    "td:first-child{text-align:left}figure{display:inline-block;margin:4px}"
)


def format_result(result: dict) -> str:
    """All that `eval.txt` says.

    Args:
        result: Return value of `evaluate`.

    Returns:
        `format_table` and, where kinds of content are known, `format_classes`.
    """
    return "\n\n".join(filter(None, (format_table(result), format_classes(result))))


def format_table(result: dict) -> str:
    """The rows of `evaluate` as a text table.

    Args:
        result: Return value of `evaluate`.

    Returns:
        Markdown table with one line for each row, and how the fixed baselines were chosen.
    """
    lines = [
        "| right view by | MAE (0-255) | gap closed | PSNR (dB) | SSIM | SIoU | wrong order |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [f"| {' | '.join(_cells(row))} |" for row in result["rows"]]
    chosen = result["baselines"]
    top, bottom = chosen["vertical_ramp_px"]
    count = len(result["per_item"])
    lines.append(
        f"\n{count} {'pair' if count == 1 else 'pairs'}; in brackets 95 % bootstrap intervals over "
        f"pairs; global shift {chosen['global_shift_px']:+.1f} px and vertical ramp "
        f"{top:+.0f}..{bottom:+.0f} px chosen on {chosen['chosen_on']}."
    )
    return "\n".join(lines)


def format_classes(result: dict) -> str:
    """MAE by kind of content as a text table.

    Args:
        result: Return value of `evaluate`.

    Returns:
        Markdown table; "" if no pair has a kind of content.
    """
    if not result["classes"]:
        return ""
    names = list(result["classes"][0]["mae"])
    lines = [
        f"| MAE on | pairs | {' | '.join(map(_words, names))} | wrong order |",
        "|---" * (len(names) + 3) + "|",
    ]
    for row in result["classes"]:
        maes = " | ".join(_text(row["mae"][name], "{:.2f}") for name in names)
        lines.append(
            f"| {row['content']} | {row['pairs']} | {maes} | {_percent(row['ordinal_error'])} |"
        )
    return "\n".join(lines)


class Pictures:
    """Collects pictures of some pairs while they are evaluated, as JPEG data.

    Args:
        count: How many pairs there will be; at most 60 are kept, evenly spread.
        levels: They set the ends of the scale of disparity.
    """

    def __init__(self, count: int, levels: DisparityLevels):
        self.pairs: list[tuple[str, dict[str, bytes]]] = []
        self._every = -(-count // MAX_PICTURED)
        self._levels = levels

    def add(self, number: int, prediction: PairPrediction):
        """Takes what `evaluate` hands to `on_pair`.

        Args:
            number: Running number of the pair.
            prediction: Its views.
        """
        if number % self._every:
            return
        pair, view = prediction.pair, prediction.views["model"]
        pictures = {
            "left": pair.left,
            "true right": pair.right,
            "predicted right": view,
            "disparity (near is bright)": disparity_picture(prediction.disparity, self._levels),
            "anaglyph": anaglyph(pair.left, view, "anaglyph_dubois"),
        }
        self.pairs.append((pair.name, {name: _jpeg(image) for name, image in pictures.items()}))


def write_result(result: dict, folder, pictures: Sequence[tuple[str, dict[str, bytes]]] = ()):
    """Writes `eval.json`, `eval.txt` and `eval.html`.

    Args:
        result: Return value of `evaluate`.
        folder: Made if missing.
        pictures: Name and JPEG data by caption of the pairs that the page shows.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(folder / "eval.json", json.dumps(result, indent=1).encode())
    write_bytes(folder / "eval.txt", f"{format_result(result)}\n".encode())
    write_bytes(folder / "eval.html", _page(result, pictures).encode())


def _page(result: dict, pictures) -> str:
    scores = {item["name"]: item for item in result["per_item"]}
    sections = [
        f"<h2>{html.escape(name)}</h2><p>{html.escape(_summary(scores[name]))}</p>"
        + "".join(_figure(caption, data) for caption, data in files.items())
        for name, files in pictures
    ]
    if len(pictures) < len(scores):
        sections.insert(0, f"<p>Pictures of {len(pictures)} of {len(scores)} pairs.</p>")
    tables = _html_table(format_table(result)) + _html_table(format_classes(result))
    return (
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>deep3d evaluation</title>'
        f"<style>{STYLE}</style><h1>deep3d evaluation</h1>{tables}{''.join(sections)}</html>\n"
    )


def _summary(item: dict) -> str:
    mae = {row["name"]: row["mae"] for row in item["rows"]}
    shown = ("copy_left", "global_shift", "model", "oracle")
    return f"{item['size']} {item['content']} MAE: " + ", ".join(
        f"{_words(name)} {mae[name]:.2f}" for name in shown
    )


def _figure(caption: str, data: bytes) -> str:
    source = base64.b64encode(data).decode("ascii")
    text = html.escape(caption)
    return (
        f'<figure><img alt="{text}" src="data:image/jpeg;base64,{source}">'
        f"<figcaption>{text}</figcaption></figure>"
    )


def _html_table(markdown: str) -> str:
    lines = [line for line in markdown.splitlines() if line and not line.startswith("|---")]
    rows = [
        "<tr>" + "".join(f"<td>{html.escape(cell.strip())}</td>" for cell in line[1:-1].split("|"))
        for line in lines
        if line.startswith("|")
    ]
    remarks = [f"<p>{html.escape(line)}</p>" for line in lines if not line.startswith("|")]
    return f"<table>{''.join(rows)}</table>{''.join(remarks)}" if rows else ""


def _cells(row: dict) -> list[str]:
    interval = row["interval"]
    return [
        _words(row["name"]),
        _with_interval(row["mae"], interval["mae"], "{:.2f}"),
        _with_interval(row["gap_closed"], interval["gap_closed"], "{:.2f}"),
        _text(row["psnr"], "{:.2f}"),
        _text(row["ssim"], "{:.3f}"),
        _with_interval(row["siou"], interval["siou"], "{:.3f}"),
        _percent(row["ordinal_error"], interval["ordinal_error"]),
    ]


def _with_interval(value, interval, form: str) -> str:
    text = _text(value, form)
    low, high = map(form.format, interval) if interval else ("", "")
    return text if low == high else f"{text} ({low}..{high})"


def _percent(value, interval=None) -> str:
    hundred = None if value is None else 100 * value
    ends = None if interval is None else [100 * end for end in interval]
    text = _with_interval(hundred, ends, "{:.0f}")
    return f"{text} %" if text else ""


def _text(value, form: str) -> str:
    return "" if value is None else form.format(value)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _jpeg(picture: np.ndarray) -> bytes:
    height = max(1, round(picture.shape[0] * PICTURE_WIDTH / picture.shape[1]))
    small = cv2.resize(picture, (PICTURE_WIDTH, height), interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return data.tobytes()
