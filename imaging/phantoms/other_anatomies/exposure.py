"""A film for any anatomy: where it lies on the film, how it is exposed, letters and collimation."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from boneage.imaging.frames import Frame
from boneage.imaging.phantoms.radiograph import Film, expose

Grey = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Exposure:
    """Bone and soft tissue of one exposure, on the same film in mm.

    Parameters
    ----------
    bone, tissue : Film
    """

    bone: Film
    tissue: Film

    @classmethod
    def draw(
        cls, rng: np.random.Generator, shape: tuple[int, int], height_mm: float, *, turn_deg: float = 4.0
    ) -> Exposure:
        """Draw how the anatomy lies on the film: its origin near the middle, y upwards, turned by a few degrees.

        Parameters
        ----------
        rng : numpy.random.Generator
        shape : tuple of int
            Rows and columns.
        height_mm : float
            Of the film, within some per cent.
        turn_deg : float
            Standard deviation of the rotation.
        """
        scale = shape[0] / (height_mm * rng.uniform(0.92, 1.12))
        angle = np.radians(rng.normal(0, turn_deg))
        c, s = np.cos(angle), np.sin(angle)
        upright = np.array([[0.0, -1.0], [rng.choice([-1.0, 1.0]), 0.0]])
        centre = np.array(shape) / 2 + rng.normal(0, 0.02, 2) * np.array(shape)
        to_film = Frame.from_linear(scale * np.array([[c, -s], [s, c]]) @ upright, centre)
        return cls(Film(shape, to_film), Film(shape, to_film))

    def expose(self, rng: np.random.Generator) -> Grey:
        """Return grey values 0 to 255, with a lead letter, and often a dark collimated border."""
        blur = 0.4 * self.bone.pixels_per_mm
        tissue = cv2.GaussianBlur(np.clip(self.tissue.absorption, 0, None), (0, 0), max(blur, 0.5))
        pixels = _add_letter(rng, expose(rng, self.bone.absorption, tissue))
        return _collimate(rng, pixels) if rng.uniform() < 0.4 else pixels


def _add_letter(rng: np.random.Generator, pixels: Grey) -> Grey:
    rows, cols = pixels.shape
    text, place = (
        str(rng.choice(["L", "R"])),
        (int(cols * rng.choice([0.06, 0.88])), int(rows * rng.uniform(0.08, 0.9))),
    )
    letter, size = np.zeros(pixels.shape, np.uint8), min(rows, cols) / 700
    cv2.putText(letter, text, place, cv2.FONT_HERSHEY_SIMPLEX, 1.6 * size, 255, max(round(5 * size), 1), cv2.LINE_AA)
    ink = cv2.GaussianBlur(letter.astype(np.float32) / 255, (0, 0), 0.8)
    return np.asarray(pixels * (1 - ink) + rng.uniform(225, 250) * ink, np.float32)


def _collimate(rng: np.random.Generator, pixels: Grey) -> Grey:
    rows, cols = pixels.shape
    top, left = (round(n * rng.uniform(0.0, 0.06)) for n in (rows, cols))
    bottom, right = (n - round(n * rng.uniform(0.0, 0.06)) for n in (rows, cols))
    framed = np.full_like(pixels, rng.uniform(0, 12))
    framed[top:bottom, left:right] = pixels[top:bottom, left:right]
    return framed
