"""A hand of a given maturity in space: every bone in place, its landmarks, and the fingers bent out of the plane.

Places are (x, y, z) in mm: x to the thumb's side, y to the finger tips, z to the palm; a left hand's axes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.phantoms.anatomy import CARPALS, RADIUS, RADIUS_WRIST, RAYS, ULNA, ULNA_WRIST, LongBone, Ray
from boneage.imaging.phantoms.building import Build
from boneage.imaging.phantoms.growth import Stage, length_factor, maturity_months, slimness
from boneage.imaging.scans import Sex

Array = NDArray[np.float64]

HEAD_ROUND = 0.5  # radius of curvature of a head, relative to its width
JOINT_MM = 0.4  # of fluid between the cartilage of two bones
SHAFT_MM = 30.0  # from the growth plate of a grown forearm bone to the landmark in its shaft

_FOREARM = 2.6  # forearm lengths to draw, so that it extends beyond every field of view
_METACARPAL_SPREAD = 1.15  # relative to the directions in radiographs: flesh and bones need room

# Of the rays: position of the metacarpal's base, its tilt to the palm, rotation of its palmar side to the middle.
_BASES = {
    "thumb": (25.0, 25.0, 9.0),
    "index": (13.0, 34.0, 0.5),
    "middle": (2.0, 35.0, -1.0),
    "ring": (-8.5, 32.0, 0.0),
    "little": (-18.0, 27.5, 2.5),
}
_TILT_DEG = {"thumb": 14.0, "index": 0.0, "middle": 0.0, "ring": 1.5, "little": 4.0}
_TURN_DEG = {"thumb": -55.0, "index": -8.0, "middle": 0.0, "ring": 8.0, "little": 16.0}


@dataclass(frozen=True, eq=False)
class SolidBone:
    """A long bone in space, in mm.

    Parameters
    ----------
    name : str
    start : ndarray of shape (3,)
        Middle of its proximal joint surface.
    axes : ndarray of shape (3, 3)
        Rows are unit vectors: along the bone to its distal end, to the thumb's side, to the palm.
    length, waist, base, head : float
        Length, and width at the middle, the proximal and the distal end.
    zone : float
        Distance of the growth plate from the end that it lengthens.
    distal_plate : bool
    stage : Stage
        Of its epiphysis.
    """

    name: str
    start: Array
    axes: Array
    length: float
    waist: float
    base: float
    head: float
    zone: float
    distal_plate: bool
    stage: Stage

    @property
    def end(self) -> Array:
        """Middle of the distal end."""
        return self.at(self.length)

    @property
    def plate(self) -> float:
        """Distance of the middle of the growth plate from the start."""
        return self.length - self.zone if self.distal_plate else self.zone

    def at(self, along: float, thumbward: float = 0.0, palmward: float = 0.0) -> Array:
        """Return a position given in the bone's axes; shape (3,)."""
        return np.asarray(self.start + np.array([along, thumbward, palmward]) @ self.axes)


@dataclass(frozen=True, eq=False)
class SolidCarpal:
    """A carpal bone in space, in mm: its middle, its axes (rows, unit vectors), half its length along each."""

    name: str
    middle: Array
    axes: Array
    half: Array
    stage: Stage


@dataclass(frozen=True, eq=False)
class SolidHand:
    """All bones of a hand in space, in mm; ``scale`` is its length relative to a grown man's."""

    rays: dict[str, tuple[SolidBone, ...]]
    radius: SolidBone
    ulna: SolidBone
    carpals: tuple[SolidCarpal, ...]
    scale: float

    def landmarks(self) -> dict[str, Array]:
        """Return the places of the landmarks of ``hand34`` by name, each of shape (3,)."""
        found = {
            f"{bone.name}_{part}": bone.at(bone.plate - back)
            for bone in (self.radius, self.ulna)
            for part, back in (("physis", 0.0), ("shaft", SHAFT_MM * self.scale))
        }
        found |= {carpal.name: carpal.middle for carpal in self.carpals if carpal.name == "capitate"}
        for finger, bones in self.rays.items():
            found |= {f"{finger}_{bone.name[:2]}_physis": bone.at(bone.plate) for bone in bones}
            found |= {f"{finger}_mc_base": bones[0].start, f"{finger}_tip": bones[-1].end}
        return found


def draw_solid_hand(rng: np.random.Generator, sex: Sex, age_months: float) -> SolidHand:
    """Draw a hand with random proportions, dates, spread and bend of the fingers, and rotation of the wrist."""
    maturity = maturity_months(age_months, sex)
    scale = length_factor(maturity, sex) * float(np.clip(rng.normal(1.0, 0.03), 0.94, 1.06))
    build = _Build(rng, maturity, scale, slimness(maturity) * rng.normal(1.0, 0.04))
    spread, bend = rng.uniform(0.5, 1.3), rng.uniform(0.0, 9.0, 3)
    rays = {ray.name: build.place_ray(ray, spread, bend) for ray in RAYS}
    carpals = tuple(
        SolidCarpal(
            c.name, np.array([c.x, c.y, c.z]) * scale, turn_z(math.radians(c.turn_deg + rng.normal(0, 4)) ).T,
            np.array([c.half_length, c.half_width, c.half_depth]) * scale, build.stage(c.centre),
        )
        for c in CARPALS
    )  # fmt: skip
    # The forearm turns about the middle of the wrist, and its two bones about each other.
    turn = turn_z(math.radians(rng.normal(0, 3))) @ turn_x(math.radians(rng.normal(0, 3.5)))
    roll = turn_y(math.radians(rng.normal(0, 8)))
    radius = build.place_forearm(RADIUS, (*RADIUS_WRIST, 0.0), 1.5, turn, roll)
    ulna = build.place_forearm(ULNA, (*ULNA_WRIST, -2.0), -1.5, turn, roll)
    return SolidHand(rays, radius, ulna, carpals, scale)


class _Build(Build):
    """Places bones in space."""

    def place(self, bone: LongBone, start: Array, rotation: Array) -> SolidBone:
        """Place a bone whose axes are those of the hand, turned by ``rotation``."""
        length, width = self.draw_length(bone), self._width
        return SolidBone(
            bone.name, start, rotation.T[[1, 0, 2]], length, bone.waist * width, bone.base * width, bone.head * width,
            self.zone(bone, length), bone.plate == "distal", self.stage(bone.centre),
        )  # fmt: skip

    def place_ray(self, ray: Ray, spread: float, bend_deg: Array) -> tuple[SolidBone, ...]:
        """Place a finger's bones, each bent about the middle of the head of the one before."""
        normal, radians, thumb = self._rng.normal, math.radians, ray.name == "thumb"
        direction = 27.0 + normal(0, 5) if thumb else ray.direction_deg * _METACARPAL_SPREAD
        tilt = _TILT_DEG[ray.name] + normal(0, 4.0 if thumb else 1.0)
        rotation = turn_z(-radians(direction)) @ turn_x(radians(tilt)) @ turn_y(radians(_TURN_DEG[ray.name]))
        start = np.array(_BASES[ray.name]) * self._scale
        placed: list[SolidBone] = []
        for joint, bone in enumerate(ray.bones):
            placed.append(self.place(bone, start, rotation))
            sideways = ray.direction_deg * (spread - _METACARPAL_SPREAD) if joint == 0 and not thumb else 0.0
            flexion = bend_deg[min(joint, 2)] + normal(0, 2.5)
            rotation = rotation @ turn_z(-radians(sideways + normal(0, 1.5))) @ turn_x(radians(flexion))
            radius = HEAD_ROUND * placed[-1].head
            start = placed[-1].at(placed[-1].length - radius) + (radius + JOINT_MM * self._scale) * rotation[:, 1]
        return tuple(placed)

    def place_forearm(
        self, bone: LongBone, wrist: tuple[float, float, float], lean_deg: float, turn: Array, roll: Array
    ) -> SolidBone:
        """Place a forearm bone by its distal end, turned about the middle of the wrist."""
        middle = np.array([0.0, 10.0, 0.0]) * self._scale
        placed = self.place(
            replace(bone, length=_FOREARM * bone.length), np.zeros(3), turn @ roll @ turn_z(-math.radians(lean_deg))
        )
        end = middle + turn @ roll @ (np.array(wrist) * self._scale - middle)
        return replace(placed, start=end - placed.axes[0] * placed.length)


def turn_x(angle: float) -> Array:
    """Return the rotation that turns y (the tips) towards z (the palm)."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def turn_y(angle: float) -> Array:
    """Return the rotation that turns z (the palm) towards x (the thumb's side)."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def turn_z(angle: float) -> Array:
    """Return the rotation that turns x (the thumb's side) towards y (the tips)."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
