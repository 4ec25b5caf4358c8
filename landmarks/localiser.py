"""The localiser: a coarse stage that finds the pose, then local stages in the pose-normalised picture."""

from __future__ import annotations

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
from boneage.imaging.shapes import NoSimilarity, align_to, fit_pose, mean_shape, mirror, shape_centre, shape_extent
from boneage.landmarks.pairwise_prior import PairwisePrior, find_neighbours
from boneage.landmarks.pose_proposals import propose_pose, vote_in_pose
from boneage.landmarks.pose_search import PoseHypothesis, PoseSearch
from boneage.landmarks.presets import accurate
from boneage.landmarks.refinement import RefinedLandmarks, Refinement
from boneage.landmarks.serialization import arrays_under, read_neighbours, stages_from_arrays, stages_to_arrays
from boneage.landmarks.settings import LocaliserSettings, StageSettings, settings_from_json
from boneage.landmarks.similarity import fit_local_frames
from boneage.landmarks.stages import CoarseStage, LocalStage
from boneage.landmarks.views import Bounds, View, draw_close_view, draw_jitter, draw_view, image_bounds
from boneage.landmarks.voting import VoteMap

Array = NDArray[np.float64]

_MARGIN = 0.25  # of the extent, around the mean shape
_CONVINCING = 0.6  # how well the coarse votes must agree in a pose, relative to the training scans, not to be doubted
_CLEARLY = 1.25  # ... and relative to the best of mirror images of the training scans
_FINEST = 4.0  # times the images' resolution: what is drawn still finer shows nothing new
_SOME = 20  # training scans that tell
_DOUBTFUL = 2  # times the lowest score that is given: less than that is given with a reservation
_SEEN_ENOUGH = 0.8  # less seen by the first local stage, relative to the usual, is doubted
_HOPELESS = 0.4  # ... and so little in the best of many poses is nothing: an inverted picture, or another anatomy
_NOT_SEEN = "no pose of the anatomy fits the image"
_NEGATIVE = f"{_NOT_SEEN}, but one fits its negative: black and white seem to be swapped"


class ForestLocaliser:
    """Finds named landmarks by random-forest regression voting; knows nothing of the anatomy it is shown.

    Parameters
    ----------
    settings : LocaliserSettings, optional
        :func:`accurate` if not given.
    random_state : int
        Seed of every random choice.
    n_jobs : int
        Threads used for training; what is learnt is the same for any number.

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
            Gone through one by one, a few times, and not kept: they may be read when they are asked for.
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
        self.names_, known = _check_training(scans, points)
        in_file, shapes = [one.in_file for one in known], [one.shape for one in known]
        self._settings = self.settings or accurate(shapes[0].shape[1])
        self.mean_shape_ = mean_shape(shapes, self._settings.first_mirrored)
        self._learn_first_guess(known)
        if self._settings.pose is not None:
            poses = self._fit_poses(known)
            self.bounds_ = Bounds(self.mean_shape_.min(axis=0) - _MARGIN, self.mean_shape_.max(axis=0) + _MARGIN)
        else:
            poses = [propose_pose(scan, self.size_ratio_, self.centre_offset_) for scan in scans]
            boxes = [image_bounds(scan, pose) for scan, pose in zip(scans, poses, strict=True)]
            self.bounds_ = Bounds(np.min([b.low for b in boxes], axis=0), np.max([b.high for b in boxes], axis=0))

        self._settings = _drop_too_fine_stages(self._settings, poses)
        aligned = [pose.apply(landmarks) for pose, landmarks in zip(poses, in_file, strict=True)]
        self._learn_shape_relations(np.stack(aligned))
        seeds = np.random.SeedSequence(self.random_state).generate_state(2 + len(self._settings.local))
        self._whole: list[CoarseStage] = []  # the pose stage, if there is one, and the coarse stage
        for number, (stage, seed) in enumerate(zip(self._global_stage_settings(), seeds[:2], strict=False), start=1):
            report(f"global stage {number}", 0.0)
            views, truths = self._draw_views(stage, scans, poses, in_file, int(seed))
            self._whole.append(CoarseStage.fit(stage, views, truths, int(seed), self.n_jobs))
            report(f"global stage {number}", 1.0)
        self._local: list[LocalStage] = []
        turns = np.stack([fit_local_frames(shape, self.mean_shape_, self.neighbours_) for shape in aligned])
        present = np.stack([~np.isnan(landmarks[:, 0]) for landmarks in in_file])
        for number, (stage, seed) in enumerate(zip(self._settings.local, seeds[2:], strict=True), start=1):

            def draw(image: int, resolution: float = stage.resolution) -> tuple[View, Array]:
                scan, pose = scans[image], poses[image]
                view = draw_close_view(scan, pose, self._view_bounds(scan, pose), resolution)
                return view, view.to_view.apply(in_file[image])

            follow = partial(report, f"local stage {number}")
            self._local.append(LocalStage.fit(stage, draw, turns, present, int(seed), self.n_jobs, follow))
        self._pose_search, self._refinement = self._make_pose_search(), self._make_refinement()
        self._calibrate_support(scans, poses)
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
            What the localiser was fitted to. They tell how well such votes usually agree.

        Raises
        ------
        ValueError
            If the trees do not fit the settings, or the scans are not those of this anatomy.
        """
        config, arrays = self.to_state()
        settings = dataclasses.replace(settings, local=settings.local[: len(self._local)])
        other = ForestLocaliser.from_state({**config, "settings": dataclasses.asdict(settings)}, arrays)
        if settings.pose is not None:
            _, known = _check_training(scans, points)
            other._calibrate_support(scans, other._fit_poses(known))
        return other

    def locate(self, scan: Scan) -> Points:
        """Find the landmarks of a scan; see :meth:`locate_with_votes`."""
        return self.locate_with_votes(scan)[0]

    def locate_with_votes(self, scan: Scan) -> tuple[Points, tuple[VoteMap, ...]]:
        """Find the landmarks of a scan, and show the votes they rest on.

        1. Find the pose; see :meth:`~boneage.landmarks.pose_search.PoseFinder.search`.
        2. Refine each landmark through the local stages; see :meth:`~boneage.landmarks.refinement.Refiner.refine`.
           Where several poses may be right, see :meth:`~boneage.landmarks.refinement.Refiner.refine_best`.

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
            told = _NEGATIVE if self._is_negative(scan) else _NOT_SEEN
            return self._absent(told), ()
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
        config = {
            "settings": dataclasses.asdict(self._settings),
            "names": list(self.names_),
            "size_ratio": self.size_ratio_,
            "convincing_support": self.convincing_support_,
            "typical_score": self.typical_score_,
        }
        arrays: dict[str, NDArray[Any]] = {
            "mean_shape": self.mean_shape_,
            "centre_offset": self.centre_offset_,
            "bounds": np.stack([self.bounds_.low, self.bounds_.high]),
        }
        arrays |= stages_to_arrays(self._whole, self._local)
        if self.neighbours_ is not None:
            arrays["neighbours"] = self.neighbours_
        if self.constellation_ is not None:
            arrays |= {f"constellation/{name}": array for name, array in self.constellation_.to_arrays().items()}
        return config, arrays

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild a localiser.

        Raises
        ------
        ValueError, KeyError, TypeError
            If settings or arrays are missing, malformed or do not fit together.
        """
        settings = settings_from_json(config["settings"])
        self = cls(settings=settings)
        self._settings = settings
        self.names_ = tuple(str(name) for name in config["names"])
        self.size_ratio_ = float(config["size_ratio"])
        self.convincing_support_ = float(config["convincing_support"])
        self.typical_score_ = float(config["typical_score"])
        self.mean_shape_ = np.asarray(arrays["mean_shape"], dtype=np.float64)
        self.centre_offset_ = np.asarray(arrays["centre_offset"], dtype=np.float64)
        low, high = np.asarray(arrays["bounds"], dtype=np.float64)
        self.bounds_ = Bounds(low, high)
        n, ndim = self.mean_shape_.shape
        finite = all(np.isfinite(a).all() for a in (self.mean_shape_, self.centre_offset_, low, high))
        if (
            n != len(self.names_)
            or ndim not in (2, 3)
            or not finite
            or not (self.size_ratio_ > 0 and self.convincing_support_ >= 0 and self.typical_score_ >= 0)
            or (high <= low).any()
        ):
            raise InvalidInput("the localiser's shape does not fit its landmark names")
        self.neighbours_ = read_neighbours(arrays, n) if settings.n_neighbours else None
        self.constellation_ = None
        if settings.constellation:
            self.constellation_ = PairwisePrior.from_arrays(self.mean_shape_, arrays_under(arrays, "constellation/"))
        self._whole, self._local = stages_from_arrays(self._global_stage_settings(), settings.local, arrays, n, ndim)
        self._pose_search, self._refinement = self._make_pose_search(), self._make_refinement()
        return self

    def _learn_first_guess(self, known: Sequence[_TrainingShape]) -> None:
        """Learn how large the anatomy is in an image, and where, relative to the image's larger side."""
        sides = np.array([one.true_size.max() for one in known])
        extents = np.array([shape_extent(one.shape) for one in known])
        centres = np.array([shape_centre(one.shape) for one in known])
        middles = np.array([one.true_size / 2 for one in known])
        self.size_ratio_ = float(np.median(extents / sides))
        self.centre_offset_ = np.median((centres - middles) / sides[:, None], axis=0)

    def _make_pose_search(self) -> PoseSearch | None:
        if self._settings.pose is None:
            return None
        return PoseSearch(
            self._whole, self.mean_shape_, self.bounds_, self.size_ratio_, self.centre_offset_, self._settings
        )

    def _make_refinement(self) -> Refinement:
        return Refinement(self._local, self.mean_shape_, self.neighbours_, self.constellation_)

    def _fit_poses(self, known: Sequence[_TrainingShape]) -> list[Frame]:
        """Return the annotated poses: maps from each file's pixels to reference coordinates."""
        may_mirror = self._settings.first_mirrored
        return [fit_pose(one.shape, self.mean_shape_, may_mirror).compose(one.to_true) for one in known]

    def _calibrate_support(self, scans: Sequence[Scan], poses: Sequence[Frame]) -> None:
        """Learn how well votes agree where the pose is right, the coarse ones and the first local ones.

        The coarse ones convince where they agree better than they do in a mirror image. A few scans tell.
        """
        self.convincing_support_ = self.typical_score_ = 0.0
        if self._pose_search is None:
            return
        some = range(0, len(scans), max(len(scans) // _SOME, 1))[:_SOME]
        parallel = joblib.Parallel(n_jobs=self.n_jobs, prefer="threads")
        told = list(parallel(joblib.delayed(self._score_pose)(self._pose_search, scans[k], poses[k]) for k in some))
        supports = [hypothesis.support for right, _, _ in told for hypothesis in right]
        seen = [score for _, scores, _ in told for score in scores]
        mirrored = [0.0, *(hypothesis.support for _, _, wrong in told for hypothesis in wrong)]
        if supports:
            self.convincing_support_ = _CONVINCING * float(np.median(supports))
            self.typical_score_ = float(np.median(seen))
        if self._settings.first_mirrored:
            self.convincing_support_ = max(self.convincing_support_, _CLEARLY * max(mirrored))

    def _score_pose(
        self, finder: PoseSearch, scan: Scan, pose: Frame
    ) -> tuple[list[PoseHypothesis], list[float], list[PoseHypothesis]]:
        """Return what is seen in the right pose, from afar and from close by, and in its mirror image."""
        right = finder.correct(scan, [pose])
        wrong = finder.correct(scan, [mirror(scan.ndim).compose(pose)]) if self._settings.first_mirrored else []
        return right, [self._score_closely(scan, hypothesis) for hypothesis in right], wrong

    def _score_closely(self, scan: Scan, hypothesis: PoseHypothesis) -> float:
        return self._refinement.score(scan, hypothesis, self.bounds_)

    def _learn_shape_relations(self, shapes: Array) -> None:
        """Learn how landmarks lie to each other, from shapes in reference coordinates."""
        settings = self._settings
        self.neighbours_ = self.constellation_ = None
        if settings.n_neighbours:
            self.neighbours_ = find_neighbours(shapes, self.mean_shape_, settings.n_neighbours)
        if settings.constellation:
            self.constellation_ = PairwisePrior.fit(shapes, self.mean_shape_)

    def _global_stage_settings(self) -> list[StageSettings]:
        stages = (self._settings.pose, self._settings.coarse)
        return [stage for stage in stages if stage is not None]

    def _view_bounds(self, scan: Scan, pose: Frame) -> Bounds:
        return self.bounds_ if self._settings.pose is not None else image_bounds(scan, pose)

    def _draw_views(
        self,
        stage: StageSettings,
        scans: Sequence[Scan],
        poses: Sequence[Frame],
        in_file: Sequence[Array],
        seed: int,
    ) -> tuple[list[View], list[Array]]:
        """Draw the training views of a stage, and the landmarks in their pixels."""
        rng = np.random.default_rng(seed)
        limits = stage.max_rotation_rad, stage.max_log_scale, stage.max_log_gamma
        jitters = [[draw_jitter(rng, pose.ndim, *limits) for _ in range(stage.n_copies)] for pose in poses]

        def draw(image: int) -> list[tuple[View, Array]]:
            scan, drawn = scans[image], []
            for jitter in jitters[image]:
                view = draw_view(scan, jitter.apply(poses[image]), self.bounds_, stage.resolution)
                exposed = dataclasses.replace(view, picture=jitter.expose(view.picture))
                drawn.append((exposed, view.to_view.apply(in_file[image])))
            return drawn

        parallel = joblib.Parallel(n_jobs=self.n_jobs, prefer="threads")
        of_images = parallel(joblib.delayed(draw)(image) for image in range(len(scans)))
        views, truths = zip(*(pair for pairs in of_images for pair in pairs), strict=True)
        return list(views), list(truths)

    def _find(self, scan: Scan) -> RefinedLandmarks | None:
        """Return what the last stage finds in the best pose; ``None`` without a pose."""
        if self._pose_search is None:
            pose = propose_pose(scan, self.size_ratio_, self.centre_offset_)
            bounds = image_bounds(scan, pose)
            return self._refinement.refine(scan, pose, vote_in_pose(scan, self._whole[0], pose, bounds)[0], bounds)
        usual, bounds = self.typical_score_, self.bounds_
        hypotheses, sure = self._search(self._pose_search, scan)
        if not hypotheses:
            return None
        if sure:
            start = self._refinement.initial_positions(hypotheses[0])
            return self._refinement.refine(scan, hypotheses[0].pose, start, bounds, _SEEN_ENOUGH * usual)
        poses, may_mirror = [hypothesis.pose for hypothesis in hypotheses], self._settings.first_mirrored
        return self._refinement.refine_best(scan, poses, bounds, lowest=_HOPELESS * usual, may_mirror=may_mirror)

    def _search(self, finder: PoseSearch, scan: Scan, thorough: bool = True) -> tuple[list[PoseHypothesis], bool]:
        usual = max(self.typical_score_, 1e-12)
        return finder.search(
            scan, self.convincing_support_, lambda hypothesis: self._score_closely(scan, hypothesis) / usual, thorough
        )

    def _is_negative(self, scan: Scan) -> bool:
        """Whether the anatomy is seen at once where black and white are swapped."""
        if self._pose_search is None:
            return False
        pixels = scan.pixels.max() + scan.pixels.min() - scan.pixels
        return self._search(self._pose_search, dataclasses.replace(scan, pixels=pixels), thorough=False)[1]

    def _absent(self, reason: str) -> Points:
        n, ndim = self.mean_shape_.shape
        return Points(self.names_, np.full((n, ndim), np.nan), np.zeros(n), (reason,) * n)

    def _to_points(self, scan: Scan, in_file: Array, scores: Array, outlying: NDArray[np.bool_]) -> Points:
        outside = np.asarray(((in_file < -0.5) | (in_file > np.array(scan.pixels.shape) - 0.5)).any(axis=1))
        lowest, low = self._settings.min_score, _DOUBTFUL * self._settings.min_score
        poor, doubtful = scores < lowest, scores < low
        told = (
            (outside, "outside the image"),
            (poor, f"score below {lowest:g}"),
            (outlying, "does not lie to the others as in any training image"),
            (doubtful, f"doubtful: score below {low:g}"),
        )
        reasons = [next((reason for fault, reason in told if fault[k]), "") for k in range(len(scores))]
        absent = (outside | poor | outlying)[:, None]
        positions = np.where(absent, np.nan, scan.frame_to_original().apply(in_file))
        return Points(self.names_, positions, scores, tuple(reasons))


def _drop_too_fine_stages(settings: LocaliserSettings, poses: Sequence[Frame]) -> LocaliserSettings:
    """Return the settings without local stages, after the first, that show no more of such images than others."""
    detail = float(np.median([1.0 / pose.scale() for pose in poses]))  # pixels per extent
    first, *others = settings.local
    seen = [stage for stage in others if stage.resolution <= _FINEST * detail]
    return dataclasses.replace(settings, local=(first, *seen))


@dataclass(frozen=True, eq=False)
class _TrainingShape:
    """What is known of a training scan besides its pixels.

    Parameters
    ----------
    in_file : ndarray of shape (n_landmarks, ndim)
        Landmarks in the file's pixels.
    shape : ndarray of shape (n_landmarks, ndim)
        The same in true proportions.
    to_true : Frame
        From the one to the other.
    true_size : ndarray of shape (ndim,)
    """

    in_file: Array
    shape: Array
    to_true: Frame
    true_size: Array


def _check_training(scans: Sequence[Scan], points: Sequence[Points]) -> tuple[tuple[str, ...], list[_TrainingShape]]:
    """Return the landmark names, and what is known of each scan."""
    if len(scans) != len(points) or len(scans) < 2:
        raise InvalidInput(f"need at least 2 scans and points for each, got {len(scans)} and {len(points)}")
    names, ndim = points[0].names, points[0].positions.shape[1]
    known = []
    for scan, p in zip(scans, points, strict=True):
        if p.names != names:
            differing = sorted(set(p.names) ^ set(names)) or ["their order"]
            raise InvalidInput(f"{scan.source}: landmark names differ from those of the first scan: {differing[0]}")
        if not scan.ndim == p.positions.shape[1] == ndim:
            raise InvalidInput(f"{scan.source}: is {scan.ndim}D, its landmarks {p.positions.shape[1]}D; wanted {ndim}D")
        if p.present.sum() < 2:
            raise InvalidInput(f"{scan.source}: at least 2 landmarks must be present, got {p.present.sum()}")
        if shape_extent(p.positions) == 0:
            raise InvalidInput(f"{scan.source}: its landmarks all lie in one place")
        in_file = scan.frame_to_original().inverse().apply(p.positions)
        known.append(_TrainingShape(in_file, in_file * scan.spacing_array, scan.frame_to_true(), scan.true_size))
    never = [name for k, name in enumerate(names) if not any(p.present[k] for p in points)]
    if never:
        raise InvalidInput(f"landmark {never[0]} is absent in every training scan")
    return names, known
