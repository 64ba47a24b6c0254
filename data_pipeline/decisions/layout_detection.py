"""How a movie's frames hold its two views, decided from the pictures.

Tags and names are wrong often enough to be no more than a prior: they decide where the pictures
cannot. The pictures tell by these cues, each of them in the evidence:

* The halves of a packed frame explain each other (`view_matching`), those of a mono one do not.
* Half or full: which of the two gives the picture a shape that films have, and whether detail is
  as fine across as down. A view squeezed to half its width has twice the detail across.
* Halves that are identical are a 2D film in a stereo frame, and one half may be black.
* An anaglyph looks mono, but one of its channels is displaced (`channel_parallax`).
* Where lines alternate between the eyes, a line differs more from the next than from the one after.
"""

import dataclasses
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from data_pipeline.decisions.channel_parallax import displaced_channel_share
from data_pipeline.decisions.layout_prior import LayoutPrior, layout_prior
from data_pipeline.decisions.packed_picture import PackedPicture, alternation, look_at
from data_pipeline.decisions.squeezed_views import squeezed_log_odds
from data_pipeline.decisions.view_matching import are_alike, match_halves
from deep3d.video import LAYOUTS

LAYOUT_NAMES = (*LAYOUTS, "mono", "anaglyph", "interleaved")

# Agreement of the median block above which halves are two views, between the worst photograph
# (0.46) and the worst stereo pair (0.67); what the prior moves it by.
_TWO_VIEWS, _PRIOR_SHIFT = 0.5, 0.05
# Logistic growth of the score with the distance from that.
_STEEPNESS = 25.0
# A frame with fewer textured blocks tells nothing.
_LEAST_BLOCKS = 6
# Halves of a frame without its outer bars must agree so much better than those of all of it.
_BARS_GAIN = 0.1
# Frames in which channels are compared; share of displaced blocks that makes an anaglyph.
_ANAGLYPH_FRAMES, _DISPLACED_SHARE = 8, 0.05
# Share of the voting frames in which lines alternate; titles and flat shots do not.
_ALTERNATING = 0.5
# Scores of what only the tag, the name or the frame's shape tells.
_UNSEEN_SCORES = {"tag": 0.6, "name": 0.5, "": 0.3}

__all__ = ["LAYOUT_NAMES", "LayoutDecision", "LayoutPrior", "detect_layout", "layout_prior"]


@dataclasses.dataclass(frozen=True)
class LayoutDecision:
    """How a movie is packed.

    Attributes:
        layout: One of `LAYOUT_NAMES`.
        score: How sure that is, 0 to 1.
        right_first: Whether tags or name say that the right eye is first; None: they say nothing.
        evidence: The value of each cue. `side_by_side` and `top_bottom`: agreement of the halves;
            `voting_frames`; `identical_share`: share of these frames whose halves are identical;
            `black_half`: left, right, upper or lower; `outer_rows`, `outer_columns`: black lines
            on either side of the packed picture, which must be cropped before it is halved;
            `half_log_odds`: for half against full; `displaced_channel`; `alternating_lines`;
            `prior`, `prior_source`, `prior_words`.
    """

    layout: str
    score: float
    right_first: bool | None
    evidence: dict[str, float | str]


@dataclasses.dataclass(frozen=True)
class _Arrangement:
    """How well the views of all frames agree if they are beside, or above, each other."""

    side: str  # sbs or tab
    agreement: float
    frames: list[int]  # that vote
    outer_bars: bool  # whether the bars around the packed picture were cropped


def detect_layout(
    frames: Sequence[np.ndarray], sample_aspect_ratio: Fraction, prior: LayoutPrior
) -> LayoutDecision:
    """Decides how a movie is packed.

    Args:
        frames: (h, w, 3) uint8 RGB packed frames of one size from all over the movie, some 24;
            any may be black, a title card or a 2D insert.
        sample_aspect_ratio: Width of a pixel of these frames over its height.
        prior: What tags and name say.

    Returns:
        The decision.

    Raises:
        ValueError: If there is no frame or they differ in size.
    """
    if len(frames) == 0 or len({frame.shape for frame in frames}) > 1:
        shapes = sorted({frame.shape for frame in frames})
        raise ValueError(f"Frames must be of one size, at least one. Received: {shapes}")
    packed = look_at(frames, float(sample_aspect_ratio))
    beside, above = _arrangement(packed, "sbs"), _arrangement(packed, "tab")
    evidence: dict[str, float | str] = {
        "side_by_side": beside.agreement,
        "top_bottom": above.agreement,
        "prior": prior.layout or "",
        "prior_source": prior.source,
        "prior_words": prior.words,
    }
    best = max((beside, above), key=lambda each: each.agreement + _prior_shift(prior, each.side))
    evidence["voting_frames"] = len(best.frames)
    layout, score = _decide(frames, packed, best, prior, evidence)
    return LayoutDecision(layout, round(score, 3), prior.right_first, evidence)


def _decide(frames, packed, best, prior, evidence) -> tuple[str, float]:
    if packed.black_half:
        evidence["black_half"] = packed.black_half
        side = "sbs" if packed.black_half in ("left", "right") else "tab"
        return _half_or_full(frames, packed, _Arrangement(side, 1, [], False), prior, evidence, 0.8)
    if not best.frames:
        return _unseen(packed, prior)
    beyond = best.agreement + _prior_shift(prior, best.side) - _TWO_VIEWS
    sure = 1 / (1 + math.exp(-_STEEPNESS * abs(beyond)))
    if beyond <= 0:
        return _one_picture(frames, best.frames, sure, evidence)
    views = [packed.halves(number, best.side, best.outer_bars) for number in best.frames]
    evidence["identical_share"] = float(np.mean([are_alike(*pair) for pair in views]))
    if best.outer_bars:
        rows, columns = packed.outer_bars_in_frame
        evidence["outer_rows"] = rows if best.side == "tab" else 0
        evidence["outer_columns"] = columns if best.side == "sbs" else 0
    return _half_or_full(frames, packed, best, prior, evidence, sure)


def _arrangement(packed: PackedPicture, side) -> _Arrangement:
    """The better of halving the whole frame and halving the picture between its outer bars."""
    whole = _agreement(packed, side, outer_bars=False)
    if not packed.has_outer_bars(side):
        return whole
    within = _agreement(packed, side, outer_bars=True)
    return within if within.agreement > whole.agreement + _BARS_GAIN else whole


def _agreement(packed, side, outer_bars) -> _Arrangement:
    matches = [
        (number, match_halves(*packed.halves(number, side, outer_bars)))
        for number in packed.lit_frames
    ]
    voting = [(number, match) for number, match in matches if match.blocks >= _LEAST_BLOCKS]
    agreements = [match.agreement for _, match in voting]
    blocks = [match.blocks for _, match in voting]
    agreement = _weighted_median(agreements, blocks) if voting else 0.0
    return _Arrangement(side, agreement, [number for number, _ in voting], outer_bars)


def _prior_shift(prior, side) -> float:
    """What the prior adds to the agreement of the halves."""
    if prior.layout is None:
        return 0.0
    return _PRIOR_SHIFT if prior.layout.endswith(side) else -_PRIOR_SHIFT


def _half_or_full(frames, packed, arrangement, prior, evidence, sure) -> tuple[str, float]:
    log_odds = squeezed_log_odds(
        [frames[number] for number in arrangement.frames],
        packed,
        arrangement.side,
        arrangement.outer_bars,
        prior.layout,
    )
    evidence["half_log_odds"] = log_odds
    name = ("half_" if log_odds > 0 else "full_") + arrangement.side
    return name, sure / (1 + math.exp(-abs(log_odds)))


def _one_picture(frames, voting, sure, evidence) -> tuple[str, float]:
    """Mono, unless eyes are told apart by color or by lines."""
    chosen = voting[:: math.ceil(len(voting) / _ANAGLYPH_FRAMES)]
    displaced = float(np.mean([displaced_channel_share(frames[number]) for number in chosen]))
    alternating = float(np.mean([alternation(frames[number]) > 1 for number in voting]))
    evidence |= {"displaced_channel": displaced, "alternating_lines": alternating}
    if alternating >= _ALTERNATING:
        return "interleaved", sure
    certainty = 1 / (1 + math.exp(-100 * abs(displaced - _DISPLACED_SHARE)))
    return ("anaglyph" if displaced > _DISPLACED_SHARE else "mono"), sure * certainty


def _unseen(packed, prior) -> tuple[str, float]:
    """What the prior or, without one, the shape of the frame says."""
    layout, score = prior.layout, _UNSEEN_SCORES[prior.source]
    if layout is None:
        shape = packed.aspect_ratio
        # Bino's rule, but for the shapes of films themselves and of telephones.
        return ("full_sbs" if shape > 2.9 else "full_tab" if 0.8 < shape < 1 else "mono"), score
    if layout in ("sbs", "tab"):
        log_odds = squeezed_log_odds([], packed, layout, False, None)
        layout = ("half_" if log_odds > 0 else "full_") + layout
    return layout, score


def _weighted_median(values, weights) -> float:
    order = np.argsort(values)
    summed = np.cumsum(np.asarray(weights)[order])
    return float(np.asarray(values)[order][np.searchsorted(summed, summed[-1] / 2)])
