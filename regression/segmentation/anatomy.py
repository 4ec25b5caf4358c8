"""The ossification centres and joints of a hand: what each is called, and where it lies among the landmarks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Points
from boneage.imaging.errors import InvalidInput
from boneage.imaging.plain_data import STRICT, from_plain_data

Array = NDArray[np.float64]
Kind = Literal["bones", "joints"]

WRIST = ("radius_styloid_tip", "ulna_styloid_tip")
FINGERTIP = "middle_tip"

UNNAMED = 255
"""In label maps, of a part without a name."""


@dataclass(frozen=True)
class Centre:
    """An ossification centre, or a joint.

    Parameters
    ----------
    group : str
        Of its likes.
    place : mapping of float
        Weights of landmarks, of sum 1: its centroid is the weighted mean of their positions. They were fitted to the
        masks of 400 hands by least absolute deviations.
    reach : float
        How far its centroid may lie from there, by the length of the hand: three times what 95 % of those hands need,
        and less than half of the way to the next of its kind.
    axis : tuple of two str
        Landmarks from the proximal to the distal end of its bone; empty where the bone lies as the hand does.
    shaft : {"", "proximal", "distal"}
        On which side of an epiphysis its metaphysis lies.
    metaphysis : tuple of two str
        Landmarks at the corners of its metaphysis, if there are such.
    """

    __pydantic_config__ = STRICT

    group: str
    place: Mapping[str, float]
    reach: float
    axis: tuple[str, ...] = ()
    shaft: Literal["", "proximal", "distal"] = ""
    metaphysis: tuple[str, ...] = ()

    def locate(self, points: Points) -> Array:
        """Return where its centroid is to be expected, shape (2,); NaN if one of its landmarks is absent."""
        weights = np.array(list(self.place.values()))
        return np.asarray(weights @ points.select(tuple(self.place)).positions)

    def direction(self, points: Points) -> Array:
        """Return the unit vector to the distal end of its bone, shape (2,): up where the landmarks do not tell."""
        if not self.axis:
            return np.array([-1.0, 0.0])
        proximal, distal = points.select(self.axis).positions
        length = float(np.linalg.norm(distal - proximal))
        return np.asarray((distal - proximal) / length) if length > 0 else np.array([-1.0, 0.0])


@cache
def list_centres(kind: Kind) -> Mapping[str, Centre]:
    """Return the ossification centres (``bones``) or the joints of a hand by name.

    Examples
    --------
    >>> len(list_centres("bones")), len(list_centres("joints"))
    (28, 18)
    """
    tables: Mapping[str, Any] = json.loads((files(__package__) / "centres.json").read_text())
    return {name: from_plain_data(Centre, entry) for name, entry in tables[kind].items()}


def check_names(names: Sequence[str]) -> None:
    """Check that landmarks are enough to name ossification centres by.

    Raises
    ------
    InvalidInput
        If some are missing; the message names the first.
    """
    centres = [*list_centres("bones").values(), *list_centres("joints").values()]
    needed = dict.fromkeys([*WRIST, FINGERTIP, *(name for centre in centres for name in centre.place)])
    absent = [name for name in needed if name not in names]
    if absent:
        raise InvalidInput(
            f"ossification centres are named by the landmarks of hand37, and the localiser finds no {absent[0]}"
        )


def measure_hand_length(points: Points) -> float:
    """Return the distance from the middle of the two styloid tips to the tip of the middle finger.

    Examples
    --------
    >>> points = Points((*WRIST, FINGERTIP), [[10.0, 2.0], [10.0, 4.0], [0.0, 3.0]])
    >>> measure_hand_length(points)
    10.0
    """
    wrist = points.select(WRIST).positions.mean(axis=0)
    return float(np.linalg.norm(points.position(FINGERTIP) - wrist))
