"""Model files of older formats, read as those of the present one.

Format 1 had two layouts: one age model with its settings on top, later several under ``readers``. Format 2 names things
as the code does: ``age_models``, each with its ``crop``, and the localiser's ``pairwise_prior`` with ``anchor_sets``.
Format 3 holds every number that decides where a landmark is found; in older ones most of them stood in the code.
A pipeline of format 4 may hold a calibration.
Format 5 has no settings for the steps of the search that were left out: landmarks are found in the best pose alone.
In format 6 the real scans that acceptance is measured by have classes; in older files all are of one.
In format 7 the pose search leaves hypotheses of low score where they are; by older files it moves all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.landmarks.presets import list_search_steps
from boneage.landmarks.search_settings import PriorSettings, SearchSettings
from boneage.landmarks.training_shapes import select_far_apart

Settings = dict[str, Any]
Arrays = dict[str, NDArray[Any]]

_CROP_KEYS = {"cut": "kind", "side": "side", "proportions": "proportions", "thumbnail": "thumbnail", "ndim": "ndim"}
_LEFT_OUT = {
    "search": ("n_refined", "refined_ratio"),
    "candidates": ("n_rounds", "doubtful_height"),
}  # of formats 3 and 4
_ARRAY_NAMES = {"constellation/tellers": "pairwise_prior/anchor_sets", "constellation/": "pairwise_prior/"}


def migrate(kind: str, number: int, settings: Mapping[str, Any], arrays: Mapping[str, Any]) -> tuple[Settings, Arrays]:
    """Return the settings and arrays of a model file as the present format has them.

    Parameters
    ----------
    kind : str
        ``"localiser"`` or ``"pipeline"``; other kinds are returned as they are.
    number : int
        The file's format.
    settings, arrays : mapping
        As they stand in the file; they are not changed.

    Raises
    ------
    KeyError, TypeError, AttributeError
        If the settings are not those of such a model.
    """
    new, new_arrays = dict(settings), dict(arrays)
    if number < 2 and kind == "localiser":
        new, new_arrays = _rename_localiser(new), {_rename_array(name): array for name, array in arrays.items()}
    if number < 2 and kind == "pipeline":
        new, new_arrays = _rename_pipeline(new, new_arrays)
    if number < 3 and kind == "localiser":
        new, added = _complete_localiser(new, new_arrays)
        new_arrays |= added
    if number < 3 and kind == "pipeline" and new["localiser"] is not None:
        under = {name.removeprefix("localiser/"): array for name, array in new_arrays.items()}
        new["localiser"], added = _complete_localiser(new["localiser"], under)
        new_arrays |= {f"localiser/{name}": array for name, array in added.items()}
    if number < 4 and kind == "pipeline":
        new["calibration"] = None
    if number < 5:
        new = _change_localiser(kind, new, _drop_settings)
    if number < 6:
        new_arrays |= _classify_scans(new_arrays, "localiser/acceptance/" if kind == "pipeline" else "acceptance/")
    if number < 7:
        new = _change_localiser(kind, new, _move_all)
    return new, new_arrays


def _change_localiser(kind: str, settings: Settings, change: Callable[[Mapping[str, Any]], Settings]) -> Settings:
    """Return settings with the localiser changed that they are, or hold."""
    if kind == "localiser":
        return change(settings)
    if kind == "pipeline" and settings["localiser"] is not None:
        return {**settings, "localiser": change(settings["localiser"])}
    return settings


def _classify_scans(arrays: Mapping[str, Any], under: str) -> Arrays:
    """Return what format 6 has of an acceptance beside the arrays of format 5, or otherwise; nothing without one."""
    if f"{under}terms" not in arrays:
        return {}
    details = np.full(len(arrays[f"{under}terms"]), np.nan)
    low_scores = np.asarray(arrays[f"{under}low_scores"])[None]
    return {f"{under}details": details, f"{under}boundaries": np.zeros(0), f"{under}low_scores": low_scores}


def _move_all(config: Mapping[str, Any]) -> Settings:
    """Return a localiser of format 6 or older with the setting that format 7 has beside its own."""
    search = {"lowest_moved": 0.0, **config["settings"].get("search", {})}
    return {**config, "settings": {**config["settings"], "search": search}}


def _drop_settings(config: Mapping[str, Any]) -> Settings:
    """Return a localiser of format 3 or 4 without the settings that format 5 does not have."""
    settings = dict(config["settings"])
    for part, names in _LEFT_OUT.items():
        if part in settings:
            settings[part] = {name: value for name, value in settings[part].items() if name not in names}
    return {**config, "settings": settings}


def _complete_localiser(config: Mapping[str, Any], arrays: Mapping[str, Any]) -> tuple[Settings, Arrays]:
    """Return a localiser of format 2 with the settings of format 3, and the arrays that it lacks."""
    settings = {"n_neighbours": 0, "pairwise_prior": False, **config["settings"]}
    n, ndim = arrays["mean_shape"].shape
    scales, rotations, rolls = (
        tuple(settings.pop(f"first_{name}")) for name in ("scales", "rotations_rad", "rolls_rad")
    )
    may_mirror = settings["may_mirror"] = settings.pop("first_mirrored")
    search = SearchSettings(list_search_steps(ndim, scales, rotations, rolls, may_mirror))
    prior = PriorSettings() if settings.pop("pairwise_prior") else None
    settings |= {"search": asdict(search), "prior": prior and asdict(prior)}
    settings["doubtful_score"] = 2 * settings["min_score"]
    few = select_far_apart(np.asarray(arrays["mean_shape"]), search.n_landmarks)
    added: Arrays = {"pose_landmarks": few}
    if settings["pose"] is not None:  # which voted for all landmarks
        added |= {f"whole0/{name}": arrays[f"whole0/{name}"][:, few] for name in ("displacements", "spreads")}
    if not settings["n_neighbours"]:
        added["neighbours"] = np.zeros((n, 0), np.int64)
    if prior is not None:
        added["pairwise_prior/least_distances"] = np.zeros((n, n))  # not known: nothing is crowded
    typical_score = config["typical_score"] or 1.0
    return {**config, "settings": settings, "typical_score": typical_score}, added


def _rename_localiser(config: Mapping[str, Any]) -> Settings:
    settings = {"first_rolls_rad": [0.0], **config["settings"]}  # older than localisers of volumes
    settings["pairwise_prior"] = settings.pop("constellation")
    return {**config, "settings": settings}


def _rename_pipeline(settings: Mapping[str, Any], arrays: Mapping[str, Any]) -> tuple[Settings, Arrays]:
    localiser = settings["localiser"] and _rename_localiser(settings["localiser"])
    if "readers" in settings:
        models, old, new = settings["readers"], "readers/", "age_models/"
    else:  # a single age model, with its settings on top
        models, old, new = [settings], "regressor/", "age_models/0/"
    renamed = {}
    for name, array in arrays.items():
        if name.startswith("localiser/"):
            renamed["localiser/" + _rename_array(name.removeprefix("localiser/"))] = array
        else:
            renamed[new + name.removeprefix(old)] = array
    return {"localiser": localiser, "age_models": [_migrate_age_model(model) for model in models]}, renamed


def _migrate_age_model(model: Mapping[str, Any]) -> Settings:
    crop = {new: model[old] for old, new in _CROP_KEYS.items() if old in model}
    return {"regressor": model["regressor"], "crop": {"kind": "regions", **crop, "sites": model["sites"]}}


def _rename_array(name: str) -> str:
    old = next((old for old in _ARRAY_NAMES if name.startswith(old)), "")
    return _ARRAY_NAMES[old] + name.removeprefix(old) if old else name
