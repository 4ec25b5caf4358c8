"""Sound files of every kind that is read, small, by name; and how each is read."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from boneage.imaging import (
    FORMATS,
    LandmarkTable,
    Points,
    read_ages,
    read_ids,
    read_landmarks,
    read_scan,
    read_sexes,
    read_sizes,
    render_landmarks,
)
from boneage.imaging.annotations import read_names
from boneage.imaging.schemes import read_scheme
from boneage.imaging.scores import read_scores
from tests.imaging.dicom_files import write_dicom, write_enhanced, write_series
from tests.imaging.files import dicom_syntax_kinds, picture_kinds, tiff_kinds
from tests.imaging.formats.tables import NO_DETAILS
from tests.imaging.volume_files import ramp, write_itk

READERS: dict[str, Callable[[Path], Any]] = {
    "scan": read_scan,
    "landmarks": read_landmarks,
    "ages": read_ages,
    "sexes": read_sexes,
    "sizes": read_sizes,
    "ids": read_ids,
    "names": read_names,
    "scores": read_scores,
    "scheme": read_scheme,
}
_TABLES = {
    "ages": "id,boneage_months,sex\n1,120.5,F\n2,60,M\n",
    "sexes": "id,sex,male\n1,F,False\n2,M,\n",
    "sizes": "id,width,height,depth\n1,30,40,5\n2,,,\n",
    "ids": "1\n2\nhand 3\n",
    "names": "from,to\na,b\nc,d\n",
    "scores": "id,landmark,score\n1,a,0.5\n1,b,\n",
    "scheme": '{"name": "s", "groups": {"g": ["a", "b"]}, "pairs": [["a", "b"]], "order": []}',
}
_COMPRESSED = (
    "dicom deflated", "dicom rle", "dicom jpeg baseline", "dicom jpeg 12 bit", "dicom jpeg lossless 57",
    "dicom jpeg lossless 70", "dicom jpeg-ls", "dicom jpeg-ls near lossless", "dicom jpeg 2000 lossless",
    "dicom jpeg 2000", "dicom htj2k lossless", "dicom htj2k", "dicom ybr jpeg", "jpeg 12 bit", "jpeg lossless",
    "jpeg-ls", "jpeg 2000", "webp", "gif", "tiff zlib float32", "tiff packbits uint8", "tiff zstd uint16",
    "tiff lzma uint16", "tiff jpeg uint8", "tiff jpeg2000 uint16", "tiff jpegxl uint8", "tiff 1 bit fax",
)  # fmt: skip


def make_seeds(folder: Path) -> dict[str, tuple[str, bytes]]:
    """Return the reader's name and the content of each seed, by its name; ``folder`` is for temporary files."""
    seeds = {name: (name, text.encode()) for name, text in _TABLES.items()}
    seeds |= {f"landmarks {name}": ("landmarks", content) for name, content in _landmarks().items()}
    return seeds | {f"scan {name}": ("scan", content) for name, content in _scans(folder).items()}


def _landmarks() -> dict[str, bytes]:
    points = {id_: Points(("a", "b"), [[10.0, 20.0 + k], [np.nan, np.nan]]) for k, id_ in enumerate("12")}
    table = LandmarkTable(Path("table"), ("a", "b"), points, {"1": (100, 60), "2": (31, 77)}, {"1": "R"})
    texts = {name: render_landmarks(table, name, NO_DETAILS) for name, format_ in FORMATS.items() if format_.render}
    return {name: next(iter(files.values())).encode() for name, files in texts.items()}


def _scans(folder: Path) -> dict[str, bytes]:
    grey = np.arange(600, dtype=np.uint8).reshape(20, 30)
    for suffix in ("png", "jpg", "tif", "bmp"):
        Image.fromarray(grey).save(folder / f"8.{suffix}")
    Image.fromarray(np.stack([grey] * 3, axis=2)).save(folder / "colour.png")
    Image.fromarray(grey.astype(np.uint16) * 200).save(folder / "16.tif", compression="tiff_lzw")
    write_dicom(folder / "one.dcm", grey)
    write_enhanced(folder / "many.dcm", ramp(), range(18))
    write_series(folder / "series", ramp((6, 16, 16)))
    with zipfile.ZipFile(folder / "series.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((folder / "series").iterdir()):
            archive.write(file, file.name)
    for name in ("a.nii", "a.nii.gz", "a.mha", "a.nrrd"):
        write_itk(folder / name, ramp())
    for kind in (*dicom_syntax_kinds.KINDS, *picture_kinds.KINDS, *tiff_kinds.KINDS):
        if kind.name in _COMPRESSED:
            kind.write(folder / kind.name.replace(" ", "_"), grey)
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file()}
