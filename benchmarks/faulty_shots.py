"""Shots of 3D films with faults, and what is true of every frame of them."""

import dataclasses
from collections.abc import Iterator

import cv2
import numpy as np
from burnt_in_words import Subtitle, SubtitlePicture, credits_roll, draw_logo, title_card
from shot_sources import Sources
from window_path import Misalignment, WindowPath

ALIGNED = Misalignment()
MOVING_SIZE_LIMIT = 960  # columns; larger pictures of moving scenes are enlarged
LIGHTS = ("", "fade_in", "fade_out", "flash")
# Sources that show both eyes one picture.
FLAT = ("title", "title_on_picture", "credits", "flat", "clip")


@dataclasses.dataclass(frozen=True)
class Shot:
    """A shot and its faults; pixels are those of a view of the film at its full size.

    Attributes:
        source: As in `shot_sources`, or `flat:7` (the left view of the still 7 before both eyes),
            `title`, `title_on_picture:7`, `credits`, `black`.
        seconds: Length.
        seed: Decides everything that is not said here.
        motion: One of `window_path.MOTIONS`.
        swapped: Whether the eyes are the wrong way round.
        bars: Black rows above and below, black columns left and right, before both eyes.
        floating_window: Further black columns at the left before the left eye and at the right
            before the right eye, which bring the frame's edges nearer.
        misalignment: Of the right eye.
        color_gain: Factors of red, green and blue before the right eye.
        gamma: Exponent of the right eye's light.
        subtitle: Words before both eyes.
        logo: Whether a corner has a station's mark.
        shift_px: Constant disparity of a title card.
        light: One of `LIGHTS`.
        exposure: Factor of the light before both eyes.
        noise: Standard deviation of the grain of each eye, of 255.
        black_eye: left or right, where that view is black.
        black_level: Value of the bars' pixels, of 255.
    """

    source: str
    seconds: float = 2.0
    seed: int = 0
    motion: str = "pan"
    swapped: bool = False
    bars: tuple[int, int, int, int] = (0, 0, 0, 0)
    floating_window: tuple[int, int] = (0, 0)
    misalignment: Misalignment = ALIGNED
    color_gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gamma: float = 1.0
    subtitle: Subtitle | None = None
    logo: bool = False
    shift_px: int = 0
    light: str = ""
    exposure: float = 1.0
    noise: float = 0.0
    black_eye: str = ""
    black_level: int = 0

    @property
    def kind(self) -> str:
        """What kind of source it has."""
        return self.source.partition(":")[0]

    @property
    def parallax(self) -> bool:
        """Whether the eyes see a scene from two places."""
        return self.kind not in (*FLAT, "black") and not self.black_eye


class FilmedShot:
    """The frames of a shot at a film's size and rate.

    Args:
        shot: What is shown.
        sources: Where pictures come from.
        size: Width and height of a view.
        times: Of the frames, in seconds since the shot began.
    """

    def __init__(self, shot: Shot, sources: Sources, size: tuple[int, int], times: list[float]):
        self.shot, self._sources, self._size, self._times = shot, sources, size, times
        top, bottom, left, right = shot.bars
        self._area = (size[0] - left - right, size[1] - top - bottom)
        self._disparity: tuple[float, float] | None = None
        self._aligned, self._exact = True, False
        self._words = shot.subtitle and SubtitlePicture(shot.subtitle, size, shot.seed)
        if shot.light not in LIGHTS:
            raise ValueError(f"light must be one of {LIGHTS}. Received: {shot.light}")

    def views(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Left and right view of each frame, (h, w, 3) uint8; they may be changed."""
        rng = np.random.default_rng([self.shot.seed, 51])
        for number, pair in enumerate(self._pictures()):
            views = [
                self._framed(self._graded(picture, eye, rng)) for eye, picture in enumerate(pair)
            ]
            self._narrow(views)
            if self.shot.logo:
                draw_logo(views, self.shot.seed)
            if self._words and self._subtitled[0] <= number <= self._subtitled[1]:
                self._words.draw(views)
            views = [self._lit(view, number) for view in views]
            if self.shot.black_eye:
                views[("left", "right").index(self.shot.black_eye)][:] = self.shot.black_level
            yield tuple(views[::-1] if self.shot.swapped else views)

    def facts(self, first_frame: int, start_s: float, end_s: float) -> dict:
        """What is true of the shot, complete when all its views were made.

        Args:
            first_frame: Number of its first frame in the film.
            start_s: Time of that frame.
            end_s: Time of the first frame behind it.

        Returns:
            The label, for JSON: frame numbers count from the film's first frame, ranges include
            their ends. Of everything else the attributes of `Shot`.
        """
        shot = self.shot
        facts = dataclasses.asdict(shot) | dataclasses.asdict(shot.misalignment)
        del facts["misalignment"], facts["subtitle"], facts["offset_px"]
        low, high = self._disparity or (None, None)
        return facts | {
            "first_frame": first_frame,
            "last_frame": first_frame + len(self._times) - 1,
            "start_s": round(start_s, 6),
            "end_s": round(end_s, 6),
            "kind": shot.kind,
            "parallax": shot.parallax,
            "no_parallax": shot.kind in FLAT,
            "black": shot.kind == "black",
            "static": self._static,
            "vertical_offset_px": shot.misalignment.offset_px,
            # Of some real pairs nobody knows it to a fraction of a pixel.
            "vertical_offset_known": self._aligned and shot.parallax,
            "disparity_percent": self._disparity and [round(low, 3), round(high, 3)],
            "disparity_exact": self._exact,
            "light_frames": self._offset(self._light_frames(), first_frame),
            "subtitles": self._subtitle_facts(first_frame),
        }

    @property
    def _static(self) -> bool:
        shot = self.shot
        return shot.kind in ("title", "title_on_picture", "black") or (
            shot.motion == "hold" and shot.kind not in ("clip", "moving", "credits")
        )

    @property
    def _subtitled(self) -> tuple[int, int]:
        """First and last frame with words."""
        count, subtitle = len(self._times), self.shot.subtitle
        last = max(int(np.ceil(count * subtitle.to_share)) - 1, 0)
        return min(int(count * subtitle.from_share), last), last

    def _subtitle_facts(self, first_frame: int) -> list[dict]:
        if not self._words:
            return []
        first, last = self._offset(self._subtitled, first_frame)
        box = dict(zip(("left", "top", "right", "bottom"), self._words.box, strict=True))
        more = {"disparity_px": self._words.disparity_px}
        own = {"style": self.shot.subtitle.style, "lines": self.shot.subtitle.lines}
        return [{"first_frame": first, "last_frame": last, "box": box} | own | more]

    @staticmethod
    def _offset(frames, by: int):
        return frames and [frame + by for frame in frames]

    def _pictures(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        shot, area, times = self.shot, self._area, self._times
        if shot.kind in ("synthetic", "wide", "pair"):
            return self._over_still(flat=False)
        if shot.kind == "flat":
            return self._over_still(flat=True)
        if shot.kind == "moving":
            return self._moving()
        if shot.kind == "clip":
            start_s = float(np.random.default_rng([shot.seed, 52]).uniform(0, 20))
            frames = self._sources.clip(shot.source, start_s, times)
            return ((_cover(frame, area),) * 2 for frame in frames)
        if shot.kind == "credits":
            sheet = credits_roll(area, shot.seed, shot.seconds)
            rows = (round(0.25 * area[1] * time) for time in times)
            return ((sheet[row : row + area[1]],) * 2 for row in rows)
        if shot.kind == "black":
            return ((np.zeros((area[1], area[0], 3), np.uint8),) * 2 for _ in times)
        return ((card, np.roll(card, -shot.shift_px, axis=1)) for card in self._cards())

    def _over_still(self, flat: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        shot = self.shot
        source = f"synthetic:{shot.source.partition(':')[2]}" if flat else shot.source
        still = self._sources.still(source, round(1.2 * self._area[1]))
        path = self._path(still)
        if not flat:
            self._disparity, self._aligned = path.disparity_percent, still.aligned
            self._exact = still.map is not None
        shown = None
        for time in self._times:
            if shown is None or shot.motion != "hold":
                shown = path.pictures(time)
            yield (shown[0],) * 2 if flat else shown

    def _path(self, still, share: float | None = None) -> WindowPath:
        shot = self.shot
        # A little longer than the shot: its last frame is shown for a while, too.
        chosen = (self._area, shot.seconds, shot.motion, shot.misalignment, shot.seed)
        return WindowPath(still, *chosen, share)

    def _moving(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        width, height = self._area
        factor = min(1.15, MOVING_SIZE_LIMIT / width)
        size = (round(width * factor), round(height * factor))
        path = None
        for still, time in zip(
            self._sources.moving(self.shot.source, size, self._times), self._times, strict=True
        ):
            path = path or self._path(still, 0.98)
            self._disparity, self._exact = path.disparity_percent, True
            yield path.pictures(time, still)

    def _cards(self) -> Iterator[np.ndarray]:
        shot, behind = self.shot, None
        if shot.kind == "title_on_picture":
            still = self._sources.still(f"synthetic:{shot.source.partition(':')[2]}", self._area[1])
            behind = cv2.GaussianBlur(_cover(still.left, self._area), (0, 0), 2.0)
        card = title_card(self._area, shot.seed, behind)
        return (card for _ in self._times)

    def _graded(self, picture: np.ndarray, eye: int, rng) -> np.ndarray:
        """The picture with the color of its eye, exposure and grain."""
        shot, level = self.shot, np.arange(256)
        gain = np.array(shot.color_gain if eye else (1.0, 1.0, 1.0)) * shot.exposure
        if eye and shot.gamma != 1:
            level = 255 * (level / 255) ** shot.gamma
        if (gain != 1).any() or shot.gamma != 1:
            table = np.clip(np.rint(level[:, None] * gain), 0, 255).astype(np.uint8)
            picture = cv2.LUT(np.ascontiguousarray(picture), table[None])
        if shot.noise:
            grain = np.zeros(picture.shape[:2], np.int16)
            cv2.setRNGSeed(int(rng.integers(2**31)))
            cv2.randn(grain, 0, shot.noise)
            picture = cv2.add(picture, cv2.merge([grain] * 3), dtype=cv2.CV_8U)
        return picture

    def _framed(self, picture: np.ndarray) -> np.ndarray:
        black = (self.shot.black_level,) * 3
        return cv2.copyMakeBorder(picture, *self.shot.bars, cv2.BORDER_CONSTANT, value=black)

    def _narrow(self, views: list[np.ndarray]) -> None:
        """Adds the floating window."""
        left, right = self.shot.floating_window
        width = self._size[0]
        if left:
            views[0][:, : self.shot.bars[2] + left] = self.shot.black_level
        if right:
            views[1][:, width - self.shot.bars[3] - right :] = self.shot.black_level

    def _light_frames(self) -> tuple[int, int] | None:
        """First and last frame of the fade or flash."""
        count = len(self._times)
        rng = np.random.default_rng([self.shot.seed, 53])
        share = float(rng.uniform(0.3, 0.55))
        if self.shot.light == "fade_in":
            return 0, round(count * share)
        if self.shot.light == "fade_out":
            return count - 1 - round(count * share), count - 1
        if self.shot.light == "flash":
            first = round(count * rng.uniform(0.3, 0.6))
            return first, first + int(rng.integers(1, 4)) - 1
        return None

    def _lit(self, view: np.ndarray, number: int) -> np.ndarray:
        """The view as dark or bright as its place in a fade or flash makes it."""
        if not self.shot.light:
            return view
        first, last = self._light_frames()
        if self.shot.light == "flash":
            lit = first <= number <= last
            return cv2.addWeighted(view, 0.15, np.full_like(view, 255), 0.85, 0) if lit else view
        part = np.clip((number - first) / max(last - first, 1), 0, 1)
        part = part if self.shot.light == "fade_in" else 1 - part
        return cv2.convertScaleAbs(view, alpha=float(part)) if part < 1 else view


def _cover(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The middle of a picture, as much as the size's aspect allows, at that size."""
    width, height = picture.shape[1::-1]
    factor = max(size[0] / width, size[1] / height)
    wide = (max(round(width * factor), size[0]), max(round(height * factor), size[1]))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    picture = cv2.resize(picture, wide, interpolation=how)
    x, y = (wide[0] - size[0]) // 2, (wide[1] - size[1]) // 2
    return picture[y : y + size[1], x : x + size[0]]
