"""The whole pipeline as one object: a localiser, an age model, and the sites between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boneage.imaging import Scan, Sex
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.assessment import Assessment, assess
from boneage.pipeline.model_files import InvalidModelFile, ModelFile, load_model, save_model
from boneage.regression import AgeRegressor, Site, check_sites, sites_from_json, sites_to_json


@dataclass(frozen=True, eq=False)
class BoneAgePipeline:
    """A radiograph in, an assessment out.

    Parameters
    ----------
    localiser : ForestLocaliser
        Fitted.
    regressor : AgeRegressor
        Fitted on regions cropped at ``sites``.
    sites : tuple of Site
        The regions, by the landmarks they are cut around.
    side : int
        Side of a region in pixels.
    summary : mapping
        What the parts were trained on.
    name : str
        What to call the model in tables: its file name and the start of its SHA-256.
    """

    localiser: ForestLocaliser
    regressor: AgeRegressor
    sites: tuple[Site, ...]
    side: int
    summary: Mapping[str, Any]
    name: str = "unsaved"

    def __post_init__(self) -> None:
        check_sites(self.sites, self.localiser.names_)
        if self.regressor.region_names_ != self.region_names or self.regressor.side_ != self.side:
            raise ValueError(
                f"the age model was trained on {len(self.regressor.region_names_)} regions of side "
                f"{self.regressor.side_}, but {len(self.sites)} of side {self.side} would be cut"
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
            sites=self.sites,
            side=self.side,
        )

    @property
    def region_names(self) -> tuple[str, ...]:
        """Names of the regions, in the order of the columns of ``ages.csv``."""
        return tuple(site.name for site in self.sites)

    def save(self, path: Path | str) -> None:
        """Write the pipeline to a ``.boneage`` file."""
        localiser_settings, localiser_arrays = self.localiser.to_state()
        regressor_settings, regressor_arrays = self.regressor.to_state()
        settings = {
            "localiser": localiser_settings,
            "regressor": regressor_settings,
            "sites": sites_to_json(self.sites),
            "side": self.side,
        }
        arrays = {f"localiser/{name}": array for name, array in localiser_arrays.items()}
        arrays |= {f"regressor/{name}": array for name, array in regressor_arrays.items()}
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
                localiser=ForestLocaliser.from_state(model.settings["localiser"], _under(model.arrays, "localiser/")),
                regressor=AgeRegressor.from_state(model.settings["regressor"], _under(model.arrays, "regressor/")),
                sites=sites_from_json(model.settings["sites"]),
                side=int(model.settings["side"]),
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
        return pipeline.localiser, dict(pipeline.summary.get("localiser", {}))
    try:
        return ForestLocaliser.from_state(dict(model.settings), dict(model.arrays)), model.summary
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidModelFile(path, f"its contents do not fit together ({error})") from error


def _under(arrays: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
