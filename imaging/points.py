"""Named landmark positions, with NaN for what is absent."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

from boneage.imaging.frames import Frame

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Points:
    """Named landmarks of one scan. Never mutated.

    Parameters
    ----------
    names : sequence of str
        Unique landmark names.
    positions : array_like of shape (n, ndim)
        ``(row, column)`` or ``(plane, row, column)`` in pixels of the original file, pixel centres at integers.
        A row of NaN is a landmark that is absent; a row is NaN as a whole or not at all.
    scores : array_like of shape (n,), optional
        Confidence of the localiser, in 0..1; NaN where there is none (annotations, and the default).
    reasons : sequence of str, optional
        Why a landmark is absent, or doubtful though it is present; "" for all others (the default).

    Raises
    ------
    ValueError
        If lengths differ, names repeat, or a position is infinite or partly NaN.

    Examples
    --------
    >>> points = Points(("a", "b"), [[1.0, 2.0], [np.nan, np.nan]])
    >>> points.present.tolist()
    [True, False]
    >>> points.position("a").tolist()
    [1.0, 2.0]
    """

    names: tuple[str, ...]
    positions: Array
    scores: Array | None = None
    reasons: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        names = tuple(self.names)
        positions = np.array(self.positions, dtype=np.float64)
        if len(set(names)) != len(names):
            repeated = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(f"landmark names must be unique, got {', '.join(repeated)} more than once")
        if positions.ndim != 2 or len(positions) != len(names) or positions.shape[1] not in (2, 3):
            raise ValueError(f"positions must have shape ({len(names)}, 2) or ({len(names)}, 3), got {positions.shape}")
        missing = np.isnan(positions)
        if np.isinf(positions).any() or (missing.any(axis=1) != missing.all(axis=1)).any():
            raise ValueError("a position must be finite, or NaN in all its coordinates")
        scores = np.full(len(names), np.nan) if self.scores is None else np.array(self.scores, np.float64)
        reasons = ("",) * len(names) if self.reasons is None else tuple(self.reasons)
        if scores.shape != (len(names),) or len(reasons) != len(names):
            raise ValueError(f"scores and reasons must have {len(names)} entries")
        positions.flags.writeable = scores.flags.writeable = False
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "positions", positions)
        object.__setattr__(self, "scores", scores)
        object.__setattr__(self, "reasons", reasons)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def ndim(self) -> int:
        """Number of axes, 2 or 3."""
        return int(self.positions.shape[1])

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which landmarks have a position; shape (n,)."""
        return np.asarray(~np.isnan(self.positions[:, 0]))

    @property
    def doubtful(self) -> NDArray[np.bool_]:
        """Which landmarks have a position and a reason to doubt it; shape (n,)."""
        assert self.reasons is not None
        return np.asarray(self.present & np.array([bool(reason) for reason in self.reasons], dtype=bool))

    def position(self, name: str) -> Array:
        """Return the position of one landmark, shape (ndim,); NaN if absent.

        Raises
        ------
        KeyError
            If there is no landmark of that name.
        """
        if name not in self.names:
            raise KeyError(f"no landmark named {name!r}; there are {', '.join(self.names)}")
        return np.asarray(self.positions[self.names.index(name)])

    def to_json(self) -> dict[str, Any]:
        """Return the points as JSON data; what is NaN is ``None`` there."""
        assert self.scores is not None
        positions = [None if np.isnan(row).any() else row.tolist() for row in self.positions]
        scores = [None if np.isnan(score) else float(score) for score in self.scores]
        return {
            "names": self.names,
            "ndim": self.ndim,
            "positions": positions,
            "scores": scores,
            "reasons": self.reasons,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild points.

        Examples
        --------
        >>> points = Points(("a", "b"), [[1.0, 2.0], [np.nan, np.nan]])
        >>> Points.from_json(points.to_json()).present.tolist()
        [True, False]
        """
        absent = [math.nan] * int(data["ndim"])
        positions = [absent if row is None else row for row in data["positions"]]
        scores = [math.nan if score is None else score for score in data["scores"]]
        return cls(data["names"], np.array(positions).reshape(-1, len(absent)), np.array(scores), data["reasons"])

    def mapped(self, frame: Frame) -> Points:
        """Return the points with their positions taken through ``frame``."""
        return dataclasses.replace(self, positions=frame.apply(self.positions))

    def select(self, names: Sequence[str]) -> Points:
        """Return the named landmarks in the order asked for.

        Raises
        ------
        KeyError
            If a name is not there.
        """
        absent = [name for name in names if name not in self.names]
        if absent:
            raise KeyError(f"no landmark named {', '.join(absent)}; there are {', '.join(self.names)}")
        index = [self.names.index(name) for name in names]
        assert self.scores is not None
        assert self.reasons is not None
        return Points(
            tuple(names),
            self.positions[index],
            self.scores[index],
            tuple(self.reasons[i] for i in index),
        )

    def completed(self, names: Sequence[str]) -> Points:
        """Return the points with those of the named landmarks that they lack, which are absent.

        Examples
        --------
        >>> points = Points(("a", "b"), [[1.0, 2.0], [3.0, 4.0]]).completed(("b", "c"))
        >>> points.names, points.present.tolist()
        (('a', 'b', 'c'), [True, True, False])
        """
        lacking = tuple(name for name in names if name not in self.names)
        if not lacking:
            return self
        assert self.scores is not None
        assert self.reasons is not None
        return Points(
            (*self.names, *lacking),
            np.concatenate([self.positions, np.full((len(lacking), self.ndim), np.nan)]),
            np.concatenate([self.scores, np.full(len(lacking), np.nan)]),
            (*self.reasons, *("" for _ in lacking)),
        )


def measure_length(points: Points) -> float:
    """Return the largest distance between two landmarks, as a measure of the size of the anatomy.

    NaN if fewer than two are present, or all coincide. It is too short where landmarks are absent.

    Examples
    --------
    >>> measure_length(Points(("a", "b", "c"), [[0, 0], [3, 4], [0, 1]]))
    5.0
    """
    there = points.positions[points.present]
    longest = float(pdist(there).max()) if len(there) > 1 else 0.0
    return longest if longest > 0 else float("nan")
