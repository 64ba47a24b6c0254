"""The one thing that a photograph shows before its background, where that can be told for sure.

GrabCut (Rother et al., 2004) separates two colour models along edges, and finds something in every
picture. Three runs from different starts, the most salient pixels and two centred rectangles, tell
a thing from an accident: only where they agree, and the colours differ across the outline, is a
mask accepted. Saliency here is a colour that the margin of the picture has not, and sharpness,
because photographers focus on what they mean; both count more in the middle.
"""

import dataclasses
import itertools

import cv2
import numpy as np

SIDE = 160  # pixels, of the longest side while segmenting: about 0.4 s a picture
ITERATIONS = 3
SEED = 1  # of OpenCV's clustering, before every call, so that a picture has one result
MARGIN_COLOURS = 6
LIGHTNESS_SHARE = 0.6  # shadows change lightness more than things do
FRAME = 0.06  # of a side, at the top, left and right, is background to every run
SALIENT_SHARE = 0.25  # of the picture is what the first run starts from
# Left and right, top, and bottom distance of the starting rectangles, as shares of the sides.
RECTANGLES = ((0.16, 0.14, 0.06), (0.26, 0.24, 0.14))
BAND = 0.07  # of the longest side: what lies around the object


@dataclasses.dataclass(frozen=True)
class ObjectLimits:
    """What a mask must satisfy to be accepted.

    Attributes:
        area: Smallest and largest share of the picture; what is found smaller is mostly a part.
        agreement: Median intersection over union of the three runs.
        lonely_agreement: The same of two runs where the third found nothing at all.
        unity: Share of the largest piece of the mask.
        solidity: Area over that of the convex hull.
        saliency: Mean saliency of the object over that of the band around it.
        contrast: Mean difference of the colours across the outline in CIE Lab.
        weak_contrast: The same for the weakest fifth of the outline.
        separation: 1 - Bhattacharyya coefficient of the colours of the object and of the band
            around it.
        sharpness: Of the object over that of the band: skies and windows are smooth, and what
            frames them is nearer.
        touching: Largest share of the top, left or right of the picture that the mask may take.
        elongation: Largest width over height of what is wider than half of the picture: a strip
            of land between sky and water is no object.
    """

    area: tuple[float, float] = (0.065, 0.6)
    agreement: float = 0.65
    lonely_agreement: float = 0.9
    unity: float = 0.85
    solidity: float = 0.55
    saliency: float = 1.45
    contrast: float = 22.0
    weak_contrast: float = 9.0
    separation: float = 0.34
    sharpness: float = 0.45
    touching: float = 0.35
    elongation: float = 3.5


@dataclasses.dataclass(frozen=True)
class SalientObject:
    """A mask and what was found about it.

    Attributes:
        mask: (h, w) bool, the object in one piece.
        doubtful: (h, w) bool, outside the mask, but claimed by a run or not of the colours of the
            picture's margin: it may be the rest of the object.
        refusal: The limit that it does not satisfy; empty where it is accepted.
        sharpness: Of the object over that of the band around it. Above about 2 the background is
            out of focus.
    """

    mask: np.ndarray
    doubtful: np.ndarray
    refusal: str
    sharpness: float = 1.0


def find_salient_object(image: np.ndarray, limits: ObjectLimits | None = None) -> SalientObject:
    """Looks for the one thing that stands before the background.

    Args:
        image: (h, w, 3) uint8 RGB.
        limits: What the mask must satisfy.

    Returns:
        The best mask at the image's size, with the reason if it is refused.

    Raises:
        ValueError: If the image is no uint8 RGB.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            f"The image must be (h, w, 3) uint8. Received: {image.shape} {image.dtype}"
        )
    scale = SIDE / max(image.shape[:2])
    size = tuple(max(32, round(side * scale)) for side in image.shape[1::-1])
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    found = _find(small, limits or ObjectLimits())
    return dataclasses.replace(
        found, mask=_enlarged(found.mask, image), doubtful=_enlarged(found.doubtful, image)
    )


def saliency(image: np.ndarray) -> np.ndarray:
    """How much a pixel stands out by colour and sharpness, (h, w) float32 in about [0, 1]."""
    lab = _lab(image)
    colour = cv2.GaussianBlur(_unlike_margin(lab * (LIGHTNESS_SHARE, 1, 1)), (0, 0), 2.5)
    sharp = cv2.GaussianBlur(_detail(image), (0, 0), 5)
    colour, sharp = (
        np.minimum(one / max(np.percentile(one, 98), 1e-6), 1) for one in (colour, sharp)
    )
    height, width = colour.shape
    y, x = np.mgrid[:height, :width]
    middle = np.exp(-(((x / width - 0.5) / 0.33) ** 2) - ((y / height - 0.55) / 0.36) ** 2)
    return ((0.65 * colour + 0.35 * sharp) * (0.35 + 0.65 * middle)).astype(np.float32)


def _find(image, limits: ObjectLimits) -> SalientObject:
    runs, salient = [], saliency(image)
    for start in _starts(salient):
        runs.append(_grab_cut(image, start))
        if len(runs) == 2 and _overlap(*runs) < 0.3 and all(run.any() for run in runs):
            break  # whatever the third says, the median will be too low
    claimed = np.sum(runs, axis=0)
    mask, unity = _largest_piece(claimed >= 2)
    refusal = _disagreement(runs, limits) or _bad_shape(mask, unity, limits)
    sharpness = 1.0
    if not refusal:
        sharpness, refusal = _compare_with_band(image, salient, mask, limits)
    doubtful = ~mask & ((claimed > 0) | _is_rest(image, mask))
    return SalientObject(mask, doubtful, refusal, sharpness)


def _starts(salient) -> list[np.ndarray]:
    """Labels of GrabCut to start from."""
    height, width = salient.shape
    thick, wide = round(FRAME * height), round(FRAME * width)
    free = np.zeros((height, width), bool)
    free[thick:-2, wide:-wide] = True
    guesses = [salient > np.percentile(salient, 100 * (1 - SALIENT_SHARE))]
    for side, top, bottom in RECTANGLES:
        guess = np.zeros_like(guesses[0])
        rows = slice(round(top * height), height - round(bottom * height))
        guess[rows, round(side * width) : width - round(side * width)] = True
        guesses.append(guess)
    background = np.where(free, cv2.GC_PR_BGD, cv2.GC_BGD)
    return [np.where(guess & free, cv2.GC_PR_FGD, background) for guess in guesses]


def _grab_cut(image, start) -> np.ndarray:
    labels = start.astype(np.uint8)
    cv2.setRNGSeed(SEED)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(image, labels, None, *models, ITERATIONS, cv2.GC_INIT_WITH_MASK)
    return (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)


def _disagreement(runs, limits: ObjectLimits) -> str:
    # A run whose object has shrunk to nothing says only that it was started badly.
    runs = [run for run in runs if run.mean() > 0.2 * limits.area[0]]
    overlaps = sorted(_overlap(*pair) for pair in itertools.combinations(runs, 2))
    if len(overlaps) == 3:
        return "" if overlaps[1] >= limits.agreement else "agreement"
    return "" if overlaps and overlaps[0] >= limits.lonely_agreement else "agreement"


def _bad_shape(mask, unity: float, limits: ObjectLimits) -> str:
    area = mask.mean()
    if not limits.area[0] <= area <= limits.area[1]:
        return "area"
    if unity < limits.unity:
        return "unity"
    hull = cv2.convexHull(np.argwhere(mask).astype(np.int32))
    if mask.sum() < limits.solidity * cv2.contourArea(hull):
        return "solidity"
    inset = round(FRAME * mask.shape[1]) + 1, round(FRAME * mask.shape[0]) + 1
    left, right, top = mask[:, inset[0]], mask[:, -1 - inset[0]], mask[inset[1]]
    sides = left.mean(), right.mean()
    if max(*sides, top.mean()) > limits.touching or min(sides) > 0.05:
        return "touching"
    rows, columns = np.nonzero(mask)
    wide, high = np.ptp(columns) + 1, np.ptp(rows) + 1
    strip = wide > max(0.5 * mask.shape[1], limits.elongation * high)
    return "elongation" if strip else ""


def _is_rest(image, mask) -> np.ndarray:
    """Where the colour differs from the margin's more than half as much as the object's does."""
    unlike = cv2.GaussianBlur(_unlike_margin(_lab(image) * (LIGHTNESS_SHARE, 1, 1)), (0, 0), 1.5)
    return unlike > 0.5 * np.median(unlike[mask]) if mask.any() else np.zeros_like(mask)


def _compare_with_band(image, salient, mask, limits: ObjectLimits) -> tuple[float, str]:
    """Sharpness of the object over that of the band around it, and the reason for refusal."""
    inside = ~_grown(~mask, 1)
    band = _grown(mask, max(4, round(BAND * max(mask.shape)))) & ~_grown(mask, 1)
    if inside.sum() < 20 or band.sum() < 20:
        return 1.0, "area"
    if salient[mask].mean() < limits.saliency * salient[band].mean():
        return 1.0, "saliency"
    lab, detail = _lab(image), _detail(image)
    sharpness = float(detail[inside].mean() / max(detail[band].mean(), 0.1))
    if sharpness < limits.sharpness:
        return sharpness, "sharpness"
    common = np.sqrt(_histogram(lab[inside]) * _histogram(lab[band])).sum()
    if 1 - common < limits.separation:
        return sharpness, "separation"
    across = _contrast(lab, mask)
    if across.mean() < limits.contrast or np.percentile(across, 20) < limits.weak_contrast:
        return sharpness, "contrast"
    return sharpness, ""


def _contrast(lab, mask) -> np.ndarray:
    """Difference of the mean colours on both sides at every pixel of the outline, (n,)."""
    inner = _grown(~mask, 3) & ~_grown(~mask, 1)
    outer = _grown(mask, 3) & ~_grown(mask, 1)
    outline = _grown(mask, 1) & _grown(~mask, 1)
    means, shares = [], []
    for side in (inner, outer):
        share = cv2.blur(side.astype(np.float32), (9, 9))
        total = cv2.blur(lab * side[..., np.newaxis].astype(np.float32), (9, 9))
        means.append(total / np.maximum(share, 1e-6)[..., np.newaxis])
        shares.append(share)
    outline &= (shares[0] > 0.02) & (shares[1] > 0.02)
    return np.linalg.norm(means[0] - means[1], axis=2)[outline] if outline.any() else np.zeros(1)


def _unlike_margin(lab) -> np.ndarray:
    """Distance to the nearest of the colours of the picture's margin, in standard deviations."""
    height, width = lab.shape[:2]
    thick = max(2, round(FRAME * min(height, width)))
    beside = np.zeros((height, width), np.uint8)
    beside[-thick:] = 1
    beside[:thick], beside[:, :thick], beside[:, -thick:] = 2, 2, 2
    colours, sides = lab[beside > 0].astype(np.float32), beside[beside > 0]
    cv2.setRNGSeed(SEED)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    _, cluster, centers = cv2.kmeans(colours, MARGIN_COLOURS, None, stop, 1, cv2.KMEANS_PP_CENTERS)
    nearest = np.full((height, width), np.inf)
    for k, center in enumerate(centers):
        members = cluster[:, 0] == k
        if members.sum() < 20:
            continue
        deviation = max(8.0, float(colours[members].std(axis=0).mean()))
        # A colour of the lower margin alone may be the object, cut by the picture.
        doubt = 1.6 if (sides[members] == 1).mean() > 0.85 else 1.0
        nearest = np.minimum(nearest, doubt * np.linalg.norm(lab - center, axis=2) / deviation)
    return nearest.astype(np.float32)


def _largest_piece(mask) -> tuple[np.ndarray, float]:
    """The largest piece, smoothed, without small holes, and its share of the mask."""
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, disk)
    count, piece, measures, _ = cv2.connectedComponentsWithStats(opened)
    if count < 2:
        return opened > 0, 0.0
    largest = 1 + int(measures[1:, cv2.CC_STAT_AREA].argmax())
    unity = measures[largest, cv2.CC_STAT_AREA] / opened.sum()
    single = (piece == largest).astype(np.uint8)
    _, gap, measures, _ = cv2.connectedComponentsWithStats(1 - single)
    small = measures[:, cv2.CC_STAT_AREA] < 0.02 * mask.size
    single[small[gap]] = 1
    return cv2.morphologyEx(single, cv2.MORPH_CLOSE, disk) > 0, float(unity)


def _grown(mask, radius: int) -> np.ndarray:
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.dilate(mask.astype(np.uint8), disk) > 0


def _overlap(first, second) -> float:
    return float((first & second).sum() / max(1, (first | second).sum()))


def _histogram(lab) -> np.ndarray:
    """Share of (n, 3) Lab colours in 6 x 12 x 12 bins."""
    bins = np.clip(np.add(lab, (0, 60, 60)) / (100 / 6, 10, 10), 0, (5, 11, 11)).astype(np.int64)
    counts = np.bincount(bins @ (144, 12, 1), minlength=864)
    return counts / counts.sum()


def _lab(image) -> np.ndarray:
    return cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)


def _detail(image) -> np.ndarray:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 1.2))


def _enlarged(mask, image) -> np.ndarray:
    smooth = cv2.resize(mask.astype(np.float32), image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return smooth > 0.5
