"""The named settings: the published recipe, and ours for accuracy, for speed and for a small file."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from boneage.landmarks.settings import ForestSettings, LocaliserSettings, StageSettings


def paper(ndim: int = 2) -> LocaliserSettings:
    """Return the published recipe as it stands: a coarse and a fine forest, no pose, no augmentation.

    Coarse-to-fine voting of Ebner et al. 2014 [1]_, T=8, D=14, 100 features x 10 thresholds, votes weighted by
    displacement length. The lengths here are ours, in images (``ndim`` 2) as in volumes (3).

    References
    ----------
    .. [1] Ebner, Stern, Donner, Bischof, Urschler, "Towards automatic bone age estimation from MRI:
       localization of 3D anatomical landmarks", MICCAI 2014.
    """
    if ndim == 3:
        return LocaliserSettings(
            coarse=StageSettings(
                resolution=50, feature_range=0.3, n_positions=800, vote_weight="displacement", vote_length=0.08,
                smoothing=0.02,
            ),
            local=(
                StageSettings(
                    resolution=160, feature_range=0.09, n_positions=150, radius=0.085, vote_weight="displacement",
                    vote_length=0.03, smoothing=0.008,
                ),
            ),
        )  # fmt: skip
    return LocaliserSettings(
        coarse=StageSettings(
            resolution=117, feature_range=0.5, n_positions=400, vote_weight="displacement", vote_length=0.08,
            smoothing=0.012,
        ),
        local=(
            StageSettings(
                resolution=234, feature_range=0.13, n_positions=150, radius=0.085, vote_weight="displacement",
                vote_length=0.03, smoothing=0.006,
            ),
        ),
    )  # fmt: skip


def accurate(ndim: int = 2) -> LocaliserSettings:
    """Return our settings for accuracy: T=8, 100 features x 10 thresholds, D=14 in the local stages and more before.

    They add, around the trees: pose normalisation, of the whole and then of each landmark's surroundings; local
    contrast normalisation; augmentation; a pairwise prior that chooses among candidates; three local
    stages (two in volumes), as far as the images' resolution allows; features a tenth as long as is usual.
    docs/benchmarks.md has what each gains.

    Parameters
    ----------
    ndim : int
        2 for images, 3 for volumes.
    """
    if ndim == 3:
        return _accurate_in_volumes()
    return LocaliserSettings(
        pose=StageSettings(
            resolution=90, feature_range=0.15, n_positions=400, n_copies=4, max_rotation_rad=math.radians(15),
            max_log_scale=0.15, max_log_gamma=0.7, contrast=0.05, tone=0.33, vote_weight="displacement",
            vote_length=0.17, smoothing=0.015, step=3, forest=ForestSettings(max_depth=16, min_leaf=3),
        ),
        coarse=StageSettings(
            resolution=117, feature_range=0.12, n_positions=400, n_copies=4, max_rotation_rad=math.radians(5),
            max_log_scale=0.05, max_log_gamma=0.7, contrast=0.05, tone=0.33, vote_weight="displacement",
            vote_length=0.17, smoothing=0.012, step=3, forest=ForestSettings(max_depth=18, min_leaf=2),
        ),
        local=(
            StageSettings(
                resolution=234, feature_range=0.045, n_positions=100, radius=0.07, n_copies=2,
                max_rotation_rad=math.radians(8), max_log_scale=0.08, contrast=0.03, tone=0.5, vote_weight="spread",
                vote_length=0.006, smoothing=0.0065, step=3,
            ),
            StageSettings(
                resolution=400, feature_range=0.0235, n_positions=150, radius=0.03, max_rotation_rad=math.radians(8),
                max_log_scale=0.08, contrast=0.03, tone=0.5, vote_weight="spread", vote_length=0.0047, smoothing=0.0038,
            ),
            StageSettings(
                resolution=850, feature_range=0.011, n_positions=100, radius=0.012, n_copies=2,
                max_rotation_rad=math.radians(8), max_log_scale=0.08, contrast=0.03, tone=0.5, vote_weight="spread",
                vote_length=0.0022, smoothing=0.0026,
            ),
        ),
        first_scales=(1.0, 0.78, 0.6, 0.47),
        first_rotations_rad=tuple(math.radians(angle) for angle in range(0, 360, 30)),
        first_mirrored=True,
        min_score=0.03,
        n_neighbours=3,
        pairwise_prior=True,
    )  # fmt: skip


def _accurate_in_volumes() -> LocaliserSettings:
    return LocaliserSettings(
        pose=StageSettings(
            resolution=40, feature_range=0.15, n_positions=600, n_copies=4, max_rotation_rad=math.radians(15),
            max_log_scale=0.15, max_log_gamma=0.3, contrast=0.05, vote_weight="displacement", vote_length=0.17,
            smoothing=0.025, forest=ForestSettings(max_depth=16, min_leaf=3),
        ),
        coarse=StageSettings(
            resolution=60, feature_range=0.12, n_positions=600, n_copies=4, max_rotation_rad=math.radians(5),
            max_log_scale=0.05, max_log_gamma=0.3, contrast=0.05, vote_weight="displacement", vote_length=0.17,
            smoothing=0.016, step=3, forest=ForestSettings(max_depth=18, min_leaf=2),
        ),
        local=(
            StageSettings(
                resolution=120, feature_range=0.05, n_positions=150, radius=0.07, n_copies=2,
                max_rotation_rad=math.radians(8), max_log_scale=0.08, contrast=0.03, vote_weight="spread",
                vote_length=0.012, smoothing=0.01,
            ),
            StageSettings(
                resolution=240, feature_range=0.025, n_positions=150, radius=0.03, n_copies=2,
                max_rotation_rad=math.radians(8), max_log_scale=0.08, contrast=0.03, vote_weight="spread",
                vote_length=0.006, smoothing=0.005,
            ),
        ),
        first_scales=(1.0, 0.75),
        first_rotations_rad=tuple(math.radians(angle) for angle in range(0, 360, 45)),
        first_rolls_rad=tuple(math.radians(angle) for angle in range(0, 360, 90)),
        first_mirrored=True,
        min_score=0.02,
        n_neighbours=4,
        pairwise_prior=True,
    )  # fmt: skip


def fast(ndim: int = 2) -> LocaliserSettings:
    """Return our settings for speed: fewer votes from smaller pictures, one local stage."""
    if ndim == 3:
        settings = _accurate_in_volumes()

        def thin(stage: StageSettings, **fields: Any) -> StageSettings:
            forest = replace(stage.forest, max_depth=14, min_leaf=5)
            return replace(stage, n_copies=max(stage.n_copies // 2, 1), forest=forest, **fields)

        local = thin(settings.local[1], resolution=180, radius=0.06, step=3, smoothing=0.007)
        return replace(
            settings, pose=settings.pose and thin(settings.pose), coarse=thin(settings.coarse), local=(local,)
        )
    return LocaliserSettings(
        pose=StageSettings(
            resolution=60, feature_range=0.18, n_positions=200, n_copies=3, max_rotation_rad=math.radians(15),
            max_log_scale=0.15, max_log_gamma=0.7, contrast=0.05, tone=0.33, vote_weight="displacement",
            vote_length=0.17, smoothing=0.02, step=4,
        ),
        coarse=StageSettings(
            resolution=80, feature_range=0.13, n_positions=300, n_copies=4, max_rotation_rad=math.radians(5),
            max_log_scale=0.05, max_log_gamma=0.7, contrast=0.05, tone=0.33, vote_weight="displacement",
            vote_length=0.17, smoothing=0.014, step=4,
        ),
        local=(
            StageSettings(
                resolution=234, feature_range=0.045, n_positions=150, radius=0.06, n_copies=2,
                max_rotation_rad=math.radians(6), max_log_scale=0.06, contrast=0.03, tone=0.5, vote_weight="spread",
                vote_length=0.006, smoothing=0.006, step=4,
            ),
        ),
        first_scales=(1.0, 0.7, 0.5),
        first_rotations_rad=tuple(math.radians(angle) for angle in range(0, 360, 30)),
        first_mirrored=True,
        min_score=0.03,
        n_neighbours=3,
        pairwise_prior=True,
    )  # fmt: skip


def compact(ndim: int = 2) -> LocaliserSettings:
    """Return :func:`accurate` with larger leaves, for many training images: a file of a sixth of the size.

    It is meant for hundreds of images, which fill larger leaves.
    """
    settings = accurate(ndim)

    def shrink(stage: StageSettings, n_copies: int) -> StageSettings:
        return replace(stage, n_copies=n_copies, forest=replace(stage.forest, max_depth=14, min_leaf=30))

    return replace(
        settings,
        pose=settings.pose and shrink(settings.pose, 2),
        coarse=shrink(settings.coarse, 2),
        local=tuple(shrink(stage, 1) for stage in settings.local),
    )


PRESETS = {"paper": paper, "accurate": accurate, "fast": fast, "compact": compact}
