"""The localiser: coarse stages that find the pose, then local stages in the pose-normalised image."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from boneage.imaging import Frame, Points, Scan
from boneage.imaging.errors import InvalidInput
from boneage.imaging.progress import Progress
from boneage.imaging.shapes import NoSimilarity, align_to, fit_pose, mean_shape
from boneage.imaging.standardise import StandardisedScan, StandardiseSettings, standardise
from boneage.landmarks.acceptance import BEYOND_OUTLINE, NOT_FOUND, Acceptance, Evidence, Verdict, find_beyond
from boneage.landmarks.localiser_state import LocaliserState
from boneage.landmarks.pairwise_prior import PairwisePrior, find_neighbours
from boneage.landmarks.pose_search import BeamSearch, FixedPose
from boneage.landmarks.presets import accurate
from boneage.landmarks.refinement import Refinement
from boneage.landmarks.search_settings import PriorSettings
from boneage.landmarks.settings import LocaliserSettings
from boneage.landmarks.similarity import fit_local_frames
from boneage.landmarks.stages import CoarseStage, LocalStage
from boneage.landmarks.standard_form import StandardisedScans
from boneage.landmarks.training_shapes import (
    TrainingShape,
    UsualPose,
    choose_some,
    read_training_shapes,
    select_far_apart,
)
from boneage.landmarks.views import Bounds, View, draw_close_view, draw_training_views, image_bounds
from boneage.landmarks.voting import VoteMap

Array = NDArray[np.float64]

_MARGIN = 0.25  # of the extent, around the mean shape
_COMMON = 0.5  # of the training scans have a landmark that scores a pose
_NO_POSE = "no pose of the anatomy fits the image"


@dataclass(frozen=True, eq=False)
class LocatedScan:
    """The landmarks of a scan, and what was found on the way.

    Parameters
    ----------
    points : Points
        In original pixels. The score is the height of the last vote map's peak relative to full agreement (0..1). A
        landmark is absent if its score is below ``min_score``, it lies outside the image, or to the others as in no
        training image, or outside the outline with a score that is low for a real scan, or no pose could be found; it
        is doubtful if its score is below ``doubtful_score``. The reason says which.
    votes : tuple of VoteMap
        The last stage's map of each landmark; empty if no pose was found. Their frames lead from original pixels.
    standardised : StandardisedScan or None
        What standardising found, where the localiser does it.
    inverted : bool
        Whether the landmarks were found in the negative of the file.
    pose_score : float
        Local score of the best pose, relative to the usual one; 0 if none fits.
    evidence : Evidence or None
        What speaks for the landmarks; None if no pose was found.
    verdict : Verdict or None
        How they compare with those of real scans; None where that was not measured.
    committee : ndarray of shape (n_trees, n_landmarks, ndim) or None
        Where each tree of the last stage alone finds the landmarks, in reference coordinates; None unless asked for, or
        if no pose was found.
    """

    points: Points
    votes: tuple[VoteMap, ...]
    standardised: StandardisedScan | None
    inverted: bool
    pose_score: float
    evidence: Evidence | None = None
    verdict: Verdict | None = None
    committee: Array | None = None


class ForestLocaliser:
    """Finds named landmarks by random-forest regression voting; the anatomy is learnt from the annotated scans alone.

    Parameters
    ----------
    settings : LocaliserSettings, optional
        :func:`accurate` if not given.
    random_state : int
        Seed of every random choice.
    n_jobs : int
        Threads used for training; the result is the same for any number.

    Attributes
    ----------
    names_ : tuple of str
    mean_shape_ : ndarray of shape (n_landmarks, ndim)
        In reference coordinates: centred on 0, extent 1.
    acceptance_ : Acceptance or None
        How real scans are located, where that was measured: see :meth:`with_acceptance`.
    """

    def __init__(self, *, settings: LocaliserSettings | None = None, random_state: int = 0, n_jobs: int = 1) -> None:
        self.settings = settings
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, scans: Sequence[Scan], points: Sequence[Points], *, progress: Progress | None = None) -> Self:
        """Learn from annotated scans.

        1. Bring radiographs to the standard form, if the settings say so and the anatomy stands out.
        2. Align the shapes, mirrored where most others are not; their mean is the reference pose.
        3. Coarse stage: views of the whole anatomy in random poses around it.
        4. Local stages: views at growing resolution, one forest a landmark; after the first, none that is much finer
           than the images.

        Parameters
        ----------
        scans : sequence of Scan
            Indexed one by one, a few times, and not stored: they may be read from files on access.
        points : sequence of Points
            In original pixels, with the same names each; absent landmarks are NaN.
        progress : callable, optional
            Called with the stage's name and the part of it that is done.

        Raises
        ------
        ValueError
            If there are fewer than two scans, they differ in their number of axes, names differ, or a landmark is
            absent everywhere.
        """
        report = progress or (lambda _stage, _fraction: None)
        self._settings = self.settings or accurate(points[0].positions.shape[1] if points else 2)
        scans = self._standardise(scans)
        self.names_, annotated = read_training_shapes(scans, points)
        in_file, shapes = [a.in_file for a in annotated], [a.shape for a in annotated]
        self.mean_shape_ = mean_shape(shapes, self._settings.may_mirror)
        self.usual_ = UsualPose.measure(annotated)
        if self._settings.pose is not None:
            poses = self._fit_poses(annotated)
            self.bounds_ = Bounds(self.mean_shape_.min(axis=0) - _MARGIN, self.mean_shape_.max(axis=0) + _MARGIN)
        else:
            poses = [self.usual_.place(scan) for scan in scans]
            boxes = [image_bounds(scan, pose) for scan, pose in zip(scans, poses, strict=True)]
            self.bounds_ = Bounds(np.min([b.low for b in boxes], axis=0), np.max([b.high for b in boxes], axis=0))

        self._settings = _drop_too_fine_stages(self._settings, poses)
        aligned = [pose.apply(landmarks) for pose, landmarks in zip(poses, in_file, strict=True)]
        self._learn_shape_relations(np.stack(aligned))
        seeds = np.random.SeedSequence(self.random_state).generate_state(2 + len(self._settings.local))
        self.pose_landmarks_ = self._choose_pose_landmarks(np.stack(in_file))
        self._coarse = self._fit_coarse_stages(scans, poses, in_file, seeds[:2], report)
        resize = self._settings.candidates.max_local_resize
        turns = np.stack([fit_local_frames(shape, self.mean_shape_, self.neighbours_, resize) for shape in aligned])
        self._local = self._fit_local_stages(scans, poses, in_file, turns, seeds[2:], report)
        self.acceptance_: Acceptance | None = None
        self._calibrate(scans, poses)
        return self

    def with_settings(
        self, settings: LocaliserSettings, scans: Sequence[Scan], points: Sequence[Points]
    ) -> ForestLocaliser:
        """Return a localiser of the same trees that votes by other settings: other weights, smoothing or steps.

        Parameters
        ----------
        settings : LocaliserSettings
            May differ in how trees vote, not in how they are grown. Finer local stages and a standard form that
            :meth:`fit` left out stay out.
        scans, points : sequence
            Those the localiser was fitted to. The usual local score is measured on them.

        Raises
        ------
        ValueError
            If the trees do not fit the settings, or the scans are not those of this anatomy.
        """
        config, arrays = self.to_state()
        standardise = settings.standardise if self._settings.standardise is not None else None
        settings = dataclasses.replace(settings, local=settings.local[: len(self._local)], standardise=standardise)
        other = ForestLocaliser.from_state({**config, "settings": dataclasses.asdict(settings)}, arrays)
        scans = StandardisedScans(scans, settings.standardise)
        _, annotated = read_training_shapes(scans, points)
        other._calibrate(scans, other._fit_poses(annotated))
        return other

    def with_acceptance(self, acceptance: Acceptance | None) -> Self:
        """Return the same localiser that judges what it finds by how real scans are located, or does not."""
        other = copy.copy(self)
        other.acceptance_ = acceptance
        return other

    def locate(self, scan: Scan) -> Points:
        """Find the landmarks of a scan; see :meth:`find`."""
        return self.find(scan).points

    def find(self, scan: Scan, *, committee: bool = False) -> LocatedScan:
        """Find the landmarks of a scan, and all that is known about it then; where each tree alone finds them if asked.

        1. Bring a radiograph to the standard form, if the settings say so.
        2. Find the pose (:meth:`~boneage.landmarks.pose_search.BeamSearch.search`). If none fits, search a
           radiograph's negative.
        3. Refine each landmark through the local stages; see :meth:`~boneage.landmarks.refinement.Refinement.refine`.

        Raises
        ------
        NotFittedError
        ValueError
            If the scan has another number of axes than the training scans.
        """
        if not hasattr(self, "names_"):
            raise NotFittedError("this ForestLocaliser is not fitted yet")
        if scan.ndim != self.ndim:
            raise InvalidInput(f"the localiser was trained on {self.ndim}D scans, got a {scan.ndim}D one")
        settings = self._settings.standardise
        standardised = None if settings is None else standardise(scan, settings)
        searched = scan if standardised is None else standardised.scan
        inverted = standardised is not None and standardised.polarity.inverted
        hypothesis = self._searcher.search(searched)
        if hypothesis is None and scan.ndim == 2:
            searched, inverted = searched.negative(), not inverted
            hypothesis = self._searcher.search(searched, self._settings.search.negative_budget)
        if hypothesis is None:
            points, verdict = self._absent(_NO_POSE), None if self.acceptance_ is None else NOT_FOUND
            return LocatedScan(points, (), standardised, inverted=False, pose_score=0.0, verdict=verdict)
        found, to_original = self._refinement.refine(searched, hypothesis), searched.frame_to_original()
        maps = [landmark.map for landmark in found]
        votes = tuple(VoteMap(m.values, m.to_map.compose(to_original.inverse())) for m in maps)
        in_pose = np.stack([landmark.position for landmark in found])
        positions = to_original.apply(hypothesis.pose.inverse().apply(in_pose))
        in_file = scan.frame_to_original().inverse().apply(positions)
        beyond = find_beyond(in_file, None if standardised is None else standardised.mask)
        scores = np.array([landmark.height for landmark in found])
        misfit, detail = self.prior_.measure_misfit(in_pose), 1.0 / hypothesis.pose.scale()
        evidence = Evidence.weigh(hypothesis.local_score, scores, misfit, beyond, detail)
        points = self._to_points(scan, positions, scores, self.prior_.find_outliers(in_pose), evidence)
        verdict = None if self.acceptance_ is None else self.acceptance_.judge(evidence)
        trees = self._refinement.ask_trees(searched, hypothesis, in_pose) if committee else None
        return LocatedScan(points, votes, standardised, inverted, hypothesis.local_score, evidence, verdict, trees)

    @property
    def ndim(self) -> int:
        """Number of axes of the scans it was trained on: 2, or 3 for volumes."""
        return int(self.mean_shape_.shape[1])

    @property
    def least_details(self) -> tuple[float, ...]:
        """Pixels of a scan to a unit of extent from which on each local stage after the first votes."""
        return self._refinement.least_details

    @property
    def standardise_settings(self) -> StandardiseSettings | None:
        """How radiographs are brought to the standard form; None where they are searched as they are."""
        return self._settings.standardise

    def is_mirrored(self, points: Points) -> bool:
        """Whether landmarks lie as in a mirror image of the training scans."""
        try:
            return align_to(points.select(self.names_).positions, self.mean_shape_).mirrored
        except NoSimilarity:
            return False

    def to_state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return all that was learnt as JSON data and arrays."""
        if not hasattr(self, "names_"):
            raise NotFittedError("this ForestLocaliser is not fitted yet")
        return LocaliserState(
            settings=self._settings,
            names=self.names_,
            mean_shape=self.mean_shape_,
            bounds=self.bounds_,
            usual=self.usual_,
            typical_score=self.typical_score_,
            neighbours=self.neighbours_,
            pose_landmarks=self.pose_landmarks_,
            prior=self.prior_,
            coarse=self._coarse,
            local=self._local,
            acceptance=self.acceptance_,
        ).to_json_and_arrays()

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild a localiser.

        Raises
        ------
        ValueError, KeyError, TypeError
            If settings or arrays are missing, malformed or do not fit together.
        """
        state = LocaliserState.from_json_and_arrays(config, arrays)
        self = cls(settings=state.settings)
        self._settings, self.names_ = state.settings, state.names
        self.mean_shape_, self.bounds_ = state.mean_shape, state.bounds
        self.usual_, self.typical_score_ = state.usual, state.typical_score
        self.neighbours_, self.prior_, self.pose_landmarks_ = state.neighbours, state.prior, state.pose_landmarks
        self._coarse, self._local, self.acceptance_ = list(state.coarse), list(state.local), state.acceptance
        self._prepare_search()
        return self

    def _standardise(self, scans: Sequence[Scan]) -> Sequence[Scan]:
        """Return the scans in the standard form, if the settings say so and the anatomy stands out."""
        standardised = StandardisedScans(scans, self._settings.standardise)
        if not scans or self._settings.standardise is None or standardised.stand_out():
            return standardised
        self._settings = dataclasses.replace(self._settings, standardise=None)
        return scans

    def _fit_coarse_stages(
        self,
        scans: Sequence[Scan],
        poses: Sequence[Frame],
        in_file: Sequence[Array],
        seeds: NDArray[np.integer],
        report: Progress,
    ) -> list[CoarseStage]:
        stages = []
        for number, (stage, seed) in enumerate(zip(self._settings.coarse_stages, seeds, strict=False), start=1):
            report(f"global stage {number}", 0.0)
            is_pose_stage = number == 1 and self._settings.pose is not None
            voted = [landmarks[self.pose_landmarks_] if is_pose_stage else landmarks for landmarks in in_file]
            views, truths = draw_training_views(stage, scans, poses, voted, self.bounds_, int(seed), self.n_jobs)
            stages.append(CoarseStage.fit(stage, views, truths, int(seed), self.n_jobs))
            report(f"global stage {number}", 1.0)
        return stages

    def _choose_pose_landmarks(self, in_file: Array) -> NDArray[np.int64]:
        """Return the landmarks that score a pose: far apart, and annotated in most scans, if enough of them are."""
        common = np.flatnonzero(np.isfinite(in_file[..., 0]).mean(axis=0) > _COMMON)
        n = self._settings.search.n_landmarks
        if len(common) < min(n, in_file.shape[1]):
            common = np.arange(in_file.shape[1])
        return common[select_far_apart(self.mean_shape_[common], n)]

    def _fit_local_stages(
        self,
        scans: Sequence[Scan],
        poses: Sequence[Frame],
        in_file: Sequence[Array],
        turns: Array,
        seeds: NDArray[np.integer],
        report: Progress,
    ) -> list[LocalStage]:
        stages = []
        present = np.stack([~np.isnan(landmarks[:, 0]) for landmarks in in_file])
        for number, (stage, seed) in enumerate(zip(self._settings.local, seeds, strict=True), start=1):

            def draw(image: int, resolution: float = stage.resolution) -> tuple[View, Array]:
                scan, pose = scans[image], poses[image]
                view = draw_close_view(scan, pose, self._view_bounds(scan, pose), resolution)
                return view, view.to_view.apply(in_file[image])

            report_part = partial(report, f"local stage {number}")
            stages.append(LocalStage.fit(stage, draw, turns, present, int(seed), self.n_jobs, report_part))
        return stages

    def _prepare_search(self) -> None:
        """Make what searches for the pose and what refines the landmarks in it, from what was learnt."""
        settings, shape = self._settings, self.mean_shape_
        few = self.pose_landmarks_
        self._refinement = Refinement(self._local, shape, self.neighbours_, self.prior_, few, settings)
        self._searcher: BeamSearch | FixedPose = FixedPose(self._coarse[0], self.usual_, shape, settings.search)
        if settings.pose is not None:
            self._searcher = BeamSearch(
                self._coarse,
                self._refinement.open_view,
                self.typical_score_,
                shape,
                few,
                self.bounds_,
                self.usual_,
                settings.search,
            )

    def _fit_poses(self, annotated: Sequence[TrainingShape]) -> list[Frame]:
        """Return the annotated poses: maps from each file's pixels to reference coordinates."""
        may_mirror = self._settings.may_mirror
        return [fit_pose(a.shape, self.mean_shape_, may_mirror).compose(a.to_true) for a in annotated]

    def _calibrate(self, scans: Sequence[Scan], poses: Sequence[Frame]) -> None:
        """Measure the usual local score: the median in the true poses of some training scans."""
        self.typical_score_ = 1.0
        self._prepare_search()
        searcher = self._searcher
        if isinstance(searcher, FixedPose):
            return
        parallel = joblib.Parallel(n_jobs=self.n_jobs, prefer="threads")
        some = choose_some(len(scans))
        corrected = parallel(joblib.delayed(searcher.correct)(scans[k], poses[k]) for k in some)
        scores = [hypothesis.local_score for hypothesis in corrected if hypothesis is not None]
        self.typical_score_ = float(np.median(scores)) if scores else 1.0
        self._prepare_search()

    def _learn_shape_relations(self, shapes: Array) -> None:
        """Learn each landmark's neighbours, and the prior of their offsets, from shapes in reference coordinates."""
        settings = self._settings
        self.neighbours_ = np.zeros((len(self.mean_shape_), 0), np.int64)
        n_nearest = (settings.prior or PriorSettings()).n_nearest
        if settings.n_neighbours:
            self.neighbours_ = find_neighbours(shapes, self.mean_shape_, settings.n_neighbours, n_nearest)
        self.prior_ = PairwisePrior.flat(self.mean_shape_)
        if settings.prior is not None:
            self.prior_ = PairwisePrior.fit(shapes, self.mean_shape_, settings.prior)

    def _view_bounds(self, scan: Scan, pose: Frame) -> Bounds:
        return self.bounds_ if self._settings.pose is not None else image_bounds(scan, pose)

    def _absent(self, reason: str) -> Points:
        n, ndim = self.mean_shape_.shape
        return Points(self.names_, np.full((n, ndim), np.nan), np.zeros(n), (reason,) * n)

    def _to_points(
        self, scan: Scan, positions: Array, scores: Array, outlying: NDArray[np.bool_], evidence: Evidence
    ) -> Points:
        in_file = scan.frame_to_original().inverse().apply(positions)
        outside = np.asarray(((in_file < -0.5) | (in_file > np.array(scan.pixels.shape) - 0.5)).any(axis=1))
        lowest, low = self._settings.min_score, self._settings.doubtful_score
        poor, doubtful = scores < lowest, scores < low
        unsupported = np.zeros_like(poor) if self.acceptance_ is None else self.acceptance_.find_unsupported(evidence)
        faults = (
            (outside, "outside the image"),
            (poor, f"score below {lowest:g}"),
            (outlying, "does not lie to the others as in any training image"),
            (unsupported, BEYOND_OUTLINE),
            (doubtful, f"doubtful: score below {low:g}"),
        )
        reasons = [next((reason for fault, reason in faults if fault[k]), "") for k in range(len(scores))]
        absent = (outside | poor | outlying | unsupported)[:, None]
        return Points(self.names_, np.where(absent, np.nan, positions), scores, tuple(reasons))


def _drop_too_fine_stages(settings: LocaliserSettings, poses: Sequence[Frame]) -> LocaliserSettings:
    """Return the settings without local stages, after the first, that are much finer than the images."""
    detail = float(np.median([1.0 / pose.scale() for pose in poses]))  # pixels per extent
    first, *others = settings.local
    useful = [stage for stage in others if stage.resolution <= settings.max_oversampling * detail]
    return dataclasses.replace(settings, local=(first, *useful))
