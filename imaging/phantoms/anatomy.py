"""The skeleton of a grown left hand, palm down, in mm: x to the thumb's side, y to the finger tips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from boneage.imaging.phantoms.growth import Centre

Plate = Literal["proximal", "distal"]


@dataclass(frozen=True)
class LongBone:
    """A tubular bone with one growth plate.

    Parameters
    ----------
    name : str
        ``mc``, ``pp``, ``mp``, ``dp`` and the number of the ray; ``radius``, ``ulna``.
    length, waist, base, head : float
        Length, and width at the middle, the proximal and the distal end, in mm.
    plate : {"proximal", "distal"}
        Where its epiphysis lies.
    centre : Centre
        Of the epiphysis.
    """

    name: str
    length: float
    waist: float
    base: float
    head: float
    plate: Plate
    centre: Centre


@dataclass(frozen=True)
class Carpal:
    """A carpal bone: place and half axes in mm, and the turn of its long axis against x; z goes to the palm."""

    name: str
    x: float
    y: float
    half_length: float
    half_width: float
    turn_deg: float
    centre: Centre
    z: float
    half_depth: float


@dataclass(frozen=True)
class Ray:
    """A finger: the place of its metacarpal's base, its direction from y towards x, and its bones from there."""

    name: str
    number: int
    x: float
    y: float
    direction_deg: float
    bones: tuple[LongBone, ...]


_METACARPAL = Centre(20, 130, 192)
_PROXIMAL = Centre(17, 125, 190)
_MIDDLE = Centre(24, 130, 188)
_DISTAL = Centre(30, 130, 180)
_THUMB = Centre(30, 130, 186)


def _finger(name: str, number: int, place: tuple[float, float], direction: float, lengths: tuple[float, ...]) -> Ray:
    mc, pp, mp, dp = lengths
    slim = 0.88 if number == 5 else 1.0
    return Ray(name, number, *place, direction, (
        LongBone(f"mc{number}", mc, 8.2 * slim, 14.0 * slim, 14.5 * slim, "distal", _METACARPAL),
        LongBone(f"pp{number}", pp, 8.6 * slim, 14.5 * slim, 10.5 * slim, "proximal", _PROXIMAL),
        LongBone(f"mp{number}", mp, 7.4 * slim, 12.5 * slim, 9.0 * slim, "proximal", _MIDDLE),
        LongBone(f"dp{number}", dp, 4.4 * slim, 9.8 * slim, 6.2 * slim, "proximal", _DISTAL),
    ))  # fmt: skip


RAYS = (
    Ray("thumb", 1, 20.0, 23.0, 40.0, (
        LongBone("mc1", 44, 9.5, 14.5, 13.5, "proximal", _THUMB),
        LongBone("pp1", 31, 8.8, 14.0, 11.0, "proximal", _THUMB),
        LongBone("dp1", 23, 6.0, 12.5, 8.0, "proximal", _DISTAL),
    )),
    _finger("index", 2, (13.0, 34.0), 7.0, (66, 40, 24, 18)),
    _finger("middle", 3, (2.0, 35.0), 0.5, (64, 44, 29, 19)),
    _finger("ring", 4, (-8.5, 32.0), -5.5, (57, 41, 27, 19)),
    _finger("little", 5, (-18.0, 27.5), -13.0, (53, 32, 19, 17)),
)  # fmt: skip

RADIUS = LongBone("radius", 70, 14.0, 15.0, 30.0, "distal", Centre(12, 120, 206))
ULNA = LongBone("ulna", 70, 11.0, 12.0, 16.0, "distal", Centre(78, 150, 200))
RADIUS_WRIST, ULNA_WRIST = (9.0, 0.0), (-17.0, -2.5)  # the distal ends of the two, epiphysis included

CARPALS = (
    Carpal("capitate", 2.5, 22.5, 11.5, 7.0, 88, Centre(3, 120), 0, 9.5),
    Carpal("hamate", -9.0, 21.0, 9.5, 7.5, 70, Centre(4, 122), 1.0, 8.5),
    Carpal("triquetrum", -15.0, 11.5, 7.5, 5.5, 135, Centre(26, 130), 1.5, 6.5),
    Carpal("lunate", -3.0, 9.0, 7.8, 6.0, 170, Centre(38, 132), 1.0, 8.5),
    Carpal("scaphoid", 11.5, 12.0, 10.0, 5.8, 40, Centre(60, 138), 3.0, 7.0),
    Carpal("trapezium", 19.5, 19.5, 7.0, 5.5, 110, Centre(58, 138), 6.5, 7.0),
    Carpal("trapezoid", 12.0, 25.5, 6.0, 5.2, 80, Centre(62, 138), 1.0, 8.0),
    Carpal("pisiform", -17.5, 13.5, 4.4, 3.8, 90, Centre(118, 160), 9.5, 5.0),
)
SESAMOID = Centre(150, 180)

# Landmarks of the wrist, as places in the grown hand; those of the rays and forearm follow from the bones.
CARPAL_LANDMARKS = {
    "triquetrum_pisiform_proximal": (-16.5, 6.5),
    "lunate_proximal_pole": (-3.5, 3.0),
    "scaphoid_proximal_pole": (4.5, 5.0),
    "hamate_proximal_apex": (-6.5, 12.2),
    "capitate_proximal_head": (2.2, 11.0),
    "trapezoid_trapezium_scaphoid_junction": (15.0, 19.5),
    "trapezium_proximal_radial": (22.0, 14.5),
}
