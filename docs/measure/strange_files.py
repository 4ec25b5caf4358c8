"""A folder as a lab may have it: real hands, and five files among them that are difficult to read.

Usage: python docs/measure/strange_files.py IMAGES OUT

Copies the PNGs of IMAGES into OUT with a text file, an empty file, a truncated PNG, a 1x1 image and the first PNG
as a 12-bit MONOCHROME1 DICOM; ``OUT/sexes.csv`` gives each its sex from the ``ages.csv`` beside IMAGES.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from boneage.imaging import read_ages


def write_monochrome1(path: Path, pixels: np.ndarray) -> None:
    """Write 8-bit pixels as a 12-bit DICOM whose grey values are inverted."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.Modality, data.SamplesPerPixel, data.PixelRepresentation = "DX", 1, 0
    data.Rows, data.Columns = pixels.shape
    data.PhotometricInterpretation = "MONOCHROME1"
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
    data.PixelData = (4095 - np.round(pixels.astype(float) * (4095 / 255))).astype(np.uint16).tobytes()
    data.save_as(path, enforce_file_format=True)


def main(images: Path, out: Path) -> None:
    """Fill ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    hands = sorted(images.glob("*.png"))
    for hand in hands:
        shutil.copy(hand, out / hand.name)
    (out / "notes.txt").write_text("Left hands, autumn.\n")
    (out / "empty.png").touch()
    content = hands[1].read_bytes()
    (out / "truncated.png").write_bytes(content[: len(content) // 2])
    Image.new("L", (1, 1), 128).save(out / "dot.png")
    write_monochrome1(out / f"{hands[0].stem}_dicom.dcm", np.asarray(Image.open(hands[0]).convert("L")))
    ages = read_ages(images.parent / "ages.csv")
    rows = [f"{id_},{age.sex}" for id_, age in ages.items()]
    rows += [f"{hands[0].stem}_dicom,{ages[hands[0].stem].sex}"]
    (out / "sexes.csv").write_text("\n".join(["id,sex", *rows]) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
