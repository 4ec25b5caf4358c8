"""Names of the joints of a hand, told by where they lie: chains of joints that spread from the carpals like a fan."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from boneage.imaging.scans import Laterality

Array = NDArray[np.float64]

FINGER_JOINTS = (("MCP_1", "PIP_1"), *((f"MCP_{k}", f"PIP_{k}", f"DIP_{k - 1}") for k in range(2, 6)))
"""Joints of each digit from its base to its tip, the thumb first; ``PIP_1`` is the thumb's interphalangeal joint."""
JOINTS = (
    "Radius", "Ulna", "Wrist", "CMC_1", *(f"MCP_{k}" for k in range(1, 6)), *(f"PIP_{k}" for k in range(1, 6)),
    *(f"DIP_{k}" for k in range(1, 5)),
)  # fmt: skip

# Lengths in reaches (the median distance of the regions from the carpals), as measured in 904 hands.
_LEAST_AREA = 0.1  # of the median region; specks: below 0.02, joints: above 0.2
_NEAR = 0.48  # from the carpals; thumb's base: 0.25 to 0.45, MCP joints: 0.51 and more
_WIDEST_TURN_RAD = np.deg2rad(60)  # of a bone against the ray from the carpals
_LINK_RATIO = (0.3, 1.0)  # of a middle phalanx to its proximal one; in 99.8 % 0.38 to 0.73
_WIDEST_BEND_RAD = np.deg2rad(25)  # between these two; 99.9 % below 22 degrees
_LARGEST_AREA = 1.9  # of the median joint in the same row; in 99.7 % below
_PLACES = {"Radius": (-0.22, 0.07), "Ulna": (-0.2, -0.23), "CMC_1": (0.14, 0.31)}  # towards fingers, towards thumb
_PLACE_RADIUS = 0.15
_ILLEGAL = 1e6


@dataclass(frozen=True, eq=False)
class MaskRegions:
    """The connected regions of a mask of joints.

    Parameters
    ----------
    centres : ndarray of shape (n, 2)
        Centroids (row, column), in pixels.
    areas : ndarray of shape (n,)
        In pixels.
    """

    centres: Array
    areas: Array


@dataclass(frozen=True, eq=False)
class NamedJoints:
    """Positions (row, column) by name, and the side of the hand as seen from its back; or why there are none."""

    positions: dict[str, tuple[float, float]]
    laterality: Laterality | None = None
    reason: str = ""


def name_joints(regions: MaskRegions) -> NamedJoints:
    """Name the regions of a mask of joints: DIP, PIP, MCP, the carpals (``Wrist``), radius, ulna and thumb's base.

    1. The largest region is the carpals, perhaps fused with the radius, the ulna or the thumb's base; specks are
       left out.
    2. Regions near the carpals, or on the side away from the fingers, are radius, ulna and thumb's base; all others
       are joints of digits.
    3. The joints are linked to chains, each to the next one towards the carpals, by the assignment of least length.
    4. The five chains are ordered by direction; the thumb is the short one at the end of the fan that stands apart.
    5. A chain with more or fewer joints than its digit has, with bones of a finger out of proportion or at a bend, or
       with a joint so large that it may be two, is left out.
    6. A region near the carpals is named by its usual place in the hand. The carpals have a centre only if the other
       three are apart from them: a fused region is not the place that its name means.

    Parameters
    ----------
    regions : MaskRegions

    Returns
    -------
    NamedJoints
        Names as in ``JOINTS``, without those that are not clear; none, and the reason, if no digit can be told.
    """
    whole = regions.areas >= _LEAST_AREA * np.median(regions.areas) if len(regions.areas) else np.zeros(0, bool)
    if whole.sum() < 2:
        return NamedJoints({}, reason="it has fewer than two regions")
    carpals = regions.centres[regions.areas.argmax()]
    whole[regions.areas.argmax()] = False
    spokes = regions.centres - carpals
    distances = np.linalg.norm(spokes, axis=1)
    reach = float(np.median(distances[whole]))
    near = whole & ((spokes @ spokes[whole].sum(axis=0) < 0) | (distances < _NEAR * reach))
    joints = regions.centres[whole & ~near]
    chains = link_chains(joints, carpals)
    if len(chains) != len(FINGER_JOINTS):
        return NamedJoints({}, reason=f"its joints form {len(chains)} chains, not those of five digits")
    chains, turn = _order_chains(chains, joints, carpals)
    if not turn:
        return NamedJoints({}, reason="the thumb cannot be told from the little finger")
    named = {}
    single = _find_single(chains, regions.areas[whole & ~near])
    for names, chain in zip(FINGER_JOINTS, chains, strict=True):
        if len(chain) == len(names) and single[chain].all() and _are_proportionate(joints[chain]):
            named.update(dict(zip(names, joints[chain], strict=True)))
    if not named:
        return NamedJoints({}, reason="no digit has all of its joints")
    upwards = spokes[whole & ~near].mean(axis=0)
    axes = np.stack([upwards / np.linalg.norm(upwards), _turn_quarter(upwards) * turn])
    around = _name_around_carpals(regions.centres[near], spokes[near] @ axes.T / reach)
    if len(around) == 3:
        around["Wrist"] = carpals
    positions = {name: (float(row), float(column)) for name, (row, column) in (around | named).items()}
    return NamedJoints(positions, "L" if turn > 0 else "R")


def link_chains(joints: Array, root: Array) -> list[list[int]]:
    """Link joints to chains that lead away from a root: the assignment of least total length.

    Each joint is linked to one that is nearer to the root, at a turn of at most 60 degrees against the ray from the
    root, or begins a chain, of which there are five at most. A link at a turn counts as longer.

    Parameters
    ----------
    joints : ndarray of shape (n, 2)
    root : ndarray of shape (2,)

    Returns
    -------
    list of list of int
        Indexes of the joints of each chain, from the root outwards; no chain if there is no such assignment.

    Examples
    --------
    >>> link_chains(np.array([[4.0, 0.0], [2.0, 0.0], [0.0, 3.0]]), np.zeros(2))
    [[1, 0], [2]]
    """
    n = len(joints)
    reach = np.linalg.norm(joints - root, axis=1)
    links = joints[:, None] - joints
    length = np.linalg.norm(links, axis=2)
    cosine = (links * (joints - root)).sum(axis=2) / np.maximum(length * reach, 1e-9)
    legal = (reach[:, None] > reach) & (cosine > np.cos(_WIDEST_TURN_RAD))
    cost = np.where(legal, length * (2 - cosine), _ILLEGAL)
    begin = np.tile(reach[:, None], len(FINGER_JOINTS))
    _, inner = linear_sum_assignment(np.hstack([cost, begin]))
    if any(parent < n and not legal[joint, parent] for joint, parent in enumerate(inner)):
        return []
    outer = {int(parent): joint for joint, parent in enumerate(inner) if parent < n}
    chains = []
    for joint in np.flatnonzero(inner >= n).tolist():
        chain = [joint]
        while chain[-1] in outer:
            chain.append(outer[chain[-1]])
        chains.append(chain)
    return chains


def _order_chains(chains: list[list[int]], joints: Array, carpals: Array) -> tuple[list[list[int]], int]:
    """Return the chains from the thumb to the little finger, and 1 or -1 for a left or a right hand; 0 if not clear."""
    middle = joints.mean(axis=0) - carpals
    bases = joints[[chain[0] for chain in chains]] - carpals
    angles = np.arctan2(bases @ _turn_quarter(middle), bases @ middle)
    order = np.argsort(-angles)
    gaps = -np.diff(angles[order])
    ordered = [chains[k] for k in order]
    first, last = (len(chain) <= len(FINGER_JOINTS[0]) for chain in (ordered[0], ordered[-1]))
    if first == last or (gaps[0] > gaps[-1]) != first:
        return ordered, 0
    return (ordered, 1) if first else (ordered[::-1], -1)


def _find_single(chains: list[list[int]], areas: Array) -> NDArray[np.bool_]:
    """Return which joints are not much larger than the others of their row, of MCP, PIP or DIP joints."""
    single = np.ones(len(areas), bool)
    for row in itertools.zip_longest(*chains):
        joints = [joint for joint in row if joint is not None]
        single[joints] = areas[joints] < _LARGEST_AREA * np.median(areas[joints])
    return single


def _are_proportionate(chain: Array) -> bool:
    """Return whether the proximal and the middle phalanx of a finger may be what they are taken for."""
    if len(chain) < 3:
        return True
    proximal, middle = np.diff(chain, axis=0)
    product = np.linalg.norm(proximal) * np.linalg.norm(middle)
    ratio = np.linalg.norm(middle) / np.linalg.norm(proximal)
    return bool(_LINK_RATIO[0] <= ratio <= _LINK_RATIO[1] and proximal @ middle >= np.cos(_WIDEST_BEND_RAD) * product)


def _name_around_carpals(centres: Array, places: Array) -> dict[str, Array]:
    """Name regions near the carpals by the usual place that each is near; where two are, neither has a name."""
    named = {}
    for name, usual in _PLACES.items():
        there = np.flatnonzero(np.linalg.norm(places - usual, axis=1) < _PLACE_RADIUS)
        if len(there) == 1:
            named[name] = centres[there[0]]
    return named


def _turn_quarter(vector: Array) -> Array:
    """Return the unit vector (row, column) a quarter turn clockwise of one: from upwards to the right."""
    length = float(np.linalg.norm(vector))
    return np.array([vector[1] / length, -vector[0] / length])
