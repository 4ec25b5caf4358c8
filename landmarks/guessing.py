"""The pose: how the anatomy lies in an image. Guessed in many ways, corrected by the votes, and the best one kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, Scan, resample
from boneage.landmarks.poses import NoSimilarity, fit_similarity_robustly, rotation
from boneage.landmarks.settings import LocaliserSettings
from boneage.landmarks.stages import CoarseStage
from boneage.landmarks.views import Bounds, draw_view, image_bounds

Array = NDArray[np.float64]

_TOLERANCE = 0.07  # residual of a pose fit, in units of the shape's extent, beyond which a landmark counts for little
_CLEAR = 2.0  # how much better the votes must agree in a pose than in its mirror image
_PLAUSIBLE = 0.25  # how well they must agree, relative to the training scans
_MAX_RESIZE = 2.0  # a correction changes the size by no more than this
_STEP = 2.5  # the image is drawn smaller first where a pixel of the finest guess covers more pixels than this
_COARSENING = 3  # only so few of the stage's positions vote


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
    maps : ndarray of float32, shape (n_landmarks, ...)
        The votes that it rests on.
    to_map : Frame
        From reference coordinates to the maps' pixels.
    """

    pose: Frame
    positions: Array
    scores: Array
    support: float
    maps: NDArray[np.float32]
    to_map: Frame


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
        self._bounds = bounds
        self._size_ratio = size_ratio
        self._centre_offset = centre_offset
        self._settings = settings

    def search(self, scan: Scan, typical_support: float) -> Outcome | None:
        """Return the best outcome of all guesses, or ``None`` if no pose can be fitted.

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
        return max(tried, key=lambda outcome: outcome.support, default=None)

    def correct(self, scan: Scan, poses: Sequence[Frame]) -> list[Outcome]:
        """Let every stage in turn vote in each pose, and correct it; poses that cannot be fitted are left out."""
        outcomes = []
        for pose in poses:
            try:
                for stage in self._stages:
                    positions, scores, maps, to_map = vote_in(scan, stage, pose, self._bounds)
                    correction, support = self._fit(positions, scores)
                    pose, positions = correction.compose(pose), correction.apply(positions)
            except NoSimilarity:
                continue
            to_map = to_map.compose(correction.inverse())
            outcomes.append(Outcome(pose, positions, scores, float(support.sum()), maps, to_map))
        return outcomes

    def find_upright(self, scan: Scan) -> list[Frame]:
        """Return the best pose in the usual orientation, and its mirror image where there may be one.

        Poses are maps from the file's pixels to reference coordinates. There may be none.
        """
        return self._find(scan, (0.0,))

    def find_turned(self, scan: Scan) -> list[Frame]:
        """Return the best pose among the other rotations, likewise."""
        return self._find(scan, [angle for angle in self._settings.first_rotations_rad if angle != 0.0])

    def _find(self, scan: Scan, angles_rad: Sequence[float]) -> list[Frame]:
        small, to_small = self._draw_small(scan)
        guesses = [(scale, angle) for scale in self._settings.first_scales for angle in angles_rad]
        sides = (False, True) if self._settings.first_mirrored else (False,)
        poses = [self._try(small, [(scale, angle, side) for scale, angle in guesses]) for side in sides]
        return [pose.compose(to_small) for pose in poses if pose is not None]

    def _try(self, scan: Scan, guesses: Sequence[tuple[float, float, bool]]) -> Frame | None:
        """Return the pose that the votes point to in the guess in which they agree best."""
        best, best_support = None, 0.0
        for scale, angle_rad, mirrored in guesses:
            guess = guess_pose(scan, self._size_ratio * scale, self._centre_offset, angle_rad, mirrored)
            found, scores, _, _ = vote_in(scan, self._guesser, guess, image_bounds(scan, guess))
            try:
                correction, support = self._fit(found, scores)
            except NoSimilarity:
                continue
            if support.sum() > best_support:
                best, best_support = correction.compose(guess), float(support.sum())
        return best

    def _fit(self, found: Array, scores: Array) -> tuple[Frame, Array]:
        """Return what takes the landmarks found to the mean shape; a pose that is off by a lot in size is none."""
        correction, support = fit_similarity_robustly(found, self._shape, scores, _TOLERANCE)
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
    scan: Scan, stage: CoarseStage, pose: Frame, bounds: Bounds
) -> tuple[Array, Array, NDArray[np.float32], Frame]:
    """Return what a stage says in a pose.

    Returns
    -------
    positions : ndarray of shape (n_landmarks, ndim)
        In reference coordinates.
    scores : ndarray of shape (n_landmarks,)
    maps : ndarray of float32, shape (n_landmarks, ...)
    to_map : Frame
        From reference coordinates to the maps' pixels.
    """
    view = draw_view(scan, pose, bounds, stage.stage.resolution)
    found, scores, maps = stage.locate(view)
    to_map = view.to_view.compose(pose.inverse())
    return to_map.inverse().apply(found), scores, maps, to_map


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
