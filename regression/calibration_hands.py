"""The hands that an age model's intervals are made from, and their groups by predicted age."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Sex
from boneage.imaging.errors import InvalidInput

Array = NDArray[np.float64]

BANDS_MONTHS = (60.0, 120.0, 180.0)
"""Where one band of predicted ages ends and the next begins: those of the reports."""

FEWEST_IN_GROUP = 60


@dataclass(frozen=True, eq=False)
class CalibrationHands:
    """Hands of known age that a model has read and was not trained on.

    Parameters
    ----------
    ids : tuple of str
    sexes : tuple of {"F", "M", None}
    predicted_months, true_months : ndarray of shape (n_hands,)
        Finite.
    spreads_months : ndarray of shape (n_hands,)
        How much the regions of each hand disagree (:attr:`AgeEstimate.spread_months`); NaN where that is not known.

    Raises
    ------
    InvalidInput
        If lengths differ, an id is there twice, or an age is not finite.
    """

    ids: tuple[str, ...]
    sexes: tuple[Sex | None, ...]
    predicted_months: Array
    true_months: Array
    spreads_months: Array

    def __post_init__(self) -> None:
        n = len(self.ids)
        for name in ("predicted_months", "true_months", "spreads_months"):
            array = np.asarray(getattr(self, name), np.float64)
            object.__setattr__(self, name, array)
            if array.shape != (n,) or len(self.sexes) != n:
                raise InvalidInput(
                    f"need a sex and a {name} for each of {n} hands, got {len(self.sexes)}, {array.shape}"
                )
        if len(set(self.ids)) < n:
            raise InvalidInput("an id is there twice")
        if not (np.isfinite(self.predicted_months).all() and np.isfinite(self.true_months).all()):
            raise InvalidInput("ages must be finite")

    def select(self, rows: Sequence[int] | NDArray[np.intp]) -> CalibrationHands:
        """Return some of the hands, by their places."""
        places = np.asarray(rows, np.intp)
        return dataclasses.replace(
            self,
            ids=tuple(self.ids[row] for row in places),
            sexes=tuple(self.sexes[row] for row in places),
            predicted_months=self.predicted_months[places],
            true_months=self.true_months[places],
            spreads_months=self.spreads_months[places],
        )

    def halve(self) -> tuple[CalibrationHands, CalibrationHands]:
        """Return two halves by the hash of the id: which half a hand is in does not depend on the others."""
        first = np.array([int(hash_id(id_), 16) % 2 == 0 for id_ in self.ids], np.bool_)
        return self.select(np.flatnonzero(first)), self.select(np.flatnonzero(~first))

    def group(self) -> list[tuple[Sex | None, float, NDArray[np.intp]]]:
        """Return the hands by sex and band of predicted age.

        A group of fewer than ``FEWEST_IN_GROUP`` hands joins the smaller of its neighbours, of the same sex, as long as
        there is one.

        Returns
        -------
        list of (sex, float, ndarray)
            Sex, the predicted age in months at which the group begins, and the places of its hands.
        """
        groups: list[tuple[Sex | None, float, NDArray[np.intp]]] = []
        known: tuple[Sex | None, ...] = ("F", "M", None)
        for sex in known:
            rows = np.array([place for place, other in enumerate(self.sexes) if other == sex], np.intp)
            if len(rows):
                bands = _join_small(_divide(rows, self.predicted_months))
                groups += [(sex, start, members) for start, members in bands]
        return groups


def hash_id(id_: str) -> str:
    """Return the first 16 digits of the SHA-256 of an id: it tells whether a hand was used, without naming it.

    Examples
    --------
    >>> hash_id("1377")
    '2a1d1388f992dbca'
    """
    return hashlib.sha256(id_.encode()).hexdigest()[:16]


def _divide(rows: NDArray[np.intp], months: Array) -> list[tuple[float, NDArray[np.intp]]]:
    bands = np.searchsorted(BANDS_MONTHS, months[rows], side="right")
    return [(start, rows[bands == band]) for band, start in enumerate((0.0, *BANDS_MONTHS))]


def _join_small(groups: list[tuple[float, NDArray[np.intp]]]) -> list[tuple[float, NDArray[np.intp]]]:
    groups = list(groups)
    while len(groups) > 1:
        sizes = [len(rows) for _, rows in groups]
        smallest = int(np.argmin(sizes))
        if sizes[smallest] >= FEWEST_IN_GROUP:
            break
        neighbours = [place for place in (smallest - 1, smallest + 1) if 0 <= place < len(groups)]
        first, second = sorted((smallest, min(neighbours, key=sizes.__getitem__)))
        (start, rows), (_, more) = groups[first], groups[second]
        groups[first : second + 1] = [(start, np.concatenate([rows, more]))]
    return groups
