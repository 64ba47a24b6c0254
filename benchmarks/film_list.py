"""Which faulty films are made: every decision of the ingestion in many layouts, sizes and rates.

Not the full product, which would be thousands of films: layouts, sizes, rates, rate factors and
tags go round in cycles of unequal length, and faults are dealt from a deck that holds each of them
and is shuffled anew when it is used up. Every film that is not about something else has at least
two shots without a fault, as films do.
"""

import dataclasses

import numpy as np
from faulty_shots import Shot
from labelled_film import Film
from shot_deck import Deck, barred, flat, letterbox, subtitled, swapped, titled
from shot_sources import Sources

from deep3d.video import LAYOUTS

# Size of a view -> layouts that it is made in; full layouts double the frame.
_SIZES = (
    *((854, 480), (1280, 720), (640, 480), (1920, 1080), (1024, 576), (960, 540)),
    *((1280, 536), (854, 480), (1920, 1080), (1280, 720), (2560, 1440), (720, 480)),
    *((960, 540), (1920, 800), (854, 480)),
)
_LARGEST = (3840, 2160)
_RATES = ("24000/1001", "24", "25", "60", "variable", "24", "24000/1001", "25", "30000/1001")
_CRFS = (18, 23, 20, 28, 32, 22, 25, 30)
_PRESETS = ("superfast", "veryfast", "superfast", "ultrafast")
_TAGS = ("true", "none", "none", "lying", "true", "none", "none")
_NAMES = {"half_sbs": "HSBS", "full_sbs": "SBS", "half_tab": "HTAB", "full_tab": "TAB"}
_SUFFIXES = (".mkv", ".mp4", ".mkv", ".mov")
_ADJECTIVES = ("silent", "amber", "broken", "distant", "paper", "winter", "hollow", "second")
_NOUNS = ("harbor", "orchard", "signal", "meridian", "lantern", "quarry", "letter", "garden")
_FILE_FAULTS = ("truncated", "damaged", "resolution_change", "audio_only", "empty", "text")
SMALL = 180  # rows of the views to try things out, at most
_SMALL_SIZES = ((320, 180), (256, 144), (320, 136))


def designed_films(count: int, seed: int, sources: Sources, small: bool = False) -> list[Film]:
    """The films of a corpus.

    Args:
        count: How many, 46 have every kind of film.
        seed: Another seed is another corpus.
        sources: Tells which real material there is.
        small: Whether pictures are tiny and shots short, to try things out.

    Returns:
        The films; the same for the same arguments.
    """
    deck = Deck(np.random.default_rng([seed, 71]), sources)
    special = (*_mono_and_anaglyph(), *_apart_in_time(), *_whole_films(), *_file_faults())
    films = []
    for number in range(count):
        film = _frame_of(number, seed, small)
        # Every other film is about something of its own, the others have what the deck deals.
        turn, is_special = divmod(number, 2)
        change = special[turn] if is_special and turn < len(special) else _dealt
        films.append(_affordable(change(film, deck)))
    return [_short(film) for film in films] if small else films


def every_fault(seconds: float, size: tuple[int, int], seed: int, sources: Sources) -> Film:
    """One film in which every fault of a shot occurs, again and again until it is long enough.

    Args:
        seconds: Length of the film.
        size: Width and height of a view.
        seed: Another seed is another film.
        sources: Tells which real material there is.

    Returns:
        The film, half side by side at 24 frames per second.
    """
    deck = Deck(np.random.default_rng([seed, 72]), sources)
    shots: list[Shot] = []
    while (left := seconds - sum(shot.seconds for shot in shots)) > 1e-6:
        shot = deck.deal(size) if len(shots) % 4 else deck.plain()
        # The last one takes what would be too short for a shot of its own.
        length = left if left < shot.seconds + 1.5 else shot.seconds
        shots.append(dataclasses.replace(shot, seconds=length))
    return Film(
        "every_fault.mkv", tuple(shots), "half_sbs", *size, rate="24", preset="ultrafast", seed=seed
    )


def _frame_of(number: int, seed: int, small: bool) -> Film:
    """Everything but the shots of film `number`."""
    rng = np.random.default_rng([seed, 73, number])
    layout = LAYOUTS[(number + number // 20) % len(LAYOUTS)]
    size = _SIZES[number % len(_SIZES)]
    if number % 23 == 8:
        layout, size = ("half_sbs", "half_tab")[number // 23 % 2], _LARGEST
    if layout.startswith("full") and size[1] > 1080:
        size = (1920, 1080)
    size = _SMALL_SIZES[number % len(_SMALL_SIZES)] if small else size
    told = _TAGS[number % len(_TAGS)]
    words = {"true": layout, "none": "", "lying": str(rng.choice(_others(layout)))}
    title = f"{_ADJECTIVES[number % 8]}_{_NOUNS[(number + number // 8) % 8]}_{number:02d}"
    name = words[("none", "true", "lying")[int(rng.choice(3, p=(0.6, 0.25, 0.15)))]]
    name = f"{title}.3D.{_NAMES[name]}" if name else title
    return Film(
        name + _SUFFIXES[number % len(_SUFFIXES)],
        (),
        layout,
        *size,
        rate=_RATES[number % len(_RATES)],
        crf=_CRFS[number % len(_CRFS)],
        preset=_PRESETS[number % len(_PRESETS)],
        tag=words[told],
        seed=1000 * seed + number,
    )


def _others(layout: str) -> list[str]:
    return [other for other in LAYOUTS if other != layout]


def _dealt(film: Film, deck: Deck) -> Film:
    """A film of two plain shots and one to six with faults."""
    size = (film.width, film.height)
    many = 7 if film.height < 700 else 5 if film.height < 1100 else 3
    shots = [deck.deal(size) for _ in range(int(deck.rng.integers(2, many)))]
    for _ in range(2):
        shots.insert(int(deck.rng.integers(len(shots) + 1)), deck.plain(film.height < 600))
    return dataclasses.replace(film, shots=tuple(shots))


def _affordable(film: Film) -> Film:
    """The film with shorter shots where its frames are large or many."""
    longest = 4.0
    if film.height > 1100 or film.rate == "60":
        longest = 1.8
    elif film.height > 700:
        longest = 2.4
    shots = [dataclasses.replace(s, seconds=min(s.seconds, longest)) for s in film.shots]
    return dataclasses.replace(film, shots=tuple(shots))


def _plain_shots(film: Film, deck: Deck, count: int = 4) -> Film:
    return dataclasses.replace(film, shots=tuple(deck.plain(False) for _ in range(count)))


def _mono_and_anaglyph():
    def changed(layout, size=None, fault=None):
        def change(film, deck):
            film = _plain_shots(film, deck)
            width, height = size or (film.width, film.height)
            if film.height <= SMALL:
                width, height = film.width, film.height
            elif height > 1100:
                width, height = 1920, 1080
            shots = film.shots
            if fault:  # one of the shots is of another kind
                other = fault(shots[1], deck.rng, (width, height), deck.sources)
                shots = (shots[0], other, *shots[2:])
            tag = "" if layout != "mono" or deck.rng.random() < 0.5 else film.tag
            changes = {"width": width, "height": height, "shots": shots, "tag": tag}
            return dataclasses.replace(film, layout=layout, **changes)

        return change

    return (
        changed("mono", fault=subtitled),
        changed("anaglyph_dubois"),
        changed("mono", fault=barred),
        changed("anaglyph_color"),
        changed("mono", (1920, 1080), fault=titled),
        changed("anaglyph_half_color", fault=barred),
    )


def _apart_in_time():
    def changed(frames):
        def change(film, deck):
            film = _plain_shots(film, deck)
            moving = dataclasses.replace(film.shots[2], source=f"moving:{deck.rng.integers(40)}")
            shots = film.shots
            if film.height < 600:
                shots = (*shots[:2], moving, shots[3])
            return dataclasses.replace(film, shots=shots, time_offset_frames=frames)

        return change

    return tuple(changed(frames) for frames in (1, -2, 3, -1, 2))


def _whole_films():
    """Films of which all shots have one property."""

    def all_shots(fault):
        def change(film, deck):
            film, size = _dealt(film, deck), (film.width, film.height)
            shots = [fault(shot, deck.rng, size, deck.sources) for shot in film.shots]
            return dataclasses.replace(film, shots=tuple(shots))

        return change

    def letterboxed(film, deck):
        film, bars = _dealt(film, deck), letterbox(deck.rng, (film.width, film.height))
        # What has bars of its own keeps them: the aspect ratio changes.
        shots = [dataclasses.replace(s, bars=s.bars if any(s.bars) else bars) for s in film.shots]
        return dataclasses.replace(film, shots=tuple(shots))

    both_alike = all_shots(flat)
    return (
        all_shots(swapped),
        letterboxed,
        both_alike,
        all_shots(swapped),
        letterboxed,
        all_shots(subtitled),
    )


def _file_faults():
    def changed(fault):
        def change(film, deck):
            film = dataclasses.replace(film, rate="25", file_fault=fault)
            if film.height > SMALL:
                film = dataclasses.replace(film, width=854, height=480)
            suffix = ".ts" if fault == "resolution_change" else ".mkv"
            name = film.file.rpartition(".")[0] + suffix
            tag = "" if fault == "resolution_change" else film.tag
            return dataclasses.replace(_plain_shots(film, deck), file=name, tag=tag)

        return change

    return tuple(changed(fault) for fault in _FILE_FAULTS)


def _short(film: Film) -> Film:
    shots = [dataclasses.replace(s, seconds=round(0.5 * s.seconds, 2)) for s in film.shots]
    rate = "variable" if film.rate == "variable" else "12"
    return dataclasses.replace(film, shots=tuple(shots), rate=rate)
