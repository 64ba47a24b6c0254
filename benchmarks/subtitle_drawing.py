"""Subtitles as players and studios burn them in, drawn with whatever fonts the machine has."""

import dataclasses
import pathlib

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

STYLES = ("outline", "shadow", "both", "plain", "box")
WORDS = {
    script: text.split()
    for script, text in {
        "latin": "we should have left before the rain came back and nobody knew where he had gone "
        "until Tuesday morning I told you twice what happens when they find out No. Yes! Why? "
        "Die Tür blieb offen Où est ma sœur? ¿Qué hora es? -Come on! -Wait. (DOOR CREAKS) "
        "Mr. Hollis, 1987",
        "cyrillic": "мы должны были уйти раньше Нет. никто не знал где он Почему? скажи ей это",
        "greek": "δεν ξέρω πού πήγε Όχι. αύριο το πρωί θα μιλήσουμε ξανά",
        "cjk": "我們 應該 早點 離開 不。 誰も 知らない 明日の朝 どうして 你在哪裡 對不起",
        "arabic": "كان يجب أن نرحل قبل ذلك لا. لم يعرف أحد أين ذهب غدا صباحا",
    }.items()
}
_PROBES = {"latin": "Ra", "cyrillic": "Жя", "greek": "Ωλ", "cjk": "我の", "arabic": "شب"}


@dataclasses.dataclass(frozen=True)
class Subtitle:
    """What is drawn: colors with opacity over a view, and where the letters are."""

    overlay: np.ndarray  # (h, w, 4) float32: premultiplied RGB in 0..255, opacity in 0..1
    top: int
    bottom: int
    left: int
    right: int
    style: str
    script: str
    line_share: float  # height of a line as a share of the view's


def find_fonts(folders) -> dict[str, list[str]]:
    """Paths of the scalable fonts in the folders by the scripts that they can write."""
    found: dict[str, list[str]] = {script: [] for script in WORDS}
    for folder in folders:
        for path in sorted(pathlib.Path(folder).rglob("*.[to]t[fc]")):
            font = ImageFont.truetype(str(path), 40)
            missing = bytes(font.getmask("\U000fffff"))
            for script, probe in _PROBES.items():
                masks = [bytes(font.getmask(letter)) for letter in probe]
                if missing not in masks and all(any(mask) for mask in masks):
                    found[script].append(str(path))
    return found


def draw_subtitle(rng, height: int, width: int, fonts, bars: int = 0, style=None) -> Subtitle:
    """A random subtitle for views of this size.

    Args:
        rng: numpy Generator.
        height: Of the view.
        width: Of the view.
        fonts: As of find_fonts; Pillow's own font is used as well.
        bars: Rows of the black bar below, where some subtitles stand.
        style: One of STYLES, or None for any.

    Returns:
        The subtitle.
    """
    scripts = ["latin"] * 6 + [s for s in WORDS if s != "latin" and fonts.get(s)]
    script = str(rng.choice(scripts))
    share = rng.uniform(0.025, 0.07)
    lines = _lines(rng, script, share)
    size = max(8, round(share * height / 1.15))
    choices = fonts.get(script) or [None]
    path = choices[rng.integers(len(choices))]
    if script == "latin" and rng.random() < 0.1:
        path = None
    font = ImageFont.truetype(path, size) if path else ImageFont.load_default(size)
    style = style or str(rng.choice(STYLES, p=(0.35, 0.15, 0.2, 0.1, 0.2)))
    mask, box = _letters(rng, lines, font, height, width, bars, round(share * height))
    return Subtitle(_dress(rng, mask, box, style, size), *box, style, script, share)


def burn_in(view: np.ndarray, subtitle: Subtitle, shift: int) -> np.ndarray:
    """The view with the subtitle moved to the right by `shift` pixels."""
    overlay = np.roll(subtitle.overlay, shift, axis=1)
    mixed = view * (1 - overlay[..., 3:]) + overlay[..., :3]
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _lines(rng, script: str, share: float) -> list[str]:
    words = WORDS[script]
    if rng.random() < 0.12:
        return [str(rng.choice([w for w in words if len(w) <= 5]))]
    most = 4 if script == "cjk" else 7
    count = rng.choice((1, 2, 3), p=(0.45, 0.45, 0.1))
    return [
        " ".join(rng.choice(words, rng.integers(2, 1 + max(3, round(most * 0.05 / share)))))
        for _ in range(count)
    ]


def _letters(rng, lines, font, height, width, bars, pitch):
    """Opacity of the letters (h, w) in 0..1 and their box."""
    image = Image.new("L", (width, height))
    draw = ImageDraw.Draw(image)
    lengths = [draw.textlength(line, font=font) for line in lines]
    while max(lengths) > 0.9 * width:  # drop the last word of the longest line
        longest = int(np.argmax(lengths))
        lines[longest] = lines[longest][: int(len(lines[longest]) * 0.8)]
        lengths[longest] = draw.textlength(lines[longest], font=font)
    block = pitch * len(lines)
    place = rng.random()
    top = height - rng.uniform(0.02, 0.1) * height - block
    if bars > pitch * 1.3 and place < 0.7:
        top = height - bars + 0.1 * pitch  # the first line stands in the bar
        lines, lengths = lines[:1], lengths[:1]
    elif place > 0.88:
        top = rng.uniform(0.03, 0.1) * height
    elif bars:
        top = height - bars - rng.uniform(0.02, 0.06) * height - block
    start = rng.uniform(0.05, 0.2) * width if rng.random() < 0.12 else None
    for number, (line, length) in enumerate(zip(lines, lengths, strict=True)):
        x = (width - length) / 2 if start is None else min(start, 0.97 * width - length)
        draw.text((x, top + number * pitch), line, fill=255, font=font)
    mask = np.asarray(image, np.float32) / 255
    rows, columns = np.flatnonzero(mask.max(1) > 0.5), np.flatnonzero(mask.max(0) > 0.5)
    return mask, (int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def _dress(rng, mask, box, style: str, size: int) -> np.ndarray:
    """Letters with their outline, shadow or box, premultiplied."""
    whites = ((255, 255, 255), (235, 235, 235), (220, 220, 215), (190, 190, 190))
    yellows = ((255, 255, 0), (235, 220, 60), (250, 230, 110))
    colors = whites if rng.random() < 0.7 else yellows
    color = np.float32(colors[rng.integers(len(colors))])
    under = np.zeros_like(mask)
    if style in ("outline", "both"):
        reach = max(1, round(size * rng.uniform(0.04, 0.09)))
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        under = cv2.dilate(mask, disc)
    if style in ("shadow", "both"):
        offset = max(1, round(size * rng.uniform(0.05, 0.1)))
        moved = np.roll(mask, (offset, offset), (0, 1))
        if rng.random() < 0.5:
            moved = cv2.GaussianBlur(moved, (0, 0), offset * 0.6)
        under = np.maximum(under, moved * rng.uniform(0.7, 1.0))
    if style == "box":
        top, bottom, left, right = box
        pad = round(0.3 * size)
        under[max(0, top - pad) : bottom + pad, max(0, left - pad) : right + pad] = rng.uniform(
            0.5, 0.85
        )
    overlay = np.zeros((*mask.shape, 4), np.float32)
    overlay[..., :3] = mask[..., None] * color
    overlay[..., 3] = mask + (1 - mask) * under
    return overlay
