"""What a localiser doubts in a picture: which hands it would learn most from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Scan
from boneage.landmarks.acceptance import TERMS
from boneage.landmarks.localiser import ForestLocaliser
from boneage.landmarks.voting import VoteMap

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LocalisationDoubt:
    """What speaks against the landmarks of a picture; infinite, and no posture, where no pose was found.

    Parameters
    ----------
    disagreement : float
        How far the trees' own estimates of a landmark lie from their mean, in percent of the anatomy's extent: the root
        mean square of a landmark, averaged over landmarks. The query by committee of [1]_, where the trees vote.
    spread : float
        How wide the votes fall around their mean, in percent of the extent, averaged over landmarks.
    implausibility : float
        How unlike those of the training shapes the landmarks' offsets are.
    posture : ndarray of shape (n_landmarks * ndim,)
        Where the landmarks lie in the common pose: how the fingers are bent and spread. NaN without a pose.

    References
    ----------
    .. [1] Seung, Opper, Sompolinsky, "Query by committee", COLT 1992.
    """

    disagreement: float
    spread: float
    implausibility: float
    posture: Array


CRITERIA = tuple(field.name for field in fields(LocalisationDoubt))[:3]


def weigh_doubt(localiser: ForestLocaliser, scan: Scan) -> LocalisationDoubt:
    """Locate the landmarks of a scan, and weigh what speaks against them.

    A coarser picture has fewer local stages, and doubts of other sizes: compare pictures of one kind.

    Raises
    ------
    NotFittedError
    InvalidInput
        If the scan has another number of axes than the training scans.
    """
    located = localiser.find(scan, committee=True)
    if located.committee is None or located.evidence is None:
        n, ndim = localiser.mean_shape_.shape
        return LocalisationDoubt(math.inf, math.inf, math.inf, np.full(n * ndim, np.nan))
    pixels_per_extent = located.evidence.detail * scan.frame_to_original().scale()
    return LocalisationDoubt(
        100 * _measure_disagreement(located.committee),
        100 * _measure_spread(located.votes) / pixels_per_extent,
        -float(located.evidence.terms[TERMS.index("offsets")]),
        located.committee.mean(axis=0).ravel(),
    )


def _measure_disagreement(committee: Array) -> float:
    """Return the mean over landmarks of the root mean square distance of trees, (n_trees, n, ndim), from their mean."""
    variances = ((committee - committee.mean(axis=0)) ** 2).sum(axis=2).mean(axis=0)
    return float(np.sqrt(variances).mean())


def _measure_spread(votes: Sequence[VoteMap]) -> float:
    """Return the mean over landmarks of the root mean square distance of votes from their mean, in original pixels."""
    return float(np.mean([_measure_radius(votes.values) / votes.to_map.scale() for votes in votes]))


def _measure_radius(values: NDArray[np.float32]) -> float:
    weights = values / max(float(values.sum()), 1e-12)
    variance = 0.0
    for axis, n in enumerate(values.shape):
        along = weights.sum(axis=tuple(k for k in range(values.ndim) if k != axis))
        places = np.arange(n)
        variance += float(along @ places**2) - float(along @ places) ** 2
    return math.sqrt(max(variance, 0.0))
