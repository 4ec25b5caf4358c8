"""Proposals of the pose: sizes, places, rotations and mirror images, each corrected by coarse votes."""

from __future__ import annotations

import math
from collections.abc import Sequence
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

_TOLERANCE = 0.07  # residual of a pose fit, in units of the shape's extent, beyond which a landmark has little weight
_MAX_RESIZE = 2.0  # a correction that changes the size by more is rejected
_COARSENING = 2  # proposals are scored by the votes of every second position along each axis
_N_PROPOSAL_LANDMARKS = 12  # landmarks, far apart from each other, that score a proposal
_MAX_PIXELS_COVERED = 2.5  # by a pixel of the finest proposal's view; a larger scan is shrunk first
_WINDOW_ROTATIONS_RAD = (0.0, -0.5, 0.5)
_WINDOW_STEP = 0.35  # between the centres of windows, in units of the anatomy's size
_WINDOW_INSIDE = 0.9  # part of the anatomy's size that lies in the image
_MAX_WINDOWS = 8  # along an axis
_EQUALISING_SIGMA = 0.06  # of the neighbourhood over which contrast is equalised for windows; of the larger side
_EQUALISING_TONE = 0.5  # exponent of the grey before that
_EQUALISING_NOISE = 0.01  # contrast of a flat neighbourhood, relative to the range of grey


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
        See :func:`propose_pose`.
    bounds : Bounds or None
        The part of the image that votes, in reference coordinates; all of it if not given.
    """

    scale: float
    turn: Array
    centre_offset: Array
    bounds: Bounds | None = None


class PoseProposer:
    """Proposes poses of the anatomy in an image, best first.

    A proposal is a size, a place and a rotation of the anatomy. The first stage's forest votes for a few landmarks in
    the view of that pose; a similarity fitted robustly from these landmarks to the mean shape corrects the pose, and
    the fit's support ranks the proposals.

    Parameters
    ----------
    stage : CoarseStage
    mean_shape : ndarray of shape (n_landmarks, ndim)
    bounds : Bounds
        The part of an image that votes in a window, in reference coordinates.
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
        bounds: Bounds,
        size_ratio: float,
        centre_offset: Array,
        settings: LocaliserSettings,
    ) -> None:
        self._stage = stage.coarsen(_COARSENING)
        self._landmarks = _select_far_apart(mean_shape, _N_PROPOSAL_LANDMARKS)
        self._shape = mean_shape[self._landmarks]
        self._bounds = bounds
        self._size_ratio = size_ratio
        self._centre_offset = centre_offset
        self._settings = settings
        self._may_mirror = settings.first_mirrored

    def propose_usual(self, scan: Scan) -> list[list[Frame]]:
        """Return the pose near the usual one, as a map from the file's pixels to reference coordinates.

        The one list holds one pose, or none where no pose fits the votes.
        """
        return self._propose(scan, [_PoseProposal(1.0, np.eye(scan.ndim), self._centre_offset)], False)

    def propose_upright(self, scan: Scan) -> list[list[Frame]]:
        """Return poses in the usual orientation, best first; in a second list those of the mirror image, if allowed.

        A volume is tried upside down, too: a hand beside the body points to the feet, one above the head does not.
        """
        angles = [0.0] if scan.ndim == 2 else [0.0, math.pi]
        return self._propose(scan, self._list_proposals(angles, scan.ndim), self._may_mirror)

    def propose_rotated(self, scan: Scan) -> list[list[Frame]]:
        """Return poses in the other rotations, as :meth:`propose_upright` does."""
        angles = [angle for angle in self._settings.first_rotations_rad if angle != 0.0]
        return self._propose(scan, self._list_proposals(angles, scan.ndim), self._may_mirror)

    def propose_windows(self, scan: Scan) -> list[list[Frame]]:
        """Return poses of an anatomy that fills a part of an image, anywhere in it and nearly upright.

        Only that part votes, since a bright plate or another anatomy beside it may outvote a small one. If the forests
        were trained with local contrast normalisation, contrast is equalised first, since all of the anatomy may be
        faint beside a bright plate. There are no lists for a volume, which would need too many windows.
        """
        if scan.ndim != 2:
            return []
        proposals = []
        for scale in self._settings.first_scales:
            side = scale * self._size_ratio * float(scan.true_size.max())
            centres = np.meshgrid(*[_window_centres(side, length) for length in scan.true_size], indexing="ij")
            offsets = np.stack([axis.ravel() for axis in centres], axis=1) / scan.true_size.max()
            turns = [rotation(angle, scan.ndim) for angle in _WINDOW_ROTATIONS_RAD]
            proposals += [_PoseProposal(scale, turn, offset, self._bounds) for offset in offsets for turn in turns]
        return self._propose(scan, proposals, self._may_mirror, equalised=self._stage.stage.contrast > 0)

    def _list_proposals(self, angles_rad: Sequence[float], ndim: int) -> list[_PoseProposal]:
        """Return proposals of all sizes at some rotations; a volume's after each of the rolls about the rows' axis."""
        rolls = self._settings.first_rolls_rad if ndim == 3 else (0.0,)
        turns = [rotation(angle, ndim) @ rotation(roll, ndim, 1) for angle in angles_rad for roll in rolls]
        return [
            _PoseProposal(scale, turn, self._centre_offset) for scale in self._settings.first_scales for turn in turns
        ]

    def _propose(
        self, scan: Scan, proposals: Sequence[_PoseProposal], may_mirror: bool, equalised: bool = False
    ) -> list[list[Frame]]:
        """Return the corrected poses of proposals, best first; in a second list of their mirror images, if allowed."""
        small, to_small = self._shrink(scan)
        if equalised:
            sigma = _EQUALISING_SIGMA * max(small.pixels.shape)
            pixels = normalise_contrast(small.pixels, sigma, _EQUALISING_TONE, _EQUALISING_NOISE)
            small = replace(small, pixels=pixels)
        sides = [np.eye(scan.ndim), mirror(scan.ndim).matrix[:-1, :-1]][: 2 if may_mirror else 1]
        ranked = [self._rank(small, [replace(p, turn=side @ p.turn) for p in proposals]) for side in sides]
        return [[pose.compose(to_small) for pose in poses] for poses in ranked]

    def _rank(self, scan: Scan, proposals: Sequence[_PoseProposal]) -> list[Frame]:
        """Return the corrected poses of proposals, that of the highest support first."""
        supported = []
        for proposal in proposals:
            pose = propose_pose(scan, self._size_ratio * proposal.scale, proposal.centre_offset, proposal.turn)
            bounds = proposal.bounds or image_bounds(scan, pose)
            positions, scores = vote_in_pose(scan, self._stage, pose, bounds, self._landmarks)
            try:
                correction, support = fit_pose_correction(positions, scores, self._shape)
            except NoSimilarity:
                continue
            supported.append((float(support.sum()), correction.compose(pose)))
        return [pose for _, pose in sorted(supported, key=lambda pair: -pair[0])]

    def _shrink(self, scan: Scan) -> tuple[Scan, Frame]:
        """Return the scan with no more pixels than the proposals' views can use, and the map to it."""
        shape = np.array(scan.pixels.shape)
        spacing = scan.spacing_array
        extent = self._size_ratio * min(self._settings.first_scales) * scan.true_size.max()
        factor = extent / self._stage.stage.resolution / spacing / _MAX_PIXELS_COVERED
        if (factor < 1.5).all():
            return scan, Frame.identity(scan.ndim)
        smaller = tuple(int(n) for n in np.maximum(np.round(shape / np.maximum(factor, 1.0)), 2))
        to_small = Frame.resize(scan.pixels.shape, smaller)
        pixels = resample(scan.pixels, to_small, smaller)
        return Scan(pixels, spacing=tuple(spacing * shape / np.array(smaller)), source=scan.source), to_small


def vote_in_pose(
    scan: Scan, stage: CoarseStage, pose: Frame, bounds: Bounds, landmarks: NDArray[np.int64] | None = None
) -> tuple[Array, Array]:
    """Return the landmarks, all or some, that a stage finds in a pose, in reference coordinates, and their scores."""
    view = draw_view(scan, pose, bounds, stage.stage.resolution)
    found, scores = stage.locate(view, landmarks)
    return pose.compose(view.to_view.inverse()).apply(found), scores


def fit_pose_correction(positions: Array, scores: Array, shape: Array) -> tuple[Frame, Array]:
    """Return the similarity from the landmarks found to those of a shape, and each landmark's weight in the fit.

    Raises
    ------
    NoSimilarity
        If the landmarks coincide, or would have to be resized by a factor of more than 2.
    """
    correction, support = fit_similarity_robustly(positions, shape, scores, _TOLERANCE)
    size = abs(float(np.linalg.det(correction.matrix))) ** (1 / correction.ndim)
    if not 1 / _MAX_RESIZE <= size <= _MAX_RESIZE:
        raise NoSimilarity(f"the landmarks found would have to be resized by {size:g}")
    return correction, support


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


def _select_far_apart(shape: Array, n: int) -> NDArray[np.int64]:
    """Return up to ``n`` landmarks that lie far apart: each is the furthest from those before it."""
    chosen = [int(np.linalg.norm(shape, axis=1).argmax())]
    while len(chosen) < min(n, len(shape)):
        distances = np.linalg.norm(shape[:, None] - shape[chosen], axis=2).min(axis=1)
        chosen.append(int(distances.argmax()))
    return np.array(chosen)


def _window_centres(size: float, length: float) -> Array:
    """Return the centres of windows of a size that cover a length, relative to its middle; at most eight."""
    free = max(length - _WINDOW_INSIDE * size, 0.0)
    return np.linspace(-free / 2, free / 2, min(math.ceil(free / (_WINDOW_STEP * size)) + 1, _MAX_WINDOWS))
