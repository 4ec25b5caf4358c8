"""Simple scenes whose landmarks are known exactly."""

import dataclasses

import numpy as np
import pytest

from boneage.imaging import Points, Scan
from boneage.landmarks import ForestLocaliser, ForestSettings, LocaliserSettings, StageSettings
from boneage.landmarks.presets import list_search_steps
from boneage.landmarks.search_settings import PriorSettings, SearchSettings

NAMES = ("cross", "ring", "square", "corner")
LAYOUT = np.array([[25.0, 30.0], [30.0, 75.0], [75.0, 28.0], [80.0, 80.0]])


def draw_scene(rng, size=110, angle=0.0, scale=1.0):
    """Four bright shapes of 8 pixels on grey, one a landmark, turned and scaled about the middle and jittered."""
    c, s = np.cos(angle) * scale, np.sin(angle) * scale
    middle = np.array([size / 2, size / 2])
    places = (LAYOUT - 55) @ np.array([[c, -s], [s, c]]).T + middle + rng.normal(0, 1.5, (1, 2))
    places = places + rng.normal(0, 0.7, places.shape)
    rows, cols = np.mgrid[:size, :size]
    image = rng.normal(20, 2, (size, size))
    for k, (row, col) in enumerate(places):
        r, t = (rows - row) / scale, (cols - col) / scale
        d = np.hypot(r, t)
        shapes = (
            (np.abs(r) < 1.5) & (np.abs(t) < 8) | (np.abs(t) < 1.5) & (np.abs(r) < 8),
            (d > 4) & (d < 8),
            (np.abs(r) < 6) & (np.abs(t) < 6),
            (r > 0) & (r < 9) & (np.abs(t) < 9),
        )
        image[shapes[k]] = 100
    return Scan(image), Points(NAMES, places)


@pytest.fixture(scope="session")
def scenes():
    """Twelve scenes to learn from and four others."""
    rng = np.random.default_rng(0)
    drawn = [draw_scene(rng) for _ in range(16)]
    return drawn[:12], drawn[12:]


@pytest.fixture(scope="session")
def tiny_settings():
    """A localiser with a pose, a coarse and a local stage that learns the scenes in a second."""
    forest = ForestSettings(n_trees=6, max_depth=9, n_features=40, min_leaf=3)
    whole = StageSettings(
        resolution=50, feature_range=0.25, n_positions=300, n_copies=3, max_rotation_rad=0.2, max_log_scale=0.1,
        vote_weight="displacement", vote_length=0.2, smoothing=0.03, forest=forest,
    )  # fmt: skip
    local = StageSettings(
        resolution=90, feature_range=0.12, n_positions=60, radius=0.15, n_copies=2, max_rotation_rad=0.1,
        vote_weight="spread", vote_length=0.02, smoothing=0.015, step=1, contrast=0.1, forest=forest,
    )  # fmt: skip
    return LocaliserSettings(pose=whole, coarse=whole, local=(local,), n_neighbours=3, prior=PriorSettings())


def search_more(settings, scales=(1.0,), rotations_rad=(0.0,), *, mirrored=False):
    """Return settings that search other sizes, rotations and the mirror image as well."""
    search = SearchSettings(list_search_steps(2, scales, rotations_rad, mirrored=mirrored))
    return dataclasses.replace(settings, search=search, may_mirror=mirrored)


@pytest.fixture(scope="session")
def all_round_localiser(scenes, tiny_settings):
    """A localiser that has learnt the scenes, for quarter turns, two sizes and the mirror image."""
    settings = search_more(tiny_settings, (1.0, 0.75), tuple(np.arange(4) * np.pi / 2), mirrored=True)
    return ForestLocaliser(settings=settings, n_jobs=2).fit(*zip(*scenes[0], strict=True))


def mean_distance(pose, points, mean_shape):
    """Return how far, in reference coordinates, a pose takes landmarks from the mean shape, on average."""
    return np.linalg.norm(pose.apply(points.positions) - mean_shape, axis=1).mean()
