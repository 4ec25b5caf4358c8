"""The pose: how the anatomy lies in an image. Guessed in many ways, corrected by the votes, and the best one kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, Scan, resample
from boneage.imaging.shapes import NoSimilarity, mirror
from boneage.landmarks.features import normalise_contrast
from boneage.landmarks.settings import LocaliserSettings
from boneage.landmarks.similarity import fit_similarity_robustly, rotation
from boneage.landmarks.stages import CoarseStage
from boneage.landmarks.views import Bounds, draw_view, image_bounds

Array = NDArray[np.float64]

_TOLERANCE = 0.07  # residual of a pose fit, in units of the shape's extent, beyond which a landmark counts for little
_CLEARLY = 2.0  # a pose in which a stage's votes agree so much less than in another is given up
_MAX_RESIZE = 2.0  # a correction changes the size by no more than this
_STEP = 2.5  # the image is drawn smaller first where a pixel of the finest guess covers more pixels than this
_COARSENING = 2  # only so few of the stage's positions vote on a guess
_SEEN_WELL = 0.75  # so much seen from close by, relative to the usual, is no chance
_LITTLE = 0.5  # ... less, and other poses may be right as well
_NOTHING = 0.2  # ... less in all of them, and none is: another anatomy, or an inverted picture
_N_DOUBTFUL = 4  # poses worth a closer look where none convinces
_N_KEPT = 4  # turned guesses, of either side, that all stages look at
_N_PLENTY = 16  # ... and where little is seen
_N_OPEN = 18  # of all these poses, that are left to choose from
_ALIKE = 0.1  # two poses in which landmarks lie no further apart on average, in units of the extent, are one
_NEARLY_UPRIGHT = (0.0, -0.5, 0.5)  # rotations, in radians, of an anatomy that may be small and anywhere
_WINDOW_STEP = 0.35  # from one place of such an anatomy to the next, in units of its size
_WINDOW_INSIDE = 0.9  # of it lies in the image
_MOST_WINDOWS = 8  # along an axis
_EVEN_WITHIN = 0.06  # of the image's larger side, contrast is made even for them
_EVEN_TONE = 0.5  # ... with this tone
_FAINT = 0.01  # ... contrast that is still made even, relative to the range of grey
_N_GUESSED = 12  # landmarks that a guess is judged by, far apart from each other


@dataclass(frozen=True, eq=False)
class PoseHypothesis:
    """A pose, and what the coarse votes say in it.

    Parameters
    ----------
    pose : Frame
        From the file's pixels to reference coordinates; it may mirror.
    positions : ndarray of shape (n_landmarks, ndim)
        Landmarks in reference coordinates.
    scores : ndarray of shape (n_landmarks,)
    support : float
        How well the landmarks agree with the mean shape: the sum of the scores of those that lie near it.
    """

    pose: Frame
    positions: Array
    scores: Array
    support: float


@dataclass(frozen=True, eq=False)
class _PoseProposal:
    """A pose to try.

    Parameters
    ----------
    scale : float
        Size of the anatomy relative to the usual one.
    turn : ndarray of shape (ndim, ndim)
        See :func:`propose_pose`.
    centre_offset : ndarray of shape (ndim,)
        Likewise.
    bounds : Bounds or None
        What votes; all of the image if it is not given.
    """

    scale: float
    turn: Array
    centre_offset: Array
    bounds: Bounds | None = None


class PoseSearch:
    """Tries poses, and keeps the one in which the landmarks that forests vote for look most like the mean shape.

    Parameters
    ----------
    stages : sequence of CoarseStage
        The first makes the guesses; all of them in turn correct a pose.
    mean_shape : ndarray of shape (n_landmarks, ndim)
    bounds : Bounds
        What of an image is looked at once there is a pose.
    size_ratio : float
        Usual size of the anatomy, relative to the image's larger side.
    centre_offset : ndarray of shape (ndim,)
        Usual place of its centre relative to the image's, in the same unit.
    settings : LocaliserSettings
    """

    def __init__(
        self,
        stages: Sequence[CoarseStage],
        mean_shape: Array,
        bounds: Bounds,
        size_ratio: float,
        centre_offset: Array,
        settings: LocaliserSettings,
    ) -> None:
        self._stages = tuple(stages)
        self._guesser = stages[0].coarsen(_COARSENING)
        self._shape = mean_shape
        self._guessed = _spread(mean_shape, _N_GUESSED)
        self._bounds = bounds
        self._size_ratio = size_ratio
        self._centre_offset = centre_offset
        self._settings = settings
        self._may_mirror = settings.first_mirrored

    def search(
        self, scan: Scan, convincing: float, score_closely: Callable[[PoseHypothesis], float], thorough: bool = True
    ) -> tuple[list[PoseHypothesis], bool]:
        """Return the best pose and ``True``; or ``False`` and those that may be right, if any, where little is seen.

        1. Guess that the anatomy has its usual size and orientation.
        2. If votes do not convince there, from afar or from close by, guess other sizes, and the mirror image.
        3. If they still do not, guess other rotations.
        4. If they never did, correct the best ones once more, and keep that in which most is seen from close by. Where
           that is little, any of the guesses may be right, and others of a small anatomy that may be anywhere: return
           those in which most is seen, of poses that are alike the best one.

        Parameters
        ----------
        scan : Scan
        convincing : float
            Support from which a pose is not doubted.
        score_closely : callable
            Returns how much is seen of the anatomy from close by in a pose, relative to what is usual.
        thorough : bool
            Whether to go on where little is seen, which takes seconds; otherwise nothing is returned then.
        """
        tried: list[PoseHypothesis] = []
        guessed: list[list[Frame]] = []
        for find, n_kept in ((self.propose_usual, 1), (self.propose_upright, 1), (self.propose_rotated, _N_KEPT)):
            sides = find(scan)
            guessed += sides
            kept = [pose for side in sides for pose in side[:n_kept]]
            tried = sorted((*tried, *self.correct(scan, kept)), key=lambda hypothesis: -hypothesis.support)
            if tried and (tried[0].support >= convincing or score_closely(tried[0]) >= _SEEN_WELL):
                return tried[:1], True
        looked_at = self._correct_each([one.pose for one in tried[:_N_DOUBTFUL]], scan, score_closely)
        if looked_at and looked_at[0][1] >= _LITTLE:
            return [looked_at[0][0]], True
        if not thorough:
            return [], False
        guesses = self._differing(guessed + self.propose_windows(scan))
        looked_at += self._correct_each(self._differing([guesses], len(guesses)), scan, score_closely)
        if max((seen for _, seen in looked_at), default=0.0) < _NOTHING:
            return [], False
        looked_at.sort(key=lambda pair: -pair[1])
        differing = _select_distinct([hypothesis.pose for hypothesis, _ in looked_at], self._shape, _N_OPEN)
        return [looked_at[k][0] for k in differing], False

    def _differing(self, sides: Sequence[Sequence[Frame]], most: int = _N_PLENTY) -> list[Frame]:
        """Return the first poses of each list, and of those that are alike the first alone."""
        return [side[k] for side in sides for k in _select_distinct(side, self._shape, most)]

    def _correct_each(
        self, poses: Sequence[Frame], scan: Scan, score_closely: Callable[[PoseHypothesis], float]
    ) -> list[tuple[PoseHypothesis, float]]:
        """Return poses, each corrected on its own, and what is seen from close by in them; first where that is most."""
        hypotheses = [hypothesis for pose in poses for hypothesis in self.correct(scan, [pose])]
        return sorted(((hypothesis, score_closely(hypothesis)) for hypothesis in hypotheses), key=lambda pair: -pair[1])

    def correct(self, scan: Scan, poses: Sequence[Frame]) -> list[PoseHypothesis]:
        """Let every stage in turn vote in each pose, and correct it.

        Left out are poses that cannot be fitted, and those in which a stage's votes agree clearly less than in another.
        """
        hypotheses: list[PoseHypothesis] = []
        for stage in self._stages:
            voted = [hypothesis for pose in poses if (hypothesis := self._vote(scan, stage, pose)) is not None]
            best = max((hypothesis.support for hypothesis in voted), default=0.0)
            hypotheses = [hypothesis for hypothesis in voted if hypothesis.support * _CLEARLY >= best]
            poses = [hypothesis.pose for hypothesis in hypotheses]
        return hypotheses

    def _vote(self, scan: Scan, stage: CoarseStage, pose: Frame) -> PoseHypothesis | None:
        """Return what a stage says in a pose, and the pose corrected by it; ``None`` if it cannot be fitted."""
        positions, scores = vote_in_pose(scan, stage, pose, self._bounds)
        try:
            correction, support = self._fit(positions, scores, self._shape)
        except NoSimilarity:
            return None
        return PoseHypothesis(correction.compose(pose), correction.apply(positions), scores, float(support.sum()))

    def propose_usual(self, scan: Scan) -> list[list[Frame]]:
        """Return the pose near the usual one, as a map from the file's pixels to reference coordinates, if there is.

        It is a list of lists like those of the other guesses.
        """
        return self._find(scan, [_PoseProposal(1.0, np.eye(scan.ndim), self._centre_offset)], False)

    def propose_upright(self, scan: Scan) -> list[list[Frame]]:
        """Return poses in the usual orientation, the best first; in another list, of its mirror image if allowed.

        A volume's may be upside down, too: a hand beside the body points to the feet, one above the head does not.
        """
        angles = [0.0] if scan.ndim == 2 else [0.0, math.pi]
        return self._find(scan, self._guess_all(angles, scan.ndim), self._may_mirror)

    def propose_rotated(self, scan: Scan) -> list[list[Frame]]:
        """Return poses in the other rotations, likewise. So rough a vote is easily misled: a few are worth trying."""
        angles = [angle for angle in self._settings.first_rotations_rad if angle != 0.0]
        return self._find(scan, self._guess_all(angles, scan.ndim), self._may_mirror)

    def propose_windows(self, scan: Scan) -> list[list[Frame]]:
        """Return poses of an anatomy that fills a part of an image, anywhere in it and nearly upright, likewise.

        Only that part votes, since what lies beside a small anatomy, a bright plate or another one, may outvote it; and
        if the forests know even contrast, it is made so, since beside a bright plate all of an anatomy may be faint. No
        lists for a volume, where there would be too many.
        """
        if scan.ndim != 2:
            return []
        guesses = []
        for scale in self._settings.first_scales:
            side = scale * self._size_ratio * float(scan.true_size.max())
            centres = np.meshgrid(*[_window_centres(side, length) for length in scan.true_size], indexing="ij")
            offsets = np.stack([axis.ravel() for axis in centres], axis=1) / scan.true_size.max()
            turns = [rotation(angle, scan.ndim) for angle in _NEARLY_UPRIGHT]
            guesses += [_PoseProposal(scale, turn, offset, self._bounds) for offset in offsets for turn in turns]
        return self._find(scan, guesses, self._may_mirror, even=self._guesser.stage.contrast > 0)

    def _guess_all(self, angles_rad: Sequence[float], ndim: int) -> list[_PoseProposal]:
        """Return guesses of all sizes at some rotations; a volume's after each of the rolls about the rows' axis."""
        rolls = self._settings.first_rolls_rad if ndim == 3 else (0.0,)
        turns = [rotation(angle, ndim) @ rotation(roll, ndim, 1) for angle in angles_rad for roll in rolls]
        return [
            _PoseProposal(scale, turn, self._centre_offset) for scale in self._settings.first_scales for turn in turns
        ]

    def _find(
        self, scan: Scan, guesses: Sequence[_PoseProposal], may_mirror: bool, even: bool = False
    ) -> list[list[Frame]]:
        """Return the poses that guesses lead to, the best first, and those of their mirror images if allowed."""
        small, to_small = self._draw_small(scan)
        if even:
            nearby = _EVEN_WITHIN * max(small.pixels.shape)
            small = replace(small, pixels=normalise_contrast(small.pixels, nearby, _EVEN_TONE, _FAINT))
        sides = [np.eye(scan.ndim), mirror(scan.ndim).matrix[:-1, :-1]][: 2 if may_mirror else 1]
        tried = [self._try(small, [replace(guess, turn=side @ guess.turn) for guess in guesses]) for side in sides]
        return [[pose.compose(to_small) for pose in poses] for poses in tried]

    def _try(self, scan: Scan, guesses: Sequence[_PoseProposal]) -> list[Frame]:
        """Return the poses that the votes point to in each guess, first that in which they agree best."""
        found_in = []
        for guess in guesses:
            pose = propose_pose(scan, self._size_ratio * guess.scale, guess.centre_offset, guess.turn)
            bounds = guess.bounds or image_bounds(scan, pose)
            found, scores = vote_in_pose(scan, self._guesser, pose, bounds, self._guessed)
            try:
                correction, support = self._fit(found, scores, self._shape[self._guessed])
            except NoSimilarity:
                continue
            found_in.append((float(support.sum()), correction.compose(pose)))
        return [pose for _, pose in sorted(found_in, key=lambda pair: -pair[0])]

    def _fit(self, found: Array, scores: Array, shape: Array) -> tuple[Frame, Array]:
        """Return what takes the landmarks found to those of a shape; a pose that is off by a lot in size is none."""
        correction, support = fit_similarity_robustly(found, shape, scores, _TOLERANCE)
        size = abs(float(np.linalg.det(correction.matrix))) ** (1 / correction.ndim)
        if not 1 / _MAX_RESIZE <= size <= _MAX_RESIZE:
            raise NoSimilarity(f"the landmarks found would have to be resized by {size:g}")
        return correction, support

    def _draw_small(self, scan: Scan) -> tuple[Scan, Frame]:
        """Return the scan with no more pixels than the guesses can use, and the map to it."""
        shape = np.array(scan.pixels.shape)
        spacing = scan.spacing_array
        extent = self._size_ratio * min(self._settings.first_scales) * scan.true_size.max()
        factor = extent / self._guesser.stage.resolution / spacing / _STEP
        if (factor < 1.5).all():
            return scan, Frame.identity(scan.ndim)
        smaller = tuple(int(n) for n in np.maximum(np.round(shape / np.maximum(factor, 1.0)), 2))
        to_small = Frame.resize(scan.pixels.shape, smaller)
        pixels = resample(scan.pixels, to_small, smaller)
        return Scan(pixels, spacing=tuple(spacing * shape / np.array(smaller)), source=scan.source), to_small


def _select_distinct(poses: Sequence[Frame], shape: Array, most: int) -> list[int]:
    """Return the numbers of the first poses that lay the shape elsewhere than those before them that are chosen."""
    chosen: list[int] = []
    for k, pose in enumerate(poses):
        if len(chosen) == most:
            break
        placed = pose.inverse().apply(shape)
        apart = (np.linalg.norm(poses[other].apply(placed) - shape, axis=1).mean() for other in chosen)
        if all(distance > _ALIKE for distance in apart):
            chosen.append(k)
    return chosen


def vote_in_pose(
    scan: Scan, stage: CoarseStage, pose: Frame, bounds: Bounds, landmarks: NDArray[np.int64] | None = None
) -> tuple[Array, Array]:
    """Return the landmarks, all or some, that a stage finds in a pose, in reference coordinates, and their scores."""
    view = draw_view(scan, pose, bounds, stage.stage.resolution)
    found, scores = stage.locate(view, landmarks)
    return pose.compose(view.to_view.inverse()).apply(found), scores


def propose_pose(scan: Scan, size_ratio: float, centre_offset: Array, turn: Array | None = None) -> Frame:
    """Return the pose in which the anatomy has a size and place relative to the image, turned and mirrored.

    Parameters
    ----------
    scan : Scan
    size_ratio : float
        Size of the anatomy, relative to the image's larger side.
    centre_offset : ndarray of shape (ndim,)
        Place of its centre relative to the image's, in the same unit.
    turn : ndarray of shape (ndim, ndim), optional
        The rotation, or rotation and reflection, that brings the image into its usual orientation; none if not given.
    """
    size = scan.true_size
    centre = size / 2 + centre_offset * size.max()
    linear = (np.eye(scan.ndim) if turn is None else turn) / (size_ratio * size.max())
    return Frame.from_linear(linear, -linear @ centre).compose(scan.frame_to_true())


def _spread(shape: Array, most: int) -> NDArray[np.int64]:
    """Return landmarks that lie far apart: each is the furthest from those before it."""
    chosen = [int(np.linalg.norm(shape, axis=1).argmax())]
    while len(chosen) < min(most, len(shape)):
        distances = np.linalg.norm(shape[:, None] - shape[chosen], axis=2).min(axis=1)
        chosen.append(int(distances.argmax()))
    return np.array(chosen)


def _window_centres(size: float, length: float) -> Array:
    """Return the centres of windows of a size that cover a length, as far as so many do, from its middle."""
    free = max(length - _WINDOW_INSIDE * size, 0.0)
    return np.linspace(-free / 2, free / 2, min(math.ceil(free / (_WINDOW_STEP * size)) + 1, _MOST_WINDOWS))
