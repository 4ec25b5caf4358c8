"""Which of many pictures to annotate: published strategies that choose by features, by scores, or at random.

All return choices in an order: the first to annotate first. They choose among *candidates* and take into account what
is *covered*: pictures that are annotated already. Both are places in the arrays. The same arguments give the same
choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances
from threadpoolctl import threadpool_limits

Array = NDArray[np.float64]
Places = NDArray[np.int64]

_MOST_REPRESENTED = 2000  # pictures that the medoids are to be near to: of more, some are drawn
_MOST_CLUSTERS = 500
_NEIGHBOURS = 20  # by whose distance it is told how typical a picture is
_FIRST = 3  # times as many as are to be chosen: those of the highest scores, among which a diverse choice is made


@dataclass(frozen=True)
class Choice:
    """A picture that was chosen.

    Parameters
    ----------
    place : int
        In the arrays that the strategy was given.
    score : float
        By which it was chosen then; what it is depends on the strategy. NaN where it was drawn at random.
    why : str
        In words.
    """

    place: int
    score: float
    why: str


def choose_at_random(
    candidates: Places, covered: Places, n: int, rng: np.random.Generator, strata: Sequence[str] | None = None
) -> list[Choice]:
    """Draw pictures at random; with strata, so that each has its share of what is chosen and covered.

    The share of a stratum is that of its pictures among all. In turn, the stratum that lacks most of its share gives a
    picture; which of those that lack as much, and which picture, is drawn.

    Parameters
    ----------
    candidates, covered : ndarray of int
    n : int
    rng : Generator
    strata : sequence of str, optional
        Of every picture.
    """
    order = rng.permutation(np.sort(candidates))
    if strata is None:
        return [Choice(int(place), np.nan, "drawn at random") for place in order[:n]]
    waiting: dict[str, list[int]] = {}
    for place in order.tolist():
        waiting.setdefault(strata[place], []).append(place)
    counts = dict.fromkeys((*waiting, *(strata[place] for place in covered.tolist())), 0)
    for place in covered.tolist():
        counts[strata[place]] += 1
    shares = {name: counts[name] + len(waiting.get(name, ())) for name in counts}
    total = sum(shares.values())
    chosen: list[Choice] = []
    while len(chosen) < n and any(waiting.values()):
        n_next = sum(counts.values()) + 1
        stratum = max((s for s in waiting if waiting[s]), key=lambda s: shares[s] * n_next / total - counts[s])
        counts[stratum] += 1
        chosen.append(Choice(waiting[stratum].pop(0), np.nan, f"drawn at random from {stratum}"))
    return chosen


def choose_farthest(spaces: Sequence[Array], candidates: Places, covered: Places, n: int) -> list[Choice]:
    """Choose the picture that is farthest from all that is covered, again and again: k-centre greedy [1]_ [2]_.

    Over one space of features this is greedy sampling on the inputs, over one of predictions on the outputs; over both,
    where distances are multiplied, it is the improved greedy sampling of [3]_. Where nothing is covered, the first is
    the picture nearest to the mean.

    Parameters
    ----------
    spaces : sequence of ndarray of shape (n_pictures, n_features)
        Pictures with a NaN in a space are not chosen, and cover nothing.
    candidates, covered : ndarray of int
    n : int

    References
    ----------
    .. [1] Gonzalez, "Clustering to minimize the maximum intercluster distance", Theoretical Computer Science 38, 1985.
    .. [2] Sener, Savarese, "Active learning for convolutional neural networks: a core-set approach", ICLR 2018.
    .. [3] Wu, Lin, Huang, "Active learning for regression using greedy sampling", Information Sciences 474, 2019.

    Examples
    --------
    >>> line = np.array([[0.0], [1.0], [2.0], [9.0]])
    >>> [choice.place for choice in choose_farthest([line], np.arange(4), np.array([], int), 3)]
    [2, 3, 0]
    """
    known = ~np.any([np.isnan(space).any(axis=1) for space in spaces], axis=0)
    left = np.sort(candidates[known[candidates]])
    points = [space[left] for space in spaces]
    nearest = np.full(len(left), np.inf)
    for place in covered[known[covered]].tolist():
        nearest = np.minimum(nearest, _measure(points, [space[place] for space in spaces]))
    chosen: list[Choice] = []
    for _ in range(min(n, len(left))):
        if np.isinf(nearest).all():
            best = int(_measure(points, [of_space.mean(axis=0) for of_space in points]).argmin())
            choice = Choice(int(left[best]), np.nan, "the nearest to the mean of the pool")
        else:
            best = int(nearest.argmax())
            farthest = "the farthest from all that are annotated or chosen"
            choice = Choice(int(left[best]), float(nearest[best]), farthest)
        chosen.append(choice)
        nearest = np.minimum(nearest, _measure(points, [of_space[best] for of_space in points]))
        nearest[best] = -np.inf
    return chosen


def choose_medoids(
    features: Array, candidates: Places, covered: Places, n: int, weights: Array | None = None
) -> list[Choice]:
    """Choose pictures that the others are near to: the first step (BUILD) of partitioning around medoids [1]_.

    Each choice is the one that reduces the most the sum, over all candidates, of the distance to the nearest picture
    that is covered or chosen.

    Parameters
    ----------
    features : ndarray of shape (n_pictures, n_features)
    candidates, covered : ndarray of int
    n : int
    weights : ndarray of shape (n_pictures,), optional
        How much the candidates count in the sum; alike if not given.

    References
    ----------
    .. [1] Kaufman, Rousseeuw, "Finding groups in data", Wiley 1990, chapter 2.

    Examples
    --------
    >>> line = np.array([[0.0], [1.0], [2.0], [9.0], [9.5]])
    >>> [choice.place for choice in choose_medoids(line, np.arange(5), np.array([], int), 2)]
    [2, 3]
    """
    if not len(candidates):
        return []
    left = np.sort(candidates)
    represented = left[np.linspace(0, len(left) - 1, min(len(left), _MOST_REPRESENTED)).astype(int)]
    of_represented = np.ones(len(represented)) if weights is None else weights[represented]
    distances = pairwise_distances(features[left], features[represented])
    nearest = np.full(len(represented), 2 * distances.max(initial=0.0) + 1.0)  # as far as nothing is
    if len(covered):
        nearest = pairwise_distances(features[covered], features[represented]).min(axis=0)
    is_chosen = np.zeros(len(left), dtype=np.bool_)
    chosen: list[Choice] = []
    while len(chosen) < min(n, len(left)):
        gains = (np.maximum(nearest - distances, 0.0) * of_represented).sum(axis=1)
        best = int(np.where(is_chosen, -1.0, gains).argmax())
        if chosen or len(covered):
            n_near = int((distances[best] < nearest).sum())
            choice = Choice(int(left[best]), float(gains[best]), f"{n_near} are nearer to it than to any before")
        else:
            choice = Choice(int(left[best]), np.nan, "the nearest to all others together")
        chosen.append(choice)
        nearest = np.minimum(nearest, distances[best])
        is_chosen[best] = True
    return chosen


def choose_typical(features: Array, candidates: Places, covered: Places, n: int, seed: int) -> list[Choice]:
    """Choose the most typical picture of each of the largest clusters: TypiClust [1]_.

    Pictures are put into as many clusters as there are covered ones and those to choose. In turn, the cluster with the
    fewest that are covered or chosen, among these the largest, gives the picture with the nearest neighbours in it.

    Parameters
    ----------
    features : ndarray of shape (n_pictures, n_features)
    candidates, covered : ndarray of int
    n : int
    seed : int
        Of the clustering.

    References
    ----------
    .. [1] Hacohen, Dekel, Weinshall, "Active learning on a budget: opposite strategies suit high and low budgets",
       ICML 2022.
    """
    places = np.sort(np.concatenate([candidates, covered]))
    n_clusters = min(len(covered) + n, _MOST_CLUSTERS, len(np.unique(features[places], axis=0)))
    if not len(candidates) or not n:
        return []
    with threadpool_limits(1):  # sums by several threads differ in their last digits
        labels = KMeans(n_clusters, n_init=4, random_state=seed).fit_predict(features[places])
    free = np.isin(places, candidates)
    members = [places[(labels == cluster) & free] for cluster in range(n_clusters)]
    n_taken = np.bincount(labels[~free], minlength=n_clusters)
    sizes = np.bincount(labels, minlength=n_clusters)
    ranked = [_rank_typical(features, places[labels == cluster], members[cluster]) for cluster in range(n_clusters)]
    chosen: list[Choice] = []
    while len(chosen) < n and any(ranked):
        cluster = min((c for c in range(n_clusters) if ranked[c]), key=lambda c: (n_taken[c], -sizes[c], c))
        place, typicality = ranked[cluster].pop(0)
        n_taken[cluster] += 1
        chosen.append(Choice(place, typicality, f"typical of a cluster of {sizes[cluster]}"))
    return chosen


def choose_doubtful(
    doubts: Array, features: Array, candidates: Places, covered: Places, n: int, name: str
) -> list[Choice]:
    """Choose pictures of high doubt that are unlike each other, after [1]_.

    Of the candidates with the highest doubt, three times as many as are wanted, the medoids are chosen, each candidate
    weighted by the rank of its doubt. (The paper takes clusters' centres.) The most doubtful of them comes first.

    Parameters
    ----------
    doubts : ndarray of shape (n_pictures,)
        Candidates with NaN are not chosen; infinite is the highest.
    features : ndarray of shape (n_pictures, n_features)
    candidates, covered : ndarray of int
    n : int
    name : str
        What the doubt is, in words.

    References
    ----------
    .. [1] Zhdanov, "Diverse mini-batch active learning", arXiv 1901.05954, 2019.
    """
    candidates = np.sort(candidates[~np.isnan(doubts[candidates])])
    order = candidates[np.argsort(-doubts[candidates], kind="stable")]
    ranks = {place: rank for rank, place in enumerate(order.tolist(), start=1)}
    first = order[: _FIRST * n]
    weights = np.zeros(len(doubts))
    weights[first] = np.linspace(1.0, 0.0, len(first), endpoint=False)
    chosen = sorted(choose_medoids(features, first, covered, n, weights), key=lambda choice: ranks[choice.place])
    return [
        Choice(c.place, float(doubts[c.place]), f"number {ranks[c.place]} of {len(order)} by {name}") for c in chosen
    ]


def rank_together(criteria: Sequence[Array]) -> Array:
    """Return the mean rank of pictures by several criteria, from 0 (the lowest) to 1; NaN where one is NaN.

    Examples
    --------
    >>> rank_together([np.array([1.0, 5.0, 2.0]), np.array([0.0, np.inf, 1.0])]).tolist()
    [0.0, 1.0, 0.5]
    """
    ranks = []
    for values in criteria:
        known = np.sort(values[~np.isnan(values)])
        ranks.append(np.searchsorted(known, values) / max(len(known) - 1, 1))
    return np.where(np.isnan(criteria).any(axis=0), np.nan, np.mean(ranks, axis=0))


def _rank_typical(features: Array, cluster: Places, free: Places) -> list[tuple[int, float]]:
    """Return the free pictures of a cluster with how typical they are: the inverse of their distance to neighbours."""
    if len(cluster) < 2 or not len(free):
        return [(int(place), np.nan) for place in free]
    distances = np.sort(pairwise_distances(features[free], features[cluster]), axis=1)
    means = distances[:, 1 : _NEIGHBOURS + 1].mean(axis=1)
    order = np.argsort(means, kind="stable")
    return [(int(free[k]), float(1 / max(means[k], 1e-12))) for k in order]


def _measure(spaces: Sequence[Array], point: Sequence[Array]) -> Array:
    """Return the distances of points, one row each in every space, from a point; those of all spaces multiplied."""
    distances = [np.linalg.norm(points - place, axis=1) for points, place in zip(spaces, point, strict=True)]
    return np.asarray(np.prod(distances, axis=0))
