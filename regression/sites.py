"""Ossification sites: which landmarks make a region of interest, how large it is and how it is oriented."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

from boneage.imaging.errors import InvalidInput
from boneage.imaging.plain_data import STRICT, from_plain_data


@dataclass(frozen=True)
class Site:
    """A region of interest, described by landmarks so that it follows the bone.

    Parameters
    ----------
    name : str
        For instance ``radius`` or ``pip_3``, the proximal interphalangeal joint of the middle finger.
    kind : str
        Sites of one kind resemble each other: ``radius``, ``ulna``, ``carpus``, ``mcp``, ``pip``, ``dip``, ``thumb``.
    centre : tuple of str
        Landmarks whose mean is the middle of the region.
    proximal, distal : tuple of str
        Landmarks between whose means the bone's axis runs; ``proximal`` empty means from the centre.
    across : tuple of str
        Empty, or two landmarks on a line across the bone: the axis is then perpendicular to that line.
    lateral : tuple of str
        Two landmarks on a line to the side, for a region of a volume; empty for one of a radiograph.
    length : tuple of str
        Two landmarks whose distance sets the size of the region.
    size : float
        Side of the region, in units of that distance.
    shift : float
        Distance of the region's middle distally of ``centre``, in units of that distance.
    """

    __pydantic_config__ = STRICT

    name: str
    kind: str
    centre: tuple[str, ...]
    proximal: tuple[str, ...]
    distal: tuple[str, ...]
    across: tuple[str, ...]
    length: tuple[str, ...]
    size: float
    shift: float
    lateral: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (self.name and self.kind and self.centre and self.distal):
            raise InvalidInput(f"a site needs a name, a kind, a centre and a distal landmark, got {self}")
        if not {len(self.across), len(self.lateral)} <= {0, 2} or len(self.length) != 2:
            raise InvalidInput(f"site {self.name}: across and lateral must be 0 or 2 landmarks and length 2")
        if not 0 < self.size < 100 or not -100 < self.shift < 100:
            raise InvalidInput(f"site {self.name}: size must be positive, got {self.size} (shift {self.shift})")

    @property
    def ndim(self) -> int:
        """Number of axes of the scans that the region is cropped from, 2 or 3."""
        return 3 if self.lateral else 2

    @property
    def landmark_names(self) -> tuple[str, ...]:
        """Every landmark that the region depends on, once each."""
        groups = (self.centre, self.proximal, self.distal, self.across, self.length, self.lateral)
        return tuple(dict.fromkeys(name for group in groups for name in group))


def sites_to_json(sites: Sequence[Site]) -> list[dict[str, Any]]:
    """Return sites as JSON data."""
    return [asdict(site) for site in sites]


def check_sites(sites: Sequence[Site], names: Sequence[str]) -> None:
    """Check that the landmarks ``names`` are enough for every site.

    Raises
    ------
    InvalidInput
        If a site needs a landmark that is not among them.
    """
    absent = sorted({name for site in sites for name in site.landmark_names} - set(names))
    if absent:
        affected = [site.name for site in sites if not set(site.landmark_names) <= set(names)]
        raise InvalidInput(
            f"{len(affected)} of {len(sites)} regions ({_list(affected)}) are cropped around {len(absent)} "
            f"landmarks that are not among those known: {_list(absent)}"
        )


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def sites_from_json(data: Sequence[Mapping[str, Any]]) -> tuple[Site, ...]:
    """Read sites from JSON data.

    Raises
    ------
    ValueError, KeyError, TypeError
        If a field other than ``lateral`` is missing, one is wrong, two sites have one name, or some are of radiographs
        and some of volumes.
    """
    sites = tuple(from_plain_data(Site, site) for site in data)
    if not sites or len({site.name for site in sites}) < len(sites):
        raise InvalidInput("sites must have different names, and there must be at least one")
    if len({site.ndim for site in sites}) > 1:
        raise InvalidInput("either all sites have two landmarks to the side (lateral), or none has")
    return sites


def _read_sites(scheme: str) -> tuple[Site, ...]:
    return sites_from_json(json.loads((files(__package__) / "schemes" / f"{scheme}.json").read_text()))


HAND_SITES = _read_sites("hand37")
VOLUME_SITES = _read_sites("hand34")
