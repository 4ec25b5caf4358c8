"""Settings of the localiser, and its named presets.

Lengths are in units of the shape's extent: the larger side of the mean training shape's bounding box is 1. So
scales follow the anatomy, whatever its size in the image and whether or not the file knows millimetres.
For a hand of 37 landmarks, from the forearm's metaphyses to the finger tips, 0.01 is about 2.2 mm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

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
        Part of the training positions that each tree sees.
    """

    n_trees: int = 8
    max_depth: int = 14
    n_features: int = 100
    n_thresholds: int = 10
    min_leaf: int = 5
    node_sample: int = 400
    tree_fraction: float = 0.7

    def __post_init__(self) -> None:
        for name in ("n_trees", "max_depth", "n_features", "n_thresholds", "min_leaf", "node_sample"):
            _check(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        _check("max_depth", self.max_depth, self.max_depth <= 24, "at most 24")
        # Sums of more would keep too few bits of each position's displacement; see growing.py.
        _check("node_sample", self.node_sample, self.node_sample <= 2000, "at most 2000")
        _check("tree_fraction", self.tree_fraction, 0 < self.tree_fraction <= 1, "in (0, 1]")


@dataclass(frozen=True)
class StageSettings:
    """One stage: a picture of the anatomy at one resolution, features, training positions, votes.

    Parameters
    ----------
    resolution : float
        Pixels per shape extent.
    feature_range : float
        Largest offset of a feature's boxes along each axis.
    box_sizes : tuple of int
        Sides of the boxes, in this stage's pixels; odd.
    n_positions : int
        Training positions per picture (a local stage: per picture and landmark).
    radius : float
        A local stage's positions lie within this distance of the landmark; not used by the coarse stage.
    n_copies : int
        Pictures drawn of each training image, each in another pose.
    max_rotation_rad, max_log_scale : float
        Largest rotation and log scale, either way, of such a pose.
    max_log_gamma : float
        Largest log exponent, either way, of the grey values of such a picture; not used by the local stages.
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
        Standard deviation of the neighbourhood in which contrast is made even; 0: over the whole view.
    tone : float
        Exponent of the grey before that; below 1, what is faint in the dark counts for more.
    forest : ForestSettings
    """

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
    max_log_gamma: float = 0.0
    forest: ForestSettings = field(default_factory=ForestSettings)

    def __post_init__(self) -> None:
        for name in ("resolution", "feature_range", "vote_length", "smoothing", "tone"):
            _check(name, getattr(self, name), getattr(self, name) > 0, "positive")
        for name in ("n_positions", "n_copies", "step"):
            _check(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        for name in ("radius", "max_rotation_rad", "max_log_scale", "max_log_gamma", "contrast"):
            _check(name, getattr(self, name), getattr(self, name) >= 0, "not negative")
        outlying = bool(self.box_sizes) and all(size >= 1 and size % 2 == 1 for size in self.box_sizes)
        _check("box_sizes", self.box_sizes, outlying, "odd and positive")
        known = self.vote_weight in ("uniform", "displacement", "spread")
        _check("vote_weight", self.vote_weight, known, "uniform, displacement or spread")


@dataclass(frozen=True)
class LocaliserSettings:
    """A coarse stage that sees the whole anatomy, then local stages around what it found.

    Parameters
    ----------
    coarse : StageSettings
    local : tuple of StageSettings
        From coarse to fine. After the first, those that are much finer than the training images are left out.
    pose : StageSettings or None
        A stage before the coarse one that finds how the anatomy lies in the image, so that the later stages see
        it in the pose of the mean shape. Without it they work in the image as it stands, scaled by its size.
    first_scales, first_rotations_rad : tuple of float
        First guesses of the pose: the anatomy's size relative to its usual part of the image, and its rotation.
        The rotations are tried where the usual orientation does not convince; those of a volume are in the plane of
        rows and columns.
    first_rolls_rad : tuple of float
        Rotations of a volume about its rows' axis, each tried with each of the others.
    first_mirrored : bool
        Whether the anatomy may be mirrored.
    min_score : float
        A landmark whose score is lower is given as absent.
    n_neighbours : int
        A local stage sees each landmark in the frame in which so many others lie as in the mean shape; 0: in the
        pose of the whole.
    constellation : bool
        Whether the local stages look for candidates and choose among them by how landmarks lie to each other.
    """

    coarse: StageSettings
    local: tuple[StageSettings, ...]
    pose: StageSettings | None = None
    first_scales: tuple[float, ...] = (1.0,)
    first_rotations_rad: tuple[float, ...] = (0.0,)
    first_rolls_rad: tuple[float, ...] = (0.0,)
    first_mirrored: bool = False
    min_score: float = 0.0
    n_neighbours: int = 0
    constellation: bool = False

    def __post_init__(self) -> None:
        scales = bool(self.first_scales) and all(scale > 0 for scale in self.first_scales)
        _check("first_scales", self.first_scales, scales, "positive, at least one")
        for name in ("first_rotations_rad", "first_rolls_rad"):
            _check(name, getattr(self, name), bool(getattr(self, name)), "at least one")
        _check("local", self.local, bool(self.local), "at least one stage")
        radii = all(stage.radius > 0 for stage in self.local)
        _check("n_neighbours", self.n_neighbours, self.n_neighbours == 0 or self.n_neighbours >= 2, "0 or at least 2")
        _check("radius", [stage.radius for stage in self.local], radii, "positive in every local stage")


def paper(ndim: int = 2) -> LocaliserSettings:
    """Return the published recipe as it stands: a coarse and a fine forest, no pose, no augmentation.

    Coarse-to-fine voting of Ebner et al. 2014 [1]_, T=8, D=14, 100 features x 10 thresholds, votes weighted by
    displacement length. The lengths here are ours, in images (``ndim`` 2) as in volumes (3).

    References
    ----------
    .. [1] Ebner, Stern, Donner, Bischof, Urschler, "Towards automatic bone age estimation from MRI:
       localization of 3D anatomical landmarks", MICCAI 2014.
    """
    if ndim == 3:
        return LocaliserSettings(
            coarse=StageSettings(
                resolution=50, feature_range=0.3, n_positions=800, vote_weight="displacement", vote_length=0.08,
                smoothing=0.02,
            ),
            local=(
                StageSettings(
                    resolution=160, feature_range=0.09, n_positions=150, radius=0.085, vote_weight="displacement",
                    vote_length=0.03, smoothing=0.008,
                ),
            ),
        )  # fmt: skip
    return LocaliserSettings(
        coarse=StageSettings(
            resolution=117, feature_range=0.5, n_positions=400, vote_weight="displacement", vote_length=0.08,
            smoothing=0.012,
        ),
        local=(
            StageSettings(
                resolution=234, feature_range=0.13, n_positions=150, radius=0.085, vote_weight="displacement",
                vote_length=0.03, smoothing=0.006,
            ),
        ),
    )  # fmt: skip


def accurate(ndim: int = 2) -> LocaliserSettings:
    """Return our settings for accuracy: T=8, 100 features x 10 thresholds, D=14 in the local stages and more before.

    What they add is around the trees: pose normalisation, then frames of each landmark's own; even contrast;
    augmentation; candidates chosen by how landmarks lie to each other; three local stages (two in volumes), as far as
    the images show so much; features a tenth as long as is usual. What each buys is in docs/benchmarks.md.

    Parameters
    ----------
    ndim : int
        2 for images, 3 for volumes.
    """
    if ndim == 3:
        return _accurate_in_volumes()
    return LocaliserSettings(
        pose=StageSettings(
            resolution=90, feature_range=0.15, n_positions=400, n_copies=4, max_rotation_rad=math.radians(15),
            max_log_scale=0.15, max_log_gamma=0.7, contrast=0.05, tone=0.33, vote_weight="displacement",
            vote_length=0.17, smoothing=0.015, step=3, forest=ForestSettings(max_depth=16, min_leaf=3),
        ),
        coarse=StageSettings(
            resolution=117, feature_range=0.12, n_positions=400, n_copies=4, max_rotation_rad=math.radians(5),
            max_log_scale=0.05, max_log_gamma=0.7, contrast=0.05, tone=0.33, vote_weight="displacement",
            vote_length=0.17, smoothing=0.012, step=3, forest=ForestSettings(max_depth=18, min_leaf=2),
        ),
        local=(
            StageSettings(
                resolution=234, feature_range=0.045, n_positions=100, radius=0.07, n_copies=2,
                max_rotation_rad=math.radians(8), max_log_scale=0.08, contrast=0.03, tone=0.5, vote_weight="spread",
                vote_length=0.006, smoothing=0.0065, step=3,
            ),
            StageSettings(
                resolution=400, feature_range=0.0235, n_positions=150, radius=0.03, max_rotation_rad=math.radians(8),
                max_log_scale=0.08, contrast=0.03, tone=0.5, vote_weight="spread", vote_length=0.0047, smoothing=0.0038,
            ),
            StageSettings(
                resolution=850, feature_range=0.011, n_positions=100, radius=0.012, n_copies=2,
                max_rotation_rad=math.radians(8), max_log_scale=0.08, contrast=0.03, tone=0.5, vote_weight="spread",
                vote_length=0.0022, smoothing=0.0026,
            ),
        ),
        first_scales=(1.0, 0.78, 0.6, 0.47),
        first_rotations_rad=tuple(math.radians(angle) for angle in range(0, 360, 30)),
        first_mirrored=True,
        min_score=0.03,
        n_neighbours=3,
        constellation=True,
    )  # fmt: skip


def _accurate_in_volumes() -> LocaliserSettings:
    return LocaliserSettings(
        pose=StageSettings(
            resolution=40, feature_range=0.15, n_positions=600, n_copies=4, max_rotation_rad=math.radians(15),
            max_log_scale=0.15, max_log_gamma=0.3, contrast=0.05, vote_weight="displacement", vote_length=0.17,
            smoothing=0.025, forest=ForestSettings(max_depth=16, min_leaf=3),
        ),
        coarse=StageSettings(
            resolution=60, feature_range=0.12, n_positions=600, n_copies=4, max_rotation_rad=math.radians(5),
            max_log_scale=0.05, max_log_gamma=0.3, contrast=0.05, vote_weight="displacement", vote_length=0.17,
            smoothing=0.016, step=3, forest=ForestSettings(max_depth=18, min_leaf=2),
        ),
        local=(
            StageSettings(
                resolution=120, feature_range=0.05, n_positions=150, radius=0.07, n_copies=2,
                max_rotation_rad=math.radians(8), max_log_scale=0.08, contrast=0.03, vote_weight="spread",
                vote_length=0.012, smoothing=0.01,
            ),
            StageSettings(
                resolution=240, feature_range=0.025, n_positions=150, radius=0.03, n_copies=2,
                max_rotation_rad=math.radians(8), max_log_scale=0.08, contrast=0.03, vote_weight="spread",
                vote_length=0.006, smoothing=0.005,
            ),
        ),
        first_scales=(1.0, 0.75),
        first_rotations_rad=tuple(math.radians(angle) for angle in range(0, 360, 45)),
        first_rolls_rad=tuple(math.radians(angle) for angle in range(0, 360, 90)),
        first_mirrored=True,
        min_score=0.02,
        n_neighbours=4,
        constellation=True,
    )  # fmt: skip


def fast(ndim: int = 2) -> LocaliserSettings:
    """Return our settings for speed: fewer votes from smaller pictures, one local stage."""
    if ndim == 3:
        settings = _accurate_in_volumes()

        def thin(stage: StageSettings, **fields: Any) -> StageSettings:
            forest = replace(stage.forest, max_depth=14, min_leaf=5)
            return replace(stage, n_copies=max(stage.n_copies // 2, 1), forest=forest, **fields)

        local = thin(settings.local[1], resolution=180, radius=0.06, step=3, smoothing=0.007)
        return replace(
            settings, pose=settings.pose and thin(settings.pose), coarse=thin(settings.coarse), local=(local,)
        )
    return LocaliserSettings(
        pose=StageSettings(
            resolution=60, feature_range=0.18, n_positions=200, n_copies=3, max_rotation_rad=math.radians(15),
            max_log_scale=0.15, max_log_gamma=0.7, contrast=0.05, tone=0.33, vote_weight="displacement",
            vote_length=0.17, smoothing=0.02, step=4,
        ),
        coarse=StageSettings(
            resolution=80, feature_range=0.13, n_positions=300, n_copies=4, max_rotation_rad=math.radians(5),
            max_log_scale=0.05, max_log_gamma=0.7, contrast=0.05, tone=0.33, vote_weight="displacement",
            vote_length=0.17, smoothing=0.014, step=4,
        ),
        local=(
            StageSettings(
                resolution=234, feature_range=0.045, n_positions=150, radius=0.06, n_copies=2,
                max_rotation_rad=math.radians(6), max_log_scale=0.06, contrast=0.03, tone=0.5, vote_weight="spread",
                vote_length=0.006, smoothing=0.006, step=4,
            ),
        ),
        first_scales=(1.0, 0.7, 0.5),
        first_rotations_rad=tuple(math.radians(angle) for angle in range(0, 360, 30)),
        first_mirrored=True,
        min_score=0.03,
        n_neighbours=3,
        constellation=True,
    )  # fmt: skip


def compact(ndim: int = 2) -> LocaliserSettings:
    """Return :func:`accurate` with larger leaves, for many training images: a file of a sixth of the size.

    It is meant for hundreds of images, which fill larger leaves.
    """
    settings = accurate(ndim)

    def shrink(stage: StageSettings, n_copies: int) -> StageSettings:
        return replace(stage, n_copies=n_copies, forest=replace(stage.forest, max_depth=14, min_leaf=30))

    return replace(
        settings,
        pose=settings.pose and shrink(settings.pose, 2),
        coarse=shrink(settings.coarse, 2),
        local=tuple(shrink(stage, 1) for stage in settings.local),
    )


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


def settings_from_json(config: Mapping[str, Any]) -> LocaliserSettings:
    """Rebuild settings from what ``dataclasses.asdict`` made of them, perhaps by way of JSON.

    Raises
    ------
    ValueError, KeyError, TypeError
        If they are not such settings.
    """
    config = {"first_rolls_rad": (0.0,), **config}  # files from before there were volumes do without
    tuples = {name: tuple(config[name]) for name in ("first_scales", "first_rotations_rad", "first_rolls_rad")}
    coarse, local = _read_stage(config["coarse"]), tuple(_read_stage(stage) for stage in config["local"])
    pose = None if config["pose"] is None else _read_stage(config["pose"])
    return LocaliserSettings(**{**config, **tuples, "coarse": coarse, "local": local, "pose": pose})


PRESETS = {"paper": paper, "accurate": accurate, "fast": fast, "compact": compact}


def _read_stage(config: Mapping[str, Any]) -> StageSettings:
    forest = ForestSettings(**config["forest"])
    return StageSettings(**{**config, "box_sizes": tuple(config["box_sizes"]), "forest": forest})


def _check(name: str, got: object, fine: bool, wanted: str) -> None:
    if not fine:
        raise ValueError(f"{name} must be {wanted}, got {got}")
