"""What surrounds the bones in a volume: skin, fat, muscles, joint capsules, tendons and vessels, of tapered rods."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.compiling import compiled
from boneage.imaging.phantom.solid import SolidBone, SolidHand
from boneage.imaging.phantom.solid_bones import Canvas, _across, _inside

Array = NDArray[np.float64]
Volume = NDArray[np.float32]
Rod = tuple[Array, Array, float, float]

_OUTLINE, _MUSCLE, _CAPSULE, _TENDON, _VESSEL = range(5)
_BLOCK = (8, 16, 16)  # voxels that are looked at together: each knows the few rods that reach it
_MELT_MM = 6.0  # how far two rods of the outline melt into one


class _Rods:
    """Tapered rods with round ends, each of a kind of tissue; places and radii in mm."""

    def __init__(self) -> None:
        self._rows: list[list[float]] = []

    def add(self, kind: int, start: Array, end: Array, radius: float, end_radius: float | None = None) -> None:
        self._rows.append([*start, *end, radius, radius if end_radius is None else end_radius, kind])

    def chain(self, kind: int, places: list[Array], radius: float) -> None:
        for start, end in zip(places, places[1:], strict=False):
            self.add(kind, start, end, radius)

    def array(self) -> Array:
        """Return one row a rod: start, end, radii, kind; shape (n, 9)."""
        return np.array(self._rows)


def paint_flesh(canvas: Canvas, hand: SolidHand) -> None:
    """Paint the hand without its bones: skin around fat, and in it muscles, capsules, tendons and vessels."""
    rods = _Rods()
    for finger, bones in hand.rays.items():
        _wrap_finger(rods, finger, bones, hand.scale)
    _wrap_palm(rods, hand)
    _wrap_forearm(rods, hand)
    linear, offset = canvas.into(np.zeros(3), np.eye(3))
    _paint_flesh(
        canvas.pixels, linear, offset, rods.array(), _MELT_MM * hand.scale, canvas.tissues.values(), hand.scale
    )


def _girth(bone: SolidBone) -> float:
    return 0.52 * bone.base + 0.22 * bone.length**0.5


def _wrap_finger(rods: _Rods, finger: str, bones: tuple[SolidBone, ...], scale: float) -> None:
    """Wrap the phalanges: pulp, joint capsules, the flexor in front, the extensor behind, vessels at the sides."""
    metacarpal, phalanges = bones[0], bones[1:]
    for bone, after in zip(phalanges, (*phalanges[1:], None), strict=True):
        girth, below = _girth(bone), 0.16 * bone.base
        end = bone.at(bone.length * (0.97 if after is None else 1.0), 0, below)
        rods.add(_OUTLINE, bone.at(0, 0, below), end, girth, 0.86 * girth if after is None else _girth(after))
    for bone, after in zip(bones, phalanges, strict=False):
        middle = bone.at(bone.length - 0.35 * bone.head)
        rods.add(_CAPSULE, middle, after.at(0.16 * after.base), 0.62 * bone.head, 0.60 * after.base)
    flexor, extensor = [metacarpal.at(0.75 * metacarpal.length, 0, 0.80 * metacarpal.head + 2.0 * scale)], []
    for bone in phalanges:
        last = bone is phalanges[-1]
        flexor.append(bone.at(0.05 * bone.length, 0, 0.5 * bone.base + 1.9 * scale))
        extensor.append(bone.at(0.0, 0, -0.5 * bone.base - 0.9 * scale))
        if not last:
            flexor.append(bone.at(0.6 * bone.length, 0, 0.40 * bone.head + 2.6 * scale))
            extensor.append(bone.at(0.8 * bone.length, 0, -0.36 * bone.head - 1.2 * scale))
        for side in (-1, 1):
            place = side * 0.62 * bone.base
            start, end = (bone.at(part * bone.length, place, 0.35 * bone.base) for part in (0.0, 0.75))
            rods.add(_VESSEL, start, end, 0.55 * scale)
    rods.chain(_TENDON, flexor, 1.9 * scale)
    rods.chain(_TENDON, extensor, 0.8 * scale)


def _wrap_palm(rods: _Rods, hand: SolidHand) -> None:
    """Wrap the metacarpals: the palm's outline, the muscles between and before them, the long tendons."""
    scale = hand.scale
    thumb, index, middle, ring, little = (bones[0] for bones in hand.rays.values())
    heads = {"index": 11.0, "middle": 11.5, "ring": 11.0, "little": 10.5}
    wrist = np.array([0.0, 4.0, 3.0]) * scale
    for bone, radius in zip((index, middle, ring, little), heads.values(), strict=True):
        palm = 3.5 * scale
        rods.add(_OUTLINE, bone.at(0, 0, palm), bone.at(bone.length, 0, palm), 13.0 * scale, radius * scale)
        rods.add(
            _OUTLINE, wrist + np.array([0.35 * bone.start[0], 0, 0]), bone.at(0, 0, palm), 16.0 * scale, 13.0 * scale
        )
    rods.add(_OUTLINE, thumb.at(0, 0, 2 * scale), thumb.at(thumb.length, 0, 2 * scale), 14.5 * scale, 12.0 * scale)
    rods.add(_OUTLINE, wrist + np.array([8, 8, 6]) * scale, thumb.at(0.3 * thumb.length), 14.0 * scale)
    web = index.at(0.72 * index.length, 0, 4 * scale), thumb.at(0.75 * thumb.length)
    rods.add(_OUTLINE, web[0] * 0.75 + web[1] * 0.25, thumb.at(0.3 * thumb.length), 9.0 * scale)
    rods.add(
        _OUTLINE, little.at(0.75 * little.length, 0, 6 * scale), np.array([-17, 12, 7]) * scale, 11 * scale, 12 * scale
    )
    # Muscles.
    for one, other in ((index, middle), (middle, ring), (ring, little)):
        start, end = (
            (one.at(p * one.length, 0, 2 * scale) + other.at(p * other.length, 0, 2 * scale)) / 2 for p in (0.2, 0.78)
        )
        rods.add(_MUSCLE, start, end, 6.0 * scale, 4.5 * scale)
    for bone in (index, middle, ring, little):
        rods.add(
            _MUSCLE,
            bone.at(0.25 * bone.length, 2 * scale, 10 * scale),
            bone.at(0.9 * bone.length, 3.5 * scale, 9 * scale),
            3.2 * scale,
            1.8 * scale,
        )
    for target, reach in ((index, 0.55), (index, 0.25), (middle, 0.5), (middle, 0.2)):
        depth = (2.0 if target is index else 9.0) * scale
        rods.add(
            _MUSCLE,
            thumb.at((0.9 if target is middle else 0.45) * thumb.length, -4 * scale, 2 * scale),
            target.at(reach * target.length, 3 * scale, depth),
            5.0 * scale,
        )
    tunnel = np.array([1.0, 16.0, 13.0]) * scale
    for side, radius in ((-4.0, 7.0), (3.0, 7.0)):
        rods.add(
            _MUSCLE,
            tunnel + np.array([12, 6, -1]) * scale,
            thumb.at(0.92 * thumb.length, side * scale, 5.5 * scale),
            radius * scale,
            4.0 * scale,
        )
    rods.add(
        _MUSCLE,
        tunnel + np.array([-15, 2, -1]) * scale,
        little.at(0.85 * little.length, -3.5 * scale, 5 * scale),
        7.5 * scale,
        4.0 * scale,
    )
    # Tendons through the wrist.
    for n, bone in enumerate((index, middle, ring, little)):
        aside = np.array([(1.5 - n) * 3.6, 0.0, 0.0]) * scale
        flexor = [
            hand.radius.at(hand.radius.length - 45 * scale, -11 * scale, 15 * scale) + aside,
            tunnel + aside * 1.1 + np.array([0, -14, -1.0]) * scale,
            tunnel + aside,
            bone.at(0.75 * bone.length, 0, 0.80 * bone.head + 2 * scale),
        ]
        rods.chain(_TENDON, flexor, 2.1 * scale)
        behind = np.array([2.0 + aside[0] / scale * 1.4, 6.0, -12.0]) * scale
        rods.chain(
            _TENDON,
            [
                behind + np.array([0, -30, 0]) * scale,
                behind,
                bone.at(0.5 * bone.length, 0, -0.62 * bone.waist - 2 * scale),
                bone.at(bone.length, 0, -0.5 * bone.head - 1.2 * scale),
            ],
            1.0 * scale,
        )
    for one, other in ((index, middle), (ring, little)):
        places = [
            (one.at(p * one.length, 0, -8 * scale) + other.at(p * other.length, 0, -8 * scale)) / 2
            for p in (0.0, 0.5, 0.9)
        ]
        rods.chain(_VESSEL, places, 0.8 * scale)
    # Ligaments hold the carpal bones together.
    for carpal in hand.carpals:
        rods.add(_CAPSULE, carpal.middle, carpal.middle, carpal.half.mean() + 2.2 * scale)
    for bone in (thumb, index, middle, ring, little):
        rods.add(_CAPSULE, bone.start, bone.at(0.08 * bone.length), 0.52 * bone.base)


def _wrap_forearm(rods: _Rods, hand: SolidHand) -> None:
    """Wrap the forearm, as far as it can be seen: outline, deep and superficial muscles, the wrist's capsule."""
    scale, radius, ulna = hand.scale, hand.radius, hand.ulna
    for bone, girth in ((radius, 16.5), (ulna, 15.0)):
        start, end = bone.at(bone.length - 100 * scale, 0, 3 * scale), bone.at(bone.length - 5 * scale, 0, 3 * scale)
        rods.add(_OUTLINE, start, end, (girth + 7) * scale, girth * scale)
        rods.add(
            _MUSCLE,
            start + bone.axes[2] * 10 * scale,
            bone.at(bone.length - 28 * scale, 0, 10 * scale),
            11 * scale,
            4 * scale,
        )
        rods.add(
            _MUSCLE,
            start - bone.axes[2] * 12 * scale,
            bone.at(bone.length - 32 * scale, 0, -9 * scale),
            8 * scale,
            3.5 * scale,
        )
    for back in (20, 30, 40, 55, 75):
        rods.add(
            _MUSCLE,
            radius.at(radius.length - back * scale, -4 * scale, 3 * scale),
            ulna.at(ulna.length - back * scale, 4 * scale, 3 * scale),
            5.5 * scale,
        )
    rods.add(_CAPSULE, radius.at(radius.length - 4 * scale), ulna.at(ulna.length - 2 * scale), 9 * scale, 7.5 * scale)


@compiled
def _rod_distance(rod: Array, x: float, y: float, z: float) -> tuple[float, float, float, float]:
    """Return the distance in mm to a rod's surface, and the vector from its axis."""
    dx, dy, dz = rod[3] - rod[0], rod[4] - rod[1], rod[5] - rod[2]
    px, py, pz = x - rod[0], y - rod[1], z - rod[2]
    h = (px * dx + py * dy + pz * dz) / (dx * dx + dy * dy + dz * dz + 1e-9)
    h = min(max(h, 0.0), 1.0)
    px, py, pz = px - h * dx, py - h * dy, pz - h * dz
    return math.sqrt(px * px + py * py + pz * pz) - rod[6] - h * (rod[7] - rod[6]), px, py, pz


@compiled
def _paint_flesh(
    pixels: Volume, linear: Array, offset: Array, rods: Array, melt: float, tissues: Array, scale: float
) -> None:
    near = np.empty(len(rods), np.int64)
    planes, rows, columns = pixels.shape
    for k0 in range(0, planes, _BLOCK[0]):
        for i0 in range(0, rows, _BLOCK[1]):
            for j0 in range(0, columns, _BLOCK[2]):
                k1, i1, j1 = min(k0 + _BLOCK[0], planes), min(i0 + _BLOCK[1], rows), min(j0 + _BLOCK[2], columns)
                middle = offset + linear[:, 0] * (k0 + k1 - 1) / 2 + linear[:, 1] * (i0 + i1 - 1) / 2
                middle = middle + linear[:, 2] * (j0 + j1 - 1) / 2
                corner = linear[:, 0] * (k1 - k0) / 2
                reach = math.sqrt((corner**2).sum())
                corner = linear[:, 1] * (i1 - i0) / 2
                reach = math.hypot(reach, math.sqrt((corner**2).sum()))
                corner = linear[:, 2] * (j1 - j0) / 2
                reach = math.hypot(reach, math.sqrt((corner**2).sum()))
                n, outline = 0, False
                for m in range(len(rods)):
                    distance = _rod_distance(rods[m], middle[0], middle[1], middle[2])[0]
                    if distance < reach + (melt if rods[m, 8] == 0 else 1.5):
                        near[n] = m
                        n += 1
                        outline = outline or rods[m, 8] == 0
                if outline:
                    _paint_block(pixels, linear, offset, rods, near[:n], melt, tissues, scale, k0, k1, i0, i1, j0, j1)


@compiled
def _paint_block(
    pixels: Volume, linear: Array, offset: Array, rods: Array, near: NDArray[np.int64], melt: float, tissues: Array,
    scale: float, k0: int, k1: int, i0: int, i1: int, j0: int, j1: int,
) -> None:  # fmt: skip
    skin, fat = tissues[6], tissues[7]
    distances, acrosses = np.empty(5), np.empty(5)
    for k in range(k0, k1):
        for i in range(i0, i1):
            for j in range(j0, j1):
                x = linear[0, 0] * k + linear[0, 1] * i + linear[0, 2] * j + offset[0]
                y = linear[1, 0] * k + linear[1, 1] * i + linear[1, 2] * j + offset[1]
                z = linear[2, 0] * k + linear[2, 1] * i + linear[2, 2] * j + offset[2]
                distances[:] = 1e3
                acrosses[:] = 1.0
                for m in near:
                    kind = int(rods[m, 8])
                    distance, nx, ny, nz = _rod_distance(rods[m], x, y, z)
                    before = distances[kind]
                    if distance < before:
                        acrosses[kind] = _across(linear, nx, ny, nz)
                    smooth = melt if kind == 0 else 0.25 * melt
                    h = max(smooth - abs(distance - before), 0.0) / smooth
                    distances[kind] = min(distance, before) - h * h * smooth * 0.25
                edge = distances[0]
                if edge > 2.0:
                    continue
                value = skin * _inside(edge, acrosses[0])
                part = _inside(edge + 1.3 * scale, acrosses[0])
                value = value * (1 - part) + fat * part
                for kind in range(1, 5):
                    depth = 2.6 if kind < 3 else 1.8
                    part = _inside(max(distances[kind], edge + depth * scale), acrosses[kind])
                    value = value * (1 - part) + tissues[7 + kind] * part
                pixels[k, i, j] = value
