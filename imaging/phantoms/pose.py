"""A skeleton of a given maturity on the film: the place of every bone and landmark."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.phantoms.anatomy import (
    CARPAL_LANDMARKS,
    CARPALS,
    RADIUS,
    RADIUS_WRIST,
    RAYS,
    SESAMOID,
    ULNA,
    ULNA_WRIST,
    LongBone,
    Ray,
)
from boneage.imaging.phantoms.building import Build
from boneage.imaging.phantoms.growth import Stage, length_factor, maturity_months, slimness
from boneage.imaging.scans import Sex

Array = NDArray[np.float64]

_JOINT = 1.6  # mm between two bones


@dataclass(frozen=True, eq=False)
class PlacedBone:
    """A long bone on the film, in mm: where it starts, its direction, its widths and its stage."""

    name: str
    start: Array
    direction: Array
    length: float
    waist: float
    base: float
    head: float
    zone: float
    distal_plate: bool
    stage: Stage

    @property
    def end(self) -> Array:
        """Distal end."""
        return np.asarray(self.start + self.direction * self.length)

    @property
    def plate(self) -> float:
        """Distance of the metaphysis, at the growth plate, from the start."""
        return self.length - self.zone if self.distal_plate else self.zone

    def side(self, along: float, across: float) -> Array:
        """Return the place ``along`` mm from the start and ``across`` mm to the thumb's side of the axis."""
        to_thumb = np.array([self.direction[1], -self.direction[0]])
        return np.asarray(self.start + self.direction * along + to_thumb * across)


@dataclass(frozen=True, eq=False)
class PlacedOval:
    """A carpal or sesamoid bone on the film, in mm."""

    name: str
    middle: Array
    half_length: float
    half_width: float
    turn_rad: float
    stage: Stage


@dataclass(frozen=True, eq=False)
class Skeleton:
    """All bones of a hand in place, in mm, and its landmarks by name."""

    rays: dict[str, tuple[PlacedBone, ...]]
    radius: PlacedBone
    ulna: PlacedBone
    ovals: tuple[PlacedOval, ...]
    landmarks: dict[str, Array]


def draw_skeleton(rng: np.random.Generator, sex: Sex, age_months: float) -> Skeleton:
    """Draw a hand with random proportions, deviations from the usual dates, and spread of the fingers."""
    maturity = maturity_months(age_months, sex)
    scale = length_factor(maturity, sex) * rng.normal(1.0, 0.03)
    build = _Build(rng, maturity, scale, slimness(maturity) * rng.normal(1.0, 0.04))
    spread = rng.uniform(0.9, 1.6)
    thumb = rng.normal(0.0, 6.0)
    rays = {ray.name: build.place_ray(ray, spread, thumb if ray.number == 1 else 0.0) for ray in RAYS}
    lean = rng.normal(0.0, 3.0)
    radius = build.place_forearm(RADIUS, RADIUS_WRIST, lean - 1.5)
    ulna = build.place_forearm(ULNA, ULNA_WRIST, lean + 1.5)
    ovals = [
        PlacedOval(
            c.name, np.array([c.x, c.y]) * scale, c.half_length * scale, c.half_width * scale,
            math.radians(c.turn_deg + rng.normal(0, 5)), build.stage(c.centre),
        )
        for c in CARPALS
    ]  # fmt: skip
    mc1 = rays["thumb"][0]
    sesamoid = mc1.side(mc1.length * 0.98, -5.5 * scale)
    ovals.append(PlacedOval("sesamoid", sesamoid, 2.4 * scale, 1.8 * scale, 0.3, build.stage(SESAMOID)))
    return Skeleton(rays, radius, ulna, tuple(ovals), _landmarks(rays, radius, ulna, scale))


class _Build(Build):
    """Places bones on the film."""

    def place(self, bone: LongBone, start: Array, angle_rad: float) -> PlacedBone:
        length, width = self.draw_length(bone), self._width
        direction = np.array([math.sin(angle_rad), math.cos(angle_rad)])
        return PlacedBone(
            bone.name, start, direction, length, bone.waist * width, bone.base * width, bone.head * width,
            self.zone(bone, length), bone.plate == "distal", self.stage(bone.centre),
        )  # fmt: skip

    def place_ray(self, ray: Ray, spread: float, turn_deg: float) -> tuple[PlacedBone, ...]:
        angle = math.radians(ray.direction_deg * (spread if ray.number > 1 else 1.0) + turn_deg)
        start = np.array([ray.x, ray.y]) * self._scale
        placed: list[PlacedBone] = []
        for bone in ray.bones:
            placed.append(self.place(bone, start, angle))
            start = placed[-1].end + placed[-1].direction * _JOINT * self._scale
            angle += math.radians(self._rng.normal(-12.0 if bone.name == "mc1" else 0.0, 2.5))
        return tuple(placed)

    def place_forearm(self, bone: LongBone, wrist: tuple[float, float], lean_deg: float) -> PlacedBone:
        placed = self.place(bone, np.zeros(2), math.radians(lean_deg))
        start = np.array(wrist) * self._scale - placed.direction * placed.length
        return PlacedBone(**{**vars(placed), "start": start})


def _landmarks(
    rays: dict[str, tuple[PlacedBone, ...]], radius: PlacedBone, ulna: PlacedBone, scale: float
) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for bone in (ulna, radius):
        for side, sign in (("ulnar", -1), ("radial", 1)):
            found[f"{bone.name}_metaphysis_{side}_corner"] = bone.side(bone.plate, sign * bone.head / 2)
    found["ulna_styloid_tip"] = ulna.side(ulna.length + 1.5 * scale, -0.36 * ulna.head)
    found["radius_styloid_tip"] = radius.side(radius.length + 2.5 * scale, 0.42 * radius.head)
    found |= {name: np.array(place) * scale for name, place in CARPAL_LANDMARKS.items()}
    for number, bones in enumerate(rays.values(), start=1):
        found[f"mc{number}_base_CMC{number}"] = bones[0].start
    for finger, bones in rays.items():
        joints = ("MCP", "IP", "tip") if finger == "thumb" else ("MCP", "PIP", "DIP", "tip")
        starts = [bone.start - bone.direction * 0.5 * _JOINT * scale for bone in bones[1:]]
        for joint, place in zip(joints, [*starts, bones[-1].end], strict=True):
            found[f"{finger}_{joint}"] = place
    return found
