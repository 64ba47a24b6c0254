"""Places the depth of each shot around the screen: a factor and a shift of its parallax.

What is looked at comes to the screen, which is where eyes rest, and the rest of the shot lies
before and behind it. A shot with more depth than the budget holds is moved by some, then made
flatter. All frames of a shot get one placement but for a slow drift, and what a shot holds is known
from its first half second, which is looked at before the first frame is given out. No other frame
of another shot is ever looked at; only the depth at which the eyes rest is taken over a cut, from
which the next shot's may not leap away.
"""

import collections
import dataclasses

import numpy as np

from deep3d.comfort.budget import KNEE, ParallaxBudget
from deep3d.comfort.frame_parallax import FrameParallax

# Frames that are looked at ahead, and in all: half a second and one second of a film.
LOOKAHEAD = 12
WINDOW = 24
# % of the width: how far in front of the screen and behind it the subject may be put for the
# budget's sake. Behind is easier on the eyes than flat.
SUBJECT_FRONT, SUBJECT_BACK = 0.3, 1.0
# % of the width: how far the subject's parallax may leap at a cut, and how far anything may drift
# per second within a shot, which is 3 pixels of 1920.
JUMP = 0.3
DRIFT = 0.15


@dataclasses.dataclass(frozen=True)
class Placement:
    """Where a frame's depth lies: `gain * parallax + shift`, then compressed by the budget.

    Attributes:
        gain: Factor of the predicted parallax.
        shift: % of the width, added to it.
        left_window: How far in front of the screen things reach at the left edge of the frame, in
            % of the width; what a floating window has to hide. At least 0.
        right_window: The same at the right edge.
    """

    gain: float = 1.0
    shift: float = 0.0
    left_window: float = 0.0
    right_window: float = 0.0

    def apply(self, parallax):
        """`gain * parallax + shift` in % of the width, for a number or an array."""
        return self.gain * parallax + self.shift


class Placer:
    """Finds the placement of every frame while frames stream by, at most `LOOKAHEAD` behind."""

    def __init__(self, budget: ParallaxBudget, gain: float = 1.0, shift: float | None = None):
        """Starts before the first frame.

        Args:
            budget: What the depth has to fit into.
            gain: Factor of the predicted parallax that is wanted; less is used where a shot has
                more depth than the budget holds.
            shift: % of the width, the same for all shots, and the gain with it; None places every
                shot for itself.
        """
        self._budget, self._gain, self._shift = budget, gain, shift
        self._waiting: collections.deque = collections.deque()  # (time, parallax)
        self._seen: collections.deque = collections.deque(maxlen=WINDOW)  # of this shot only
        self._placement = None  # of this shot's latest placed frame, and its time
        self._time_s = 0.0
        self._rested = None  # parallax of the subject at the end of the shot before

    @property
    def waiting(self) -> int:
        """How many frames have no placement yet."""
        return len(self._waiting)

    @property
    def state(self) -> dict[str, np.ndarray]:
        """What is remembered of the frames so far, by name."""
        waiting = [(time_s, *dataclasses.astuple(seen)) for time_s, seen in self._waiting]
        placement = () if self._placement is None else dataclasses.astuple(self._placement)
        return {
            "waiting": np.array(waiting).reshape(len(waiting), -1),
            "seen": np.array(self._seen),
            "placement": np.array(placement),
            "time_s": np.array(self._time_s),
            "rested": np.array([] if self._rested is None else [self._rested]),
        }

    @state.setter
    def state(self, state: dict[str, np.ndarray]):
        waiting = ((time_s, FrameParallax(*seen)) for time_s, *seen in state["waiting"].tolist())
        self._waiting = collections.deque(waiting)
        self._seen = collections.deque(map(tuple, state["seen"].tolist()), maxlen=WINDOW)
        placement = state["placement"].tolist()
        self._placement = Placement(*placement) if placement else None
        self._time_s = float(state["time_s"])
        self._rested = float(state["rested"][0]) if state["rested"].size else None

    def push(self, parallax: FrameParallax, time_s: float, starts_shot: bool) -> list[Placement]:
        """Takes the next frame.

        Args:
            parallax: As predicted.
            time_s: When it is shown, in seconds.
            starts_shot: Whether a shot begins with it.

        Returns:
            The placements that are now known, in the order of the frames.
        """
        placed = self.finish() if starts_shot else []
        self._waiting.append((time_s, parallax))
        self._seen.append(dataclasses.astuple(parallax))
        if len(self._waiting) > LOOKAHEAD:
            placed.append(self._place())
        return placed

    def finish(self) -> list[Placement]:
        """Ends the shot.

        Returns:
            The placements of its frames that are still waiting.
        """
        placed = [self._place() for _ in range(len(self._waiting))]
        if self._placement is not None:
            self._rested = self._placement.apply(self._usual().subject)
        self._seen.clear()
        self._placement = None
        return placed

    def _place(self) -> Placement:
        time_s, _ = self._waiting.popleft()
        usual = self._usual()
        wanted = self._wanted(usual)
        if self._placement is None:
            placement = self._eased(wanted, usual)
        else:
            placement = _drifted(self._placement, wanted, usual, DRIFT * (time_s - self._time_s))
        self._placement, self._time_s = placement, time_s
        return placement

    def _usual(self) -> FrameParallax:
        """The median of what is known of the shot; a region that was never known is at 0."""
        seen = np.sort(np.array(self._seen), axis=0)  # (frames, numbers), NaN last
        known = np.isfinite(seen).sum(axis=0)
        middle = np.stack([np.maximum(known - 1, 0) // 2, np.minimum(known // 2, len(seen) - 1)])
        medians = np.take_along_axis(seen, middle, axis=0).mean(axis=0)
        return FrameParallax(*map(float, np.where(known > 0, medians, 0.0)))

    def _wanted(self, usual: FrameParallax) -> Placement:
        gain, shift = self._gain, self._shift
        if shift is None:
            gain, shift = _fitted(usual, self._budget, gain)
        plain = Placement(gain, shift)
        edges = np.array([usual.left_edge, usual.right_edge])
        windows = np.maximum(self._budget.compress(plain.apply(edges)), 0.0)
        return dataclasses.replace(
            plain, left_window=float(windows[0]), right_window=float(windows[1])
        )

    def _eased(self, wanted: Placement, usual: FrameParallax) -> Placement:
        """The placement of a shot's first frame: the subject's parallax does not leap."""
        if self._rested is None or self._shift is not None:
            return wanted
        leap = wanted.apply(usual.subject) - self._rested
        return dataclasses.replace(wanted, shift=wanted.shift + np.clip(leap, -JUMP, JUMP) - leap)


def _fitted(usual: FrameParallax, budget: ParallaxBudget, gain: float) -> tuple[float, float]:
    """Gain and shift with the subject near the screen and the percentiles within the budget."""
    near, far = max(0.0, usual.high - usual.subject), max(0.0, usual.subject - usual.low)
    # With the subject at T the rest has room if far - back <= T <= front - near, and T is limited.
    for depth, room in (
        (near + far, budget.front + budget.back),
        (near, budget.front + SUBJECT_BACK),
        (far, budget.back + SUBJECT_FRONT),
    ):
        gain = min(gain, room / depth) if depth > 0 else gain
    # It gives way to near things before the budget would compress them.
    subject = max(min(0.0, KNEE * budget.front - gain * near), -SUBJECT_BACK)
    subject = max(subject, gain * far - budget.back)
    return gain, subject - gain * usual.subject


def _drifted(now: Placement, wanted: Placement, usual: FrameParallax, most: float) -> Placement:
    """As far from one placement to another as moves nothing by more than `most`."""
    change = max(abs(wanted.apply(end) - now.apply(end)) for end in (usual.low, usual.high))
    share = 1.0 if change <= most else most / change
    windows = (
        was + float(np.clip(new - was, -most, most))
        for was, new in (
            (now.left_window, wanted.left_window),
            (now.right_window, wanted.right_window),
        )
    )
    return Placement(
        now.gain + share * (wanted.gain - now.gain),
        now.shift + share * (wanted.shift - now.shift),
        *windows,
    )
