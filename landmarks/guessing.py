"""First guesses of the pose: how the anatomy lies in an image, before anything is known of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Frame, Scan, resample
from boneage.landmarks.poses import NoSimilarity, fit_similarity_robustly, rotation
from boneage.landmarks.settings import LocaliserSettings
from boneage.landmarks.stages import CoarseStage
from boneage.landmarks.views import draw_view, image_bounds

Array = NDArray[np.float64]

TOLERANCE = 0.07
"""Residual of a pose fit, in units of the shape's extent, beyond which a landmark counts for little."""

_STEP = 2.5  # the image is drawn smaller first where a pixel of the finest guess covers more pixels than this
_CLEAR = 1.5  # how much better the votes must agree one way round than the other for it to be clear
_COARSENING = 3  # only so few of the stage's positions vote


class PoseFinder:
    """Tries poses, and keeps the one in which the landmarks that a forest votes for look most like the mean shape.

    Parameters
    ----------
    stage : CoarseStage
        Votes for the landmarks in a view of the whole image.
    mean_shape : ndarray of shape (n_landmarks, ndim)
    size_ratio : float
        Usual size of the anatomy, relative to the image's larger side.
    centre_offset : ndarray of shape (ndim,)
        Usual place of its centre relative to the image's, in the same unit.
    settings : LocaliserSettings
    """

    def __init__(
        self,
        stage: CoarseStage,
        mean_shape: Array,
        size_ratio: float,
        centre_offset: Array,
        settings: LocaliserSettings,
    ) -> None:
        self._stage = stage.coarsen(_COARSENING)
        self._shape = mean_shape
        self._size_ratio = size_ratio
        self._centre_offset = centre_offset
        self._settings = settings

    def find(self, scan: Scan, *, thoroughly: bool = False) -> tuple[list[Frame], bool]:
        """Return candidate poses, maps from the file's pixels to reference coordinates, and whether all were tried.

        1. Try the usual orientation in every size, and its mirror image. If one is clearly the better, that is all.
        2. Otherwise, or if asked to, try the other rotations too; the best of each way round are candidates.

        Raises
        ------
        NoSimilarity
            If no pose can be fitted.
        """
        small, to_small = self._draw_small(scan)
        s = self._settings
        sides = (False, True) if s.first_mirrored else (False,)
        outcomes = [self._try(small, [(scale, 0.0, side) for scale in s.first_scales]) for side in sides]
        supports = sorted((support for support, _ in outcomes), reverse=True)
        everything = thoroughly or len(sides) == 1 or supports[0] < _CLEAR * supports[1]
        if everything:
            turned = [(scale, angle) for scale in s.first_scales for angle in s.first_rotations_rad if angle != 0.0]
            outcomes += [self._try(small, [(scale, angle, side) for scale, angle in turned]) for side in sides]
        else:
            outcomes = [max(outcomes, key=lambda outcome: outcome[0])]
        poses = [pose.compose(to_small) for _, pose in outcomes if pose is not None]
        if not poses:
            raise NoSimilarity("no pose can be fitted")
        return poses, everything

    def _try(self, scan: Scan, guesses: Sequence[tuple[float, float, bool]]) -> tuple[float, Frame | None]:
        """Return how well the votes agree in the best of some guesses, and the pose they point to."""
        best: tuple[float, Frame | None] = (0.0, None)
        for scale, angle_rad, mirrored in guesses:
            guess = guess_pose(scan, self._size_ratio * scale, self._centre_offset, angle_rad, mirrored)
            view = draw_view(scan, guess, image_bounds(scan, guess), self._stage.stage.resolution)
            found, scores = self._stage.locate(view)
            found = guess.compose(view.to_view.inverse()).apply(found)
            try:
                correction, support = fit_similarity_robustly(found, self._shape, scores, TOLERANCE)
            except NoSimilarity:
                continue
            if support.sum() > best[0]:
                best = (float(support.sum()), correction.compose(guess))
        return best

    def _draw_small(self, scan: Scan) -> tuple[Scan, Frame]:
        """Return the scan with no more pixels than the guesses can use, and the map to it."""
        shape = np.array(scan.pixels.shape)
        spacing = scan.spacing_array
        extent = self._size_ratio * min(self._settings.first_scales) * (shape * spacing).max()
        factor = extent / self._stage.stage.resolution / spacing / _STEP
        if (factor < 1.5).all():
            return scan, Frame.identity(scan.ndim)
        smaller = tuple(int(n) for n in np.maximum(np.round(shape / np.maximum(factor, 1.0)), 2))
        to_small = Frame.resize(scan.pixels.shape, smaller)
        pixels = resample(scan.pixels, to_small, smaller)
        return Scan(pixels, spacing=tuple(spacing * shape / np.array(smaller)), source=scan.source), to_small


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
    size = np.array(scan.pixels.shape) * scan.spacing_array
    centre = size / 2 + centre_offset * size.max()
    linear = rotation(angle_rad, scan.ndim) / (size_ratio * size.max())
    if mirrored:
        linear[-1] *= -1
    to_true = Frame.from_linear(np.diag(scan.spacing_array), np.zeros(scan.ndim))
    return Frame.from_linear(linear, -linear @ centre).compose(to_true)
