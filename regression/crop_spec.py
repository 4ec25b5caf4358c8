"""Crop specifications: which regions of an image an age model reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from boneage.imaging import Points, Scan
from boneage.imaging.errors import InvalidInput
from boneage.imaging.plain_data import STRICT
from boneage.imaging.standardise import StandardiseSettings, standardise
from boneage.regression.crops import crop_hand, crop_regions, crop_whole
from boneage.regression.flattening import Flattening, flatten_regions
from boneage.regression.proportions import fit_proportions, reduce_detail, to_thumbnail
from boneage.regression.region_stack import RegionStack, join_regions
from boneage.regression.sites import HAND_SITES, VOLUME_SITES, Site, check_sites

CropKind = Literal["regions", "regions-slice", "regions-projection", "hand", "hand+regions", "whole"]
CROP_KINDS: tuple[CropKind, ...] = get_args(CropKind)
Proportions = Literal["file", "fitted", "filled"]

_SIDES: dict[CropKind, tuple[int, int]] = {  # of pictures, of cubes
    "regions": (64, 32),
    "regions-slice": (64, 64),
    "regions-projection": (64, 64),
    "hand": (96, 64),
    "hand+regions": (64, 32),
    "whole": (100, 64),
}
_FLATTENINGS: dict[CropKind, Flattening] = {"regions-slice": "slice", "regions-projection": "projection"}


@dataclass(frozen=True)
class CropSpec:
    """Which regions are cropped from a scan, and how; saved with the age model that was trained on them.

    Parameters
    ----------
    kind : {"regions", "regions-slice", "regions-projection", "hand", "hand+regions", "whole"}
        - ``regions``: a square, or in a volume a cube, around each site in the frame of its bone;
        - ``regions-slice``, ``regions-projection``: pictures made of a volume's cubes;
        - ``hand``: the hand turned upright as one region;
        - ``hand+regions``: both;
        - ``whole``: the whole image squashed into a square, or a cube; it needs no landmarks.
    side : int, optional
        Side of every region in pixels. By default 64 where there are sites, 96 for the hand and 100 for the whole
        image; of cubes 32 where there are sites, else 64.
    sites : tuple of Site, optional
        By default ``HAND_SITES``, for volumes ``VOLUME_SITES``; always empty for ``hand`` and ``whole``.
    proportions : {"file", "fitted", "filled"}
        Those of the file, or those for which the landmarks fit the reference best: for copies that were squashed by
        an unknown ratio. ``filled`` fits them, and then stretches the region of the hand, which is longer than
        broad, until it fills its square. ``whole`` ignores it.
    thumbnail : int
        Files with more pixels a side are first made thumbnails of so many; 0 makes none. See
        :func:`~boneage.regression.proportions.to_thumbnail`.
    ndim : {2, 3}
        Number of axes of the scans: radiographs or volumes. Volumes take no other proportions than their own, no
        thumbnails, and nothing of what follows.
    detail : int
        Hands of more pixels along an axis are first shrunk to so many, so that a film at full size is read as the
        smaller copies that a model has learnt from; 0 leaves them. See
        :func:`~boneage.regression.proportions.reduce_detail`.
    standardise : StandardiseSettings or None
        How the radiograph is brought to the standard form before it is cropped; None takes it as it is.

    Raises
    ------
    InvalidInput
        If a value is unknown or out of range, or the values do not fit together.
    """

    __pydantic_config__ = STRICT

    kind: CropKind = "regions"
    side: int = 0
    sites: tuple[Site, ...] = ()
    proportions: Proportions = "file"
    thumbnail: int = 0
    ndim: int = 2
    detail: int = 0
    standardise: StandardiseSettings | None = None

    def __post_init__(self) -> None:
        if self.kind not in CROP_KINDS:
            raise InvalidInput(f"the kind of crop must be one of {', '.join(CROP_KINDS)}, got {self.kind!r}")
        if self.proportions not in get_args(Proportions):
            raise InvalidInput(f"proportions must be file, fitted or filled, got {self.proportions!r}")
        if self.thumbnail and self.thumbnail < 8:
            raise InvalidInput(f"a thumbnail must have at least 8 pixels a side, got {self.thumbnail}")
        if self.detail and (self.detail < 32 or not self.needs_landmarks):
            raise InvalidInput(
                f"a hand's detail is measured by its landmarks, at least 32 pixels: got {self.detail} for {self.kind}"
            )
        if self.ndim not in (2, 3):
            raise InvalidInput(f"scans have 2 or 3 axes, got {self.ndim}")
        if self.ndim == 3 and (self.thumbnail or self.detail or self.standardise or self.proportions != "file"):
            raise InvalidInput(
                "volumes have the proportions, the detail and the grey values of their files, and no thumbnails"
            )
        if self.ndim == 2 and self.kind in _FLATTENINGS:
            raise InvalidInput(f"{self.kind} makes pictures of volumes; radiographs are pictures already")
        if not self.side:
            object.__setattr__(self, "side", _SIDES[self.kind][self.ndim - 2])
        if self.side < 8:
            raise InvalidInput(f"the side of a region must be at least 8 pixels, got {self.side}")
        if not self.has_sites:
            object.__setattr__(self, "sites", ())
        elif not self.sites:
            object.__setattr__(self, "sites", HAND_SITES if self.ndim == 2 else VOLUME_SITES)
        mismatched = [site.name for site in self.sites if site.ndim != self.ndim]
        if mismatched:
            raise InvalidInput(f"region {mismatched[0]} cannot be cropped from {self.ndim}D scans")

    @property
    def has_sites(self) -> bool:
        """Whether regions are cropped around sites."""
        return self.kind not in ("hand", "whole")

    @property
    def has_hand(self) -> bool:
        """Whether the hand is cropped as one region."""
        return self.kind in ("hand", "hand+regions")

    @property
    def needs_landmarks(self) -> bool:
        """Whether the landmarks must be known."""
        return self.kind != "whole"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of every region: of a picture, or of a cube."""
        return (self.side,) * (2 if self.kind in _FLATTENINGS else self.ndim)

    @property
    def region_names(self) -> tuple[str, ...]:
        """Names of the regions, in their order."""
        sites = tuple(site.name for site in self.sites)
        return ("whole",) if self.kind == "whole" else (("hand",) if self.has_hand else ()) + sites

    def check_landmarks(self, names: Sequence[str]) -> None:
        """Check that the landmarks ``names`` are enough for every site.

        Raises
        ------
        InvalidInput
            If a site needs a landmark that is not among them; the message names the sites and landmarks.
        """
        check_sites(self.sites, names)

    def crop(
        self,
        scan: Scan,
        points: Points | None = None,
        reference: Points | None = None,
        *,
        mirrored: bool = False,
        inverted: bool | None = None,
    ) -> RegionStack:
        """Crop the regions of a hand.

        Parameters
        ----------
        scan : Scan
        points : Points, optional
            The hand's landmarks in original pixels.
        reference : Points, optional
            The shape that ``hand``, fitted proportions and the detail are measured by.
        mirrored : bool
            Whether the hand is the mirror image of the reference; it is then mirrored back. ``whole`` ignores it.
        inverted : bool, optional
            Whether black and white are swapped in the file; they are then swapped back. Where it is not known,
            standardising judges it.

        Raises
        ------
        InvalidInput
            If landmarks or reference are needed and missing, or lack a name; or if the scan has another number of axes.
        """
        if scan.ndim != self.ndim:
            raise InvalidInput(f"the crops are of {self.ndim}D scans, got {scan.ndim}D")
        fitted = self.proportions != "file" and self.needs_landmarks
        by_reference = fitted or self.detail or self.has_hand
        if self.needs_landmarks and (points is None or (by_reference and reference is None)):
            raise InvalidInput(
                f"cropping {self.kind} needs the landmarks of the hand, and a reference shape to align it to"
            )
        if self.thumbnail:
            scan = to_thumbnail(scan, self.thumbnail)
        if fitted and points is not None and reference is not None:
            scan = fit_proportions(scan, points, reference, mirrored=mirrored)
        if self.detail and points is not None and reference is not None:
            scan = reduce_detail(scan, points, reference, self.detail, mirrored=mirrored)
        if self.standardise is not None:  # of the smaller picture: a film at full size then takes no longer
            scan = standardise(scan, self.standardise, inverted=inverted).scan
        elif inverted:
            scan = scan.negative()
        if points is None or self.kind == "whole":
            return crop_whole(scan, side=self.side)
        stacks = []
        if self.has_hand and reference is not None:
            filled = self.proportions == "filled"
            stacks.append(crop_hand(scan, points, reference, side=self.side, mirrored=mirrored, filled=filled))
        if self.has_sites:
            stacks.append(crop_regions(scan, points, self.sites, side=self.side, mirrored=mirrored))
        stack = stacks[0] if len(stacks) == 1 else join_regions(*stacks)
        return flatten_regions(stack, _FLATTENINGS[self.kind]) if self.kind in _FLATTENINGS else stack
