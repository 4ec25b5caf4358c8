"""Whether what was located is the anatomy: judged by how real scans that are new to the localiser are located.

Each term of the evidence is judged by how real scans have it. The one that is farthest below what is usual is the
scan's strangeness; the share of real scans that are at least as strange is its acceptance, a conformal p-value [1]_: a
further real scan falls below a threshold with no higher probability than the threshold, whatever the terms are.

In coarse pictures landmarks are found less sharply. So real scans are told apart by their detail, and a scan is
compared with those of its own class: that probability holds in each class (a Mondrian predictor [2]_).

References
----------
.. [1] Laxhammar, Falkman, "Conformal prediction for distribution-independent anomaly detection in streaming vessel
   data", StreamKDD 2010.
.. [2] Vovk, Gammerman, Shafer, "Algorithmic learning in a random world", Springer 2005, section 4.5.
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
    detail : float
        Pixels of the picture to a unit of the anatomy's extent.
    """

    terms: Array
    scores: Array
    beyond: NDArray[np.bool_]
    detail: float

    @classmethod
    def weigh(
        cls, pose_score: float, scores: Array, offset_misfit: float, beyond: NDArray[np.bool_], detail: float
    ) -> Self:
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
        detail : float
        """
        mean = float(np.log(np.maximum(scores, _LOWEST_SCORE)).mean())
        terms = np.array([pose_score, mean, -offset_misfit, 1.0 - beyond.mean()])
        return cls(terms, np.asarray(scores), beyond, detail)


@dataclass(frozen=True)
class Verdict:
    """How located landmarks compare with those of real scans.

    Parameters
    ----------
    acceptance : float
        Share of the real scans of its class that are at least as strange, this one counted; 0 if no pose was found.
    accepted : bool
        Whether it is at least the threshold.
    term : {"pose", "scores", "offsets", "outline"}
        The term that is farthest below what is usual.
    one_in : int
        One real scan of the class in so many has it so low; of no meaning if no pose was found.
    """

    acceptance: float
    accepted: bool
    term: Term
    one_in: int


NOT_FOUND = Verdict(0.0, False, "pose", 1)
"""On a scan in which no pose was found."""


class _Peers:
    """The real scans of one class, by their terms."""

    def __init__(self, terms: Array) -> None:
        self.terms = terms
        self._middle = np.median(terms, axis=0)
        self._spread = np.maximum(self._middle - np.quantile(terms, _RARE, axis=0), _MIN_SPREAD)
        self._strangeness = self._measure_strangeness(terms).max(axis=1)

    def judge(self, terms: Array, threshold: float) -> Verdict:
        """Compare a further scan with them."""
        strangeness = self._measure_strangeness(terms)
        acceptance = (1 + int((self._strangeness >= strangeness.max()).sum())) / (1 + len(self.terms))
        worst = int(strangeness.argmax())
        n_as_low = 1 + int((self.terms[:, worst] <= terms[worst]).sum())
        one_in = (1 + len(self.terms)) // n_as_low
        return Verdict(acceptance, acceptance >= threshold, TERMS[worst], one_in)

    def _measure_strangeness(self, terms: Array) -> Array:
        """Return how far each term is below the median: 1 for one that a twentieth of them has lower."""
        return np.asarray((self._middle - terms) / self._spread)


@dataclass(frozen=True, eq=False)
class Acceptance:
    """How real scans that are new to a localiser are located, and below which acceptance a scan is refused.

    Parameters
    ----------
    terms : ndarray of shape (n_scans, n_terms)
        Of the real scans, by :data:`TERMS`.
    details : ndarray of shape (n_scans,)
        Of the real scans, see :class:`Evidence`; NaN where there is one class and it was not measured.
    boundaries : ndarray of shape (n_classes - 1,)
        Details that part the classes, ascending: a class begins at one.
    low_scores : ndarray of shape (n_classes, n_landmarks)
        A score of the landmark below is low.
    threshold : float

    Raises
    ------
    InvalidInput
        If a number is not finite or out of range, a shape is wrong, or a class is empty.
    """

    terms: Array
    details: Array
    boundaries: Array
    low_scores: Array
    threshold: float
    _peers: tuple[_Peers, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.terms.ndim != 2 or not len(self.terms) or self.terms.shape[1] != len(TERMS):
            raise InvalidInput(f"acceptance needs {len(TERMS)} terms of some scans, got shape {self.terms.shape}")
        if not np.isfinite(self.terms).all():
            raise InvalidInput("the terms of acceptance must be finite")
        if self.boundaries.ndim != 1 or self.details.shape != (len(self.terms),):
            raise InvalidInput("acceptance needs the boundaries of its classes, and the detail of each scan")
        n_classes = len(self.boundaries) + 1
        numbers = np.concatenate([self.boundaries, self.details if n_classes > 1 else []])
        if not (np.isfinite(numbers) & (numbers > 0)).all() or (np.diff(self.boundaries) <= 0).any():
            raise InvalidInput("the details of acceptance must be positive, and its boundaries ascend")
        low = self.low_scores
        if low.ndim != 2 or len(low) != n_classes or not ((low >= 0) & (low <= 1)).all():
            raise InvalidInput("the low scores of landmarks must be numbers from 0 to 1, for each class of acceptance")
        if not 0 < self.threshold < 1:
            raise InvalidInput(f"the threshold of acceptance must lie between 0 and 1, got {self.threshold}")
        classes = np.digitize(self.details, self.boundaries)
        if not set(range(n_classes)) <= set(classes.tolist()):
            raise InvalidInput("each class of acceptance needs scans")
        peers = tuple(_Peers(self.terms[classes == number]) for number in range(n_classes))
        object.__setattr__(self, "_peers", peers)

    @classmethod
    def fit(
        cls,
        evidence: Sequence[Evidence],
        *,
        boundaries: Sequence[float] = (),
        threshold: float = 0.003,
        low_share: float = 0.1,
    ) -> Self:
        """Learn from the evidence of real scans that the localiser has not learnt from.

        Parameters
        ----------
        evidence : sequence of Evidence
            Scans without a pose have none; they are refused in any case.
        boundaries : sequence of float
            Details at which scans may begin to be located otherwise. One that leaves a class with too few scans for the
            threshold is left out.
        threshold : float
        low_share : float
            Share of the real scans of a class whose score of a landmark is low.

        Raises
        ------
        InvalidInput
            If there are too few scans for the threshold.
        """
        needed = math.ceil(1 / threshold)
        if len(evidence) < needed:
            raise InvalidInput(f"a threshold of {threshold:g} needs {needed} scans or more, got {len(evidence)}")
        terms, scores = np.array([one.terms for one in evidence]), np.array([one.scores for one in evidence])
        details = np.array([one.detail for one in evidence])
        kept = _choose_boundaries(details, boundaries, needed)
        classes = np.digitize(details, kept)
        low = [np.quantile(scores[classes == number], low_share, axis=0) for number in range(len(kept) + 1)]
        return cls(terms, details, kept, np.array(low), threshold)

    def judge(self, evidence: Evidence) -> Verdict:
        """Compare landmarks with those of the real scans of the same class."""
        return self._peers[self._class_of(evidence)].judge(evidence.terms, self.threshold)

    def find_unsupported(self, evidence: Evidence) -> NDArray[np.bool_]:
        """Return which landmarks nothing speaks for: beyond the outline, with a low score; shape (n_landmarks,)."""
        return np.asarray(evidence.beyond & (evidence.scores < self.low_scores[self._class_of(evidence)]))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learnt as arrays of the parameters' names; the threshold has shape (1,)."""
        learnt = {name: getattr(self, name) for name in ("terms", "details", "boundaries", "low_scores")}
        return {**learnt, "threshold": np.array([self.threshold])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], n_landmarks: int) -> Self:
        """Rebuild it.

        Raises
        ------
        ValueError, KeyError
            If arrays are missing, or do not fit the landmarks.
        """
        names = ("terms", "details", "boundaries", "low_scores", "threshold")
        terms, details, boundaries, low, threshold = (np.asarray(arrays[name], dtype=np.float64) for name in names)
        if low.shape[1:] != (n_landmarks,) or threshold.shape != (1,):
            raise InvalidInput("what acceptance is measured by does not fit the landmarks")
        return cls(terms, details, boundaries, low, float(threshold[0]))

    def _class_of(self, evidence: Evidence) -> int:
        return int(np.digitize(evidence.detail, self.boundaries))


def _choose_boundaries(details: Array, boundaries: Sequence[float], needed: int) -> Array:
    """Return the boundaries that leave enough scans on either side, the lowest first."""
    kept: list[float] = []
    for boundary in sorted(boundaries):
        below = ((details >= (kept or [0.0])[-1]) & (details < boundary)).sum()
        if min(below, (details >= boundary).sum()) >= needed:
            kept.append(boundary)
    return np.array(kept)


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
