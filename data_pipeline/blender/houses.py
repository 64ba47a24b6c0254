"""Houses of rendered streets: facades with windows and ledges, roofs, shops."""

import numpy as np

from data_pipeline.blender import materials as paint
from data_pipeline.blender.shapes import Shape, box, card, union
from data_pipeline.blender.stage import Piece, Stage


def house(stage: Stage, width: float, height: float, depth: float) -> Piece:
    """A house whose facade lies in y = 0 and faces -y, with windows, ledges and a roof."""
    rng = stage.rng
    storey = float(rng.uniform(2.8, 3.8))
    storeys = max(int(height / storey), 1)
    walls = box(width, depth, storeys * storey + 0.6, (0, depth / 2, 0))
    frames, panes, ledges = _windows(rng, width, storey, storeys)
    parts = [(walls, _facade_stuff(stage))]
    if panes:
        frame = paint.plain(
            stage, paint.random_color(rng, saturation=(0, 0.5), value=(0.05, 0.8)), 0.6
        )
        glass = paint.plain(stage, tuple(rng.uniform(0.015, 0.08, 3).tolist()), 0.08)
        parts += [(union(*panes), glass), (union(*frames), frame)]
    top = storeys * storey + 0.6
    ledges.append(box(width + 0.4, 0.5, 0.3, (0, 0, top - 0.3)))
    trim = paint.random_color(rng, saturation=(0, 0.3), value=(0.2, 0.8))
    parts.append((union(*ledges), paint.plain(stage, trim, 0.8)))
    if rng.random() < 0.6:
        parts.append((_gable(width, depth, top, float(rng.uniform(1.5, 4))), _roof_stuff(stage)))
    if rng.random() < 0.5:
        parts += _shop_front(stage, width, storey)
    return stage.piece(*parts)


def _windows(rng, width: float, storey: float, storeys: int):
    """Frames, panes and ledges of a facade."""
    frames: list[Shape] = []
    panes: list[Shape] = []
    ledges: list[Shape] = []
    count = max(int(width / rng.uniform(1.6, 3.2)), 1)
    w, h = float(rng.uniform(0.5, 0.75)) * width / count, float(rng.uniform(0.45, 0.7)) * storey
    w = min(w, 2.2)
    for floor in range(storeys):
        z = floor * storey + (storey - h) * 0.55
        for column in range(count):
            x = (column + 0.5) / count * width - width / 2
            panes.append(box(w, 0.04, h, (x, -0.01, z)))
            frames += [box(0.09, 0.12, h, (x + s * w / 2, -0.03, z)) for s in (-1, 0, 1)]
            frames += [box(w, 0.12, 0.09, (x, -0.03, z + k * (h - 0.09))) for k in (0, 1)]
            ledges.append(box(w + 0.3, 0.3, 0.1, (x, -0.06, z - 0.1)))
        if rng.random() < 0.3:
            ledges.append(box(width, 0.16, 0.18, (0, -0.05, (floor + 1) * storey)))
    return frames, panes, ledges


def _facade_stuff(stage: Stage):
    rng = stage.rng
    color = paint.random_color(rng, (0.0, 0.15), (0.05, 0.55), (0.15, 0.75))
    other = tuple(v * rng.uniform(0.7, 0.95) for v in color)
    if rng.random() < 0.4:
        red = paint.random_color(rng, (0.0, 0.09), (0.3, 0.7), (0.08, 0.4))
        return paint.bricks(stage, red, tuple(0.7 * v for v in red), (0.5, 0.48, 0.44), 0.3, 0.1)
    if rng.random() < 0.3:
        return paint.bricks(stage, color, other, tuple(0.6 * v for v in color), 1.1, 0.45)
    return paint.mottled(stage, other, color, 1.5, 0.9, detail=8)


def _roof_stuff(stage: Stage):
    color = paint.random_color(stage.rng, (0.0, 0.1), (0.1, 0.7), (0.04, 0.3))
    return paint.bricks(
        stage, color, tuple(0.8 * v for v in color), tuple(0.4 * v for v in color), 0.3, 0.25
    )


def _gable(width: float, depth: float, z: float, rise: float) -> Shape:
    a, b = width / 2 + 0.3, depth
    corners = [
        (-a, -0.4, 0),
        (a, -0.4, 0),
        (a, b / 2, rise),
        (-a, b / 2, rise),
        (a, b, 0),
        (-a, b, 0),
    ]
    faces = np.array([(0, 1, 2, 3), (3, 2, 4, 5), (0, 3, 5, 5), (1, 4, 2, 2)])
    return Shape(np.add(corners, (0, 0, z)), faces)


def _shop_front(stage: Stage, width: float, storey: float) -> list[tuple[Shape, object]]:
    """Large panes, an awning and a name board on the ground floor."""
    rng = stage.rng
    w = 0.8 * width
    pane = card(w, 0.7 * storey).moved((0, -0.08, 0.3))
    board = box(w, 0.12, 0.5, (0, -0.1, 0.82 * storey))
    parts = [
        (
            pane,
            paint.photo(stage)
            if rng.random() < 0.5
            else paint.plain(stage, (0.03, 0.03, 0.04), 0.05),
        )
    ]
    parts.append((board, paint.plain(stage, paint.random_color(rng), 0.5)))
    if rng.random() < 0.5:
        out = float(rng.uniform(0.8, 1.6))
        corners = np.array(
            [
                (-w / 2, -out, 0.72 * storey),
                (w / 2, -out, 0.72 * storey),
                (w / 2, -0.1, 0.9 * storey),
                (-w / 2, -0.1, 0.9 * storey),
            ]
        )
        awning = Shape(corners, np.array([(0, 1, 2, 3)]))
        stuff = paint.stripes(stage, paint.random_color(rng), (0.8, 0.78, 0.74), 0.5, True)
        parts.append((awning, stuff))
    return parts
