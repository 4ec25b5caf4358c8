"""Hands with masks, laid upright for a segmenter: picture and masks by the same frame."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from boneage.imaging import Collection, Frame, Points, Scan, UnreadableScan, resample
from boneage.imaging.array_files import read_arrays
from boneage.imaging.errors import InvalidTable
from boneage.imaging.formats.folders import list_files
from boneage.imaging.formats.masks import read_mask
from boneage.imaging.listing import name_some
from boneage.pipeline.batch.file_state import digest_unchanged
from boneage.pipeline.located_hand import HandLandmarks, crop_located_hand
from boneage.pipeline.training.crop_steps import describe_points
from boneage.regression import CropSpec
from boneage.regression.segmentation.segmenter import KINDS


@dataclass(frozen=True)
class MaskFolder:
    """The files of the masks, by kind and id.

    Parameters
    ----------
    paths : mapping of mapping of Path
    """

    paths: Mapping[str, Mapping[str, Path]]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """List ``bones/ID.png`` and ``joints/ID.png``.

        Raises
        ------
        InvalidTable
            If one of the two folders is missing or empty.
        """
        for kind in KINDS:
            if not (folder / kind).is_dir():
                raise InvalidTable(folder, f"has no folder {kind}: masks are bones/ID.png and joints/ID.png")
        return cls({kind: list_files(folder / kind, ".png") for kind in KINDS})

    @property
    def ids(self) -> frozenset[str]:
        """Ids that have masks of all kinds."""
        return frozenset.intersection(*(frozenset(of_kind) for of_kind in self.paths.values()))

    def remarks(self, hands: Collection) -> list[str]:
        """Return a sentence on masks without a picture, one on ids that lack a mask, and on pictures without masks."""
        either = frozenset[str]().union(*self.paths.values())
        groups = (
            (either - set(hands.ids), "masks have no picture"),
            ((either - self.ids) & set(hands.ids), f"hands lack the mask of {' or '.join(KINDS)}, and are left out"),
            (set(hands.ids) - either, "pictures have no masks, and are left out"),
        )
        return [f"{len(ids)} {what}: {name_some(sorted(ids))}" for ids, what in groups if ids]

    def read(self, id_: str, scan: Scan) -> NDArray[np.float32]:
        """Read the masks of a hand, shape (n_kinds, rows, columns) of the original: 1 inside.

        Raises
        ------
        InvalidTable
            If one is none, or of another size than the original.
        UnreadableScan
            If one cannot be read, or is empty.
        """
        masks = []
        for kind in KINDS:
            path = self.paths[kind][id_]
            mask = read_mask(path)
            if mask.shape != scan.original_shape:
                of_mask, of_picture = (_size_text(shape) for shape in (mask.shape, scan.original_shape or ()))
                raise InvalidTable(
                    path, f"is {of_mask} pixels, and the picture {of_picture}: if that is a resized copy, give --sizes"
                )
            masks.append(mask)
        return np.stack(masks).astype(np.float32)

    def describe(self, id_: str) -> list[Any]:
        """Return what identifies the masks of a hand, as JSON data."""
        return [[path.name, digest_unchanged(path)] for path in (self.paths[kind][id_] for kind in KINDS)]


@dataclass(frozen=True, eq=False)
class MaskedHand:
    """A hand laid upright with its masks, or the fault for which it is left out.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (side, side)
        Empty with a fault.
    masks : ndarray of uint8, shape (n_kinds, side, side)
    to_original : Frame or None
    fault : str
    """

    pixels: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    to_original: Frame | None = None
    fault: str = ""

    @classmethod
    def without(cls, fault: str) -> Self:
        """Return a hand that is left out."""
        return cls(np.zeros((0, 0), np.uint8), np.zeros((len(KINDS), 0, 0), np.uint8), fault=fault)

    def to_bytes(self) -> bytes:
        """Return the content of an NPZ file."""
        buffer = io.BytesIO()
        matrix = np.zeros((0, 0)) if self.to_original is None else self.to_original.matrix
        np.savez_compressed(
            buffer, pixels=self.pixels, masks=self.masks, matrix=matrix, details=json.dumps([self.fault])
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read the content of an NPZ file."""
        data = read_arrays(io.BytesIO(content))
        (fault,) = json.loads(str(data["details"]))
        frame = Frame(data["matrix"]) if data["matrix"].size else None
        return cls(data["pixels"], data["masks"], frame, str(fault))


@dataclass(frozen=True, eq=False)
class MaskStep:
    """Reads an image and its masks, and lays them upright; a :class:`~boneage.pipeline.training.crop_cache.Step`.

    Parameters
    ----------
    crop_spec : CropSpec
    reference : Points
        The shape that hands are aligned to.
    located : mapping of HandLandmarks
        By id.
    masks : MaskFolder
    """

    crop_spec: CropSpec
    reference: Points
    located: Mapping[str, HandLandmarks]
    masks: MaskFolder
    stage = "laying hands upright"

    @staticmethod
    def name_file(key: str) -> str:
        """Return the name of a result's file."""
        return f"masked-{key}.npz"

    def describe(self, hands: Collection, id_: str) -> Any:
        """Return what the result rests on, apart from the image and the code, as JSON data."""
        spec, reference = repr(self.crop_spec), describe_points(self.reference)
        return [spec, reference, self.located[id_].to_json(), self.masks.describe(id_)]

    def restrict(self, ids: Sequence[str]) -> MaskStep:
        """Return the step for some hands alone."""
        paths = {kind: {id_: of_kind[id_] for id_ in ids} for kind, of_kind in self.masks.paths.items()}
        located = {id_: self.located[id_] for id_ in ids}
        return dataclasses.replace(self, located=located, masks=MaskFolder(paths))

    def run(self, hands: Collection, id_: str) -> MaskedHand:
        """Lay a hand upright with its masks."""
        located = self.located[id_]
        if located.fault:
            return MaskedHand.without(located.fault)
        try:
            scan = hands.scan(id_)
            masks = self.masks.read(id_, scan)
        except (UnreadableScan, InvalidTable) as error:
            return MaskedHand.without(str(error))
        stack, fault = crop_located_hand(scan, located, self.crop_spec, self.reference)
        if stack is None or stack.frames[0] is None:
            return MaskedHand.without(fault or "the hand cannot be laid upright")
        to_original, shape = stack.frames[0], stack.pixels.shape[1:]
        upright = [resample(mask, to_original.inverse(), shape, fill=0.0) for mask in masks]
        return MaskedHand(_to_bytes(stack.pixels[0]), _to_bytes(np.stack(upright)), to_original)

    def read(self, content: bytes) -> MaskedHand:
        """Read the content of a result's file."""
        return MaskedHand.from_bytes(content)


def _to_bytes(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(255 * np.clip(values, 0, 1)), dtype=np.uint8)


def _size_text(shape: tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in reversed(shape))
