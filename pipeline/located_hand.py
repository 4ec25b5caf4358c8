"""One hand located and cropped: the same steps for a hand to learn from and for one to read."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from boneage.imaging import Laterality, NoSimilarity, Points, Scan, align_to
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.quality import (
    CroppedRegions,
    describe_findings,
    find_landmark_fault,
    find_modality_mismatch,
    find_region_fault,
    modality_of,
)
from boneage.regression import CropSpec


@dataclass(frozen=True)
class HandView:
    """How a hand lies in its picture.

    Parameters
    ----------
    laterality : {"L", "R"} or None
        As the file states it.
    mirrored : bool or None
        Whether it is mirrored with respect to the hands that the localiser has learnt from; None, as all that follows,
        where no hand was found.
    inverted : bool or None
        Whether black and white are swapped.
    rotated_deg : float
        By how much it is turned clockwise, as it is shown; NaN where that is not known.
    """

    laterality: Laterality | None = None
    mirrored: bool | None = None
    inverted: bool | None = None
    rotated_deg: float = math.nan

    def cells(self) -> dict[str, object]:
        """Return the cells of a table; empty where a value is absent."""
        return {
            "laterality": self.laterality or "",
            "mirrored": "" if self.mirrored is None else self.mirrored,
            "inverted": "" if self.inverted is None else self.inverted,
            "rotated_deg": "" if math.isnan(self.rotated_deg) else f"{self.rotated_deg:.1f}",
        }


@dataclass(frozen=True, eq=False)
class HandLandmarks:
    """The landmarks of a hand, and whether an age can be built on them.

    Parameters
    ----------
    points : Points or None
        In original pixels; None where no localiser was asked.
    mirrored : bool
        Whether the hand is mirrored with respect to those that the localiser has learnt from.
    inverted : bool or None
        Whether black and white are swapped in the file; None where nothing is known of it.
    findings : tuple of str
        Sentences on what makes the picture itself doubtful: noise, several hands, few pixels.
    fault : str
        Why no age can be built on the landmarks; empty if one can.
    acceptance : float
        Share of real hands whose landmarks are at least as strange; 0 where no pose fits, NaN where the localiser has
        not been compared with real hands.
    rotated_deg : float
        By how much the hand is turned clockwise, as it is shown, from the upright ones; NaN where that is not known.
    """

    points: Points | None
    mirrored: bool = False
    inverted: bool | None = None
    findings: tuple[str, ...] = ()
    fault: str = ""
    acceptance: float = math.nan
    rotated_deg: float = math.nan

    def view(self, laterality: Laterality | None) -> HandView:
        """Return how the hand lies; ``laterality`` is that of its file."""
        if self.points is None or self.fault:
            return HandView(laterality)
        return HandView(laterality, self.mirrored, self.inverted, self.rotated_deg)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        points = None if self.points is None else self.points.to_json()
        return {**dataclasses.asdict(dataclasses.replace(self, points=None)), "points": points}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild it."""
        points = None if data["points"] is None else Points.from_json(data["points"])
        inverted = None if data["inverted"] is None else bool(data["inverted"])
        findings, fault = tuple(map(str, data["findings"])), str(data["fault"])
        return cls(
            points,
            bool(data["mirrored"]),
            inverted,
            findings,
            fault,
            float(data["acceptance"]),
            float(data["rotated_deg"]),
        )


def locate_hand(scan: Scan, localiser: ForestLocaliser | None) -> HandLandmarks:
    """Locate the landmarks of a hand; without a localiser there are none, and no fault."""
    if localiser is None:
        return HandLandmarks(None)
    mismatch = find_modality_mismatch(scan, modality_of(localiser.ndim))
    if mismatch:
        return HandLandmarks(None, fault=mismatch)
    found = localiser.find(scan)
    findings = () if found.standardised is None else tuple(describe_findings(found.standardised.findings))
    fault = find_landmark_fault(found.points, found.verdict)
    acceptance = math.nan if found.verdict is None else found.verdict.acceptance
    mirrored, rotated = localiser.is_mirrored(found.points), measure_rotation(found.points, mean_shape_of(localiser))
    return HandLandmarks(found.points, mirrored, found.inverted, findings, fault, acceptance, rotated)


def crop_located_hand(
    scan: Scan, located: HandLandmarks, crop_spec: CropSpec, reference: Points | None
) -> CroppedRegions:
    """Return the regions of a hand, or None and the fault for which there are none."""
    if located.fault:
        return None, located.fault
    mismatch = find_modality_mismatch(scan, modality_of(crop_spec.ndim))
    if mismatch:
        return None, mismatch
    points = located.points
    if points is not None and reference is not None:
        points = points.completed(reference.names)  # a table of annotations may have fewer than a localiser
    regions = crop_spec.crop(scan, points, reference, mirrored=located.mirrored, inverted=located.inverted)
    fault = find_region_fault(regions)
    return (None, fault) if fault else (regions, "")


def mean_shape_of(localiser: ForestLocaliser | None) -> Points | None:
    """Return the shape that a localiser aligns hands to; None without one."""
    return None if localiser is None else Points(localiser.names_, localiser.mean_shape_)


def measure_rotation(points: Points, reference: Points | None) -> float:
    """Return by how many degrees a hand is turned clockwise from the reference, as shown; NaN where nothing tells.

    Examples
    --------
    >>> upright = Points(("wrist", "tip", "thumb"), np.array([[9.0, 5.0], [0.0, 5.0], [6.0, 0.0]]))
    >>> lying = Points(upright.names, upright.positions[:, ::-1] * [1, -1])  # the tip is on the right
    >>> round(measure_rotation(lying, upright))
    90
    """
    if reference is None or points.ndim != 2:
        return math.nan
    try:
        alignment = align_to(points.select(reference.names).positions, reference.positions)
    except NoSimilarity:
        return math.nan
    down, right = np.linalg.solve(alignment.frame.matrix[:2, :2], [-1.0, 0.0])  # what points up in the reference
    return math.degrees(math.atan2(right, -down))
