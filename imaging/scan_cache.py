"""Decoded scans in memory, as many as a limit allows, so that several passes over a set decode each file once."""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.imaging.scans import Scan

_BYTES = 2 << 30


@dataclass(frozen=True, eq=False)
class _StoredScan:
    """A scan's fields without its pixels, and the pixels in the smallest type that holds their values."""

    fields: dict[str, Any]
    pixels: NDArray[Any]


class ScanCache:
    """Scans by id. Pixels that are whole numbers from 0 to 65535 take one or two bytes each; no value is changed.

    Parameters
    ----------
    limit : int
        Bytes of pixels at most; a single scan may be larger.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = _BYTES if limit is None else limit
        self._stored: OrderedDict[str, _StoredScan] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, id_: str) -> Scan | None:
        """Return a scan, or None if it is not stored."""
        with self._lock:
            stored = self._stored.get(id_)
            if stored is None:
                return None
            self._stored.move_to_end(id_)
        return _restore(stored)

    def put(self, id_: str, scan: Scan) -> None:
        """Store a scan, and drop others if the limit asks for it.

        Sets are read from the first scan to the last, again and again: the scan used just before is needed last, so it
        is dropped first.
        """
        stored = _compact(scan)
        with self._lock:
            self._stored[id_] = stored
            self._stored.move_to_end(id_)
            while len(self._stored) > 1 and self.n_bytes > self.limit:
                del self._stored[list(self._stored)[-2]]

    @property
    def n_bytes(self) -> int:
        """Bytes of the pixels that are stored."""
        return sum(stored.pixels.nbytes for stored in self._stored.values())

    def __len__(self) -> int:
        return len(self._stored)

    def __reduce__(self) -> tuple[type[ScanCache], tuple[int]]:
        """Send another process an empty cache of the same limit: neither the scans nor the lock."""
        return type(self), (self.limit,)


def _compact(scan: Scan) -> _StoredScan:
    fields = {field.name: getattr(scan, field.name) for field in dataclasses.fields(scan)}
    pixels = fields.pop("pixels")
    for kind in (np.uint8, np.uint16):
        if pixels.min() >= 0 and pixels.max() <= np.iinfo(kind).max and not np.signbit(pixels).any():
            whole = pixels.astype(kind)
            if np.array_equal(whole, pixels):
                return _StoredScan(fields, whole)
    return _StoredScan(fields, pixels)


def _restore(stored: _StoredScan) -> Scan:
    return Scan(stored.pixels, **stored.fields)
