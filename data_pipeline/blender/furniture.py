"""Furniture of rendered rooms: tables, seats, shelves, beds, lamps, carpets, windows and pictures.

Each function makes a piece that stands on z = 0 around the origin with its front to -y.
"""

import numpy as np

from data_pipeline.blender import materials as paint
from data_pipeline.blender.shapes import Shape, box, card, cushion, lathe, tube, union
from data_pipeline.blender.stage import Piece, Stage


def hard_stuff(stage: Stage):
    """What furniture is made of: wood, paint or lacquer."""
    rng = stage.rng
    if rng.random() < 0.6:
        return paint.wood(stage)
    light = paint.random_color(rng, saturation=(0, 0.6), value=(0.05, 0.85))
    return paint.plain(stage, light, float(rng.uniform(0.2, 0.7)))


def table(stage: Stage, width: float, depth: float, height: float) -> Piece:
    """A table or desk with four legs, or a round one with a foot."""
    rng = stage.rng
    top = float(rng.uniform(0.025, 0.06))
    if rng.random() < 0.3 and abs(width - depth) < 0.6:
        plate = lathe(
            [(0.01, height - top), (width / 2, height - top), (width / 2, height), (0.01, height)],
            28,
            smooth=False,
        )
        foot = lathe([(0.3 * width, 0), (0.28 * width, 0.03), (0.04, 0.08), (0.04, height - top)])
        return stage.piece((plate, hard_stuff(stage)), (foot, hard_stuff(stage)))
    leg = float(rng.uniform(0.03, 0.08))
    x, y = width / 2 - leg, depth / 2 - leg
    legs = [box(leg, leg, height - top, (a * x, b * y, 0)) for a in (-1, 1) for b in (-1, 1)]
    apron = box(2 * x, 2 * y, 0.08, (0, 0, height - top - 0.08))
    plate = box(width, depth, top, (0, 0, height - top))
    return stage.piece((plate, hard_stuff(stage)), (union(*legs, apron), hard_stuff(stage)))


def chair(stage: Stage) -> Piece:
    """A chair with slats or a solid back."""
    rng = stage.rng
    seat, back = float(rng.uniform(0.43, 0.48)), float(rng.uniform(0.35, 0.6))
    size, leg = float(rng.uniform(0.4, 0.48)), float(rng.uniform(0.025, 0.045))
    a = size / 2 - leg / 2
    parts = [box(leg, leg, seat, (x * a, -a, 0)) for x in (-1, 1)]
    parts += [box(leg, leg, seat + back, (x * a, a, 0)) for x in (-1, 1)]
    if rng.random() < 0.6:
        count = int(rng.integers(2, 5))
        parts += [
            box(size, 0.02, 0.06, (0, a, seat + back * (k + 0.7) / count - 0.03))
            for k in range(count)
        ]
    else:
        parts.append(box(size, 0.025, back * 0.7, (0, a, seat + back * 0.28)))
    plate = cushion(size, size, 0.06, (0, 0, seat - 0.02), 0.3)
    stuff = hard_stuff(stage)
    return stage.piece((union(*parts), stuff), (plate, _seat_stuff(stage, stuff)))


def sofa(stage: Stage, seats: int) -> Piece:
    """An armchair (one seat) or a sofa, upholstered, with cushions."""
    rng = stage.rng
    width, arm = 0.68 * seats, float(rng.uniform(0.12, 0.24))
    full, back = width + 2 * arm, float(rng.uniform(0.72, 0.95))
    round_off = float(rng.uniform(0.12, 0.3))
    arms = [cushion(arm, 0.85, 0.6, (x * (width + arm) / 2, 0, 0.08), round_off) for x in (-1, 1)]
    body = [box(width, 0.8, 0.3, (0, 0, 0.08)), cushion(full, 0.25, back, (0, 0.35, 0.08), 0.2)]
    places = (np.arange(seats) - (seats - 1) / 2) * 0.68
    soft = [cushion(0.67, 0.62, 0.18, (x, -0.08, 0.34), 0.3) for x in places]
    soft += [
        cushion(0.66, 0.2, 0.48, (0, 0, 0), 0.35).moved((x, 0.2, 0.46), tilt=-12) for x in places
    ]
    stuff = paint.cloth(stage)
    other = stuff if rng.random() < 0.7 else paint.cloth(stage)
    parts = [(union(*arms, *body), stuff), (union(*soft), other)]
    for _ in range(rng.integers(0, 3)):
        pillow = cushion(0.42, 0.14, 0.42, (0, 0, 0), 0.55)
        x = rng.uniform(-width / 2 + 0.2, width / 2 - 0.2)
        pillow = pillow.moved((x, -0.02, 0.5), tilt=-25, turn=rng.uniform(-20, 20))
        parts.append((pillow, paint.cloth(stage, size=0.06)))
    return stage.piece(*parts)


def shelf(stage: Stage, width: float, height: float, fill: float = 0.8) -> Piece:
    """A bookcase with rows of books and things between them."""
    rng = stage.rng
    depth, board = float(rng.uniform(0.24, 0.38)), 0.025
    rows = max(int(height / rng.uniform(0.3, 0.42)), 1)
    step = (height - board) / rows
    frame = [box(board, depth, height, (x * (width - board) / 2, 0, 0)) for x in (-1, 1)]
    frame += [box(width, depth, board, (0, 0, row * step)) for row in range(rows + 1)]
    if rng.random() < 0.7:
        frame.append(box(width, 0.01, height, (0, depth / 2, 0)))
    parts: list[tuple[Shape, object]] = [(union(*frame), hard_stuff(stage))]
    books: list[list[Shape]] = [[] for _ in range(5)]
    for row in range(rows):
        if rng.random() < fill:
            _row_of_books(rng, books, width - 3 * board, depth, row * step + board, step - board)
    for group in books:
        if group:
            color = paint.random_color(rng, saturation=(0.1, 0.9), value=(0.03, 0.7))
            parts.append((union(*group), paint.plain(stage, color, 0.5)))
    return stage.piece(*parts)


def cabinet(stage: Stage, width: float, height: float, depth: float) -> Piece:
    """A chest, wardrobe or kitchen unit with doors or drawers."""
    rng = stage.rng
    body = box(width, depth, height)
    columns = max(round(width / rng.uniform(0.4, 0.7)), 1)
    rows = max(round(height / rng.uniform(0.25, 0.9)), 1)
    x, z = width / columns, (height - 0.06) / rows
    fronts, knobs = [], []
    for column in range(columns):
        for row in range(rows):
            center = (column + 0.5) * x - width / 2
            fronts.append(box(x - 0.012, 0.02, z - 0.012, (center, -depth / 2, 0.04 + row * z)))
            knobs.append(
                box(
                    min(0.12, x / 2),
                    0.03,
                    0.015,
                    (center, -depth / 2 - 0.02, 0.04 + (row + 0.7) * z),
                )
            )
    stuff = hard_stuff(stage)
    front = stuff if rng.random() < 0.6 else hard_stuff(stage)
    metal = paint.plain(stage, (0.6, 0.58, 0.55), 0.3, 1.0)
    return stage.piece((body, stuff), (union(*fronts), front), (union(*knobs), metal))


def bed(stage: Stage, width: float) -> Piece:
    """A bed with a head, blanket and pillows; the head at +y."""
    rng = stage.rng
    head = box(width + 0.08, 0.06, float(rng.uniform(0.8, 1.3)), (0, 1.03, 0))
    frame = union(box(width + 0.06, 2.04, 0.28, (0, 0, 0.05)), head)
    mattress = cushion(width, 2.0, 0.26, (0, 0, 0.28), 0.12)
    blanket = cushion(width + 0.06, 1.4, 0.3, (0, -0.32, 0.27), 0.15)
    pillows = [
        cushion(0.6, 0.4, 0.16, (x, 0.75, 0.5), 0.5)
        for x in ((0,) if width < 1.2 else (-0.38, 0.38))
    ]
    white = paint.plain(stage, (0.75, 0.73, 0.7), 0.9)
    return stage.piece(
        (frame, hard_stuff(stage)),
        (mattress, white),
        (blanket, paint.cloth(stage, size=0.2)),
        (union(*pillows), paint.cloth(stage)),
    )


def lamp(stage: Stage, height: float, lit: float) -> Piece:
    """A lamp on a stand: a floor lamp, or with little height one for a table."""
    rng = stage.rng
    radius = float(rng.uniform(0.09, 0.13) + 0.06 * height)
    stand = lathe(
        [(0.6 * radius, 0), (0.6 * radius, 0.02), (0.015, 0.03), (0.012, height - 0.5 * radius)]
    )
    top = radius * float(rng.uniform(0.5, 1))
    tall = 1.4 * radius
    hood = lathe([(radius, height - tall), (top, height), (0.005, height)], 20)
    color = paint.random_color(rng, (0.05, 0.14), (0.1, 0.5), (0.6, 0.9))
    shade = paint.shining(stage, color, lit) if lit else paint.plain(stage, color, 0.8)
    return stage.piece((stand, hard_stuff(stage)), (hood, shade))


def pendant(stage: Stage, drop: float, lit: float) -> Piece:
    """A lamp that hangs from z = 0 by `drop` metres."""
    rng = stage.rng
    radius, tall = float(rng.uniform(0.12, 0.3)), float(rng.uniform(0.12, 0.3))
    cord = box(0.012, 0.012, drop, (0, 0, -drop))
    hood = lathe([(radius, -drop - tall), (radius * rng.uniform(0.2, 0.9), -drop), (0.01, -drop)])
    glow = lathe([(0.001, -drop - tall), (radius * 0.9, -drop - tall + 0.01)], 12)
    color = paint.random_color(rng, value=(0.05, 0.7))
    return stage.piece(
        (cord, paint.plain(stage, (0.05, 0.05, 0.05))),
        (hood, paint.plain(stage, color, 0.4)),
        (glow, paint.shining(stage, (1, 0.8, 0.55), lit)),
    )


def picture(stage: Stage, width: float, height: float) -> Piece:
    """A framed picture that hangs on a wall at y = 0."""
    rng = stage.rng
    rim = float(rng.uniform(0.015, 0.06))
    frame = box(width + 2 * rim, 0.03, height + 2 * rim, (0, -0.015, -rim))
    canvas = card(width, height).moved((0, -0.032, 0))
    return stage.piece((frame, hard_stuff(stage)), (canvas, paint.photo(stage)))


def carpet(stage: Stage, width: float, depth: float) -> Piece:
    """A thin carpet."""
    shape = box(width, depth, 0.012)
    return stage.piece((shape, paint.cloth(stage, size=float(stage.rng.uniform(0.1, 0.6)))))


def curtain(stage: Stage, width: float, height: float) -> Piece:
    """Folds of cloth that hang from `height`."""
    folds = max(int(width / 0.07), 3)
    x = np.linspace(-width / 2, width / 2, folds * 4)
    y = 0.035 * np.sin(np.arange(len(x)) * np.pi / 2 + stage.rng.uniform(0, 1))
    upper = np.stack([x, y, np.full(len(x), height)], 1)
    lower = upper * (1, 1, 0) + (0, 0, 0.03)
    number = np.arange(len(x) - 1)
    faces = np.stack([number, number + 1, number + 1 + len(x), number + len(x)], 1)
    shape = Shape(np.concatenate([lower, upper]), faces, smooth=True)
    return stage.piece((shape, paint.cloth(stage)))


def television(stage: Stage, width: float) -> Piece:
    """A flat screen with a picture on it, or dark."""
    height = 0.57 * width
    frame = union(box(width, 0.05, height, (0, 0, 0.06)), box(0.4 * width, 0.2, 0.06))
    screen = card(width - 0.04, height - 0.04).moved((0, -0.03, 0.08))
    dark = paint.plain(stage, (0.015, 0.015, 0.018), 0.15)
    on = stage.rng.random() < 0.6
    return stage.piece((frame, dark), (screen, paint.photo(stage, 0.7) if on else dark))


def stool(stage: Stage) -> Piece:
    """A round stool on three legs."""
    height, radius = float(stage.rng.uniform(0.4, 0.75)), float(stage.rng.uniform(0.14, 0.2))
    legs = []
    for angle in (0.5, 2.6, 4.7):
        x, y = np.cos(angle) * radius, np.sin(angle) * radius
        legs.append(tube([(1.2 * x, 1.2 * y, 0), (0.6 * x, 0.6 * y, height)], (0.015, 0.015), 6))
    seat = cushion(2 * radius, 2 * radius, 0.06, (0, 0, height - 0.02), 0.6)
    return stage.piece((union(*legs), hard_stuff(stage)), (seat, hard_stuff(stage)))


def _seat_stuff(stage: Stage, stuff):
    return stuff if stage.rng.random() < 0.5 else paint.cloth(stage, size=0.05)


def _row_of_books(
    rng, groups: list[list[Shape]], width: float, depth: float, z: float, room: float
):
    x, end = -width / 2, width / 2 * rng.uniform(0.2, 1)
    while x < end - 0.06:
        thick = float(rng.uniform(0.015, 0.05))
        tall, deep = room * rng.uniform(0.6, 0.95), depth * rng.uniform(0.6, 0.9)
        book = box(thick, deep, tall, (x + thick / 2, (depth - deep) / 2 - 0.02, z))
        groups[rng.integers(len(groups))].append(book)
        x += thick + (rng.uniform(0.02, 0.3) if rng.random() < 0.06 else 0.001)
