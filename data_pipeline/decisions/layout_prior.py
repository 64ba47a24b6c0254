"""What a movie's tags and its name say about its layout; both are often missing or wrong.

Tags come first: Matroska's StereoMode, MP4's st3d and the frame packing message, as
`VideoReader.stereo_mode` has them. Then the words of the file name that players, rippers and
converters use (`deep3d.video.stereo_metadata` has a list; Kodi, SKYBOX, DeoVR, iw3, Bino).
"""

import dataclasses
import os
import pathlib
import re

from deep3d.video import VideoReader

# FFmpeg's word of the StereoMode -> layout and whether the right eye is first. A tag does not tell
# half from full.
_TAGS = {
    "mono": ("mono", None),
    "left_right": ("sbs", False),
    "right_left": ("sbs", True),
    "top_bottom": ("tab", False),
    "bottom_top": ("tab", True),
    "row_interleaved_lr": ("interleaved", False),
    "row_interleaved_rl": ("interleaved", True),
    "anaglyph_cyan_red": ("anaglyph", None),
    "anaglyph_green_magenta": ("anaglyph", None),
}
_HALF, _FULL = r"(?:h|half|hlf)[ ._+-]?", r"(?:f|full)[ ._+-]?"
_SBS, _TAB = r"(?:sbs|side[ ._-]?by[ ._-]?side)", r"(?:ou|tab|tb|over[ ._-]?under|top[ ._-]?bottom)"
# Layout -> what the name contains between characters that are no letters. Earlier ones are more
# exact; `_lr` is half to iw3 and full to Bino, so it is neither here.
_WORDS = (
    ("half_sbs", rf"{_HALF}{_SBS}|{_SBS}[ ._-]?half|3dh|lrhq?|lrq|rlhq?"),
    ("half_tab", rf"{_HALF}{_TAB}|{_TAB}[ ._-]?half|3dv|tbhq?|abhq?|abq|tbq"),
    ("full_sbs", rf"{_FULL}{_SBS}|{_SBS}[ ._-]?full|3dhf|lrf|rlf"),
    ("full_tab", rf"{_FULL}{_TAB}|{_TAB}[ ._-]?full|3dvf|tbf"),
    ("anaglyph", r"anaglyph\w*|red[ ._-]?cyan|green[ ._-]?magenta|amber[ ._-]?blue"),
    ("sbs", rf"{_SBS}|3dsbs[lr]f|lr|rl"),
    ("tab", r"h?tab|h?ou|over[ ._-]?under|top[ ._-]?bottom|3dou[lr]f|tb|bt"),
    ("mono", r"2d"),
)
_RIGHT_FIRST = r"rl|rlf|rlhq?|bt|ba|cross(?:[ ._-]?eyed?)?|3dsbsrf|3dourf"
_LEFT_FIRST = r"lr|lrf|lrhq?|tb|tbf|3dsbslf|3doulf"


@dataclasses.dataclass(frozen=True)
class LayoutPrior:
    """What is claimed of a movie.

    Attributes:
        layout: A name of `layout_detection.LAYOUT_NAMES`, or `sbs` or `tab` where half and full
            are not told apart; None where nothing is said.
        right_first: Whether the right eye's view is said to come first; None where nothing is.
        source: `tag`, `name` or empty.
        words: The tag, or the part of the name.
    """

    layout: str | None = None
    right_first: bool | None = None
    source: str = ""
    words: str = ""


def layout_prior(path: str | os.PathLike, reader: VideoReader | None = None) -> LayoutPrior:
    """What the tags of a movie say, or else its name.

    Args:
        path: The movie's file; only its name counts.
        reader: A reader of the movie, or None to go by the name.

    Returns:
        The claim. A name that says half or full completes a tag that leaves it open.
    """
    named = _named(pathlib.Path(path).stem)
    mode = reader.stereo_mode if reader is not None else None
    if mode not in _TAGS:
        return named
    layout, right_first = _TAGS[mode]
    if named.layout in (f"half_{layout}", f"full_{layout}"):
        layout = named.layout
    return LayoutPrior(layout, right_first, "tag", mode)


def _named(stem) -> LayoutPrior:
    for layout, words in _WORDS:
        found = _find(words, stem)
        # Two letters are too few to count on their own within a title: The.OU.Campus, Tb.2.
        if found and (len(found) > 2 or _at_end(found, stem) or _find("3d", stem)):
            order = True if _find(_RIGHT_FIRST, stem) else None
            if order is None and _find(_LEFT_FIRST, stem):
                order = False
            return LayoutPrior(layout, order, "name", found)
    return LayoutPrior()


def _find(words, stem) -> str:
    found = re.search(rf"(?<![a-z0-9])(?:{words})(?![a-z0-9])", stem, re.IGNORECASE)
    return found.group() if found else ""


def _at_end(found, stem) -> bool:
    return bool(re.search(rf"[_-]{re.escape(found)}$", stem, re.IGNORECASE))
