"""Soft tissue in a volume, of tapered rods: skin, fat, muscles, joint capsules, tendons and vessels."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.jit import compiled
from boneage.imaging.phantoms.solid import SolidBone, SolidHand
from boneage.imaging.phantoms.solid_bones import Canvas, _across, _inside

Array = NDArray[np.float64]
Volume = NDArray[np.float32]
Rod = tuple[Array, Array, float, float]

_OUTLINE, _MUSCLE, _CAPSULE, _TENDON, _VESSEL = range(5)
_BLOCK = (8, 16, 16)  # voxels that are painted together, from the few rods that reach the block
_MELT_MM = 6.0  # how far two rods of the outline melt into one


Place = tuple[str, float, float, float]
"""A metacarpal, the part of its length, and mm to the thumb's side and the palm; ``radius`` or ``ulna``, and mm from
its distal end and to both; ``hand``, and its x, y, z in mm: all of a grown hand."""

_FINGERS = ("index", "middle", "ring", "little")

# Rods around metacarpals and forearm: kind of tissue, start, end, and the radii there in mm of a grown hand.
_BODY: tuple[tuple[int, Place, Place, float, float], ...] = (
    # The outline of the palm, the thumb's ball and its web, the wrist, the forearm.
    *((_OUTLINE, (name, 0.0, 0.0, 3.5), (name, 1.0, 0.0, 3.5), 13.0, 11.0) for name in _FINGERS),
    (_OUTLINE, ("hand", 9.0, -6.0, 2.5), ("index", 0.0, 0.0, 3.5), 15.0, 13.0),
    (_OUTLINE, ("hand", 2.0, -6.0, 2.5), ("middle", 0.0, 0.0, 3.5), 15.0, 13.0),
    (_OUTLINE, ("hand", -6.0, -6.0, 2.5), ("ring", 0.0, 0.0, 3.5), 15.0, 13.0),
    (_OUTLINE, ("hand", -14.0, -6.0, 2.5), ("little", 0.0, 0.0, 3.5), 15.0, 13.0),
    (_OUTLINE, ("thumb", 0.0, 0.0, 2.0), ("thumb", 1.0, 0.0, 2.0), 14.5, 12.0),
    (_OUTLINE, ("hand", 8.0, 10.0, 7.0), ("thumb", 0.3, 0.0, 2.0), 14.0, 14.0),
    (_OUTLINE, ("index", 0.62, 5.0, 5.0), ("thumb", 0.3, 0.0, 0.0), 9.5, 9.5),
    (_OUTLINE, ("little", 0.75, 0.0, 6.0), ("hand", -17.0, 12.0, 7.0), 11.0, 12.0),
    (_OUTLINE, ("radius", -160.0, -2.0, 3.0), ("radius", -4.0, -2.0, 2.5), 26.0, 15.5),
    (_OUTLINE, ("ulna", -160.0, 2.0, 3.0), ("ulna", -4.0, 2.0, 3.0), 25.0, 13.5),
    # Between the metacarpals, and from the thumb to the second and third.
    *((_MUSCLE, (name, 0.2, -5.5, 2.0), (name, 0.8, -9.0, 2.5), 6.5, 5.5) for name in _FINGERS[:3]),
    (_MUSCLE, ("index", 0.15, 6.0, 0.0), ("index", 0.88, 7.0, 1.0), 5.5, 4.0),
    (_MUSCLE, ("thumb", 0.25, -5.0, 0.0), ("index", 0.45, 6.0, 1.0), 6.0, 6.0),
    (_MUSCLE, ("thumb", 0.50, -5.0, 0.0), ("index", 0.65, 6.0, 1.0), 5.0, 5.0),
    *((_MUSCLE, ("thumb", 0.9, -4.0, 3.0), ("middle", 0.1 * n, 1.0, 9.5), 4.5, 5.0) for n in range(1, 8)),
    *((_MUSCLE, (name, 0.25, 2.0, 10.5), (name, 0.9, 4.0, 9.0), 3.4, 2.0) for name in _FINGERS),
    # The balls of the thumb and the little finger.
    (_MUSCLE, ("hand", 14.0, 21.0, 14.0), ("thumb", 0.92, -4.0, 6.0), 7.0, 4.5),
    (_MUSCLE, ("hand", 17.0, 24.0, 16.0), ("thumb", 0.92, 3.5, 5.5), 7.0, 4.5),
    (_MUSCLE, ("hand", 8.0, 26.0, 13.0), ("thumb", 0.8, -8.0, 5.0), 6.0, 4.5),
    (_MUSCLE, ("hand", -17.0, 17.0, 11.0), ("little", 0.9, -4.5, 4.0), 7.0, 4.5),
    (_MUSCLE, ("hand", -12.0, 20.0, 13.0), ("little", 0.85, 2.0, 8.5), 6.5, 4.0),
    # The forearm, before, behind and beside its bones, and the square muscle between them.
    (_MUSCLE, ("radius", -160.0, 2.0, 15.0), ("radius", -32.0, -1.0, 11.0), 11.0, 4.0),
    (_MUSCLE, ("radius", -160.0, -13.0, 14.0), ("radius", -28.0, -12.0, 13.0), 11.0, 4.5),
    (_MUSCLE, ("ulna", -160.0, 0.0, 15.0), ("ulna", -24.0, -1.0, 12.0), 12.0, 5.0),
    (_MUSCLE, ("radius", -160.0, 4.0, -13.0), ("radius", -36.0, 1.0, -10.0), 9.0, 3.0),
    (_MUSCLE, ("ulna", -160.0, 8.0, -13.0), ("ulna", -34.0, 8.0, -9.0), 9.0, 3.5),
    (_MUSCLE, ("radius", -160.0, 14.0, 2.0), ("radius", -42.0, 9.0, 1.0), 8.0, 3.0),
    *((_MUSCLE, ("radius", -back, -6.0, 4.0), ("ulna", -back, 6.0, 4.0), 5.0, 5.0) for back in range(16, 160, 6)),
    # The disc between ulna and wrist, and the capsule around it.
    (_CAPSULE, ("radius", -3.0, -10.0, 0.0), ("ulna", 1.0, 0.0, 1.0), 6.0, 5.5),
    (_CAPSULE, ("radius", -2.0, 6.0, 1.0), ("radius", -2.0, -8.0, 1.0), 8.5, 8.5),
    # Veins behind the palm.
    (_VESSEL, ("index", 0.0, -5.0, -9.0), ("index", 0.95, -9.0, -9.5), 1.0, 0.8),
    (_VESSEL, ("ring", 0.0, -5.0, -9.0), ("ring", 0.95, -8.0, -9.5), 1.1, 0.8),
    (_VESSEL, ("hand", 4.0, -30.0, -14.0), ("index", 0.0, -5.0, -9.0), 1.2, 1.0),
)  # fmt: skip


class _Rods:
    """Tapered rods with round ends, each of a kind of tissue; places and radii in mm."""

    def __init__(self) -> None:
        self._rows: list[list[float]] = []

    def add(self, kind: int, start: Array, end: Array, radius: float, end_radius: float | None = None) -> None:
        self._rows.append([*start, *end, radius, radius if end_radius is None else end_radius, kind])

    def chain(self, kind: int, places: list[Array], radius: float) -> None:
        for start, end in pairwise(places):
            self.add(kind, start, end, radius)

    def array(self) -> Array:
        """Return one row a rod: start, end, radii, kind; shape (n, 9)."""
        return np.array(self._rows)


def paint_flesh(canvas: Canvas, hand: SolidHand) -> None:
    """Paint the hand without its bones: skin around fat, and in it muscles, capsules, tendons and vessels."""
    rods = _Rods()
    for finger, bones in hand.rays.items():
        _wrap_finger(rods, finger, bones, hand.scale)
    place = _Places(hand)
    for kind, start, end, radius, end_radius in _BODY:
        rods.add(kind, place(start), place(end), radius * hand.scale, end_radius * hand.scale)
    _wrap_wrist(rods, hand)
    linear, offset = canvas.into(np.zeros(3), np.eye(3))
    _paint_flesh(
        canvas.pixels, linear, offset, rods.array(), _MELT_MM * hand.scale, canvas.tissues.values(), hand.scale
    )


def _girth(bone: SolidBone) -> float:
    return 0.52 * bone.base + 0.22 * math.sqrt(bone.length)


def _wrap_finger(rods: _Rods, finger: str, bones: tuple[SolidBone, ...], scale: float) -> None:
    """Wrap the phalanges: pulp, joint capsules, the flexor in front, the extensor behind, vessels at the sides."""
    metacarpal, phalanges = bones[0], bones[1:]
    for bone, after in zip(phalanges, (*phalanges[1:], None), strict=True):
        girth, below = _girth(bone), 0.16 * bone.base
        end = bone.at(bone.length * (0.97 if after is None else 1.0), 0, below)
        rods.add(_OUTLINE, bone.at(0, 0, below), end, girth, 0.86 * girth if after is None else _girth(after))
    for bone, after in zip(bones, phalanges, strict=False):
        middle = bone.at(bone.length - 0.35 * bone.head)
        rods.add(_CAPSULE, middle, after.at(0.16 * after.base), 0.55 * bone.head, 0.54 * after.base)
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


def _wrap_wrist(rods: _Rods, hand: SolidHand) -> None:
    """Lead the long tendons through the wrist, and hold its bones together."""
    scale = hand.scale
    place = _Places(hand)
    for n, finger in enumerate(_FINGERS):
        bone, aside = hand.rays[finger][0], 1.5 - n
        tunnel = [place(("hand", 1.0 + 3.8 * aside, y, z)) for y, z in ((2.0, 12.0), (18.0, 13.5))]
        start = place(("radius", -160.0, -10.0 + 3.6 * aside, 13.0))
        rods.chain(_TENDON, [start, *tunnel, bone.at(0.75 * bone.length, 0, 0.80 * bone.head + 2 * scale)], 2.1 * scale)
        behind = [place(("hand", 2.0 + 5.0 * aside, y, -12.5)) for y in (-24.0, 6.0)]
        behind.append(bone.at(0.5 * bone.length, 0, -0.62 * bone.waist - 2 * scale))
        rods.chain(_TENDON, [*behind, bone.at(bone.length, 0, -0.5 * bone.head - 1.2 * scale)], 1.0 * scale)
    for carpal in hand.carpals:
        rods.add(_CAPSULE, carpal.middle, carpal.middle, carpal.half.mean() + 2.0 * scale)
    for bones in hand.rays.values():
        rods.add(_CAPSULE, bones[0].start, bones[0].at(0.08 * bones[0].length), 0.52 * bones[0].base)


class _Places:
    """Positions in mm of the ends of the rods of ``_BODY``."""

    def __init__(self, hand: SolidHand) -> None:
        self._hand = hand

    def __call__(self, place: Place) -> Array:
        """Return a place in mm, shape (3,)."""
        name, *numbers = place
        scale = self._hand.scale
        if name == "hand":
            return np.array(numbers) * scale
        along, thumbward, palmward = numbers
        if name in ("radius", "ulna"):
            bone = self._hand.radius if name == "radius" else self._hand.ulna
            return bone.at(bone.length + along * scale, thumbward * scale, palmward * scale)
        bone = self._hand.rays[name][0]
        return bone.at(along * bone.length, thumbward * scale, palmward * scale)


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
