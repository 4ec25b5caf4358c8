"""The named settings: the published recipe, and ours for accuracy, for speed and for a small file."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from boneage.imaging.standardise import StandardiseSettings
from boneage.landmarks.search_settings import PriorSettings, SearchSettings, SearchStep
from boneage.landmarks.settings import ForestSettings, LocaliserSettings, StageSettings

_ROTATIONS_IN_PLANE = tuple(math.radians(angle) for angle in range(0, 360, 30))
_ROTATIONS_IN_SPACE = tuple(math.radians(angle) for angle in range(0, 360, 45))
_ROLLS = tuple(math.radians(angle) for angle in range(0, 360, 90))


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
        standardise=StandardiseSettings(),
        search=SearchSettings(list_search_steps(2, (1.0, 0.78, 0.6, 0.47), _ROTATIONS_IN_PLANE)),
        may_mirror=True,
        min_score=0.03,
        doubtful_score=0.06,
        n_neighbours=3,
        prior=PriorSettings(),
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
        search=SearchSettings(list_search_steps(3, (1.0, 0.75), _ROTATIONS_IN_SPACE, _ROLLS)),
        may_mirror=True,
        min_score=0.02,
        doubtful_score=0.04,
        n_neighbours=4,
        prior=PriorSettings(),
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
        standardise=StandardiseSettings(),
        search=SearchSettings(list_search_steps(2, (1.0, 0.7, 0.5), _ROTATIONS_IN_PLANE)),
        may_mirror=True,
        min_score=0.03,
        doubtful_score=0.06,
        n_neighbours=3,
        prior=PriorSettings(),
    )  # fmt: skip


def list_search_steps(
    ndim: int,
    scales: tuple[float, ...],
    rotations_rad: tuple[float, ...],
    rolls_rad: tuple[float, ...] = (0.0,),
    mirrored: bool = True,
) -> tuple[SearchStep, ...]:
    """Return the steps of a search, from what is usual to what is rare.

    A volume is tried upside down before it is turned: a hand beside the body points to the feet, one above the head
    does not. Only images are stretched, laid upon themselves and searched by windows.

    Parameters
    ----------
    ndim : int
    scales, rotations_rad, rolls_rad : tuple of float
        See :class:`~boneage.landmarks.search_settings.SearchStep`.
    mirrored : bool
    """
    steps = [SearchStep()]
    first = (0.0, math.pi) if ndim == 3 and math.pi in rotations_rad else (0.0,)
    others = tuple(angle for angle in rotations_rad if angle not in first)
    if ndim == 2:
        steps += [SearchStep(stretch=0.8), SearchStep("alike")]
    if mirrored or len(rolls_rad) > 1:
        other_side = SearchStep(rotations_rad=first, rolls_rad=rolls_rad, mirrored=mirrored)
        steps += [other_side, replace(other_side, stretch=0.8)] if ndim == 2 else [other_side]
    rare = SearchStep(mirrored=mirrored, rolls_rad=rolls_rad, unless=0.7, unless_ratio=1.3)
    nearby = replace(rare, place="nearby", scales=(0.87, 1.0, 1.15), rotations_rad=(-0.5, -0.25, 0.0, 0.25, 0.5))
    nearby = replace(nearby, rolls_rad=(0.0,), mirrored=False)
    steps.append(nearby)
    if len(scales) > 1:
        steps.append(replace(rare, scales=scales[1:], rotations_rad=first, n_kept=2))
    if ndim == 2 and others:  # pictures that were squashed to squares: wide ones, and tall ones of hands aslant
        steps.append(replace(rare, scales=scales[:3], stretch=1.35, n_kept=2))
        steps.append(replace(rare, scales=scales[:3], rotations_rad=(-0.5, -0.25, 0.25, 0.5), stretch=0.75, n_kept=4))
    if others:
        steps.append(replace(rare, scales=scales[::2] if ndim == 2 else scales, rotations_rad=others, n_kept=3))
    if ndim == 2 and len(scales) > 1:
        windows = replace(rare, place="windows", scales=scales, rotations_rad=(0.0, -0.5, 0.5), n_kept=3)
        steps.append(replace(windows, unless=0.5))
    if ndim == 2:
        steps += [SearchStep("alike", n_kept=2, unless=0.7, unless_ratio=1.3), nearby]
    return tuple(steps)


def compact(ndim: int = 2) -> LocaliserSettings:
    """Return :func:`accurate` with larger leaves, for many training images: a file of a sixth of the size.

    It is meant for hundreds of images, which fill larger leaves.
    """
    settings = accurate(ndim)

    def shrink(stage: StageSettings, n_copies: int, min_leaf: int) -> StageSettings:
        return replace(stage, n_copies=n_copies, forest=replace(stage.forest, max_depth=14, min_leaf=min_leaf))

    return replace(
        settings,
        pose=settings.pose and shrink(settings.pose, 3, 80),
        coarse=shrink(settings.coarse, 3, 200),
        local=tuple(shrink(stage, 1, 45) for stage in settings.local[:2]),
    )


PRESETS = {"paper": paper, "accurate": accurate, "fast": fast, "compact": compact}
