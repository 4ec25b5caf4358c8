"""Radiographs brought to the standard form before they are learnt from or searched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np

from boneage.imaging import Scan
from boneage.imaging.standardise import StandardiseSettings, standardise
from boneage.landmarks.training_shapes import choose_some

_MIN_MASK_QUALITY = 0.7  # median in some training scans


def stands_out(scans: Sequence[Scan], settings: StandardiseSettings) -> bool:
    """Whether the anatomy stands out from its background, as a hand does and a spine does not, in most of some scans.

    Only such an anatomy can be brought to the standard form.
    """
    qualities = [standardise(scans[k], settings).mask.quality for k in choose_some(len(scans))]
    return bool(qualities) and float(np.median(qualities)) >= _MIN_MASK_QUALITY


class StandardisedScans(Sequence[Scan]):
    """Scans that are brought to the standard form whenever they are read; as they are without settings."""

    def __init__(self, scans: Sequence[Scan], settings: StandardiseSettings | None) -> None:
        self._scans = scans
        self._settings = settings

    def __len__(self) -> int:
        return len(self._scans)

    @overload
    def __getitem__(self, index: int) -> Scan: ...

    @overload
    def __getitem__(self, index: slice) -> StandardisedScans: ...

    def __getitem__(self, index: int | slice) -> Scan | StandardisedScans:
        """Return a scan, or some of them."""
        if isinstance(index, slice):
            return StandardisedScans(self._scans[index], self._settings)
        scan = self._scans[index]
        return scan if self._settings is None else standardise(scan, self._settings).scan
