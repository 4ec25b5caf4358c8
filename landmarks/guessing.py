"""The pose: how the anatomy lies in an image. Guessed in many ways, corrected by the votes, and the best one kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, Scan, resample
from boneage.imaging.shapes import NoSimilarity
from boneage.landmarks.poses import fit_similarity_robustly, rotation
from boneage.landmarks.settings import LocaliserSettings
from boneage.landmarks.stages import CoarseStage
from boneage.landmarks.views import Bounds, draw_view, image_bounds

Array = NDArray[np.float64]

_TOLERANCE = 0.07  # residual of a pose fit, in units of the shape's extent, beyond which a landmark counts for little
_CLEAR = 2.0  # how much better the votes must agree in a pose than in its mirror image
_PLAUSIBLE = 0.25  # how well they must agree, relative to the training scans
_HOPELESS = 0.15  # ... below which there is none: so little do they agree in an inverted picture, or another anatomy
_MAX_RESIZE = 2.0  # a correction changes the size by no more than this
_STEP = 2.5  # the image is drawn smaller first where a pixel of the finest guess covers more pixels than this
_COARSENING = 2  # only so few of the stage's positions vote on a guess
_N_KEPT = 4  # turned guesses, of either side, that all stages look at
_N_GUESSED = 12  # ... for so few of the landmarks, far apart from each other


@dataclass(frozen=True, eq=False)
class Outcome:
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


class PoseFinder:
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

    def search(self, scan: Scan, typical_support: float) -> Outcome | None:
        """Return the best outcome of all guesses, or ``None`` if no pose can be fitted, or none is plausible at all.

        1. Guess the pose in the usual orientation, and that of the mirror image; correct both.
        2. If neither is clearly it, guess among the other rotations too.

        Parameters
        ----------
        scan : Scan
        typical_support : float
            What the support usually is in a right pose of a training scan.
        """
        tried = self.correct(scan, self.find_upright(scan))
        first, second = sorted((0.0, 0.0, *(outcome.support for outcome in tried)), reverse=True)[:2]
        if first == 0.0 or first < max(_PLAUSIBLE * typical_support, _CLEAR * second):
            tried += self.correct(scan, self.find_turned(scan))
        best = max(tried, key=lambda outcome: outcome.support, default=None)
        return best if best is not None and best.support >= _HOPELESS * typical_support else None

    def correct(self, scan: Scan, poses: Sequence[Frame]) -> list[Outcome]:
        """Let every stage in turn vote in each pose, and correct it.

        Left out are poses that cannot be fitted, and those in which a stage's votes agree clearly less than in another.
        """
        outcomes: list[Outcome] = []
        for stage in self._stages:
            voted = [outcome for pose in poses if (outcome := self._vote(scan, stage, pose)) is not None]
            best = max((outcome.support for outcome in voted), default=0.0)
            outcomes = [outcome for outcome in voted if outcome.support * _CLEAR >= best]
            poses = [outcome.pose for outcome in outcomes]
        return outcomes

    def _vote(self, scan: Scan, stage: CoarseStage, pose: Frame) -> Outcome | None:
        """Return what a stage says in a pose, and the pose corrected by it; ``None`` if it cannot be fitted."""
        positions, scores = vote_in(scan, stage, pose, self._bounds)
        try:
            correction, support = self._fit(positions, scores, self._shape)
        except NoSimilarity:
            return None
        return Outcome(correction.compose(pose), correction.apply(positions), scores, float(support.sum()))

    def find_upright(self, scan: Scan) -> list[Frame]:
        """Return the best pose in the usual orientation, and its mirror image where there may be one.

        Poses are maps from the file's pixels to reference coordinates. There may be none.
        """
        return self._find(scan, (0.0,), 1)

    def find_turned(self, scan: Scan) -> list[Frame]:
        """Return the best poses among the other rotations, likewise: a few, since so rough a vote is easily misled."""
        return self._find(scan, [angle for angle in self._settings.first_rotations_rad if angle != 0.0], _N_KEPT)

    def _find(self, scan: Scan, angles_rad: Sequence[float], n_kept: int) -> list[Frame]:
        small, to_small = self._draw_small(scan)
        guesses = [(scale, angle) for scale in self._settings.first_scales for angle in angles_rad]
        sides = (False, True) if self._settings.first_mirrored else (False,)
        tried = [self._try(small, [(scale, angle, side) for scale, angle in guesses]) for side in sides]
        return [pose.compose(to_small) for poses in tried for pose in poses[:n_kept]]

    def _try(self, scan: Scan, guesses: Sequence[tuple[float, float, bool]]) -> list[Frame]:
        """Return the poses that the votes point to in each guess, first that in which they agree best."""
        found_in = []
        for scale, angle_rad, mirrored in guesses:
            guess = guess_pose(scan, self._size_ratio * scale, self._centre_offset, angle_rad, mirrored)
            bounds = image_bounds(scan, guess)
            found, scores = vote_in(scan, self._guesser, guess, bounds, self._guessed)
            try:
                correction, support = self._fit(found, scores, self._shape[self._guessed])
            except NoSimilarity:
                continue
            found_in.append((float(support.sum()), correction.compose(guess)))
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


def vote_in(
    scan: Scan, stage: CoarseStage, pose: Frame, bounds: Bounds, landmarks: NDArray[np.int64] | None = None
) -> tuple[Array, Array]:
    """Return the landmarks, all or some, that a stage finds in a pose, in reference coordinates, and their scores."""
    view = draw_view(scan, pose, bounds, stage.stage.resolution)
    found, scores = stage.locate(view, landmarks)
    return pose.compose(view.to_view.inverse()).apply(found), scores


def guess_pose(
    scan: Scan, size_ratio: float, centre_offset: Array, angle_rad: float = 0.0, mirrored: bool = False
) -> Frame:
    """Return the pose in which the anatomy has a size and place relative to the image, turned and mirrored.

    Parameters
    ----------
    scan : Scan
    size_ratio : float
        Size of the anatomy, relative to the image's larger side.
    centre_offset : ndarray of shape (ndim,)
        Place of its centre relative to the image's, in the same unit.
    angle_rad : float
        By which the image is to be turned.
    mirrored : bool
        Whether it is to be mirrored along its last axis afterwards.
    """
    size = scan.true_size
    centre = size / 2 + centre_offset * size.max()
    linear = rotation(angle_rad, scan.ndim) / (size_ratio * size.max())
    if mirrored:
        linear[-1] *= -1
    return Frame.from_linear(linear, -linear @ centre).compose(scan.frame_to_true())


def _spread(shape: Array, most: int) -> NDArray[np.int64]:
    """Return landmarks that lie far apart: each is the furthest from those before it."""
    chosen = [int(np.linalg.norm(shape, axis=1).argmax())]
    while len(chosen) < min(most, len(shape)):
        distances = np.linalg.norm(shape[:, None] - shape[chosen], axis=2).min(axis=1)
        chosen.append(int(distances.argmax()))
    return np.array(chosen)
