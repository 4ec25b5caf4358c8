"""Folders of phantoms: pictures, of hands also landmarks and ages, and a note that none of it is real."""

from __future__ import annotations

from pathlib import Path

import joblib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from boneage.imaging.atomic_files import writing
from boneage.imaging.formats import write_landmarks
from boneage.imaging.phantoms import growth, volumes
from boneage.imaging.phantoms.altered_hands import ALTERED_HANDS
from boneage.imaging.phantoms.hands import LANDMARK_NAMES, PhantomHand, draw_phantom_hand
from boneage.imaging.phantoms.masks import join_masks
from boneage.imaging.phantoms.other_anatomies import ANATOMIES, draw_anatomy
from boneage.imaging.phantoms.volumes import FINE_MM, VOLUME_LANDMARK_NAMES, draw_phantom_volume
from boneage.imaging.progress import Progress
from boneage.imaging.scans import PHANTOM_DESCRIPTION, Modality, Scan, Sex
from boneage.imaging.volumes.writing import write_volume

PHANTOM_PREFIX = "phantom"  # of every id, so that every table or picture made from these hands is labelled
OTHER_PHANTOMS = (*ANATOMIES, *ALTERED_HANDS)
"""Kinds of pictures that show no hand, or one that a reader must be told of."""

_README = """Phantom hands made by boneage: synthetic pictures with exact landmarks and ages.
They are a test instrument. Nothing measured on them is evidence about real hands.
"""

_OTHER_README = """Phantoms made by boneage: synthetic pictures that are no hands, or altered ones.
They are a test instrument, to see which of them a model takes for a hand.
"""


def write_phantom_set(
    folder: Path | str,
    count: int,
    seed: int,
    *,
    modality: Modality = "xray",
    spacing_mm: tuple[float, float, float] = FINE_MM,
    masks: bool = False,
    n_jobs: int = 1,
    progress: Progress | None = None,
) -> None:
    """Write ``images/phantom0001.png`` ..., ``landmarks.csv``, ``ages.csv`` and a note that all of it is synthetic.

    Hand number k is the same whatever the count and the number of jobs.

    Parameters
    ----------
    folder : Path
    count : int
        Ages are uniform over the growth model, for volumes from 8 to 20 years; half of the hands are girls'.
    seed : int
    modality : {"xray", "mri"}
        Radiographs with the landmarks of ``hand37``, or volumes (``.nii.gz``) with those of ``hand34``.
    spacing_mm : tuple of float
        Of volumes; radiographs have none.
    masks : bool
        Whether to write the masks of radiographs too: ``masks/bones/ID.png`` of the ossification centres and
        ``masks/joints/ID.png``.
    n_jobs : int
        Threads.
    progress : callable, optional

    Raises
    ------
    UnusableOutput
        If a file cannot be written.
    """
    folder = Path(folder)
    for name in ("images", *(("masks/bones", "masks/joints") if masks else ())):
        _make_folder(folder / name)

    def make(number: int, seeds: np.random.SeedSequence) -> tuple[str, PhantomHand]:
        id_ = f"{PHANTOM_PREFIX}{number:04d}"
        hand = _draw_hand(np.random.default_rng(seeds), modality, spacing_mm, masks)
        for kind, of_kind in hand.masks.items():
            _write_mask(folder / "masks" / kind / f"{id_}.png", join_masks(of_kind, hand.scan.pixels.shape))
        if modality == "xray":
            _write_picture(folder / "images" / f"{id_}.png", hand.scan)
        else:
            path = folder / "images" / f"{id_}.nii.gz"
            with writing(path):
                write_volume(path, hand.scan)
        return id_, hand

    points, shapes, rows = {}, {}, ["id,boneage_months,sex"]
    numbered = enumerate(np.random.SeedSequence(seed).spawn(count), start=1)
    parallel = joblib.Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
    for id_, hand in parallel(joblib.delayed(make)(number, seeds) for number, seeds in numbered):
        points[id_] = hand.points
        shapes[id_] = hand.scan.pixels.shape
        rows.append(f"{id_},{hand.age_months},{hand.sex}")
        if progress:
            progress("making phantom hands", len(points) / count)
    names = LANDMARK_NAMES if modality == "xray" else VOLUME_LANDMARK_NAMES
    with writing(folder / "landmarks.csv"):
        write_landmarks(folder / "landmarks.csv", points, shapes, names)
    _write_text(folder / "ages.csv", "\n".join(rows) + "\n")
    _write_text(folder / "README.txt", _README)


def write_other_phantoms(
    folder: Path | str, kind: str, count: int, seed: int, *, n_jobs: int = 1, progress: Progress | None = None
) -> None:
    """Write ``images/phantom_KIND0001.png`` ... and a note that all of it is synthetic; there are no tables.

    Picture number k is the same whatever the count and the number of jobs.

    Parameters
    ----------
    folder : Path
    kind : str
        One of ``OTHER_PHANTOMS``.
    count, seed : int
    n_jobs : int
        Threads.
    progress : callable, optional

    Raises
    ------
    ValueError
        If there is no such kind.
    UnusableOutput
        If a file cannot be written.
    """
    if kind not in OTHER_PHANTOMS:
        raise ValueError(f"kind must be one of {', '.join(OTHER_PHANTOMS)}, got {kind!r}")
    folder = Path(folder)
    _make_folder(folder / "images")

    def make(number: int, seeds: np.random.SeedSequence) -> None:
        rng = np.random.default_rng(seeds)
        scan = ALTERED_HANDS[kind](rng) if kind in ALTERED_HANDS else draw_anatomy(rng, kind)
        _write_picture(folder / "images" / f"{PHANTOM_PREFIX}_{kind}{number:04d}.png", scan, f"synthetic ({kind})")

    numbered = enumerate(np.random.SeedSequence(seed).spawn(count), start=1)
    parallel = joblib.Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
    for done, _ in enumerate(parallel(joblib.delayed(make)(number, seeds) for number, seeds in numbered), start=1):
        if progress:
            progress("making phantoms", done / count)
    _write_text(folder / "README.txt", _OTHER_README)


def _draw_hand(
    rng: np.random.Generator, modality: Modality, spacing_mm: tuple[float, float, float], masks: bool
) -> PhantomHand:
    ages = growth if modality == "xray" else volumes
    sex: Sex = "F" if rng.uniform() < 0.5 else "M"
    age = float(np.round(rng.uniform(ages.YOUNGEST_MONTHS, ages.OLDEST_MONTHS), 1))
    if modality == "xray":
        return draw_phantom_hand(rng, sex=sex, age_months=age, masks=masks)
    return draw_phantom_volume(rng, sex=sex, age_months=age, spacing_mm=spacing_mm)


def _write_picture(path: Path, scan: Scan, what: str = "a synthetic hand") -> None:
    tags = PngImagePlugin.PngInfo()
    tags.add_text("Description", f"{PHANTOM_DESCRIPTION}: {what}, not a radiograph of anyone")
    with writing(path):
        Image.fromarray(scan.pixels.astype(np.uint8)).save(path, pnginfo=tags)


def _write_mask(path: Path, mask: NDArray[np.bool_]) -> None:
    with writing(path):
        Image.fromarray(mask).save(path)


def _make_folder(folder: Path) -> None:
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


def _write_text(path: Path, text: str) -> None:
    with writing(path):
        path.write_text(text)
