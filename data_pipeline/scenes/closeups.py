"""Close-ups: a person's head and shoulders or one large object near the camera."""

import dataclasses
import math

import numpy as np

from data_pipeline.scenes import cutouts, landscapes, rooms, streets, textures
from data_pipeline.scenes.camera import Camera
from data_pipeline.scenes.drawings import drawn
from data_pipeline.scenes.people import bust
from data_pipeline.scenes.props import box, card
from data_pipeline.scenes.scene import Ground, Look, Motion, Solid, Surface


def closeup(rng: np.random.Generator, look: Look, indoor: bool) -> tuple[list[Surface], Camera]:
    """Something large at 0.9 to 2.5 m before a room or landscape.

    Args:
        rng: decides everything.
        look: for the light.
        indoor: whether the background is a room.

    Returns:
        Surfaces and the camera at the beginning, its stereo parameters unset.
    """
    background = rooms.room if indoor else (landscapes.country, streets.street)[rng.integers(2)]
    surfaces, camera = background(rng, look)
    view = float(rng.uniform(30, 50))
    camera = dataclasses.replace(camera, field_of_view=view, pitch=float(rng.normal(-1, 2)))
    surfaces = _behind(surfaces, camera, 3.2)
    if rng.random() < 0.65:
        surfaces += _people(rng, camera)
    else:
        surfaces += _object(rng, look, camera)
    return surfaces, camera


def subject_distance(camera: Camera, surfaces: list[Surface]) -> float:
    """Distance in metres of the subject: the last surface that closeup() added."""
    last = surfaces[-1]
    place = np.asarray(last.center if isinstance(last, Solid) else last.corner) - camera.position
    return float((camera.rotation() @ place)[2])


def _behind(surfaces: list[Surface], camera: Camera, depth: float) -> list[Surface]:
    """Those that leave the subject in view: beyond `depth` metres, a wall or ground."""
    along, position = camera.rotation()[2], np.asarray(camera.position)
    return [one for one in surfaces if _is_behind(one, along, position, depth)]


def _is_behind(surface: Surface, along: np.ndarray, position: np.ndarray, depth: float) -> bool:
    if isinstance(surface, Ground):
        return True
    if isinstance(surface, Solid):
        middle = np.asarray(surface.center)
    else:
        if surface.textures[0].opaque and math.hypot(*surface.across) > 3.0:
            return True
        middle = np.asarray(surface.corner) + np.add(surface.across, surface.down) / 2
    return float(along @ (middle - position)) > depth


def _ahead(camera: Camera, distance: float, sideways: float) -> np.ndarray:
    """World point at a distance along the view and a share of it to the right, at eye level."""
    across, _, along = camera.rotation()
    point = np.asarray(camera.position) + distance * (along + sideways * across)
    point[1] = camera.position[1]
    return point


def _people(rng: np.random.Generator, camera: Camera) -> list[Surface]:
    """One or two busts; the first may be seen over the other's shoulder."""
    surfaces: list[Surface] = []
    tangent = np.tan(np.radians(camera.field_of_view / 2))
    count = 2 if rng.random() < 0.4 else 1
    for index in range(count):
        # The bust, 0.77 m tall, covers 0.85 to 1.7 times the height of a picture twice as wide.
        distance = 0.77 / (tangent * rng.uniform(0.85, 1.7)) + (0.4 if index else 0)
        sideways = (
            rng.uniform(-0.5, 0.5) if count == 1 else (0.5, -0.5)[index] + rng.normal(0, 0.1)
        ) * tangent
        foot = _ahead(camera, distance, sideways)
        foot[1] -= 0.56 + rng.normal(0, 0.03)
        size = float(rng.uniform(0.72, 0.82))
        sway = Motion((float(rng.normal(0, 0.03)), 0.0, float(rng.normal(0, 0.03))))
        picture = (drawn(rng, bust),)
        yaw = camera.yaw + float(rng.uniform(-15, 15))
        surfaces[:0] = card(
            tuple(foot), size, size, yaw, picture, relief=0.16, strips=8, motion=sway
        )
    return surfaces


def _object(rng: np.random.Generator, look: Look, camera: Camera) -> list[Surface]:
    """A ball, jar, box or plant on a table whose edge is in view."""
    distance = float(rng.uniform(0.9, 1.8))
    place = _ahead(camera, distance, float(rng.uniform(-0.15, 0.15)))
    top = float(place[1] - rng.uniform(0.18, 0.35))
    material = (textures.wood, textures.planks, textures.tiles, textures.plaid)[rng.integers(4)]
    board, edge = (
        drawn(rng, material, 512, 512, 0.004),
        drawn(rng, textures.wood, 32, 256, 0.01),
    )
    center = (float(place[0]), top - 0.03, float(place[2]) + 0.1)
    surfaces: list[Surface] = list(box(center, (2.2, 0.06, 1.2), camera.yaw, (edge,), board, look))
    x, z = float(place[0]), float(place[2])
    size = float(rng.uniform(0.15, 0.32))
    kind = rng.random()
    material = (
        textures.cloth,
        textures.stripes,
        textures.checkers,
        textures.gravel,
        textures.plaid,
    )[rng.integers(5)]
    texture = drawn(rng, material, 256, 512, size / 128)
    if kind < 0.4:
        surfaces.append(
            Solid(
                (x, top + size * 0.6, z),
                (size * 0.6,) * 3,
                texture,
                spin=float(rng.uniform(-20, 20)),
            )
        )
    elif kind < 0.6:
        tall = size * float(rng.uniform(0.6, 1.1))
        surfaces.append(
            Solid((x, top + tall, z), (size * 0.5, tall, size * 0.5), texture, turn=40.0)
        )
    elif kind < 0.8:
        tall, yaw = size * float(rng.uniform(0.6, 1.4)), float(rng.uniform(-45, 45))
        surfaces += box(
            (x, top + tall / 2, z), (size * 1.2, tall, size), yaw, (texture,), texture, look
        )
    else:
        picture = (drawn(rng, cutouts.plant),)
        surfaces += card(
            (x, top, z), size * 1.5, size * 2, camera.yaw, picture, relief=0.1, strips=6
        )
    return surfaces
