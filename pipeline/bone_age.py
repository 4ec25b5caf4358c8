"""The whole pipeline as one object: a localiser, an age model, and the way of cutting between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from boneage.imaging import Modality, Scan, Sex
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.assessment import Assessment, assess
from boneage.pipeline.modalities import modality_of
from boneage.pipeline.model_files import InvalidModelFile, ModelFile, load_model, save_model
from boneage.regression import AgeRegressor, Cutting, sites_from_json, sites_to_json


@dataclass(frozen=True, eq=False)
class BoneAgePipeline:
    """A radiograph, or a volume, in, an assessment out.

    Parameters
    ----------
    localiser : ForestLocaliser or None
        Fitted. A model that looks at the whole image does without; with one, it refuses what is no hand.
    regressor : AgeRegressor
        Fitted on what ``cutting`` cuts.
    cutting : Cutting
    summary : mapping
        What the parts were trained on.
    name : str
        What to call the model in tables: its file name and the start of its SHA-256.
    """

    localiser: ForestLocaliser | None
    regressor: AgeRegressor
    cutting: Cutting
    summary: Mapping[str, Any]
    name: str = "unsaved"

    def __post_init__(self) -> None:
        if self.localiser is not None:
            if self.localiser.ndim != self.cutting.ndim:
                raise ValueError(f"the localiser is of {self.localiser.ndim}D scans, the regions {self.cutting.ndim}D")
            self.cutting.check_landmarks(self.localiser.names_)
        elif self.cutting.needs_landmarks:
            raise ValueError(f"cutting {self.cutting.kind} needs a localiser")
        if self.regressor.region_names_ != self.region_names or self.regressor.shape_ != self.cutting.shape:
            raise ValueError(
                f"the age model was trained on {len(self.regressor.region_names_)} regions of shape "
                f"{self.regressor.shape_}, but {len(self.region_names)} of shape {self.cutting.shape} would be cut"
            )

    def assess(self, scan: Scan, *, sex: Sex | None, id_: str = "", path: str = "") -> Assessment:
        """Assess one scan; a hand that cannot be read is a refused assessment, not an error.

        Parameters
        ----------
        scan : Scan
        sex : {"F", "M"} or None
            ``None`` takes the scan's own.
        id_, path : str, optional
            What to call it in the results; ``id_`` is the scan's source if not given.
        """
        return assess(
            scan,
            id_=id_ or scan.source,
            path=path,
            sex=sex,
            localiser=self.localiser,
            regressor=self.regressor,
            cutting=self.cutting,
            model=self.name,
        )

    @property
    def modality(self) -> Modality:
        """What the model reads: radiographs (``xray``) or volumes (``mri``)."""
        return modality_of(self.cutting.ndim)

    @property
    def region_names(self) -> tuple[str, ...]:
        """Names of the regions, in the order of the columns of ``ages.csv``."""
        return self.cutting.region_names

    def save(self, path: Path | str, *, half: bool = False) -> None:
        """Write the pipeline to a ``.boneage`` file.

        Parameters
        ----------
        path : path-like
        half : bool
            Whether the network's weights are written in half precision: ages change in the second decimal, if at all.
        """
        localiser_settings, localiser_arrays = self.localiser.to_state() if self.localiser else (None, {})
        regressor_settings, regressor_arrays = self.regressor.to_state()
        settings = {
            "localiser": localiser_settings,
            "regressor": regressor_settings,
            "cut": self.cutting.kind,
            "sites": sites_to_json(self.cutting.sites),
            "side": self.cutting.side,
            "proportions": self.cutting.proportions,
            "thumbnail": self.cutting.thumbnail,
            "ndim": self.cutting.ndim,
        }
        arrays = {f"localiser/{name}": array for name, array in localiser_arrays.items()}
        for name, array in regressor_arrays.items():
            shorter = half and array.dtype == np.float32
            arrays[f"regressor/{name}"] = array.astype(np.float16) if shorter else array
        save_model(path, ModelFile("pipeline", settings, arrays, dict(self.summary)))

    @classmethod
    def load(cls, path: Path | str) -> BoneAgePipeline:
        """Read a pipeline from a ``.boneage`` file.

        Raises
        ------
        InvalidModelFile
            If the file is not a whole, sound model of this kind.
        """
        model = load_model(path, kind="pipeline")
        try:
            return cls(
                localiser=_read_localiser(model.settings["localiser"], _under(model.arrays, "localiser/")),
                regressor=AgeRegressor.from_state(model.settings["regressor"], _under(model.arrays, "regressor/")),
                cutting=_read_cutting(model.settings),
                summary=model.summary,
                name=f"{Path(path).name} {model.sha256[:12]}",
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidModelFile(path, f"its contents do not fit together ({error})") from error


def save_localiser(path: Path | str, localiser: ForestLocaliser, summary: Mapping[str, Any]) -> None:
    """Write a fitted localiser to a ``.boneage`` file."""
    settings, arrays = localiser.to_state()
    save_model(path, ModelFile("localiser", settings, arrays, dict(summary)))


def load_localiser(path: Path | str) -> tuple[ForestLocaliser, Mapping[str, Any]]:
    """Read a localiser and its training summary, from its own file or from a pipeline's.

    Raises
    ------
    InvalidModelFile
        If the file is not a whole, sound model.
    """
    model = load_model(path)
    if model.kind == "pipeline":
        pipeline = BoneAgePipeline.load(path)
        if pipeline.localiser is None:
            raise InvalidModelFile(path, "holds an age model that has no localiser")
        return pipeline.localiser, dict(pipeline.summary.get("localiser", {}))
    try:
        return ForestLocaliser.from_state(dict(model.settings), dict(model.arrays)), model.summary
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidModelFile(path, f"its contents do not fit together ({error})") from error


def _read_localiser(settings: Mapping[str, Any] | None, arrays: Mapping[str, Any]) -> ForestLocaliser | None:
    return None if settings is None else ForestLocaliser.from_state(settings, arrays)


def _read_cutting(settings: Mapping[str, Any]) -> Cutting:
    """Read the way of cutting; a model file from before there were several has regions."""
    kind, sites, side = settings.get("cut", "regions"), settings["sites"], int(settings["side"])
    if side < 1:
        raise ValueError(f"the side of a region must be positive, got {side}")
    proportions, thumbnail = settings.get("proportions", "file"), int(settings.get("thumbnail", 0))
    ndim = int(settings.get("ndim", 2))
    return Cutting(kind, side, sites_from_json(sites) if sites else (), proportions, thumbnail, ndim)


def _under(arrays: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
