"""What a picture looks like in 128 bits, and which movies show the same pictures.

The difference hash (N. Krawetz, "Kind of Like That", hackerfactor.com, 2013): a picture is shrunk
to 9 x 8 gray values, and each is compared with its neighbor; 64 bits say where it grows brighter
to the right, 64 more where it does downwards. Another size, codec or brightness changes hardly any
of them. A re-encoded movie, a release under another name and a trailer are known by it.
"""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

SIDE = 8
# Mean step between neighboring gray values, of 255, below which compression decides about the bits.
LEAST_STEP = 3.0
# Bits of 64 that may differ, in either direction. Of 10.6 million pairs of photographs from
# different collections 206 differ in up to 3, those that were looked at being the same photograph,
# and 1 more in up to 9. Of pictures that were shrunk to two thirds, compressed at quality 30 and
# moved by up to 4 columns and a row, 68 % differ in up to 3.
DISTANCE = 3
# Movies are joined that share this many pictures, and this share of those of the smaller one: a
# logo of a studio is in many movies, and two unrelated pictures may resemble each other.
LEAST_PICTURES, LEAST_SHARE = 3, 0.05


def picture_hash(image: np.ndarray) -> str:
    """The hash of a picture.

    Args:
        image: (h, w, 3) uint8 RGB.

    Returns:
        32 hexadecimal digits; "" if the picture is too even to be told from others.
    """
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    wide, high = (
        cv2.resize(gray, size, interpolation=cv2.INTER_AREA).astype(np.int16)
        for size in ((SIDE + 1, SIDE), (SIDE, SIDE + 1))
    )
    steps = np.diff(wide, axis=1), np.diff(high, axis=0)
    if min(np.abs(step).mean() for step in steps) < LEAST_STEP:
        return ""
    return b"".join(np.packbits(step > 0).tobytes() for step in steps).hex()


def shared_pictures(hashes: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], int]:
    """How many pictures groups of them have in common.

    Args:
        hashes: `picture_hash` of the pictures of every group, by its name.

    Returns:
        For every two names, the lesser first, that share any: how many pictures of the group that
        has fewer are found in the other.
    """
    names = sorted(hashes)
    words, groups = _columns([hashes[name] for name in names])
    pairs = [_neighbors(words, groups, across, down) for across in range(4) for down in range(4)]
    first, second = np.unique(np.concatenate(pairs, axis=1), axis=1)
    found: dict[tuple[int, int], tuple[set, set]] = {}
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        key = (int(groups[one]), int(groups[other]))
        for side, picture in zip(found.setdefault(key, (set(), set())), (one, other), strict=True):
            side.add(picture)
    sizes = np.bincount(groups, minlength=len(names))
    return {
        (names[a], names[b]): len(sides[0] if sizes[a] <= sizes[b] else sides[1])
        for (a, b), sides in sorted(found.items())
    }


def alike_groups(hashes: Mapping[str, Sequence[str]]) -> list[dict]:
    """Which groups show the same pictures.

    Args:
        hashes: As for `shared_pictures`.

    Returns:
        For every such two, as JSON can say it: their names, the pictures that are `alike`, and
        `of` how many of the group that has fewer.
    """
    counts = {name: len(set(filter(None, ones))) for name, ones in hashes.items()}
    found = []
    for names, alike in shared_pictures(hashes).items():
        of = min(counts[name] for name in names)
        if alike >= max(min(LEAST_PICTURES, of), LEAST_SHARE * of):
            found.append({"titles": list(names), "alike": alike, "of": of})
    return found


def _columns(hashes: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
    """The different hashes of every group, (n, 2) uint64, and the numbers of their groups, (n,)."""
    different = [sorted(set(filter(None, ones))) for ones in hashes]
    data = bytes.fromhex("".join("".join(ones) for ones in different))
    words = np.frombuffer(data, ">u8").astype(np.uint64).reshape(-1, 2)
    return words, np.repeat(np.arange(len(different)), [len(ones) for ones in different])


def _neighbors(words, groups, across: int, down: int) -> np.ndarray:
    """Pairs of different groups within the distance that agree in 16 bits of either direction.

    Of four times 16 bits at least one is untouched by `DISTANCE` = 3 changes, so every pair is
    found by one of 4 * 4 choices. Returns their numbers, (2, m), the lesser group first.
    """
    low = np.uint64(0xFFFF)
    keys = (words[:, 0] >> np.uint64(16 * across) & low) << np.uint64(16) | (
        words[:, 1] >> np.uint64(16 * down) & low
    )
    order = np.lexsort((groups, keys))
    sorted_keys, found = keys[order], []
    places = np.arange(len(order))
    for apart in range(1, len(order)):
        places = places[places + apart < len(order)]
        places = places[sorted_keys[places] == sorted_keys[places + apart]]
        if not len(places):
            break
        one, other = order[places], order[places + apart]
        distance = np.bitwise_count(words[one] ^ words[other]).max(axis=1)
        alike = (distance <= DISTANCE) & (groups[one] != groups[other])
        found.append(np.stack([one[alike], other[alike]]))
    return np.concatenate(found, axis=1) if found else np.zeros((2, 0), np.int64)
