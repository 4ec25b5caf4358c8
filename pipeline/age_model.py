"""An age model and the way of cutting that goes with it: a pipeline holds one, or several whose ages are averaged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from numpy.typing import NDArray

from boneage.imaging.errors import InvalidInput
from boneage.landmarks import ForestLocaliser
from boneage.regression import AgeRegressor, CropSpec, sites_from_json, sites_to_json


@dataclass(frozen=True, eq=False)
class AgeModel:
    """Reads an age from a hand that was cut the way its age model has learnt from.

    Parameters
    ----------
    regressor : AgeRegressor
        Fitted on what ``crop_spec`` cuts.
    crop_spec : Cutting
    """

    regressor: AgeRegressor
    crop_spec: CropSpec

    def __post_init__(self) -> None:
        known, cut = self.regressor, self.crop_spec
        if known.region_names_ != cut.region_names or known.shape_ != cut.shape:
            raise InvalidInput(
                f"the age model was trained on {len(known.region_names_)} regions of shape {known.shape_}, "
                f"but {len(cut.region_names)} of shape {cut.shape} would be cut"
            )

    def check_localiser(self, localiser: ForestLocaliser | None) -> None:
        """Check that a localiser finds what is needed to cut a hand.

        Raises
        ------
        ValueError
            If there is none and landmarks are needed, or it is of other scans, or lacks a site's landmark.
        """
        if localiser is not None:
            if localiser.ndim != self.crop_spec.ndim:
                raise InvalidInput(f"the localiser is of {localiser.ndim}D scans, the regions {self.crop_spec.ndim}D")
            self.crop_spec.check_landmarks(localiser.names_)
        elif self.crop_spec.needs_landmarks:
            raise InvalidInput(f"cutting {self.crop_spec.kind} needs a localiser")

    def to_state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the age model, and how to cut, as JSON data and arrays."""
        regressor, arrays = self.regressor.to_state()
        settings = {
            "regressor": regressor,
            "cut": self.crop_spec.kind,
            "sites": sites_to_json(self.crop_spec.sites),
            "side": self.crop_spec.side,
            "proportions": self.crop_spec.proportions,
            "thumbnail": self.crop_spec.thumbnail,
            "ndim": self.crop_spec.ndim,
        }
        return settings, arrays

    @classmethod
    def from_state(cls, settings: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild it.

        Raises
        ------
        ValueError, KeyError, TypeError
            If settings or arrays are missing, malformed or do not fit together.
        """
        return cls(AgeRegressor.from_state(settings["regressor"], arrays), _read_cutting(settings))


def _read_cutting(settings: Mapping[str, Any]) -> CropSpec:
    """Read the way of cutting; a model file from before there were several has regions."""
    kind, sites, side = settings.get("cut", "regions"), settings["sites"], int(settings["side"])
    if side < 1:
        raise InvalidInput(f"the side of a region must be positive, got {side}")
    proportions, thumbnail = settings.get("proportions", "file"), int(settings.get("thumbnail", 0))
    ndim = int(settings.get("ndim", 2))
    return CropSpec(kind, side, sites_from_json(sites) if sites else (), proportions, thumbnail, ndim)
