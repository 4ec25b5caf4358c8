"""The ossification centres of a hand in words: a table in three parts, and what each outline is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boneage.regression.segmentation.anatomy import UNNAMED, Kind, list_centres

if TYPE_CHECKING:  # loaded only where centres are asked for
    from boneage.pipeline.hand_centres import HandCentres
    from boneage.regression.segmentation.measures import CentreMeasure

_PARTS = (("forearm", "carpals"), ("metacarpals", "proximal phalanges"), ("middle phalanges", "distal phalanges"))


@dataclass(frozen=True)
class CentreTable:
    """What a page says of the centres of a hand.

    Parameters
    ----------
    summary : str
        How many there are.
    unit : str
        Of the sizes.
    parts : tuple of mapping of str
        The size of each centre by its name; a dash where it is not outlined, a question mark where landmarks that tell
        its place are missing.
    remarks : tuple of str
        Sentences on the forearm, and on parts without a name.
    """

    summary: str
    unit: str
    parts: tuple[Mapping[str, str], ...]
    remarks: tuple[str, ...]


def describe_centres(centres: HandCentres) -> CentreTable:
    """Return the table of a hand: width and height of each centre, in mm where the file has them."""
    measures = centres.measures["bones"]
    parts = tuple(
        {_plain(one.name): _describe_state(one, centres) for one in measures if one.group in of} for of in _PARTS
    )
    n_unnamed = sum(centres.n_unnamed.values())
    return CentreTable(
        f"{centres.n_centres} of {len(measures)} outlined",
        _unit(centres),
        parts,
        (
            *(_describe_metaphysis(one, centres) for one in measures if not math.isnan(one.relative_width)),
            *([f"Parts without a name: {n_unnamed}."] if n_unnamed else []),
        ),
    )


def describe_outline(kind: Kind, label: int, centres: HandCentres) -> str:
    """Return what a label of a hand is: the name, and the size of a centre.

    Parameters
    ----------
    kind : {"bones", "joints"}
    label : int
        A number in the hand's label map of the kind.
    centres : HandCentres
    """
    if label == UNNAMED:
        return "a part without a name"
    name = _plain(list(list_centres(kind))[label - 1])
    if kind == "joints":
        return f"joint: {name}"
    return f"{name}: {_describe_size(centres.measures[kind][label - 1], centres)} {_unit(centres)}"


def _describe_metaphysis(measure: CentreMeasure, centres: HandCentres) -> str:
    length, unit = measure.metaphysis_distance * _scale(centres), _unit(centres)
    apart = f"{length:.1f} {unit} away from it" if length > 0 else f"reaches {-length:.1f} {unit} beyond its edge"
    return f"{measure.name.capitalize()}: {100 * measure.relative_width:.0f} % of the metaphysis's width, {apart}."


def _describe_state(measure: CentreMeasure, centres: HandCentres) -> str:
    if measure.present:
        return _describe_size(measure, centres)
    return "?" if math.isnan(measure.probability) else "-"


def _describe_size(measure: CentreMeasure, centres: HandCentres) -> str:
    return f"{measure.width * _scale(centres):.1f} x {measure.height * _scale(centres):.1f}"


def _scale(centres: HandCentres) -> float:
    return 100.0 if math.isnan(centres.hand_length_mm) else centres.hand_length_mm


def _unit(centres: HandCentres) -> str:
    return "% of the hand's length" if math.isnan(centres.hand_length_mm) else "mm"


def _plain(name: str) -> str:
    return name.replace("_", " ")
