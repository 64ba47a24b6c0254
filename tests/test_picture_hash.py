import cv2
import numpy as np
import pytest

from data_pipeline.storage.picture_hash import alike_groups, picture_hash, shared_pictures


def picture(seed, height=120, width=216):
    noise = np.random.default_rng(seed).integers(40, 216, (5, 8, 3), np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


def distance(one, other):
    differing = int(one, 16) ^ int(other, 16)
    return max((differing >> 64).bit_count(), (differing & (1 << 64) - 1).bit_count())


def test_picture_hash_preset():
    ramp = np.repeat(np.arange(0, 252, 4, np.uint8), 3).reshape(1, 63, 3).repeat(60, axis=0)
    both = np.clip(ramp.astype(int) // 2 + np.arange(120, 0, -2)[:, None, None], 0, 255)
    assert picture_hash(both.astype(np.uint8)) == "f" * 16 + "0" * 16
    assert picture_hash(ramp) == ""  # nothing changes downwards
    assert picture_hash(np.full((50, 90, 3), 17, np.uint8)) == ""


@pytest.mark.parametrize("seed", range(3))
def test_picture_hash_survives_another_release(seed):
    image = picture(seed)
    smaller = cv2.resize(image, (160, 90), interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", smaller, [cv2.IMWRITE_JPEG_QUALITY, 40])
    other = np.clip(cv2.imdecode(encoded, 1) * 0.9 + 8, 0, 255).astype(np.uint8)
    assert distance(picture_hash(image), picture_hash(other)) <= 3
    assert distance(picture_hash(image), picture_hash(picture(seed + 10))) > 12


def flipped(one, bits):
    return f"{int(one, 16) ^ sum(1 << bit for bit in bits):032x}"


def test_shared_pictures_matches_reference():
    random = np.random.default_rng(5)
    base = [random.bytes(16).hex() for _ in range(20)]
    groups = {
        name: [
            flipped(base[k], random.choice(128, random.integers(0, 10), replace=False).tolist())
            for k in random.choice(20, 12, replace=False)
        ]
        for name in "abc"
    }
    expected = {}
    for one, other in (("a", "b"), ("a", "c"), ("b", "c")):
        found = [g for g in groups[one] if any(distance(g, h) <= 3 for h in groups[other])]
        if found:
            expected[one, other] = len(found)
    assert expected and shared_pictures(groups) == expected


def test_alike_groups_wants_several_pictures_and_a_share_of_them():
    hashes = [np.random.default_rng(k).bytes(16).hex() for k in range(400)]
    film, trailer = hashes[:200], hashes[190:200] + hashes[300:320]
    assert alike_groups({"film": film, "trailer": trailer}) == [
        {"titles": ["film", "trailer"], "alike": 10, "of": 30}
    ]
    logo = hashes[:5]  # of a studio, in two long films
    assert alike_groups({"x": logo + hashes[10:200], "y": logo + hashes[200:400]}) == []
    assert alike_groups({"x": hashes[:30], "y": hashes[28:60]}) == []  # two by chance
    assert alike_groups({"x": hashes[:1], "y": hashes[:50], "z": ["", ""]})[0]["of"] == 1
    assert alike_groups({}) == []
