"""Signal of tissues in a T1-weighted MR scan, drawn for each hand."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Tissues:
    """Signal of each tissue, air being 0 and yellow marrow about 850."""

    cartilage: float
    physis: float
    cortex: float
    yellow_marrow: float
    metaphysis: float
    epiphysis: float
    skin: float
    fat: float
    muscle: float
    capsule: float
    tendon: float
    vessel: float

    def values(self) -> NDArray[np.float64]:
        """Return the signals in the order of the fields; shape (12,)."""
        return np.array([getattr(self, field.name) for field in fields(self)], dtype=np.float64)


def draw_tissues(rng: np.random.Generator, maturity: float) -> Tissues:
    """Draw the tissues of a hand; red marrow turns yellow as it matures.

    Parameters
    ----------
    rng : numpy.random.Generator
    maturity : float
        In a boy's months.
    """
    red = float(np.clip((200.0 - maturity) / 110.0, 0.0, 1.0))

    def about(signal: float) -> float:
        return float(signal * np.clip(rng.normal(1.0, 0.05), 0.88, 1.12))

    yellow = about(850.0)
    return Tissues(
        cartilage=about(400.0), physis=about(330.0), cortex=about(60.0), yellow_marrow=yellow,
        metaphysis=yellow * (0.93 - 0.22 * red), epiphysis=yellow * (1.0 - 0.06 * red), skin=about(400.0),
        fat=about(900.0), muscle=about(360.0), capsule=about(270.0), tendon=about(110.0), vessel=about(170.0),
    )  # fmt: skip
