"""From a skeleton to a radiograph: absorption in bone and flesh, and exposure of the film."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.imaging.frames import Frame
from boneage.imaging.phantoms.pose import PlacedBone, PlacedOval, Skeleton

Array = NDArray[np.float64]
Grey = NDArray[np.float32]

_CORTEX = 0.36  # of the half width, at the waist
_MARROW = 0.72  # part of the marrow's depth that does not count


class Film:
    """A map of absorption that bones are added to.

    Parameters
    ----------
    shape : tuple of int
    to_film : Frame
        From mm (x, y of the anatomy) to rows and columns.
    """

    def __init__(self, shape: tuple[int, int], to_film: Frame) -> None:
        self.absorption: Grey = np.zeros(shape, np.float32)
        self.to_film = to_film
        self.pixels_per_mm = to_film.scale()

    def add(self, middle: Array, direction: Array, reach: float, depth: Callable[[Grey, Grey], Grey]) -> None:
        """Add a body whose ``depth(along, across)`` in mm is 0 beyond ``reach`` mm from its middle."""
        row, col = self.to_film.apply(middle[None])[0]
        r = int(np.ceil(reach * self.pixels_per_mm)) + 2
        top, left = max(int(row) - r, 0), max(int(col) - r, 0)
        patch = self.absorption[top : int(row) + r + 1, left : int(col) + r + 1]
        if not patch.size:
            return
        grid = np.moveaxis(np.mgrid[top : top + patch.shape[0], left : left + patch.shape[1]], 0, -1)
        mm = self.to_film.inverse().apply(grid.reshape(-1, 2).astype(np.float64)) - middle
        along = (mm @ direction).reshape(patch.shape).astype(np.float32)
        across = (mm @ np.array([direction[1], -direction[0]])).reshape(patch.shape).astype(np.float32)
        patch += depth(along, across)


def add_long_bone(film: Film, bone: PlacedBone) -> None:
    """Add a shaft, its epiphysis at its stage of ossification, and the closed part of the growth plate."""
    near, far = (0.0, bone.plate) if bone.distal_plate else (bone.plate, bone.length)
    middle = bone.start + bone.direction * (bone.length / 2)
    half = bone.length / 2
    plate = bone.plate - half
    end_width = bone.head if bone.distal_plate else bone.base

    def depth(along: Grey, across: Grey) -> Grey:
        width = _half_width(bone, along + half)
        shaft = width * _cap(along + half, near, far, bone)
        total = _tube(across, shaft, width, (along + half) / bone.length)
        if bone.stage.size > 0:
            total = total + _epiphysis(bone, along, across, plate, end_width)
        if bone.stage.fusion > 0:
            total = np.maximum(total, _bridge(bone, along, across, plate, end_width))
        return total

    film.add(middle, bone.direction, half + bone.zone + bone.head, depth)


def add_epiphysis(film: Film, bone: PlacedBone) -> None:
    """Add the ossified epiphysis of a long bone alone."""
    half = bone.length / 2
    end_width = bone.head if bone.distal_plate else bone.base

    def depth(along: Grey, across: Grey) -> Grey:
        return _epiphysis(bone, along, across, bone.plate - half, end_width)

    film.add(bone.start + bone.direction * half, bone.direction, half + bone.zone + bone.head, depth)


def add_oval(film: Film, oval: PlacedOval) -> None:
    """Add the ossified part of a carpal or sesamoid bone."""
    if oval.stage.size == 0:
        return
    a, b = oval.half_length * oval.stage.size, oval.half_width * oval.stage.size
    direction = np.array([np.cos(oval.turn_rad), np.sin(oval.turn_rad)])

    def depth(along: Grey, across: Grey) -> Grey:
        angle = np.arctan2(across / b, along / a)
        wave = 1 + 0.05 * np.sin(3 * angle + oval.turn_rad * 5) * oval.stage.size
        radius = (np.abs(along / a) ** 2.5 + np.abs(across / b) ** 2.5) ** (1 / 2.5) / wave
        solid = np.sqrt(np.clip(1 - radius**2, 0, 1))
        return np.asarray((0.30 * solid + 0.42 * _shell(radius)) * (0.65 + 0.35 * oval.stage.size), np.float32)

    film.add(oval.middle, direction, max(a, b) * 1.2, depth)


def draw_flesh(film: Film, skeleton: Skeleton) -> Grey:
    """Return the depth of soft tissue, 0 in air and 1 where the hand is thickest."""
    mask = np.zeros(film.absorption.shape, np.uint8)
    k = film.pixels_per_mm

    def points(places: list[Array]) -> NDArray[np.int32]:
        return np.round(film.to_film.apply(np.array(places))[:, ::-1]).astype(np.int32)

    for name, bones in skeleton.rays.items():
        for bone in bones:
            tip = bone.name.startswith("dp")
            girth = (0.62 * bone.base + 0.25 * bone.length**0.5) * (1.0 if not tip else 0.98)
            start, end = points([bone.start, bone.end + (bone.direction * 0.12 * bone.length if tip else 0)])
            cv2.line(
                mask, start.tolist(), end.tolist(), 255, max(round(2 * girth * k * (1.1 if name == "thumb" else 1)), 1)
            )
    knuckles = [
        bones[0].end + bones[0].direction * 0.14 * bones[0].length for n, bones in skeleton.rays.items() if n != "thumb"
    ]
    mc1, mc5 = skeleton.rays["thumb"][0], skeleton.rays["little"][0]
    wrist = [
        mc5.side(0.2 * mc5.length, -1.0 * mc5.base),
        skeleton.ulna.side(skeleton.ulna.length, -1.0 * skeleton.ulna.head),
        skeleton.ulna.side(-skeleton.ulna.length, -1.5 * skeleton.ulna.head),
        skeleton.radius.side(-skeleton.radius.length, 0.95 * skeleton.radius.head),
        skeleton.radius.side(skeleton.radius.length, 0.75 * skeleton.radius.head),
        mc1.side(0.2 * mc1.length, 0.85 * mc1.base),
        mc1.side(0.85 * mc1.length, 0.4 * mc1.base),
    ]
    cv2.fillPoly(mask, [points([*knuckles, *wrist])], 255)
    size = 2 * int(2.2 * k * skeleton.radius.head / 30) + 1
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * size + 1,) * 2))
    mask = (cv2.GaussianBlur(mask, (0, 0), size * 0.6) > 127).astype(np.uint8)
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 5) / (skeleton.radius.head * 0.5 * k)
    rounded = np.sqrt(np.clip(1 - (1 - np.clip(depth, 0, 1)) ** 2, 0, 1))
    return np.asarray(cv2.GaussianBlur(rounded.astype(np.float32), (0, 0), 0.35 * k), np.float32)


def expose(rng: np.random.Generator, bone: Grey, flesh: Grey) -> Grey:
    """Return grey values 0..255, with random density, scatter, grain and unevenness."""
    rows, cols = bone.shape
    total = rng.uniform(0.22, 0.32) * flesh + rng.uniform(0.95, 1.2) * bone
    scatter = cv2.GaussianBlur(total, (0, 0), 0.05 * rows)
    density = 1 - np.exp(-rng.uniform(1.0, 1.5) * (total + 0.25 * scatter))
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : cols * 1j]
    tilt = rng.normal(0, 0.03, 2)
    density = density * (1 + tilt[0] * y + tilt[1] * x) + rng.uniform(0.03, 0.1)
    density = cv2.GaussianBlur(density.astype(np.float32), (0, 0), rng.uniform(0.5, 0.9))
    grain = cv2.GaussianBlur(rng.normal(0, 1, (rows, cols)).astype(np.float32), (0, 0), 0.6)
    density += rng.uniform(0.012, 0.028) * grain
    density = np.clip(density / rng.uniform(0.85, 1.02), 0, 1) ** rng.uniform(0.8, 1.25)
    return np.asarray(255 * density, np.float32)


def _half_width(bone: PlacedBone, along: Grey) -> Grey:
    t = np.clip(along / bone.length, 0, 1)
    base = (bone.base - bone.waist) * np.exp(-((t / 0.2) ** 1.5))
    head = (bone.head - bone.waist) * np.exp(-(((1 - t) / 0.2) ** 1.5))
    return np.asarray((bone.waist + base + head) / 2, np.float32)


def _cap(along: Grey, near: float, far: float, bone: PlacedBone) -> Grey:
    """Return the narrowing towards the two ends: nearly flat at the growth plate, round at the other."""
    flat, rounded = 0.2, 0.9
    first, last = (rounded, flat) if bone.distal_plate else (flat, rounded)
    forearm = bone.name in ("radius", "ulna")
    near_cap = np.clip((near + first * bone.base / 2 - along) / (first * bone.base / 2), 0, 1) * (not forearm)
    far_cap = np.clip((along - far + last * bone.head / 2) / (last * bone.head / 2), 0, 1)
    inside = (along >= (near if not forearm else -1e9)) & (along <= far)
    shape = np.sqrt(np.clip(1 - near_cap**2, 0, 1) * np.clip(1 - far_cap**2, 0, 1))
    return np.asarray(shape * inside, np.float32)


def _tube(across: Grey, shaft: Grey, width: Grey, t: Grey) -> Grey:
    cortex = _CORTEX * (0.3 + 0.7 * np.clip(4 * t * (1 - t), 0, 1) ** 1.5)
    outer = np.sqrt(np.clip(shaft**2 - across**2, 0, None))
    inner = np.sqrt(np.clip((shaft - cortex * width) ** 2 - across**2, 0, None)) * (shaft > cortex * width)
    return np.asarray((outer - _MARROW * inner) / 7.5 * (width / 6.0) ** -0.45, np.float32)


def _epiphysis(bone: PlacedBone, along: Grey, across: Grey, plate: float, width: float) -> Grey:
    size = bone.stage.size
    thick = 0.74 * bone.zone * (0.5 + 0.5 * size)
    sign = 1 if bone.distal_plate else -1
    middle = plate + sign * (bone.zone * (0.14 + 0.25 * (1 - size)) + thick / 2)
    half_width = width * 0.5 * size
    # Flat towards the growth plate, domed towards the joint.
    beyond = sign * (along - middle) / (thick / 2)
    dome = np.where(beyond > 0, 1 - 0.55 * np.clip(beyond, 0, 1) ** 2, 1.0)
    round_ = (np.abs(across / (half_width * dome)) ** 3 + np.abs(beyond) ** 3) ** (1 / 3)
    styloid = np.zeros_like(round_)
    if bone.name in ("radius", "ulna") and size > 0.75:
        corner = (0.40 if bone.name == "radius" else -0.34) * bone.head
        reach = (size - 0.75) / 0.25 * thick * 0.55
        styloid = ((across - corner) / (0.14 * bone.head)) ** 2 + ((along - middle - thick * 0.35) / reach) ** 2
        styloid = np.where(styloid < 1, 0.5 * np.sqrt(np.clip(1 - styloid, 0, 1)), 0)
    solid = np.sqrt(np.clip(1 - np.clip(round_, 0, 1) ** 2, 0, 1))
    shell = _shell(round_)
    body = 0.38 * solid + 0.34 * shell + 0.5 * styloid
    return np.asarray(body * (width / 14) ** 0.4 * (0.6 + 0.4 * size), np.float32)


def _bridge(bone: PlacedBone, along: Grey, across: Grey, plate: float, width: float) -> Grey:
    sign = 1 if bone.distal_plate else -1
    beyond = sign * (along - plate) / bone.zone  # 0 at the metaphysis, 1 at the joint
    chord = np.sqrt(np.clip(1 - (across / (width * 0.49)) ** 2, 0, 1))
    fusion = bone.stage.fusion
    filled = np.clip(1.6 - 4 * np.abs(beyond - 0.15), 0, 1) * 0.42 * fusion
    scar = 0.35 * np.exp(-(((beyond - 0.1) / 0.06) ** 2)) * fusion * (1.2 - fusion)
    return np.asarray(chord * (filled + scar) * (width / 14) ** 0.4, np.float32)


def _shell(radius: Grey) -> Grey:
    """Return the bright rim of a body whose surface lies at radius 1."""
    outer = np.sqrt(np.clip(1 - radius**2, 0, 1))
    inner = np.sqrt(np.clip(1 - (radius / 0.86) ** 2, 0, 1))
    return np.asarray(outer - 0.6 * inner, np.float32)
