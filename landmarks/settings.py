"""Settings of the localiser: of a forest, of a stage, of all of it.

Lengths are in units of the shape's extent: the larger side of the mean training shape's bounding box is 1. So
scales follow the anatomy, whatever its size in the image and whether or not the file knows millimetres.
For a hand of 37 landmarks, from the forearm's metaphyses to the finger tips, 0.01 is about 2.2 mm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from boneage.imaging.plain_data import STRICT, check
from boneage.imaging.standardise import StandardiseSettings
from boneage.landmarks.search_settings import CandidateSettings, PriorSettings, SearchSettings

VoteWeight = Literal["uniform", "displacement", "spread"]


@dataclass(frozen=True)
class ForestSettings:
    """How a voting forest is grown; the defaults are the published ones where they are published.

    Parameters
    ----------
    n_trees, max_depth, n_features, n_thresholds : int
        T trees of depth D; at each node ``n_features`` random features are tried at ``n_thresholds`` thresholds.
    min_leaf : int
        Smallest number of training positions in a leaf.
    node_sample : int
        A node with more positions than this scores its candidate splits on a random subset of this size; at most 2000.
    tree_fraction : float
        Part of the training positions that each tree is grown from.
    """

    __pydantic_config__ = STRICT

    n_trees: int = 8
    max_depth: int = 14
    n_features: int = 100
    n_thresholds: int = 10
    min_leaf: int = 5
    node_sample: int = 400
    tree_fraction: float = 0.7

    def __post_init__(self) -> None:
        for name in ("n_trees", "max_depth", "n_features", "n_thresholds", "min_leaf", "node_sample"):
            check(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        check("max_depth", self.max_depth, self.max_depth <= 24, "at most 24")
        # Sums of more would leave too few bits of each position's displacement; see tree_kernels.py.
        check("node_sample", self.node_sample, self.node_sample <= 2000, "at most 2000")
        check("tree_fraction", self.tree_fraction, 0 < self.tree_fraction <= 1, "in (0, 1]")


@dataclass(frozen=True)
class StageSettings:
    """One stage: the resolution of its view, features, training positions, votes.

    Parameters
    ----------
    resolution : float
        Pixels per shape extent.
    feature_range : float
        Largest offset of a feature's boxes along each axis.
    box_sizes : tuple of int
        Sides of the boxes, in this stage's pixels; odd.
    n_positions : int
        Training positions per view (a local stage: per view and landmark).
    radius : float
        A local stage's positions lie within this distance of the landmark; not used by the coarse stage.
    n_copies : int
        Views drawn of each training image, each in another pose.
    max_rotation_rad, max_log_scale : float
        Largest rotation and log scale, either way, of such a pose.
    max_log_gamma : float
        Largest log exponent, either way, of the grey values of such a view; not used by the local stages.
    vote_weight : {"uniform", "displacement", "spread"}
        1; ``exp(-|d| / vote_length)`` of the displacement d; or ``1 / (1 + (s / vote_length)**2)`` of the leaf's
        spread s.
    vote_length : float
        See ``vote_weight``.
    smoothing : float
        Standard deviation of the Gaussian that smooths the votes.
    step : int
        Every ``step``-th pixel along each axis votes.
    contrast : float
        Standard deviation of the neighbourhood over which contrast is equalised; 0: over the whole view.
    tone : float
        Exponent of the grey before that; below 1, faint structures in dark regions weigh more.
    noise : float
        Contrast, relative to the range of grey, of a neighbourhood that is taken to be flat.
    forest : ForestSettings
    """

    __pydantic_config__ = STRICT

    resolution: float
    feature_range: float
    box_sizes: tuple[int, ...] = (1, 3, 5, 9)
    n_positions: int = 300
    radius: float = 0.0
    n_copies: int = 1
    max_rotation_rad: float = 0.0
    max_log_scale: float = 0.0
    vote_weight: VoteWeight = "uniform"
    vote_length: float = 0.05
    smoothing: float = 0.01
    step: int = 2
    contrast: float = 0.0
    tone: float = 1.0
    noise: float = 0.03
    max_log_gamma: float = 0.0
    forest: ForestSettings = field(default_factory=ForestSettings)

    def __post_init__(self) -> None:
        for name in ("resolution", "feature_range", "vote_length", "smoothing", "tone", "noise"):
            check(name, getattr(self, name), getattr(self, name) > 0, "positive")
        for name in ("n_positions", "n_copies", "step"):
            check(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        for name in ("radius", "max_rotation_rad", "max_log_scale", "max_log_gamma", "contrast"):
            check(name, getattr(self, name), getattr(self, name) >= 0, "not negative")
        odd_sizes = bool(self.box_sizes) and all(size >= 1 and size % 2 == 1 for size in self.box_sizes)
        check("box_sizes", self.box_sizes, odd_sizes, "odd and positive")
        known = self.vote_weight in ("uniform", "displacement", "spread")
        check("vote_weight", self.vote_weight, known, "uniform, displacement or spread")

    @property
    def feature_reach(self) -> int:
        """Return the largest offset of a feature's boxes, in this stage's pixels."""
        return max(round(self.feature_range * self.resolution), 1)


@dataclass(frozen=True)
class LocaliserSettings:
    """A coarse stage over the whole anatomy, then local stages around the landmarks that it found.

    Parameters
    ----------
    coarse : StageSettings
    local : tuple of StageSettings
        From coarse to fine. After the first, those that are much finer than the training images are left out, and in
        an image those that are much finer than it.
    pose : StageSettings or None
        A stage before the coarse one that estimates the anatomy's pose in the image, so that the later stages work in
        the pose of the mean shape. Without it they work in the image as it stands, scaled by its size.
    standardise : StandardiseSettings or None
        How a radiograph is brought to the standard form before it is learnt from or searched; None: it is taken as it
        is, as is a volume.
    search : SearchSettings
        Of the pose, by the votes of the pose stage; not used without it.
    may_mirror : bool
        Whether the anatomy may be mirrored.
    min_score : float
        A landmark whose score is lower is given as absent.
    doubtful_score : float
        ... as doubtful.
    n_neighbours : int
        A local stage crops each landmark's patch in the frame in which so many neighbours lie as in the mean shape; 0:
        in the pose of the whole.
    max_oversampling : float
        Resolution of a stage, relative to the image's, beyond which it is much finer.
    candidates : CandidateSettings
        Of the local stages.
    prior : PriorSettings or None
        The pairwise prior by which the local stages choose among candidates; None: each takes its highest peak.
    """

    __pydantic_config__ = STRICT

    coarse: StageSettings
    local: tuple[StageSettings, ...]
    pose: StageSettings | None = None
    standardise: StandardiseSettings | None = None
    search: SearchSettings = field(default_factory=SearchSettings)
    may_mirror: bool = False
    min_score: float = 0.0
    doubtful_score: float = 0.0
    n_neighbours: int = 0
    max_oversampling: float = 3.0
    candidates: CandidateSettings = field(default_factory=CandidateSettings)
    prior: PriorSettings | None = None

    def __post_init__(self) -> None:
        check("local", self.local, bool(self.local), "at least one stage")
        positive_radii = all(stage.radius > 0 for stage in self.local)
        check("n_neighbours", self.n_neighbours, self.n_neighbours == 0 or self.n_neighbours >= 2, "0 or at least 2")
        check("radius", [stage.radius for stage in self.local], positive_radii, "positive in every local stage")

    @property
    def coarse_stages(self) -> tuple[StageSettings, ...]:
        """Return the stages of the whole anatomy: the pose stage, if there is one, and the coarse stage."""
        return (self.coarse,) if self.pose is None else (self.pose, self.coarse)


def change_stages(settings: LocaliserSettings, change: Callable[[StageSettings], StageSettings]) -> LocaliserSettings:
    """Return the settings with ``change(stage)`` in place of every stage."""
    return replace(
        settings,
        pose=settings.pose and change(settings.pose),
        coarse=change(settings.coarse),
        local=tuple(change(stage) for stage in settings.local),
    )


def with_vote_weight(settings: LocaliserSettings, weight: VoteWeight) -> LocaliserSettings:
    """Return the settings with another vote weight in every stage: ``uniform`` is the ablation of the weighting."""
    return change_stages(settings, lambda stage: replace(stage, vote_weight=weight))
