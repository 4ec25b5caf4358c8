"""Age errors in months: of all hands and of groups of them, with their uncertainty."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.metrics.bootstrap import bootstrap_mean_interval
from boneage.imaging import Sex
from boneage.imaging.errors import InvalidInput

Array = NDArray[np.float64]

WITHIN_MONTHS = (6, 12, 24)


@dataclass(frozen=True, eq=False)
class AgeErrors:
    """Predicted and true ages of some hands.

    Parameters
    ----------
    ids : tuple of str
        Each once: an age belongs to one hand of one patient.
    predicted_months, true_months : ndarray of shape (n_hands,)
        Finite; a hand without a prediction is to be counted by the caller.
    sexes : tuple of {"F", "M", None}

    Raises
    ------
    ValueError
        If there is no hand, lengths differ, an id is there twice, or an age is not finite.
    """

    ids: tuple[str, ...]
    predicted_months: Array
    true_months: Array
    sexes: tuple[Sex | None, ...]

    def __post_init__(self) -> None:
        for name in ("predicted_months", "true_months"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float64))
        n = len(self.ids)
        if not n or self.predicted_months.shape != (n,) or self.true_months.shape != (n,) or len(self.sexes) != n:
            raise InvalidInput(
                f"need as many predicted and true ages and sexes as ids, at least one, got {n} ids, "
                f"{self.predicted_months.shape}, {self.true_months.shape} and {len(self.sexes)}"
            )
        if len(set(self.ids)) < n:
            raise InvalidInput("an id is there twice")
        if not (np.isfinite(self.predicted_months).all() and np.isfinite(self.true_months).all()):
            raise InvalidInput("ages must be finite")

    @property
    def errors(self) -> Array:
        """Predicted minus true age, shape (n_hands,): positive where it was read too old."""
        return np.asarray(self.predicted_months - self.true_months)

    def of_hands(self, places: Sequence[int]) -> AgeErrors:
        """Return the ages of some hands, by their places."""
        rows = list(places)
        return dataclasses.replace(
            self,
            ids=tuple(self.ids[row] for row in rows),
            predicted_months=self.predicted_months[rows],
            true_months=self.true_months[rows],
            sexes=tuple(self.sexes[row] for row in rows),
        )


def summarise_ages(ages: AgeErrors) -> dict[str, Any]:
    """Return the errors of predicted ages.

    Returns
    -------
    dict
        ``mad`` (mean absolute difference), ``rmse``, ``bias`` (positive: read too old), each with a 95 %
        bootstrap interval over hands; ``limits_95``, the limits of agreement [1]_: bias -+ 1.96 standard deviations;
        and the parts within 6, 12 and 24 months.

    References
    ----------
    .. [1] Bland, Altman, "Statistical methods for assessing agreement between two methods of clinical measurement",
       Lancet 327, 1986.

    Examples
    --------
    >>> summarise_ages(AgeErrors(("1", "2"), [100.0, 120.0], [110.0, 120.0], ("F", "M")))["mad"]
    5.0
    """
    errors = ages.errors
    summary: dict[str, Any] = {"n_hands": len(errors)}
    for name, values in {"mad": np.abs(errors), "rmse": errors**2, "bias": errors}.items():
        mean, ends = float(values.mean()), bootstrap_mean_interval(values)
        if name == "rmse":
            mean, ends = mean**0.5, (ends[0] ** 0.5, ends[1] ** 0.5)
        summary[name], summary[f"{name}_interval_95"] = mean, ends
    spread = 1.96 * float(errors.std(ddof=1)) if len(errors) > 1 else float("nan")
    summary["limits_95"] = (summary["bias"] - spread, summary["bias"] + spread)
    for months in WITHIN_MONTHS:
        summary[f"within_{months}"] = float((np.abs(errors) <= months).mean())
    return summary


def compare_ages(first: AgeErrors, second: AgeErrors) -> dict[str, Any]:
    """Return how much larger the first MAD is than the second, on the hands that both have.

    Returns
    -------
    dict
        ``n_hands``, ``difference`` in months and its ``interval_95``, bootstrapped over hands: a hand's two errors are
        drawn together, so that hands that are hard for both do not blur the difference.

    Raises
    ------
    ValueError
        If no hand is in both.
    """
    theirs = {id_: abs(float(error)) for id_, error in zip(second.ids, second.errors, strict=True)}
    pairs = [
        abs(float(error)) - theirs[id_] for id_, error in zip(first.ids, first.errors, strict=True) if id_ in theirs
    ]
    if not pairs:
        raise InvalidInput("no hand is in both")
    differences = np.array(pairs)
    return {
        "n_hands": len(pairs),
        "difference": float(differences.mean()),
        "interval_95": bootstrap_mean_interval(differences),
    }
