"""An age model with its crop settings: a pipeline holds one, or several whose ages are averaged."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from numpy.typing import NDArray

from boneage.imaging.errors import InvalidInput
from boneage.imaging.plain_data import from_plain_data
from boneage.landmarks import ForestLocaliser
from boneage.regression import AgeRegressor, CropSpec


@dataclass(frozen=True, eq=False)
class AgeModel:
    """An age regressor, and how hands are cropped for it.

    Parameters
    ----------
    regressor : AgeRegressor
        Fitted on crops by ``crop_spec``.
    crop_spec : CropSpec
    """

    regressor: AgeRegressor
    crop_spec: CropSpec

    def __post_init__(self) -> None:
        known, crop = self.regressor, self.crop_spec
        if known.region_names_ != crop.region_names or known.shape_ != crop.shape:
            raise InvalidInput(
                f"the age model was trained on {len(known.region_names_)} regions of shape {known.shape_}, "
                f"but {len(crop.region_names)} of shape {crop.shape} would be cropped"
            )

    def check_localiser(self, localiser: ForestLocaliser | None) -> None:
        """Check that a localiser finds the landmarks by which hands are cropped.

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
            raise InvalidInput(f"cropping {self.crop_spec.kind} needs a localiser")

    def to_state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the age model and its crop settings as JSON data and arrays."""
        regressor, arrays = self.regressor.to_state()
        settings = {"regressor": regressor, "crop": dataclasses.asdict(self.crop_spec)}
        return settings, arrays

    @classmethod
    def from_state(cls, settings: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild it.

        Raises
        ------
        ValueError, KeyError, TypeError
            If settings or arrays are missing, malformed or do not fit together.
        """
        crop_spec = from_plain_data(CropSpec, settings["crop"])
        return cls(AgeRegressor.from_state(settings["regressor"], arrays), crop_spec)
