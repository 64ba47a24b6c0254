"""The scores of an evaluation in words: their names, units, digits, and which end is good."""

import dataclasses
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True)
class Score:
    """How a score is shown.

    Attributes:
        label: Head of its column.
        form: Format of its value.
        better: "lower" or "higher", "" if neither is.
        note: What it says, for those who do not know it.
        factor: By what it is multiplied before it is shown.
        unit: Behind the value.
    """

    label: str
    form: str
    better: str
    note: str
    factor: float = 1.0
    unit: str = ""

    def text(self, value, interval=None) -> str:
        """Value and, in brackets, its interval where it has any width; "" for None."""
        if value is None:
            return ""
        text = self.form.format(self.factor * value)
        low, high = self.ends(interval)
        return f"{text} ({low}..{high}){self.unit}" if low != high else f"{text}{self.unit}"

    def difference(self, value, interval=None) -> tuple[str, str]:
        """A difference of two values with its sign, and the ends of its interval; "" for None."""
        signed = dataclasses.replace(self, form=self.form.replace("{:+", "{:").replace("{:", "{:+"))
        low, high = signed.ends(interval)
        return signed.text(value), f"{low}..{high}{self.unit}" if interval else ""

    def ends(self, interval) -> tuple[str, str]:
        """Both ends of an interval as shown, equal where there is none."""
        if not interval:
            return "", ""
        low, high = (self.form.format(self.factor * end) for end in interval)
        return low, high


HEADLINE = {
    "mae": Score("MAE (0-255)", "{:.2f}", "lower", "mean absolute error of the right view"),
    "gap_closed": Score(
        "gap closed",
        "{:.2f}",
        "higher",
        "(global shift - row) / (global shift - oracle), in MAE: 1 is as good as measured depth",
    ),
    "psnr": Score("PSNR (dB)", "{:.2f}", "higher", "peak signal-to-noise ratio"),
    "ssim": Score("SSIM", "{:.3f}", "higher", "structural similarity"),
    "siou": Score("SIoU", "{:.3f}", "higher", "stereo IoU: whether edges and changes lie right"),
    "ordinal_error": Score(
        "wrong order",
        "{:.0f}",
        "lower",
        "share of pairs of points of which the farther one is taken for the nearer",
        100.0,
        " %",
    ),
}
FURTHER = {
    "ms_ssim": Score("MS-SSIM", "{:.3f}", "higher", "structural similarity at several scales"),
    "lpips": Score("LPIPS", "{:.3f}", "lower", "distance in the features of a network"),
    "edge_mae": Score(
        "MAE at edges", "{:.2f}", "lower", "near edges that the true right view shows"
    ),
    "disocclusion_mae": Score(
        "MAE at disocclusions", "{:.2f}", "lower", "where only the right eye sees"
    ),
    "border_mae": Score("MAE at borders", "{:.2f}", "lower", "near the sides of the picture"),
    "epe_px": Score(
        "disparity error (px)", "{:.2f}", "lower", "against true disparity, else against measured"
    ),
    "epe_percent": Score("disparity error (% of width)", "{:.2f}", "lower", "the same"),
    "flicker": Score(
        "flicker (px)", "{:.3f}", "lower", "change of the disparity of a point that is followed"
    ),
    "parallax_low": Score(
        "far end (% of width)", "{:+.2f}", "", "1st percentile of parallax; behind the screen is -"
    ),
    "parallax_high": Score("near end (% of width)", "{:+.2f}", "", "99th percentile of parallax"),
    "over_budget": Score(
        "uncomfortable", "{:.0f}", "lower", "share of pairs beyond the parallax budget", 100.0, " %"
    ),
}
NOT_SCORES = ("name", "interval", "pairs")


def score(name: str) -> Score:
    """How a score is shown; one that is not known here goes by its own name."""
    return HEADLINE.get(name) or FURTHER.get(name) or Score(words(name), "{:.3g}", "", "")


def further_scores(rows: Iterable[dict]) -> list[str]:
    """Which scores rows have besides those of the headline, known ones first."""
    found = {
        name: None
        for row in rows
        for name, value in row.items()
        if name not in NOT_SCORES and isinstance(value, int | float) and name not in HEADLINE
    }
    return [*(name for name in FURTHER if name in found), *sorted(found.keys() - FURTHER.keys())]


def words(name: str) -> str:
    """The name of a row or a score for people."""
    return name.replace("_", " ")
