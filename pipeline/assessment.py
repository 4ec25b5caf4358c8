"""One hand assessed: landmarks, regions, age, and what the age rests on."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from boneage.imaging import Modality, Points, Sex
from boneage.pipeline.age_text import age_text
from boneage.pipeline.growth_reference import AgeComparison, compare_ages
from boneage.pipeline.located_hand import HandView
from boneage.regression import AgeEstimate, RegionStack

if TYPE_CHECKING:  # loaded only where centres are asked for
    from boneage.pipeline.hand_centres import HandCentres

Status = Literal["ok", "flagged", "refused"]

COMPARISON_COLUMNS = ("chronological_age_months", "difference_months", "sd_score", "determination")
INTERVAL_COLUMNS = ("interval_low_months", "interval_high_months", "interval_level", "interval_n_hands")


@dataclass(frozen=True, eq=False)
class Assessment:
    """The result of the pipeline for one file.

    Parameters
    ----------
    id : str
    path : str
    status : {"ok", "flagged", "refused"}
        ``flagged`` is an age with a reservation, ``refused`` no age at all; ``reason`` says why.
    reason : str
    sex : {"F", "M"} or None
    points : Points or None
        Landmarks in original pixels; ``None`` too if the model reads the whole image and has no localiser.
    estimate : AgeEstimate or None
        ``None`` for a refused file.
    regions : tuple of RegionStack or None
        The crops that each age model read, ``None`` for one that could not; empty if the file was refused, or after
        :meth:`without_regions`.
    readings : tuple of AgeEstimate
        The estimate of each age model, of which ``estimate`` is the mean before its bias is corrected; empty where
        ``regions`` are.
    acceptance : float
        Share of real hands whose landmarks are at least as strange; 0 if none were found, NaN where it is not known.
    view : HandView
        How the hand lies in its picture.
    chronological_months : float
        Age of the person, as given or as the file states it; NaN where it is not known. The bone age is never told by
        it.
    phantom : bool
        Whether the picture is synthetic.
    n_centres : int or None
        How many ossification centres are outlined; None where they were not asked for.
    centres : HandCentres or None
        Their outlines; None too after :meth:`without_regions`.
    display : callable or None
        Writes the assessment as HTML, for a notebook; None after :meth:`without_regions`.
    modality : {"xray", "mri"} or None
        ``None`` for a file that could not be read.
    model : str
        Name of the model that assessed it; blank for a file that could not be read.
    """

    id: str
    path: str
    status: Status
    reason: str = ""
    sex: Sex | None = None
    points: Points | None = None
    estimate: AgeEstimate | None = None
    regions: tuple[RegionStack | None, ...] = ()
    modality: Modality | None = None
    model: str = ""
    readings: tuple[AgeEstimate, ...] = ()
    acceptance: float = math.nan
    view: HandView = dataclasses.field(default_factory=HandView)
    chronological_months: float = math.nan
    phantom: bool = False
    n_centres: int | None = None
    centres: HandCentres | None = dataclasses.field(default=None, repr=False)
    display: Callable[[Assessment], str] | None = dataclasses.field(default=None, repr=False)

    def __post_init__(self) -> None:
        if (self.estimate is None) != (self.status == "refused"):
            raise ValueError(f"a {self.status} assessment {'needs an' if self.estimate is None else 'has no'} estimate")
        if self.status != "ok" and not self.reason:
            raise ValueError(f"a {self.status} assessment needs a reason")

    @property
    def comparison(self) -> AgeComparison:
        """The bone age beside the chronological age."""
        months = self.estimate.months if self.estimate else math.nan
        return compare_ages(months, self.chronological_months, self.sex)

    @property
    def stacks(self) -> tuple[RegionStack, ...]:
        """The crops of the age models that took part."""
        return tuple(stack for stack in self.regions if stack is not None)

    def with_remarks(self, remarks: Sequence[str]) -> Assessment:
        """Return it with further remarks: they are added to the reason, and an age without reservation is flagged."""
        if not remarks:
            return self
        status: Status = "flagged" if self.status == "ok" else self.status
        return dataclasses.replace(self, status=status, reason="; ".join(filter(None, (self.reason, *remarks))))

    def without_regions(self) -> Assessment:
        """Return it without crops, readings of the single age models, outlines and picture: it is small then."""
        return dataclasses.replace(self, regions=(), readings=(), centres=None, display=None)

    def _repr_html_(self) -> str | None:
        return None if self.display is None else self.display(self)

    def row(self, region_names: Sequence[str]) -> dict[str, object]:
        """Return one row of ``ages.csv``; empty where a value is absent, weight 0 for a missing region."""
        months = self.estimate.months if self.estimate else math.nan
        weights = (
            dict(zip(self.estimate.region_names, self.estimate.region_weights, strict=True)) if self.estimate else {}
        )
        ages = dict(zip(self.estimate.region_names, self.estimate.region_months, strict=True)) if self.estimate else {}
        return {
            "id": self.id,
            "path": self.path,
            "modality": self.modality or "",
            "status": self.status,
            "reason": self.reason,
            "sex": self.sex or "",
            "bone_age_months": _number(months, 2),
            "bone_age_text": "" if math.isnan(months) else age_text(months),
            **self._interval_cells(),
            "acceptance": _number(self.acceptance, 4),
            **self.view.cells(),
            **self._comparison_cells(),
            **{f"weight_{name}": _number(weights.get(name, math.nan), 4) for name in region_names},
            **{f"age_{name}": _number(ages.get(name, math.nan), 2) for name in region_names},
            "n_centres": "" if self.n_centres is None else self.n_centres,
            "model": self.model,
        }

    def _comparison_cells(self) -> dict[str, object]:
        known, comparison = not math.isnan(self.chronological_months), self.comparison
        numbers = (_number(self.chronological_months, 2), _number(comparison.difference_months, 2))
        cells = (*numbers, _number(comparison.sd_score, 2), comparison.determination if known else "")
        return dict(zip(COMPARISON_COLUMNS, cells, strict=True))

    def _interval_cells(self) -> dict[str, object]:
        interval = self.estimate.interval if self.estimate else None
        if interval is None or interval.reason:
            return dict.fromkeys(INTERVAL_COLUMNS, "")
        ends = (_number(interval.low_months, 2), _number(interval.high_months, 2))
        return dict(zip(INTERVAL_COLUMNS, (*ends, f"{interval.level:g}", interval.n_hands), strict=True))


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"
