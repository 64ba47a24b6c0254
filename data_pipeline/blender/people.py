"""Person-like figures for rendered scenes: limbs with joints, clothes, hair and a simple face."""

import numpy as np

from data_pipeline.blender import materials as paint
from data_pipeline.blender.shapes import Shape, ball, box, lathe, loft, lumpy, tube, union
from data_pipeline.blender.stage import Piece, Stage


def person(stage: Stage, seated: bool = False) -> Piece:
    """A figure of 1.55 to 1.9 m that faces -y, in some pose.

    Args:
        stage: where it will stand.
        seated: with thighs forward and the seat at 0.46 m; feet on z = 0.
    """
    rng = stage.rng
    size = float(rng.uniform(0.9, 1.08))
    hip = 0.5 if seated else 0.93
    lean = float(rng.uniform(-0.04, 0.1))
    skin, hair, top, bottom, shoe = _looks(stage)
    chest = (0.0, -lean, hip + 0.42)
    parts = [(_torso(rng, hip, lean), top)]
    legs, shoes = _legs(rng, hip, seated)
    parts += [(union(*legs), bottom), (union(*shoes), shoe)]
    sleeves, hands = _arms(rng, chest, seated)
    parts += [(union(*sleeves), top), (union(*hands), skin)]
    parts += head(stage, skin, hair, (0.0, -1.2 * lean, hip + 0.5))
    return stage.piece(*((shape.moved(scale=size), stuff) for shape, stuff in parts))


def head(stage: Stage, skin, hair, neck: tuple[float, float, float]) -> list[tuple[Shape, object]]:
    """A head on its neck, turned a little, as shapes and materials.

    Args:
        stage: for chance and materials.
        skin: material.
        hair: material.
        neck: where the neck begins.
    """
    rng = stage.rng
    turn, nod = float(rng.uniform(-50, 50)), float(rng.uniform(-12, 18))
    wide = float(rng.uniform(0.072, 0.08))
    skull = lathe(
        [
            (0.001, 0),
            (0.036, 0.004),
            (0.058, 0.03),
            (0.068, 0.07),
            (wide, 0.13),
            (0.072, 0.185),
            (0.05, 0.222),
            (0.001, 0.238),
        ],
        20,
    ).moved(scale=(1, 1.22, 1))
    nose = tube(
        [(0, -0.088, 0.115), (0, -0.097, 0.09), (0, -0.101, 0.075), (0, -0.09, 0.07)],
        (0.006, 0.009, 0.012, 0.006),
        8,
    )
    ears = [ball(0.03, 6, 8).moved((x * wide, 0.01, 0.075), scale=(0.35, 0.7, 1)) for x in (-1, 1)]
    eyes = [ball(0.011, 6, 8).moved((x, -0.077, 0.104)) for x in (-0.03, 0.03)]
    pupils = [ball(0.0055, 5, 8).moved((x, -0.0865, 0.1095)) for x in (-0.03, 0.03)]
    brows = [box(0.034, 0.012, 0.006, (x, -0.082, 0.133)) for x in (-0.03, 0.03)]
    mouth = tube(
        [(-0.024, -0.07, 0.045), (0, -0.082, 0.043), (0.024, -0.07, 0.045)],
        (0.003, 0.008, 0.003),
        8,
    )
    white = paint.plain(stage, (0.8, 0.78, 0.75), 0.3)
    dark = paint.plain(stage, (0.02, 0.015, 0.01), 0.2)
    lips = paint.plain(stage, paint.random_color(rng, (0.97, 1.02), (0.4, 0.6), (0.2, 0.45)), 0.5)
    parts = [(union(skull, nose, *ears), skin), (union(*eyes), white), (union(*pupils), dark)]
    parts += [(union(*brows), hair), (mouth, lips), (_hair(rng), hair)]
    throat = tube([neck, np.add(neck, (0, 0, 0.075))], (0.058, 0.05), 12)
    seat = np.add(neck, (0, -0.015, 0.05))
    return [(shape.moved(seat, turn, nod), stuff) for shape, stuff in parts] + [(throat, skin)]


def bust(stage: Stage) -> Piece:
    """Head and shoulders for portraits; the eyes are 0.64 m above z = 0."""
    rng = stage.rng
    skin, hair, top, _, _ = _looks(stage)
    parts = [(_torso(rng, 0.0, 0.02), top), *head(stage, skin, hair, (0.0, -0.02, 0.5))]
    sleeves, hands = _arms(rng, (0.0, -0.02, 0.42), seated=False)
    parts += [(union(*sleeves), top), (union(*hands), skin)]
    return stage.piece(*parts)


def _looks(stage: Stage):
    """Materials of skin, hair, upper and lower clothes and shoes."""
    rng = stage.rng
    tone = float(rng.uniform(0.08, 0.75))
    skin_color = (tone, tone * rng.uniform(0.58, 0.72), tone * rng.uniform(0.38, 0.56))
    skin = paint.plain(stage, skin_color, 0.5)
    grey = rng.random() < 0.2
    hue = paint.random_color(rng, (0.03, 0.12), (0, 0.2) if grey else (0.4, 0.8), (0.01, 0.4))
    hair = paint.mottled(stage, tuple(0.4 * v for v in hue), hue, 0.006, stretch=(1, 1, 0.1))
    jeans = paint.random_color(rng, (0.55, 0.68), (0, 0.6), (0.02, 0.3))
    bottom = (
        paint.cloth(stage)
        if rng.random() < 0.3
        else paint.mottled(stage, tuple(0.7 * v for v in jeans), jeans, 0.05)
    )
    shoe = paint.plain(stage, paint.random_color(rng, value=(0.02, 0.5)), 0.5)
    return skin, hair, paint.cloth(stage, size=0.08), bottom, shoe


def _torso(rng, hip: float, lean: float) -> Shape:
    """Hips to shoulders as rings, leaning towards -y."""
    stout = float(rng.uniform(0.9, 1.25))
    rings = []
    for z, width, depth in (
        (-0.06, 0.31, 0.2),
        (0.02, 0.33, 0.22),
        (0.14, 0.29 * stout, 0.2 * stout),
        (0.28, 0.33, 0.22),
        (0.4, 0.38, 0.21),
        (0.47, 0.34, 0.17),
        (0.5, 0.15, 0.12),
    ):
        angles = np.linspace(0, 2 * np.pi, 18, endpoint=False)
        ring = np.stack([np.cos(angles) * width / 2, np.sin(angles) * depth / 2], 1)
        rings.append(np.insert(ring - np.array([0, lean * z / 0.42]), 2, hip + z, axis=1))
    return lumpy(rng, loft(rings, closed=True), 0.02, 4)


def _legs(rng, hip: float, seated: bool) -> tuple[list[Shape], list[Shape]]:
    legs, shoes = [], []
    stride = 0.0 if seated else float(rng.normal(0, 0.14))
    for side in (-1, 1):
        x = 0.09 * side
        if seated:
            knee, ankle = (1.4 * x, -0.45, 0.5), (1.4 * x, -0.42 + rng.uniform(-0.12, 0.1), 0.09)
        else:
            knee = (x, -0.5 * stride * side - 0.02, 0.5)
            ankle = (x * rng.uniform(0.8, 1.6), -stride * side, 0.09)
        path = [(x, 0, hip), knee, ankle]
        halves = [np.mean(pair, axis=0) for pair in (path[:2], path[1:])]
        path = [path[0], halves[0], path[1], halves[1], path[2]]
        legs.append(tube(path, (0.095, 0.085, 0.062, 0.058, 0.045), 10))
        x, y, _ = ankle
        shoes.append(
            tube(
                [(x, y + 0.06, 0.045), (x, y - 0.05, 0.05), (x, y - 0.19, 0.035)],
                (0.045, 0.05, 0.032),
                8,
            )
        )
    return legs, shoes


def _arms(rng, chest, seated: bool) -> tuple[list[Shape], list[Shape]]:
    sleeves, hands = [], []
    for side in (-1, 1):
        shoulder = np.add(chest, (0.18 * side, 0, 0))
        bent = seated or rng.random() < 0.45
        elbow = np.add(shoulder, (0.06 * side, rng.uniform(-0.06, 0.06), -0.27))
        reach = rng.normal(size=3) * 0.3 + ((-0.4 * side, -1, 0.35) if bent else (0, -0.25, -1))
        wrist = elbow + 0.25 * reach / np.linalg.norm(reach)
        path = [shoulder, (shoulder + elbow) / 2, elbow, (elbow + wrist) / 2, wrist]
        sleeves.append(tube(path, (0.062, 0.055, 0.045, 0.042, 0.034), 10))
        tip = wrist + (wrist - elbow) * 0.55
        hands.append(tube([wrist, (wrist + tip) / 2, tip], (0.026, 0.04, 0.02), 8))
    return sleeves, hands


def _hair(rng) -> Shape:
    """A cap of hair, short or down to the shoulders."""
    length = float(rng.choice([0.0, 0.06, 0.16, 0.26]))
    cap = ball(0.093, 10, 16).moved((0, 0.012, 0.073), scale=(0.97, 1.2, 0.96))
    keep = cap.vertices[:, 2] + 1.3 * np.minimum(-cap.vertices[:, 1], 0.1) < 0.135
    # What would cover the face is pulled back behind it.
    vertices = cap.vertices.copy()
    front = (vertices[:, 1] < -0.02) & (vertices[:, 2] < 0.165)
    vertices[front, 1] = -0.02
    back = (vertices[:, 1] > 0) & keep
    vertices[back, 2] -= length * rng.uniform(0.6, 1)
    return lumpy(rng, Shape(vertices, cap.faces, smooth=True), 0.03, 4)
