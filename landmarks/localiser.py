"""The localiser: coarse stages that find the pose, then local stages in the pose-normalised image."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from boneage.imaging import Frame, Points, Scan
from boneage.imaging.errors import InvalidInput
from boneage.imaging.progress import Progress
from boneage.imaging.shapes import NoSimilarity, align_to, fit_pose, mean_shape
from boneage.landmarks.calibration import calibrate_scores
from boneage.landmarks.localiser_state import LocaliserState
from boneage.landmarks.pairwise_prior import PairwisePrior, find_neighbours
from boneage.landmarks.pose_proposals import propose_pose, vote_in_pose
from boneage.landmarks.pose_search import PoseHypothesis, PoseSearch
from boneage.landmarks.presets import accurate
from boneage.landmarks.refinement import RefinedLandmarks, Refinement
from boneage.landmarks.settings import LocaliserSettings
from boneage.landmarks.similarity import fit_local_frames
from boneage.landmarks.stages import CoarseStage, LocalStage
from boneage.landmarks.training_shapes import TrainingShape, measure_usual_pose, read_training_shapes
from boneage.landmarks.views import Bounds, View, draw_close_view, draw_training_views, image_bounds
from boneage.landmarks.voting import VoteMap

Array = NDArray[np.float64]

_MARGIN = 0.25  # of the extent, around the mean shape
_MAX_OVERSAMPLING = 4.0  # resolution of a local stage after the first, relative to the images'
_DOUBTFUL_RATIO = 2  # of a score to the lowest accepted one, below which a landmark is doubtful
_RESTART_SCORE = 0.8  # mean score of the first local stage, relative to the usual one, below which it is restarted
_LOWEST_SCORE = 0.4  # ... below which, in the best of several poses, the image does not show the anatomy
_NO_POSE = "no pose of the anatomy fits the image"
_NEGATIVE = f"{_NO_POSE}, but one fits its negative: black and white seem to be swapped"


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
    """

    def __init__(self, *, settings: LocaliserSettings | None = None, random_state: int = 0, n_jobs: int = 1) -> None:
        self.settings = settings
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, scans: Sequence[Scan], points: Sequence[Points], *, progress: Progress | None = None) -> Self:
        """Learn from annotated scans.

        1. Align the shapes, mirrored where most others are not; their mean is the reference pose.
        2. Coarse stage: views of the whole anatomy in random poses around it.
        3. Local stages: views at growing resolution, one forest a landmark; after the first, none that is much finer
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
        self.names_, annotated = read_training_shapes(scans, points)
        in_file, shapes = [a.in_file for a in annotated], [a.shape for a in annotated]
        self._settings = self.settings or accurate(shapes[0].shape[1])
        self.mean_shape_ = mean_shape(shapes, self._settings.first_mirrored)
        self.size_ratio_, self.centre_offset_ = measure_usual_pose(annotated)
        if self._settings.pose is not None:
            poses = self._fit_poses(annotated)
            self.bounds_ = Bounds(self.mean_shape_.min(axis=0) - _MARGIN, self.mean_shape_.max(axis=0) + _MARGIN)
        else:
            poses = [propose_pose(scan, self.size_ratio_, self.centre_offset_) for scan in scans]
            boxes = [image_bounds(scan, pose) for scan, pose in zip(scans, poses, strict=True)]
            self.bounds_ = Bounds(np.min([b.low for b in boxes], axis=0), np.max([b.high for b in boxes], axis=0))

        self._settings = _drop_too_fine_stages(self._settings, poses)
        aligned = [pose.apply(landmarks) for pose, landmarks in zip(poses, in_file, strict=True)]
        self._learn_shape_relations(np.stack(aligned))
        seeds = np.random.SeedSequence(self.random_state).generate_state(2 + len(self._settings.local))
        self._coarse = self._fit_coarse_stages(scans, poses, in_file, seeds[:2], report)
        turns = np.stack([fit_local_frames(shape, self.mean_shape_, self.neighbours_) for shape in aligned])
        self._local = self._fit_local_stages(scans, poses, in_file, turns, seeds[2:], report)
        self._pose_search, self._refinement = self._make_pose_search(), self._make_refinement()
        self._calibrate(scans, poses)
        return self

    def with_settings(
        self, settings: LocaliserSettings, scans: Sequence[Scan], points: Sequence[Points]
    ) -> ForestLocaliser:
        """Return a localiser of the same trees that votes by other settings: other weights, smoothing or steps.

        Parameters
        ----------
        settings : LocaliserSettings
            May differ in how trees vote, not in how they are grown. Local stages that :meth:`fit` left out stay out.
        scans, points : sequence
            Those the localiser was fitted to. The usual support and score are measured on them.

        Raises
        ------
        ValueError
            If the trees do not fit the settings, or the scans are not those of this anatomy.
        """
        config, arrays = self.to_state()
        settings = dataclasses.replace(settings, local=settings.local[: len(self._local)])
        other = ForestLocaliser.from_state({**config, "settings": dataclasses.asdict(settings)}, arrays)
        if settings.pose is not None:
            _, annotated = read_training_shapes(scans, points)
            other._calibrate(scans, other._fit_poses(annotated))
        return other

    def locate(self, scan: Scan) -> Points:
        """Find the landmarks of a scan; see :meth:`locate_with_votes`."""
        return self.locate_with_votes(scan)[0]

    def locate_with_votes(self, scan: Scan) -> tuple[Points, tuple[VoteMap, ...]]:
        """Find the landmarks of a scan, and return the votes that they come from.

        1. Find the pose; see :meth:`~boneage.landmarks.pose_search.PoseSearch.search`.
        2. Refine each landmark through the local stages; see :meth:`~boneage.landmarks.refinement.Refinement.refine`.
           Where several poses may be right, see :meth:`~boneage.landmarks.refinement.Refinement.refine_best`.

        Returns
        -------
        points : Points
            In original pixels. The score is the height of the last vote map's peak relative to full
            agreement (0..1). A landmark is absent if its score is below ``min_score``, it lies outside the
            image, or to the others as in no training image, or no pose could be found; it is doubtful if its score
            is below twice ``min_score``. The reason says which.
        votes : tuple of VoteMap
            The last stage's map of each landmark; empty if no pose was found.

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
        found = self._find(scan)
        if found is None:
            return self._absent(_NEGATIVE if self._is_negative(scan) else _NO_POSE), ()
        to_file = scan.frame_to_original().inverse()
        votes = tuple(VoteMap(m.values, m.to_map.compose(to_file)) for m in found.votes)
        outlying = self._refinement.find_outliers(found.positions)
        return self._to_points(scan, found.pose.inverse().apply(found.positions), found.scores, outlying), votes

    @property
    def ndim(self) -> int:
        """Number of axes of the scans it was trained on: 2, or 3 for volumes."""
        return int(self.mean_shape_.shape[1])

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
            size_ratio=self.size_ratio_,
            centre_offset=self.centre_offset_,
            certain_support=self.certain_support_,
            typical_score=self.typical_score_,
            neighbours=self.neighbours_,
            prior=self.prior_,
            coarse=self._coarse,
            local=self._local,
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
        self.size_ratio_, self.centre_offset_ = state.size_ratio, state.centre_offset
        self.certain_support_, self.typical_score_ = state.certain_support, state.typical_score
        self.neighbours_, self.prior_ = state.neighbours, state.prior
        self._coarse, self._local = list(state.coarse), list(state.local)
        self._pose_search, self._refinement = self._make_pose_search(), self._make_refinement()
        return self

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
            views, truths = draw_training_views(stage, scans, poses, in_file, self.bounds_, int(seed), self.n_jobs)
            stages.append(CoarseStage.fit(stage, views, truths, int(seed), self.n_jobs))
            report(f"global stage {number}", 1.0)
        return stages

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

    def _make_pose_search(self) -> PoseSearch | None:
        if self._settings.pose is None:
            return None
        return PoseSearch(
            self._coarse, self.mean_shape_, self.bounds_, self.size_ratio_, self.centre_offset_, self._settings
        )

    def _make_refinement(self) -> Refinement:
        return Refinement(self._local, self.mean_shape_, self.neighbours_, self.prior_)

    def _fit_poses(self, annotated: Sequence[TrainingShape]) -> list[Frame]:
        """Return the annotated poses: maps from each file's pixels to reference coordinates."""
        may_mirror = self._settings.first_mirrored
        return [fit_pose(a.shape, self.mean_shape_, may_mirror).compose(a.to_true) for a in annotated]

    def _calibrate(self, scans: Sequence[Scan], poses: Sequence[Frame]) -> None:
        """Measure the usual support and score of the true poses."""
        self.certain_support_ = self.typical_score_ = 0.0
        if self._pose_search is not None:
            self.certain_support_, self.typical_score_ = calibrate_scores(
                self._pose_search, self._score_locally, scans, poses, self._settings.first_mirrored, self.n_jobs
            )

    def _score_locally(self, scan: Scan, hypothesis: PoseHypothesis) -> float:
        return self._refinement.score(scan, hypothesis, self.bounds_)

    def _learn_shape_relations(self, shapes: Array) -> None:
        """Learn each landmark's neighbours, and the prior of their offsets, from shapes in reference coordinates."""
        settings = self._settings
        self.neighbours_ = self.prior_ = None
        if settings.n_neighbours:
            self.neighbours_ = find_neighbours(shapes, self.mean_shape_, settings.n_neighbours)
        if settings.pairwise_prior:
            self.prior_ = PairwisePrior.fit(shapes, self.mean_shape_)

    def _view_bounds(self, scan: Scan, pose: Frame) -> Bounds:
        return self.bounds_ if self._settings.pose is not None else image_bounds(scan, pose)

    def _find(self, scan: Scan) -> RefinedLandmarks | None:
        """Return the landmarks of the last stage in the best pose; ``None`` if no pose fits."""
        if self._pose_search is None:
            pose = propose_pose(scan, self.size_ratio_, self.centre_offset_)
            bounds = image_bounds(scan, pose)
            return self._refinement.refine(scan, pose, vote_in_pose(scan, self._coarse[0], pose, bounds)[0], bounds)
        bounds, typical_score = self.bounds_, self.typical_score_
        hypotheses, certain = self._search(self._pose_search, scan)
        if not hypotheses:
            return None
        if certain:
            start = self._refinement.initial_positions(hypotheses[0])
            return self._refinement.refine(scan, hypotheses[0].pose, start, bounds, _RESTART_SCORE * typical_score)
        poses, may_mirror = [hypothesis.pose for hypothesis in hypotheses], self._settings.first_mirrored
        return self._refinement.refine_best(
            scan, poses, bounds, lowest=_LOWEST_SCORE * typical_score, may_mirror=may_mirror
        )

    def _search(self, search: PoseSearch, scan: Scan, thorough: bool = True) -> tuple[list[PoseHypothesis], bool]:
        """Return what :meth:`PoseSearch.search` does, with scores relative to the usual one."""
        typical_score = max(self.typical_score_, 1e-12)

        def score_locally(hypothesis: PoseHypothesis) -> float:
            return self._score_locally(scan, hypothesis) / typical_score

        return search.search(scan, self.certain_support_, score_locally, thorough)

    def _is_negative(self, scan: Scan) -> bool:
        """Whether a pose fits, without a thorough search, where black and white are swapped."""
        if self._pose_search is None:
            return False
        pixels = scan.pixels.max() + scan.pixels.min() - scan.pixels
        return self._search(self._pose_search, dataclasses.replace(scan, pixels=pixels), thorough=False)[1]

    def _absent(self, reason: str) -> Points:
        n, ndim = self.mean_shape_.shape
        return Points(self.names_, np.full((n, ndim), np.nan), np.zeros(n), (reason,) * n)

    def _to_points(self, scan: Scan, in_file: Array, scores: Array, outlying: NDArray[np.bool_]) -> Points:
        outside = np.asarray(((in_file < -0.5) | (in_file > np.array(scan.pixels.shape) - 0.5)).any(axis=1))
        lowest, low = self._settings.min_score, _DOUBTFUL_RATIO * self._settings.min_score
        poor, doubtful = scores < lowest, scores < low
        faults = (
            (outside, "outside the image"),
            (poor, f"score below {lowest:g}"),
            (outlying, "does not lie to the others as in any training image"),
            (doubtful, f"doubtful: score below {low:g}"),
        )
        reasons = [next((reason for fault, reason in faults if fault[k]), "") for k in range(len(scores))]
        absent = (outside | poor | outlying)[:, None]
        positions = np.where(absent, np.nan, scan.frame_to_original().apply(in_file))
        return Points(self.names_, positions, scores, tuple(reasons))


def _drop_too_fine_stages(settings: LocaliserSettings, poses: Sequence[Frame]) -> LocaliserSettings:
    """Return the settings without local stages, after the first, that are much finer than the images."""
    detail = float(np.median([1.0 / pose.scale() for pose in poses]))  # pixels per extent
    first, *others = settings.local
    useful = [stage for stage in others if stage.resolution <= _MAX_OVERSAMPLING * detail]
    return dataclasses.replace(settings, local=(first, *useful))
