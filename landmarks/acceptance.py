"""Whether what was located is the anatomy: judged by how real scans that are new to the localiser are located.

Each term of the evidence is judged by how real scans have it. The one that is farthest below what is usual is the
scan's strangeness; the share of real scans that are at least as strange is its acceptance, a conformal p-value [1]_: a
further real scan falls below a threshold with no higher probability than the threshold, whatever the terms are.

References
----------
.. [1] Laxhammar, Falkman, "Conformal prediction for distribution-independent anomaly detection in streaming vessel
   data", StreamKDD 2010.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from boneage.imaging.errors import InvalidInput
from boneage.imaging.standardise import HandMask

Array = NDArray[np.float64]
Term = Literal["pose", "scores", "offsets", "outline"]
TERMS: tuple[Term, ...] = get_args(Term)
BEYOND_OUTLINE = "outside the outline of what the picture shows, and its score is low"

_LOWEST_SCORE = 1e-3  # lower scores count as much
_RARE = 0.05  # of the real scans: a term at their median counts 0, at this quantile 1
_MIN_SPREAD = 0.02  # between the two
_MARGIN = 0.02  # of the outline's length: a landmark nearer to it is not outside


@dataclass(frozen=True, eq=False)
class Evidence:
    """What speaks for located landmarks.

    Parameters
    ----------
    terms : ndarray of shape (n_terms,)
        In the order of :data:`TERMS`: local score of the best pose; mean logarithm of the landmarks' scores; how well
        their offsets fit those of the training shapes; share of them that is not beyond the outline. Each is higher
        where landmarks are located better.
    scores : ndarray of shape (n_landmarks,)
    beyond : ndarray of bool, shape (n_landmarks,)
        Which landmarks lie beyond the outline of what the picture shows.
    """

    terms: Array
    scores: Array
    beyond: NDArray[np.bool_]

    @classmethod
    def weigh(cls, pose_score: float, scores: Array, offset_misfit: float, beyond: NDArray[np.bool_]) -> Self:
        """Return the evidence of landmarks.

        Parameters
        ----------
        pose_score : float
            Local score of the best pose.
        scores : ndarray of shape (n_landmarks,)
        offset_misfit : float
            See :meth:`~boneage.landmarks.pairwise_prior.PairwisePrior.measure_misfit`.
        beyond : ndarray of bool, shape (n_landmarks,)
            See :func:`find_beyond`.
        """
        mean = float(np.log(np.maximum(scores, _LOWEST_SCORE)).mean())
        return cls(np.array([pose_score, mean, -offset_misfit, 1.0 - beyond.mean()]), np.asarray(scores), beyond)


@dataclass(frozen=True)
class Verdict:
    """How located landmarks compare with those of real scans.

    Parameters
    ----------
    acceptance : float
        Share of the real scans that are at least as strange, this one counted; 0 if no pose was found.
    accepted : bool
        Whether it is at least the threshold.
    term : {"pose", "scores", "offsets", "outline"}
        The term that is farthest below what is usual.
    one_in : int
        One real scan of so many has it so low; of no meaning if no pose was found.
    """

    acceptance: float
    accepted: bool
    term: Term
    one_in: int


NOT_FOUND = Verdict(0.0, False, "pose", 1)
"""On a scan in which no pose was found."""


@dataclass(frozen=True, eq=False)
class Acceptance:
    """How real scans that are new to a localiser are located, and below which acceptance a scan is refused.

    Parameters
    ----------
    terms : ndarray of shape (n_scans, n_terms)
        Of the real scans, by :data:`TERMS`.
    low_scores : ndarray of shape (n_landmarks,)
        A score of the landmark below is low.
    threshold : float

    Raises
    ------
    InvalidInput
        If a number is not finite or out of range, or a shape is wrong.
    """

    terms: Array
    low_scores: Array
    threshold: float
    _strangeness: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.terms.ndim != 2 or not len(self.terms) or self.terms.shape[1] != len(TERMS):
            raise InvalidInput(f"acceptance needs {len(TERMS)} terms of some scans, got shape {self.terms.shape}")
        if not np.isfinite(self.terms).all():
            raise InvalidInput("the terms of acceptance must be finite")
        if self.low_scores.ndim != 1 or not ((self.low_scores >= 0) & (self.low_scores <= 1)).all():
            raise InvalidInput("the low scores of landmarks must be numbers from 0 to 1")
        if not 0 < self.threshold < 1:
            raise InvalidInput(f"the threshold of acceptance must lie between 0 and 1, got {self.threshold}")
        object.__setattr__(self, "_strangeness", self._measure_strangeness(self.terms).max(axis=1))

    @classmethod
    def fit(cls, evidence: Sequence[Evidence], *, threshold: float = 0.003, low_share: float = 0.1) -> Self:
        """Learn from the evidence of real scans that the localiser has not learnt from.

        Parameters
        ----------
        evidence : sequence of Evidence
            Scans without a pose have none; they are refused in any case.
        threshold : float
        low_share : float
            Share of the real scans whose score of a landmark is low.

        Raises
        ------
        InvalidInput
            If there are too few scans for the threshold.
        """
        needed = math.ceil(1 / threshold)
        if len(evidence) < needed:
            raise InvalidInput(f"a threshold of {threshold:g} needs {needed} scans or more, got {len(evidence)}")
        low = np.quantile([one.scores for one in evidence], low_share, axis=0)
        return cls(np.array([one.terms for one in evidence]), low, threshold)

    def judge(self, evidence: Evidence) -> Verdict:
        """Compare landmarks with those of the real scans."""
        strangeness = self._measure_strangeness(evidence.terms)
        acceptance = (1 + int((self._strangeness >= strangeness.max()).sum())) / (1 + len(self.terms))
        worst = int(strangeness.argmax())
        n_as_low = 1 + int((self.terms[:, worst] <= evidence.terms[worst]).sum())
        one_in = (1 + len(self.terms)) // n_as_low
        return Verdict(acceptance, acceptance >= self.threshold, TERMS[worst], one_in)

    def find_unsupported(self, evidence: Evidence) -> NDArray[np.bool_]:
        """Return which landmarks nothing speaks for: beyond the outline, with a low score; shape (n_landmarks,)."""
        return evidence.beyond & (evidence.scores < self.low_scores)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learnt as arrays."""
        return {"terms": self.terms, "low_scores": self.low_scores, "threshold": np.array([self.threshold])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], n_landmarks: int) -> Self:
        """Rebuild it.

        Raises
        ------
        ValueError, KeyError
            If arrays are missing, or do not fit the landmarks.
        """
        terms, low, threshold = (np.asarray(arrays[n], dtype=np.float64) for n in ("terms", "low_scores", "threshold"))
        if low.shape != (n_landmarks,) or threshold.shape != (1,):
            raise InvalidInput("what acceptance is measured by does not fit the landmarks")
        return cls(terms, low, float(threshold[0]))

    def _measure_strangeness(self, terms: Array) -> Array:
        """Return how far each term is below the real scans' median: 1 for one that a twentieth of them has lower."""
        middle = np.median(self.terms, axis=0)
        spread = np.maximum(middle - np.quantile(self.terms, _RARE, axis=0), _MIN_SPREAD)
        return np.asarray((middle - terms) / spread)


def find_beyond(positions: Array, mask: HandMask | None) -> NDArray[np.bool_]:
    """Return which landmarks lie outside an outline, by more than a small part of its length; shape (n_landmarks,).

    Parameters
    ----------
    positions : ndarray of shape (n_landmarks, 2)
        In the file's pixels.
    mask : HandMask or None
        Where there is none, no landmark lies beyond it; where there is one, whatever is off the mask's grid does.
    """
    if mask is None or not mask.mask.any():
        return np.zeros(len(positions), dtype=bool)
    at = np.rint(mask.frame.apply(positions)).astype(int)
    on_grid = at.clip(0, np.array(mask.mask.shape) - 1)
    distances = distance_transform_edt(~mask.mask)[tuple(on_grid.T)]
    return np.asarray((on_grid != at).any(axis=1) | (distances > _MARGIN * mask.length * mask.frame.scale()))
