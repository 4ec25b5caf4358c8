"""The localiser on volumes: seven balls in a box, in voxels twice as thick as they are wide."""

import dataclasses
import gc
import weakref
from collections.abc import Sequence

import numpy as np
import pytest

from boneage.imaging import Frame, Points, Scan
from boneage.landmarks import ForestLocaliser, ForestSettings, LocaliserSettings, StageSettings
from boneage.landmarks.presets import list_search_steps
from boneage.landmarks.search_settings import PriorSettings, SearchSettings
from boneage.landmarks.similarity import rotate

NAMES = ("large", "shell", "small", "dark", "pair", "faint", "rod")
LAYOUT = np.array([[14, 14, 16], [34, 30, 14], [18, 50, 20], [30, 16, 44], [14, 36, 50], [36, 52, 46], [26, 34, 32]])
MIDDLE = np.array([25.0, 33.0, 32.0])
SPACING = np.array([2.0, 1.0, 1.0])
SHAPE = (25, 66, 64)


def draw_balls(rng, turn=None):
    """Return a volume of 50 x 66 x 64 mm and the balls' centres in voxels, turned about the middle."""
    turn = rotate(rng.normal(0, 0.08, 3), 3) @ (np.eye(3) if turn is None else turn)
    places = (LAYOUT - MIDDLE + rng.normal(0, 0.5, LAYOUT.shape)) @ turn.T + MIDDLE + rng.normal(0, 1, 3)
    grid = np.stack(np.meshgrid(*[np.arange(n) for n in SHAPE], indexing="ij"), axis=-1) * SPACING
    volume = np.full(SHAPE, 40.0)
    for k, place in enumerate(places):
        off = (grid - place) @ turn
        d = np.linalg.norm(off, axis=-1)
        beside = np.linalg.norm(off - [0, 6, 0], axis=-1)
        parts = (d < 7, (d < 7) & (d > 4), d < 3.5, d < 5, (d < 3) | (beside < 3), d < 6, d < 9)
        rod = (np.abs(off[..., 0]) < 2.5) & (np.abs(off[..., 1]) < 2.5)
        value = (100, 100, 100, 5, 100, 65, 100)[k]
        volume[parts[k] & (rod if NAMES[k] == "rod" else True)] = value
    volume += rng.normal(0, 2, SHAPE)
    scan = Scan(volume, spacing=tuple(SPACING), spacing_unit="mm", modality="mri")
    return scan, Points(NAMES, places / SPACING)


@pytest.fixture(scope="module")
def balls():
    rng = np.random.default_rng(0)
    drawn = [draw_balls(rng) for _ in range(15)]
    return drawn[:12], drawn[12:]


@pytest.fixture(scope="module")
def settings():
    """A pose, a coarse and a local stage, that try half turns in two planes and the mirror image."""
    forest = ForestSettings(n_trees=6, max_depth=10, n_features=40, min_leaf=3)
    whole = StageSettings(
        resolution=20, feature_range=0.25, n_positions=400, n_copies=3, max_rotation_rad=0.2, max_log_scale=0.1,
        vote_weight="displacement", vote_length=0.2, smoothing=0.06, box_sizes=(1, 3, 5), forest=forest,
    )  # fmt: skip
    local = StageSettings(
        resolution=36, feature_range=0.16, n_positions=80, radius=0.15, n_copies=2, max_rotation_rad=0.1,
        vote_weight="spread", vote_length=0.03, smoothing=0.03, step=1, contrast=0.2, box_sizes=(1, 3), forest=forest,
    )  # fmt: skip
    half = (0.0, np.pi)
    return LocaliserSettings(
        pose=whole, coarse=whole, local=(local,), search=SearchSettings(list_search_steps(3, (1.0,), half, half)),
        may_mirror=True, n_neighbours=4, prior=PriorSettings(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def fitted(balls, settings):
    return ForestLocaliser(settings=settings, n_jobs=2).fit(*zip(*balls[0], strict=True))


def errors_mm(found, points):
    return np.linalg.norm((found.positions - points.positions) * SPACING, axis=1)


def test_it_finds_the_landmarks_it_was_trained_on(fitted, balls):
    errors = [errors_mm(fitted.locate(scan), points) for scan, points in balls[1]]
    assert np.median(errors) < 1.0
    assert np.nanmax(errors) < 4.0
    assert fitted.ndim == 3


@pytest.mark.parametrize("turned", [(0, 0, 0), (np.pi, 0, 0), (0, np.pi, 0), (np.pi, np.pi, 0)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_half_turns_and_the_mirror_image_are_found(fitted, turned, mirrored):
    scan, points = draw_balls(np.random.default_rng(7), rotate(turned, 3))
    if mirrored:
        places = points.positions * [1, 1, -1] + [0, 0, SHAPE[2] - 1]
        scan, points = dataclasses.replace(scan, pixels=scan.pixels[:, :, ::-1]), Points(NAMES, places)
    found = fitted.locate(scan)
    assert np.median(errors_mm(found, points)) < 1.5
    assert fitted.is_mirrored(found) == mirrored


def test_landmarks_are_in_the_voxels_of_the_file(fitted, balls):
    """The file's axes are columns, planes and rows, the rows counted from the other end."""
    scan, _ = balls[1][0]
    order = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, -1, 0, SHAPE[1] - 1], [0, 0, 0, 1]])
    reordered = dataclasses.replace(scan, to_original=Frame(order), original_shape=(SHAPE[2], SHAPE[0], SHAPE[1]))
    plain, other = fitted.locate(scan).positions, fitted.locate(reordered).positions
    assert np.allclose(other[:, 0], plain[:, 2])
    assert np.allclose(other[:, 2], SHAPE[1] - 1 - plain[:, 1])


def test_state_and_back_locates_the_same(fitted, balls):
    again = ForestLocaliser.from_state(*fitted.to_state())
    scan, _ = balls[1][1]
    found = again.find(scan)
    assert np.allclose(found.points.positions, fitted.locate(scan).positions, atol=0.1, equal_nan=True)
    assert found.votes[0].values.ndim == 3


def test_a_negative_volume_is_not_read(fitted, balls):
    scan, _ = balls[1][0]
    found = fitted.find(scan.negative())
    assert not found.points.present.any()
    assert set(found.points.reasons) == {"no pose of the anatomy fits the image"}
    assert (found.inverted, found.votes, found.standardised) == (False, (), None)
    assert not fitted.find(scan).inverted


def test_volumes_are_not_held_while_it_learns(balls, settings):
    class ReadLater(Sequence):
        """Makes a new volume whenever one is asked for, and knows how many there are at a time."""

        alive, most = weakref.WeakSet(), 0

        def __len__(self):
            return len(balls[0])

        def __getitem__(self, k):
            scan = dataclasses.replace(balls[0][k][0])
            self.alive.add(scan)
            ReadLater.most = max(self.most, len(self.alive))
            return scan

    gc.collect()
    points = [points for _, points in balls[0]]
    localiser = ForestLocaliser(settings=settings, n_jobs=1).fit(ReadLater(), points)
    assert ReadLater.most <= 3
    scan, truth = balls[1][0]
    assert np.median(errors_mm(localiser.locate(scan), truth)) < 1.0


def test_images_and_volumes_are_not_mixed(balls, fitted):
    (scan, points), flat = balls[0][0], Scan(np.zeros((60, 60)))
    with pytest.raises(ValueError, match="is 2D, its landmarks 3D; wanted 3D"):
        ForestLocaliser().fit([scan, flat], [points, points])
    with pytest.raises(ValueError, match="trained on 3D scans, got a 2D one"):
        fitted.locate(flat)
