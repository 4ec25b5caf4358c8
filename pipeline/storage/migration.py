"""Model files of older formats, read as those of the present one.

Format 1 had two layouts: one age model with its settings on top, later several under ``readers``. Format 2 names things
as the code does: ``age_models``, each with its ``crop``, and the localiser's ``pairwise_prior`` with ``anchor_sets``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

Settings = dict[str, Any]
Arrays = dict[str, NDArray[Any]]

_CROP_KEYS = {"cut": "kind", "side": "side", "proportions": "proportions", "thumbnail": "thumbnail", "ndim": "ndim"}
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
    if number > 1 or kind not in ("localiser", "pipeline"):
        return dict(settings), dict(arrays)
    if kind == "localiser":
        return _migrate_localiser(settings), {_rename_array(name): array for name, array in arrays.items()}
    return _migrate_pipeline(settings, arrays)


def _migrate_localiser(config: Mapping[str, Any]) -> Settings:
    settings = {"first_rolls_rad": [0.0], **config["settings"]}  # older than localisers of volumes
    settings["pairwise_prior"] = settings.pop("constellation")
    return {**config, "settings": settings}


def _migrate_pipeline(settings: Mapping[str, Any], arrays: Mapping[str, Any]) -> tuple[Settings, Arrays]:
    localiser = settings["localiser"] and _migrate_localiser(settings["localiser"])
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
