"""Exact masks of a phantom hand: where each ossification centre and each joint is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.imaging.frames import Frame
from boneage.imaging.phantoms.pose import PlacedBone, Skeleton
from boneage.imaging.phantoms.radiograph import Film, add_epiphysis, add_oval

Mask = NDArray[np.bool_]
Array = NDArray[np.float64]

_LONG_BONES = {"mc": "metacarpal", "pp": "proximal_phalanx", "mp": "middle_phalanx", "dp": "distal_phalanx"}
_FINGERS = ("index", "middle", "ring", "little")
_JOINT = 0.75  # of the width of its proximal bone's head: the radius of a finger's joint
_MARGIN_MM = 2.0  # around the landmarks of the forearm's joints


def draw_masks(skeleton: Skeleton, to_film: Frame, shape: tuple[int, int]) -> dict[str, dict[str, Mask]]:
    """Return the masks of the centres that have ossified (``bones``) and of all ``joints``, by name.

    Bones are where the drawn epiphysis or carpal bone is, without the pisiform, which lies over the triquetrum. Joints
    are discs around those of the fingers, and the hulls of the carpal bones' places and of the ends of the forearm.

    Parameters
    ----------
    skeleton : Skeleton
    to_film : Frame
        From mm to rows and columns.
    shape : tuple of int
    """
    bones = {}
    for bone in [*(bone for ray in skeleton.rays.values() for bone in ray), skeleton.radius, skeleton.ulna]:
        film = Film(shape, to_film)
        if bone.stage.size > 0:
            add_epiphysis(film, bone)
            bones[_name_bone(bone)] = film.absorption > 0
    for oval in skeleton.ovals:
        film = Film(shape, to_film)
        if oval.stage.size > 0 and oval.name not in ("pisiform", "sesamoid"):
            add_oval(film, oval)
            bones[oval.name] = film.absorption > 0
    return {"bones": bones, "joints": _draw_joints(skeleton, to_film, shape)}


def join_masks(masks: Mapping[str, Mask], shape: tuple[int, int]) -> Mask:
    """Return where any of the masks is."""
    joined = np.zeros(shape, dtype=bool)
    for mask in masks.values():
        joined |= mask
    return joined


def _name_bone(bone: PlacedBone) -> str:
    return f"{_LONG_BONES[bone.name[:-1]]}_{bone.name[-1]}" if bone.name[:-1] in _LONG_BONES else bone.name


def _draw_joints(skeleton: Skeleton, to_film: Frame, shape: tuple[int, int]) -> dict[str, Mask]:
    places, heads = skeleton.landmarks, {name: [bone.head for bone in ray] for name, ray in skeleton.rays.items()}
    discs = {"thumb_cmc": ("mc1_base_CMC1", heads["thumb"][0]), "thumb_mcp": ("thumb_MCP", heads["thumb"][0]),
             "thumb_ip": ("thumb_IP", heads["thumb"][1])}  # fmt: skip
    for number, finger in enumerate(_FINGERS, start=2):
        for k, joint in enumerate(("MCP", "PIP", "DIP")):
            discs[f"{joint.lower()}_{number}"] = f"{finger}_{joint}", heads[finger][k]
    joints = {name: _draw_hull([places[at]], _JOINT * width, to_film, shape) for name, (at, width) in discs.items()}
    carpals = [oval for oval in skeleton.ovals if oval.name not in ("pisiform", "sesamoid")]
    joints["carpus"] = _draw_hull([oval.middle for oval in carpals], carpals[0].half_width, to_film, shape)
    for name in ("radius", "ulna"):
        ends = [place for landmark, place in places.items() if landmark.startswith(name)]
        joints[name] = _draw_hull(ends, _MARGIN_MM, to_film, shape)
    return joints


def _draw_hull(places: Sequence[Array], margin: float, to_film: Frame, shape: tuple[int, int]) -> Mask:
    """Return the convex hull of discs of a radius in mm around places."""
    corners = np.round(to_film.apply(np.array(places))[:, ::-1]).astype(np.int32)
    picture = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(picture, cv2.convexHull(corners), 255)
    for corner in corners.tolist():
        cv2.circle(picture, corner, 0, 255)
    radius = max(round(margin * to_film.scale()), 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(cv2.dilate(picture, disc) > 0)
