"""Numbering of landmarks that share a label, such as five boxes called ``MCP``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.errors import InvalidTable
from boneage.imaging.schemes import LandmarkScheme, shipped_schemes

Order = tuple[str, str]
Position = tuple[float, ...]
"""Row and column; in volumes, where no label may repeat, plane, row and column."""
LabelledPoints = Sequence[tuple[str, Position | None]]
"""Label and position of each point in an image; ``None`` for a label that the file marks as absent."""

_LEAST_GAP = 0.15  # of the median gap in a fan; 238 hands with 17 boxes: 0.58 and more
_LEAST_SIDE = 0.3  # sine of the angle between the fan and the line across it; the same hands: 0.77 and more
_WIDEST_RAD = 2.4


def number_repeated_labels(
    path: Path, images: Mapping[str, LabelledPoints], order: Order | None = None
) -> tuple[tuple[str, ...], dict[str, dict[str, Position]], list[str]]:
    """Give every point a unique name: a label that repeats within an image becomes LABEL_1, LABEL_2 and so on.

    Where a label occurs as often as expected, its points are numbered by ``rank_fan``, relative to the two labels of
    ``order``. Where it does not, or the order is not clear, none of its points is used: they count as absent.

    Parameters
    ----------
    path : Path
        For messages.
    images : mapping of LabelledPoints
        By id.
    order : (str, str), optional
        Labels that occur once an image; numbers rise from the side of the first to the side of the second. If not
        given, the order of a shipped scheme that has these labels.

    Returns
    -------
    names : tuple of str
        Every landmark, by the first appearance of its label.
    positions : dict of dict
        Position by id and name; absent landmarks are left out.
    remarks : list of str
        One for each image with labels that were not numbered.

    Raises
    ------
    InvalidTable
        If a label repeats and there is no order, or its labels do not occur once an image.
    """
    labels = tuple(dict.fromkeys(label for points in images.values() for label, _ in points))
    scheme = _find_scheme_of_classes(labels)
    counts = _count(images, labels, scheme)
    if scheme is not None and order is None:
        order = (scheme.order[0], scheme.order[1])
    if max(counts.values(), default=1) > 1:
        _check_order(path, counts, order)
    names = {
        label: (label,) if n == 1 else tuple(f"{label}_{k}" for k in range(1, n + 1)) for label, n in counts.items()
    }
    flat = tuple(name for group in names.values() for name in group)
    if len(set(flat)) < len(flat):
        raise InvalidTable(path, f"numbering its labels gives the name {Counter(flat).most_common(1)[0][0]!r} twice")
    positions, remarks = {}, []
    for id_, points in images.items():
        positions[id_], faults = _name_points(points, names, order)
        if faults:
            remarks.append(f"id {id_}: not numbered, and taken as absent: {'; '.join(faults)}")
    return flat, positions, remarks


def rank_fan(
    positions: NDArray[np.float64], first: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.int_] | None:
    """Return the order of positions that spread like a fan, beginning on one side; the same in mirror images.

    They are ordered by their direction from the middle between ``first`` and ``second``, from the side of ``first``
    to the side of ``second``.

    Parameters
    ----------
    positions : ndarray of shape (n, 2)
    first, second : ndarray of shape (2,)

    Returns
    -------
    ndarray of shape (n,) or None
        Indexes of the positions, in order; ``None`` if it is not clear: two directions nearly coincide, or the fan
        opens along the line from ``first`` to ``second`` instead of across it.

    Examples
    --------
    >>> fan = np.array([[-9.0, 5.0], [-10.0, 0.0], [-8.0, -6.0]])
    >>> rank_fan(fan, np.array([0.0, 1.0]), np.array([0.0, -1.0])).tolist()
    [0, 1, 2]
    """
    spread, across = positions - (first + second) / 2, second - first
    middle = spread.mean(axis=0)
    scale = float(np.linalg.norm(middle) * np.linalg.norm(across))
    side = float(_cross(middle, across)) / max(scale, 1e-9)
    angles = np.arctan2(_cross(middle, spread), spread @ middle) * np.sign(side)
    gaps = np.diff(np.sort(angles))
    unclear = abs(side) < _LEAST_SIDE or np.abs(angles).max() > _WIDEST_RAD
    if unclear or gaps.min() <= _LEAST_GAP * np.median(gaps):
        return None
    return np.argsort(angles)


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(a[0] * b[..., 1] - a[1] * b[..., 0])


def _name_points(
    points: LabelledPoints, names: Mapping[str, tuple[str, ...]], order: Order | None
) -> tuple[dict[str, Position], list[str]]:
    """Return the positions by name, and a reason for each label whose points could not be named."""
    found = {
        label: [position for name, position in points if name == label and position is not None] for label in names
    }
    ends = [np.array(found[label][0]) for label in order or () if len(found[label]) == 1]
    positions: dict[str, Position] = {}
    faults = []
    for label, group in names.items():
        candidates = found[label]
        if not candidates:
            continue
        if len(candidates) != len(group):
            faults.append(f"{label} ({len(candidates)} instead of {len(group)})")
            continue
        rank = np.zeros(1, int) if len(group) == 1 else None
        if len(group) > 1 and len(ends) == 2:
            rank = rank_fan(np.array(candidates), ends[0], ends[1])
        if rank is None:
            faults.append(f"{label} ({'order unclear' if len(ends) == 2 else 'no two labels to order it by'})")
            continue
        positions.update({name: candidates[k] for name, k in zip(group, rank, strict=True)})
    return positions, faults


def _count(
    images: Mapping[str, LabelledPoints], labels: Sequence[str], scheme: LandmarkScheme | None
) -> dict[str, int]:
    """Return how often each label is expected: as in the scheme, else as in most images that have it."""
    if scheme is not None:
        classes = Counter(map(_class_of, scheme.names))
        return {label: classes[label] for label in labels}
    counts: dict[str, Counter[int]] = {label: Counter() for label in labels}
    for points in images.values():
        for label, n in Counter(label for label, position in points if position is not None).items():
            counts[label][n] += 1
    return {label: max(tally, key=lambda n: (tally[n], n), default=1) for label, tally in counts.items()}


def _check_order(path: Path, counts: Mapping[str, int], order: Order | None) -> None:
    label = max(counts, key=lambda label: counts[label])
    if order is None:
        raise InvalidTable(
            path,
            f"label {label!r} occurs {counts[label]} times an image, and there is no order to number it by "
            "(give --order FIRST:SECOND, two labels that occur once)",
        )
    unfit = [label for label in order if counts.get(label) != 1]
    if unfit:
        raise InvalidTable(path, f"cannot number {label!r} by {unfit[0]!r}, which does not occur once an image")


def _find_scheme_of_classes(labels: Sequence[str]) -> LandmarkScheme | None:
    for scheme in shipped_schemes():
        if scheme.order and set(scheme.order) <= set(labels) <= {_class_of(name) for name in scheme.names}:
            return scheme
    return None


def _class_of(name: str) -> str:
    return re.sub(r"_\d+$", "", name)
