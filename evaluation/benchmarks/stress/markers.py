"""Lead letters and name plates over a radiograph; its landmarks stay where they are."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Points, Scan

Array = NDArray[Any]

_LETTERS = ("L", "R", "LINKS", "RE 2", "L 14-03", "A.P.")
_FONT = cv2.FONT_HERSHEY_DUPLEX


@dataclass(frozen=True)
class Marker:
    """Bright letters, or a bright plate with dark ones.

    Parameters
    ----------
    text : str
    place : tuple of float
        Row and column of its middle, as parts of the picture's sides.
    size : float
        Height, as a part of the picture's shorter side.
    plate : bool
    """

    text: str
    place: tuple[float, float]
    size: float
    plate: bool

    def apply(self, scan: Scan, points: Points) -> tuple[Scan, Points]:
        """Draw it as bright as the brightest pixel."""
        shape = scan.pixels.shape
        ink, box = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
        height = self.size * min(shape)
        letter_height = height * (0.5 if self.plate else 1.0)
        thickness = max(round(letter_height / 6), 1)
        scale = letter_height / cv2.getTextSize("L", _FONT, 1.0, 1)[0][1]
        (width, tall), _ = cv2.getTextSize(self.text, _FONT, scale, thickness)
        row, col = self.place[0] * shape[0], self.place[1] * shape[1]
        col = float(np.clip(col, width / 2, max(shape[1] - width / 2, width / 2)))
        cv2.putText(
            ink, self.text, (round(col - width / 2), round(row + tall / 2)), _FONT, scale, 255, thickness, cv2.LINE_AA
        )
        if self.plate:
            half = np.array([width / 2 + height / 4, height / 2])
            middle = np.array([col, row])
            low, high = np.round(middle - half).astype(int).tolist(), np.round(middle + half).astype(int).tolist()
            cv2.rectangle(box, low, high, 255, cv2.FILLED)
        opacity = (box * (1.0 - 0.8 * (ink / 255.0)) if self.plate else ink) / 255.0
        pixels = scan.pixels * (1.0 - opacity) + float(scan.pixels.max()) * opacity
        return dataclasses.replace(scan, pixels=pixels.astype(np.float32)), points

    @classmethod
    def draw_letters(cls, rng: np.random.Generator) -> Self:
        """Draw letters near an upper corner of the picture."""
        return cls(str(rng.choice(_LETTERS)), _draw_corner(rng), float(rng.uniform(0.05, 0.09)), plate=False)

    @classmethod
    def draw_plate(cls, rng: np.random.Generator) -> Self:
        """Draw a plate near an upper corner of the picture."""
        return cls(_draw_name(rng), _draw_corner(rng), float(rng.uniform(0.08, 0.14)), plate=True)

    @classmethod
    def draw_plate_on_hand(cls, rng: np.random.Generator) -> Self:
        """Draw a plate over the middle of the picture."""
        place = (float(rng.uniform(0.45, 0.6)), float(rng.uniform(0.45, 0.6)))
        return cls("12", place, float(rng.uniform(0.08, 0.12)), plate=True)


def _draw_corner(rng: np.random.Generator) -> tuple[float, float]:
    return float(rng.uniform(0.06, 0.15)), float(rng.choice([0.12, 0.88]))


def _draw_name(rng: np.random.Generator) -> str:
    return f"{rng.integers(1, 29):02d}.{rng.integers(1, 13):02d}.{rng.integers(1, 99):02d}"
