"""Bones in a volume: cortex, marrow, cartilage and growth plates, from signed distances to smooth surfaces.

A voxel's part inside a surface follows from its distance to it and from the voxel's length across it: that is what
makes thin cortex grey in thick slices, as in a scanner.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.frames import Frame
from boneage.imaging.jit import compiled
from boneage.imaging.phantoms.solid import HEAD_ROUND, JOINT_MM, SolidBone, SolidCarpal
from boneage.imaging.phantoms.tissues import Tissues

Array = NDArray[np.float64]
Volume = NDArray[np.float32]

_STEP_MM = 0.25  # of a profile
_RIM_MM = 8.0  # drawn beyond a bone's ends
FAR_MM = 8.0  # distances to bones are known up to here

# Depth against width of the base, the waist and the head.
_FLATNESS = {
    "mc": (1.30, 0.95, 1.05),
    "pp": (0.85, 0.80, 0.72),
    "mp": (0.80, 0.75, 0.70),
    "dp": (0.75, 0.75, 0.60),
    "ra": (0.80, 0.80, 0.64),
    "ul": (0.95, 0.95, 0.95),
}
_NARROW_BASE = 0.76  # a metacarpal's base against its width in a radiograph: four lie side by side


@dataclass
class Canvas:
    """A volume being painted.

    Parameters
    ----------
    pixels : ndarray of shape (planes, rows, columns)
        Signal.
    near : ndarray of the same shape
        Distance in mm to the surface of the nearest bone so far; at most ``FAR_MM``.
    to_voxels : Frame
        From mm (x, y, z) to voxels.
    tissues : Tissues
    """

    pixels: Volume
    near: Volume
    to_voxels: Frame
    tissues: Tissues

    def box(self, corners: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first voxels, and those behind the last, of the box around places in mm; shapes (3,)."""
        voxels = self.to_voxels.apply(corners)
        shape = np.array(self.pixels.shape)
        low = np.clip(np.floor(voxels.min(axis=0)).astype(np.int64), 0, shape)
        return low, np.clip(np.ceil(voxels.max(axis=0)).astype(np.int64) + 1, low, shape)

    def into(self, origin: Array, axes: Array) -> tuple[Array, Array]:
        """Return the linear map and the offset from voxels to the axes of a body, in mm."""
        back = self.to_voxels.inverse()
        return axes @ back.matrix[:3, :3], axes @ (back.matrix[:3, 3] - origin)


def paint_long_bone(canvas: Canvas, bone: SolidBone, scale: float) -> None:
    """Paint a bone, at a joint's width from the bones painted before."""
    profile = _profile(bone, scale)
    widest = 0.75 * max(bone.base, bone.head) * 1.3
    ends = [-_RIM_MM, bone.length + _RIM_MM]
    corners = [bone.at(t, u, w) for t in ends for u in (-widest, widest) for w in (-widest, widest)]
    low, high = canvas.box(np.array(corners))
    linear, offset = canvas.into(bone.start, bone.axes)
    fusion, size = bone.stage.fusion, bone.stage.size
    end = bone.head if bone.distal_plate else bone.base
    plate = np.array([
        bone.plate,
        1.0 if bone.distal_plate else -1.0,
        (0.42 + 0.055 * end * (1.3 - 0.3 * size)) * (1 - fusion),  # half the plate's thickness
        0.5 * (1 - fusion) + 0.22 * fusion,  # the bony rim on both sides; of a closed plate, the scar
        (1 - size) * 0.5 * end,  # cartilage that the epiphysis has still to fill
        0.09 * end,  # how far the plate is domed
        0.18 if bone.name == "radius" else 0.0,  # its joint surface is slanted
        0.12 * bone.length if bone.length < 100 * scale else 12.0 * scale,  # reach of the metaphysis' red marrow
    ])  # fmt: skip
    _paint_long(
        canvas.pixels, canvas.near, low, high, linear, offset, profile, plate, JOINT_MM * scale, canvas.tissues.values()
    )


def paint_carpals(canvas: Canvas, carpals: tuple[SolidCarpal, ...], scale: float) -> None:
    """Paint the carpal bones: where two would overlap their border runs halfway, so that they fill the wrist."""
    reach = np.array([carpal.half.max() for carpal in carpals]) + 3.0
    middles = np.array([carpal.middle for carpal in carpals])
    low, high = canvas.box(np.concatenate([middles - reach[:, None], middles + reach[:, None]]))
    maps = [canvas.into(carpal.middle, carpal.axes) for carpal in carpals]
    # Cartilage over the bone: that of the joints, and what has not ossified yet.
    layers = np.array([0.6 * scale + (1 - c.stage.size) * 0.9 * c.half.mean() for c in carpals])
    _paint_carpals(
        canvas.pixels, canvas.near, low, high, np.array([m[0] for m in maps]), np.array([m[1] for m in maps]),
        np.array([carpal.half for carpal in carpals]), layers, 1.3 * scale, JOINT_MM * scale, canvas.tissues.values(),
    )  # fmt: skip


def _profile(bone: SolidBone, scale: float) -> Array:
    """Return, every ``_STEP_MM`` from ``-_RIM_MM`` on: half width squared, 1 / flatness squared, cartilage, cortex.

    Shape (n, 4). The half width squared is negative beyond the ends.
    """
    kind = bone.name[:2]
    t = np.arange(-_RIM_MM, bone.length + _RIM_MM + _STEP_MM, _STEP_MM)
    reach = min(bone.length, 75.0 * scale)
    near, far = np.maximum(t, 0) / reach, np.maximum(bone.length - t, 0) / reach
    at_base, at_head = np.exp(-((near / 0.2) ** 1.5)), np.exp(-((far / 0.2) ** 1.5))
    base = bone.base * (_NARROW_BASE if kind == "mc" and bone.distal_plate else 1.0)
    half = (bone.waist + (base - bone.waist) * at_base + (bone.head - bone.waist) * at_head) / 2
    flat = _FLATNESS[kind]
    flatness = flat[1] + (flat[0] - flat[1]) * at_base + (flat[2] - flat[1]) * at_head
    # The base extends around the head of the bone before it, which is subtracted when the bone is painted.
    hollow = 0.16 * base if kind in ("pp", "mp", "dp") else 0.0
    start_round, end_round = 0.30 * base + hollow, HEAD_ROUND * bone.head
    beyond = 0.0
    if kind in ("ra", "ul"):  # the radius extends around the carpal bones, which are subtracted from it
        end_round, beyond = 0.34 * bone.head, (4.0 if kind == "ra" else 1.0) * scale
    first = np.maximum((start_round - hollow - t) / start_round, 0)
    last = np.maximum((t - bone.length - beyond + end_round) / end_round, 0)
    square = half**2 * (1 - first**2.4 - last ** (2.0 if kind in ("mc", "dp") else 2.6))
    joints = first if kind == "dp" else np.maximum(first, last)
    cartilage = 0.75 * scale * np.clip(joints * 1.6, 0, 1)
    middle = np.clip(1 - at_base - at_head, 0, 1)
    cortex = 0.42 + 0.30 * half * middle**1.3
    return np.stack([square, 1 / flatness**2, cartilage, cortex], axis=1)


@compiled
def _inside(distance: float, across: float) -> float:
    """Return the part of a voxel, ``across`` mm long, that lies inside a surface ``distance`` mm from its middle."""
    return min(max(0.5 - distance / across, 0.0), 1.0)


@compiled
def _smooth_max(a: float, b: float, k: float) -> float:
    h = max(k - abs(a - b), 0.0) / k
    return max(a, b) + h * h * k * 0.25


@compiled
def _across(linear: Array, nt: float, nu: float, nw: float) -> float:
    """Return the length of a voxel along a direction given in the body's axes."""
    norm = math.sqrt(nt * nt + nu * nu + nw * nw) + 1e-9
    total = 0.0
    for i in range(3):
        total += ((linear[0, i] * nt + linear[1, i] * nu + linear[2, i] * nw) / norm) ** 2
    return math.sqrt(total)


@compiled
def _paint_long(
    pixels: Volume, near: Volume, low: NDArray[np.int64], high: NDArray[np.int64], linear: Array, offset: Array,
    profile: Array, plate: Array, joint: float, tissues: Array,
) -> None:  # fmt: skip
    place, sign, thick, rim, unfilled, dome, slant, red = plate
    cartilage, physis, cortex, fatty, metaphyseal, epiphyseal = tissues[:6]
    along_plate = _across(linear, 1.0, 0.0, 0.0)
    last = len(profile) - 2
    for k in range(low[0], high[0]):
        for i in range(low[1], high[1]):
            for j in range(low[2], high[2]):
                t = linear[0, 0] * k + linear[0, 1] * i + linear[0, 2] * j + offset[0]
                u = linear[1, 0] * k + linear[1, 1] * i + linear[1, 2] * j + offset[1]
                w = linear[2, 0] * k + linear[2, 1] * i + linear[2, 2] * j + offset[2]
                t -= slant * u
                step = (t + _RIM_MM) / _STEP_MM
                n = int(step)
                if step < 0 or n > last:
                    continue
                part = step - n
                square = profile[n, 0] * (1 - part) + profile[n + 1, 0] * part
                deep = profile[n, 1] * (1 - part) + profile[n + 1, 1] * part
                r2 = u * u + w * w * deep
                f = r2 - square
                gt = -(profile[n + 1, 0] - profile[n, 0]) / _STEP_MM
                gw = 2 * w * deep
                g2 = (gt * gt + 4 * u * u + gw * gw) / 4
                distance = f / (math.sqrt(g2) + math.sqrt(max(g2 - f, 0.01)))
                if distance > FAR_MM:
                    continue
                distance = max(distance, joint - near[k, i, j])
                near[k, i, j] = min(near[k, i, j], distance)
                if distance > 2.0:
                    continue
                across = _across(linear, gt, 2 * u, gw)
                whole = _inside(distance, across)
                if whole <= 0:
                    continue
                layer = profile[n, 2] * (1 - part) + profile[n + 1, 2] * part
                wall = profile[n, 3] * (1 - part) + profile[n + 1, 3] * part
                s = sign * (t - place) + dome * min(r2 / max(square, 1.0), 1.5)  # beyond the growth plate's middle
                shaft = distance + layer
                bone = _both(shaft, across, s + thick, along_plate)
                marrow = _both(shaft + wall, across, s + thick + rim, along_plate)
                cap = distance + layer + unfilled
                rounded = _smooth_max(cap, thick - s, 1.0 + 1.5 * unfilled)
                cap_bone = _inside(rounded, across) * _inside(thick - s, along_plate)
                rounded = _smooth_max(cap + 0.4, thick + rim - s, 1.0 + 1.5 * unfilled)
                cap_marrow = _inside(rounded, across) * _inside(thick + rim - s, along_plate)
                blend = min(max((-s - 0.3 * red) / (0.7 * red), 0.0), 1.0)
                shaft_signal = metaphyseal + (fatty - metaphyseal) * blend
                all_bone = min(bone + cap_bone, whole)
                all_marrow = min(marrow + cap_marrow, all_bone)
                gristle = physis if abs(s) < thick + 0.5 else cartilage
                value = pixels[k, i, j] * (1 - whole) + gristle * (whole - all_bone)
                value += cortex * (all_bone - all_marrow)
                total = marrow + cap_marrow + 1e-9
                pixels[k, i, j] = value + all_marrow * (marrow * shaft_signal + cap_marrow * epiphyseal) / total


@compiled
def _both(a: float, across_a: float, b: float, across_b: float) -> float:
    return min(_inside(a, across_a), _inside(b, across_b))


@compiled
def _paint_carpals(
    pixels: Volume, near: Volume, low: NDArray[np.int64], high: NDArray[np.int64], linears: Array, offsets: Array,
    halves: Array, layers: Array, grown: float, joint: float, tissues: Array,
) -> None:  # fmt: skip
    cartilage, _, cortex, _, _, epiphyseal = tissues[:6]
    for k in range(low[0], high[0]):
        for i in range(low[1], high[1]):
            for j in range(low[2], high[2]):
                first, second, which = 1e9, 1e9, -1
                n0 = n1 = n2 = 0.0
                for c in range(len(layers)):
                    q0 = linears[c, 0, 0] * k + linears[c, 0, 1] * i + linears[c, 0, 2] * j + offsets[c, 0]
                    q1 = linears[c, 1, 0] * k + linears[c, 1, 1] * i + linears[c, 1, 2] * j + offsets[c, 1]
                    q2 = linears[c, 2, 0] * k + linears[c, 2, 1] * i + linears[c, 2, 2] * j + offsets[c, 2]
                    q0, q1, q2 = q0 / halves[c, 0], q1 / halves[c, 1], q2 / halves[c, 2]
                    rho = math.sqrt(q0 * q0 + q1 * q1 + q2 * q2)
                    g0, g1, g2 = q0 / halves[c, 0], q1 / halves[c, 1], q2 / halves[c, 2]
                    slope = math.sqrt(g0 * g0 + g1 * g1 + g2 * g2)
                    distance = rho * (rho - 1) / max(slope, 0.02)
                    if distance < first:
                        first, second, which = distance, first, c
                        n0, n1, n2 = g0, g1, g2
                    elif distance < second:
                        second = distance
                if first > 4.0:
                    continue
                # Grown a little, but not beyond halfway to the neighbour, nor into a long bone.
                distance = _smooth_max(first - grown, 0.5 * (first - second + joint), 1.2)
                distance = _smooth_max(distance, joint - near[k, i, j], 0.8)
                across = _across(linears[which], n0, n1, n2)
                whole = _inside(distance, across)
                near[k, i, j] = min(near[k, i, j], distance)
                if whole <= 0:
                    continue
                bone = _inside(distance + layers[which], across)
                marrow = _inside(distance + layers[which] + 0.5, across)
                value = pixels[k, i, j] * (1 - whole) + cartilage * (whole - bone)
                pixels[k, i, j] = value + cortex * (bone - marrow) + epiphyseal * marrow
