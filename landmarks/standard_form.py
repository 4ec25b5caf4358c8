"""Radiographs brought to the standard form before they are learnt from or searched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, overload

import numpy as np

from boneage.imaging import Scan
from boneage.imaging.standardise import ExposedField, GreyWindow, StandardiseSettings, crop_field, standardise
from boneage.landmarks.training_shapes import choose_some

_MIN_MASK_QUALITY = 0.7  # median in some training scans


class _Judged(NamedTuple):
    """What is kept of a standardised scan: what it is cut out by, not its pixels."""

    field: ExposedField
    touches: tuple[str, ...]
    window: GreyWindow
    quality: float


class StandardisedScans(Sequence[Scan]):
    """Scans that are brought to the standard form whenever they are read; as they are without settings.

    Each is judged once, when it is first read; later it is only cut out and windowed again.
    """

    def __init__(self, scans: Sequence[Scan], settings: StandardiseSettings | None) -> None:
        self._scans = scans
        self._settings = settings
        self._judged: dict[int, _Judged] = {}

    def stand_out(self) -> bool:
        """Whether the anatomy stands out from its background, as a hand does and a spine does not, in most scans.

        Only such an anatomy can be brought to the standard form. Some of the scans are looked at.
        """
        for k in (some := choose_some(len(self))):
            self[k]
        qualities = [self._judged[k].quality for k in some if k in self._judged]
        return bool(qualities) and float(np.median(qualities)) >= _MIN_MASK_QUALITY

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
        scan, index = self._scans[index], range(len(self))[index]
        if self._settings is None or scan.ndim != 2:
            return scan
        if index in self._judged:
            judged = self._judged[index]
            return crop_field(scan, judged.field, judged.touches, judged.window, self._settings)
        found = standardise(scan, self._settings)
        self._judged[index] = _Judged(found.field, found.mask.touches, found.window, found.mask.quality)
        return found.scan
