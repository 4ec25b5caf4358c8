"""Who a DICOM file is of: read only where somebody asks for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from boneage.imaging.dicom.datasets import decoding, load_dataset
from boneage.imaging.dicom.detection import PREAMBLE_BYTES, is_dicom

_FIELDS = {
    "name": "PatientName",
    "patient number": "PatientID",
    "date of birth": "PatientBirthDate",
    "date of study": "StudyDate",
}


def read_identifiers(path: Path) -> dict[str, str]:
    """Return the patient's name and number, and the dates of birth and study, as far as a file has them.

    Returns
    -------
    dict of str
        By what they are; empty for what is no DICOM file.

    Raises
    ------
    UnreadableScan
        If the header cannot be read.
    """
    if not path.is_file():
        return {}
    with decoding(path), path.open("rb") as file:
        if not is_dicom(file.read(PREAMBLE_BYTES)):
            return {}
        file.seek(0)
        data = load_dataset(file, stop_before_pixels=True, specific_tags=list(_FIELDS.values()))
        return {title: text for title, keyword in _FIELDS.items() if (text := _write(data, keyword))}


def _write(data: Any, keyword: str) -> str:
    text = str(data.get(keyword) or "").strip()
    date = re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text) if keyword.endswith("Date") else None
    return "-".join(date.groups()) if date else text
