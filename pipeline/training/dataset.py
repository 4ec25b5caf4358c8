"""Hands of known age with what a model reads of each: landmarks, crops, or neither."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import AgeRecord, Frame, Sex
from boneage.imaging.errors import InvalidInput
from boneage.regression import RegionStack

Input = TypeVar("Input", covariant=True)


@dataclass(frozen=True)
class ExcludedHand:
    """A hand that was left out, and why."""

    id: str
    path: str
    reason: str


@dataclass(frozen=True, eq=False)
class AgeDataset(Generic[Input]):
    """Hands of known age, ready to train or test an age model on.

    Parameters
    ----------
    ids : tuple of str
    inputs : sequence
        What a model reads of each hand, as many as there are ids.
    ages_months : tuple of float
    sexes : tuple of {"F", "M", None}
    phantoms : frozenset of str
        Ids of the hands that are synthetic.
    excluded : tuple of ExcludedHand
        Hands that have an age but no inputs: the file could not be read, or too few landmarks were found.
    seconds : float
        Time that one hand's input took, on one core.
    digest : str
        Names the files, ages and settings that the inputs were made from; the code that made them is no part of it.
    """

    ids: tuple[str, ...]
    inputs: Sequence[Input]
    ages_months: tuple[float, ...]
    sexes: tuple[Sex | None, ...]
    phantoms: frozenset[str] = frozenset()
    excluded: tuple[ExcludedHand, ...] = ()
    seconds: float = 0.0
    digest: str = ""

    def __post_init__(self) -> None:
        if not len(self.ids) == len(self.inputs) == len(self.ages_months) == len(self.sexes):
            raise InvalidInput(f"{len(self.ids)} hands need as many inputs, ages and sexes")

    @property
    def records(self) -> dict[str, AgeRecord]:
        """Age and sex by id."""
        known = zip(self.ids, self.ages_months, self.sexes, strict=True)
        return {id_: AgeRecord(months, sex) for id_, months, sex in known}

    def among(self, ids: Collection[str]) -> Self:
        """Return the hands of some ids; excluded ones too."""
        wanted = set(ids)
        places = [place for place, id_ in enumerate(self.ids) if id_ in wanted]
        return dataclasses.replace(
            self,
            ids=tuple(self.ids[place] for place in places),
            inputs=Subset(self.inputs, places),
            ages_months=tuple(self.ages_months[place] for place in places),
            sexes=tuple(self.sexes[place] for place in places),
            phantoms=self.phantoms & wanted,
            excluded=tuple(hand for hand in self.excluded if hand.id in wanted),
        )

    def check_sexes(self) -> None:
        """Check that the sex of every hand is known.

        Raises
        ------
        ValueError
            If it is not; it names some of them.
        """
        unknown = [id_ for id_, sex in zip(self.ids, self.sexes, strict=True) if sex is None]
        if unknown:
            raise InvalidInput(
                f"the sex of {len(unknown)} hands is not known ({', '.join(unknown[:5])}"
                f"{', …' if len(unknown) > 5 else ''}): add it to the age table, or train with --no-sex"
            )


class Subset(Sequence[Input]):
    """Some of a sequence's items, fetched when they are asked for."""

    def __init__(self, items: Sequence[Input], places: Sequence[int]) -> None:
        self._items = items
        self._places = places

    @overload
    def __getitem__(self, place: int) -> Input: ...
    @overload
    def __getitem__(self, place: slice) -> Subset[Input]: ...
    def __getitem__(self, place: int | slice) -> Input | Subset[Input]:
        if isinstance(place, slice):
            return Subset(self._items, self._places[place])
        return self._items[self._places[place]]

    def __len__(self) -> int:
        return len(self._places)


class PackedRegions(Sequence[RegionStack]):
    """The regions of many hands, a byte a pixel, turned into a :class:`RegionStack` when one is asked for.

    Parameters
    ----------
    names : tuple of str
        Of the regions.
    pixels : ndarray of uint8, shape (n_hands, n_regions, side, side) or (n_hands, n_regions, side, side, side)
    frames : ndarray of shape (n_hands, n_regions, ndim + 1, ndim + 1)
        Their matrices, of the scans' number of axes; NaN for a missing region.
    """

    def __init__(self, names: tuple[str, ...], pixels: NDArray[np.uint8], frames: NDArray[np.float64]) -> None:
        self.names = names
        self.pixels = pixels
        self.frames = frames

    @classmethod
    def pack(
        cls, names: tuple[str, ...], stacks: Sequence[RegionStack], shape: tuple[int, ...], ndim: int = 2
    ) -> PackedRegions:
        """Store regions of a shape, cropped from scans of ``ndim`` axes: each grey value as the nearest of 256."""
        pixels = np.empty((len(stacks), len(names), *shape), np.uint8)
        frames = np.full((len(stacks), len(names), ndim + 1, ndim + 1), np.nan)
        for k, stack in enumerate(stacks):
            pixels[k] = np.round(255 * stack.pixels)
            for region, frame in enumerate(stack.frames):
                if frame is not None:
                    frames[k, region] = frame.matrix
        return cls(names, pixels, frames)

    @classmethod
    def join(
        cls, names: tuple[str, ...], parts: Sequence[PackedRegions], shape: tuple[int, ...], ndim: int = 2
    ) -> PackedRegions:
        """Join several into one; with no parts, an empty one."""
        empty = cls.pack(names, [], shape, ndim)
        pixels = np.concatenate([empty.pixels, *(part.pixels for part in parts)])
        return cls(names, pixels, np.concatenate([empty.frames, *(part.frames for part in parts)]))

    @overload
    def __getitem__(self, place: int) -> RegionStack: ...
    @overload
    def __getitem__(self, place: slice) -> PackedRegions: ...
    def __getitem__(self, place: int | slice) -> RegionStack | PackedRegions:
        if isinstance(place, slice):
            return PackedRegions(self.names, self.pixels[place], self.frames[place])
        frames = tuple(None if np.isnan(matrix[0, 0]) else Frame(matrix) for matrix in self.frames[place])
        pixels = self.pixels[place].astype(np.float32) / 255
        return RegionStack(self.names, pixels, np.array([frame is not None for frame in frames]), frames)

    def __iter__(self) -> Iterator[RegionStack]:
        return (self[k] for k in range(len(self)))

    def __len__(self) -> int:
        return len(self.pixels)
