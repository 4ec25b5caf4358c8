"""The unit of landmark errors: pixels, or a length that two landmarks of the truth set in every image."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from boneage.imaging import Points
from boneage.imaging.errors import InvalidInput

_PATTERN = re.compile(r"(?P<first>[^:=]+):(?P<second>[^:=]+)=(?P<length>[0-9.]+)(?P<unit>mm|%)")


@dataclass(frozen=True)
class Reference:
    """Two landmarks whose true distance is by convention ``length`` units in every image.

    It comes from the truth, so it may scale errors and nothing else.
    """

    first: str
    second: str
    length: float
    unit: str

    def pixels_per_unit(self, truth: Points) -> float:
        """Return how many pixels one unit is in an image; NaN if one of the two landmarks is absent.

        Raises
        ------
        ValueError
            If the image has no landmark of that name.
        """
        for name in (self.first, self.second):
            if name not in truth.names:
                raise InvalidInput(f"the reference's landmark {name!r} is not in the truth")
        return float(np.linalg.norm(truth.position(self.first) - truth.position(self.second))) / self.length


def read_reference(text: str) -> Reference:
    """Read a reference such as ``ulna_styloid_tip:radius_styloid_tip=50mm`` or ``wrist:middle_finger4=100%``.

    Examples
    --------
    >>> read_reference("wrist:middle_finger4=100%")
    Reference(first='wrist', second='middle_finger4', length=100.0, unit='%')
    """
    match = _PATTERN.fullmatch(text.strip())
    try:
        length = float(match["length"]) if match else 0.0
    except ValueError:
        length = 0.0
    if match is None or not length > 0 or match["first"] == match["second"]:
        raise InvalidInput(f"a reference is FIRST:SECOND=LENGTHmm or =LENGTH%, got {text!r}")
    return Reference(match["first"], match["second"], length, match["unit"])
