"""Settings of what follows the trees: the search for the pose, the choice among candidates, the pairwise prior.

Lengths are in units of the shape's extent. Local scores are relative to the training scans' median in their true poses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from boneage.imaging.plain_data import STRICT, check

Place = Literal["usual", "windows", "nearby", "alike"]


@dataclass(frozen=True)
class SearchStep:
    """One step of the pose search: what it proposes, how many proposals it keeps, and when it is not needed.

    Parameters
    ----------
    place : {"usual", "windows", "nearby", "alike"}
        Where the anatomy is proposed: at its usual place in the image; anywhere in it, where only the votes of a window
        of the anatomy's size count; where the best hypotheses so far have it (never mirrored); or moved from there so
        that many landmarks lie upon others, a finger upon the next.
    scales : tuple of float
        Sizes of the anatomy relative to its usual one in the image; of ``nearby``, to the hypothesis's. Not used by
        ``alike``, like the rotations.
    rotations_rad, rolls_rad : tuple of float
        Rotations in the plane of rows and columns, each with each size; a volume's also about its rows' axis.
    stretch : float
        Factor of the columns' length, for pictures that were squashed to squares; 1: as the file has it.
    mirrored : bool
        Whether the mirror image of each is proposed as well.
    n_kept : int
        Distinct proposals of highest support, that are corrected and scored; of ``nearby`` and ``alike``, hypotheses
        that are moved.
    unless : float
        The step is left out if the best hypothesis so far has this local score.
    unless_ratio : float
        ... or if its local score is not low, and so many times that of the next best distinct one; 0: never for that
        reason.
    """

    __pydantic_config__ = STRICT

    place: Place = "usual"
    scales: tuple[float, ...] = (1.0,)
    rotations_rad: tuple[float, ...] = (0.0,)
    rolls_rad: tuple[float, ...] = (0.0,)
    stretch: float = 1.0
    mirrored: bool = False
    n_kept: int = 1
    unless: float = 0.9
    unless_ratio: float = 0.0

    def __post_init__(self) -> None:
        for name in ("scales", "rotations_rad", "rolls_rad"):
            check(name, getattr(self, name), bool(getattr(self, name)), "at least one")
        check("scales", self.scales, min(self.scales) > 0, "positive")
        check("n_kept", self.n_kept, self.n_kept >= 1, "at least 1")
        check("stretch", self.stretch, self.stretch > 0, "positive")
        for name in ("unless", "unless_ratio"):
            check(name, getattr(self, name), getattr(self, name) >= 0, "not negative")
        check("place", self.place, self.place in get_args(Place), "one of " + ", ".join(get_args(Place)))


@dataclass(frozen=True)
class SelfSimilaritySettings:
    """The moves that lay a shape upon itself (:func:`~boneage.landmarks.self_similarity.find_self_similarities`).

    Parameters
    ----------
    n_moves : int
        At most.
    n_pairs : int
        Pairs of landmarks that are laid upon other pairs.
    min_length : float
        Of such a pair.
    reach : float
        How far a landmark is moved at most.
    max_rotation_rad, max_log_scale : float
        Of a move.
    tolerance : float
        How near a landmark comes to another one.
    min_move : float
        Mean distance that landmarks are moved; also between two moves.
    repetitive : float
        Part of the landmarks that a move lays upon others, above which the parts of a shape are taken to be alike.
    """

    __pydantic_config__ = STRICT

    n_moves: int = 6
    n_pairs: int = 200
    min_length: float = 0.25
    reach: float = 0.3
    max_rotation_rad: float = 0.7
    max_log_scale: float = 0.12
    tolerance: float = 0.04
    min_move: float = 0.05
    repetitive: float = 0.7

    def __post_init__(self) -> None:
        for name in ("n_moves", "n_pairs"):
            check(name, getattr(self, name), getattr(self, name) >= 0, "not negative")
        check("tolerance", self.tolerance, self.tolerance > 0, "positive")


@dataclass(frozen=True)
class SearchSettings:
    """The search for the pose.

    Parameters
    ----------
    steps : tuple of SearchStep
        In order. The first proposes the usual pose.
    n_hypotheses : int
        Distinct hypotheses that are kept from step to step.
    max_proposals : int
        The budget: proposals that are voted on, at most; of ``nearby`` and ``alike`` there are few.
    low_score : float
        Local score below which a hypothesis is not good enough, whatever that of the next one.
    usual_ratio : float
        Of a repetitive shape, whose votes agree one part further as well: how many times the local score of the usual
        pose another one must have to be taken for it.
    lowest_score : float
        Local score below which the image does not show the anatomy.
    lowest_moved : float
        Local score below which a hypothesis is not moved, ``nearby`` or to what is ``alike``: nothing is near it.
    n_landmarks : int
        Landmarks, far apart from each other, that score a pose.
    coarsening : int
        Proposals and local scores come from the votes of every so many positions along each axis.
    n_corrections : int
        Of a hypothesis by the local votes, at most.
    alike : SelfSimilaritySettings
        The moves of steps of this name.
    negative_budget : float
        Part of the budget for the negative of a radiograph, in which no pose was found.
    tolerance : float
        Residual of a fit beyond which a landmark has little weight.
    n_trials, n_refits : int
        Random minimal fits, and refinements of the best one.
    max_resize : float
        A fit that changes the size by more is rejected.
    min_distance : float
        Mean distance of landmarks between two distinct poses.
    max_start_distance : float
        Of a coarse estimate from the mean shape, beyond which the local stages start from the latter.
    n_peaks : int
        Of the coarse votes for a landmark, near which the first local stage votes, beside its usual place.
    min_peak_ratio : float
        Height of a further peak, relative to the highest.
    window_step : float
        Between the centres of windows, in units of the anatomy's size.
    window_inside : float
        Part of the anatomy's size that lies in the image.
    max_windows : int
        Along an axis.
    window_noise : float
        Contrast of a neighbourhood that windows take to be flat.
    """

    __pydantic_config__ = STRICT

    steps: tuple[SearchStep, ...] = (SearchStep(),)
    n_hypotheses: int = 4
    max_proposals: int = 300
    low_score: float = 0.62
    usual_ratio: float = 1.4
    lowest_score: float = 0.4
    lowest_moved: float = 0.2
    n_landmarks: int = 12
    coarsening: int = 2
    n_corrections: int = 2
    alike: SelfSimilaritySettings = field(default_factory=SelfSimilaritySettings)
    negative_budget: float = 0.1
    tolerance: float = 0.07
    n_trials: int = 200
    n_refits: int = 5
    max_resize: float = 2.0
    min_distance: float = 0.1
    max_start_distance: float = 0.25
    n_peaks: int = 3
    min_peak_ratio: float = 0.4
    window_step: float = 0.35
    window_inside: float = 0.9
    max_windows: int = 8
    window_noise: float = 0.01

    def __post_init__(self) -> None:
        check("steps", self.steps, bool(self.steps) and self.steps[0].place == "usual", "some, the first of them usual")
        for name in (
            "n_hypotheses",
            "max_proposals",
            "coarsening",
            "n_trials",
            "n_refits",
            "n_peaks",
            "max_windows",
        ):
            check(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        check("n_landmarks", self.n_landmarks, self.n_landmarks >= 2, "at least 2")
        for name in (
            "low_score",
            "lowest_score",
            "lowest_moved",
            "usual_ratio",
            "min_peak_ratio",
            "min_distance",
            "max_start_distance",
        ):
            check(name, getattr(self, name), getattr(self, name) >= 0, "not negative")
        for name in ("tolerance", "window_step", "window_inside", "window_noise"):
            check(name, getattr(self, name), getattr(self, name) > 0, "positive")
        check("max_resize", self.max_resize, self.max_resize > 1, "above 1")


@dataclass(frozen=True)
class CandidateSettings:
    """The candidates for each landmark, from the votes of the first local stage; and the local frames.

    Parameters
    ----------
    n_peaks : int
        Of one start's votes, that become candidates.
    min_peak_ratio : float
        Height of a further peak, relative to the highest.
    max_new_starts : int
        Of a landmark, where others predict it.
    min_start_distance, min_distance : float
        Between two starts, between two candidates.
    max_start_distance : float
        Of a start from the landmark's place in the mean shape.
    max_local_resize : float
        A local frame that is larger or smaller by more than this factor is rejected.
    """

    __pydantic_config__ = STRICT

    n_peaks: int = 4
    min_peak_ratio: float = 0.1
    max_new_starts: int = 4
    min_start_distance: float = 0.03
    min_distance: float = 0.005
    max_start_distance: float = 0.4
    max_local_resize: float = 1.5

    def __post_init__(self) -> None:
        for name in ("n_peaks", "max_new_starts"):
            check(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        for name in ("min_peak_ratio", "min_start_distance", "min_distance", "max_start_distance"):
            check(name, getattr(self, name), getattr(self, name) >= 0, "not negative")
        check("max_local_resize", self.max_local_resize, self.max_local_resize > 1, "above 1")


@dataclass(frozen=True)
class PriorSettings:
    """The pairwise prior of the landmarks' offsets.

    Parameters
    ----------
    n_nearest : int
        Nearest other landmarks, from which anchor sets are taken.
    n_anchor_sets : int
        Of each landmark.
    n_partners : int
        Landmarks with which a landmark makes pairs.
    min_deviation : float
        Added to the offsets' standard deviation.
    free_distance, outlying_distance : float
        Squared Mahalanobis distance of an offset up to which it costs nothing, and beyond which it is an outlier.
    max_cost : float
        Of a pair, so that one misplaced landmark does not displace the others.
    vote_weight : float
        Of the log of the votes' height.
    min_height : float
        Relative height of the votes; lower ones cost no more.
    crowding_ratio : float
        Two landmarks that lie closer than this part of their least distance in training cost ``max_cost``: they are one
        and the same bone. 0: they cost nothing.
    n_iterations : int
        Of message passing.
    damping : float
        Part of each message that is kept from one iteration to the next.
    min_landmarks : int
        For an estimate of the shape's rotation.
    rotation_tolerance : float
        Residual in the fit of the rotation, beyond which a landmark has little weight.
    n_refits : int
        Refinements of that fit.
    """

    __pydantic_config__ = STRICT

    n_nearest: int = 12
    n_anchor_sets: int = 12
    n_partners: int = 6
    min_deviation: float = 0.01
    free_distance: float = 12.0
    outlying_distance: float = 25.0
    max_cost: float = 20.0
    vote_weight: float = 4.0
    min_height: float = 1e-3
    crowding_ratio: float = 0.5
    n_iterations: int = 10
    damping: float = 0.5
    min_landmarks: int = 6
    rotation_tolerance: float = 0.04
    n_refits: int = 5

    def __post_init__(self) -> None:
        for name in ("n_nearest", "n_anchor_sets", "n_partners", "n_iterations", "min_landmarks", "n_refits"):
            check(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        for name in ("min_deviation", "max_cost", "min_height", "rotation_tolerance"):
            check(name, getattr(self, name), getattr(self, name) > 0, "positive")
        for name in ("free_distance", "outlying_distance", "vote_weight"):
            check(name, getattr(self, name), getattr(self, name) >= 0, "not negative")
        check("damping", self.damping, 0 <= self.damping < 1, "in [0, 1)")
        check("crowding_ratio", self.crowding_ratio, 0 <= self.crowding_ratio <= 1, "in [0, 1]")
