"""The index of a folder of assessed files: a table that sorts and filters itself, with a small picture of each hand."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from boneage.imaging import Scan
from boneage.pipeline.age_text import interval_text
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.pages.case import build_case_page, describe_landmarks
from boneage.pipeline.pages.hand_figure import encode_jpeg
from boneage.pipeline.pages.templating import render_template
from boneage.pipeline.storage.output import name_output, write_atomically
from boneage.pipeline.visualisation.overlay import draw_scan
from boneage.pipeline.visualisation.volume_overlay import draw_volume

CASES, THUMBNAILS = "cases", "thumbnails"
"""Folders of the pages and of the small pictures."""

_OPTIONAL_COLUMNS = {"interval": 4, "chronological": 5, "score": 6}  # hidden if blank in every row

_SIDE = 120  # pixels, the longer one of a small picture


def write_case(folder: Path, scan: Scan, assessment: Assessment, identifiers: Mapping[str, str] | None = None) -> None:
    """Write the page of a hand, and its picture in the index.

    Parameters
    ----------
    folder : Path
        That of the index; it has the folders of pages and of small pictures.
    scan : Scan
    assessment : Assessment
        With its regions, if it has an age.
    identifiers : mapping of str, optional
        Name, dates and the like, to stand first among the facts.

    Raises
    ------
    UnusableOutput
        If a file cannot be written.
    """
    page = build_case_page(scan, assessment, identifiers)
    write_atomically(folder / CASES / name_output(assessment.id, ".html"), page)
    picture = draw_scan(scan)[0] if scan.ndim == 2 else draw_volume(scan, None)
    picture.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    write_atomically(folder / THUMBNAILS / name_output(assessment.id, ".jpg"), encode_jpeg(picture.convert("L")))


def write_index(folder: Path, assessments: Iterable[Assessment]) -> None:
    """Write ``index.html``: a row for each hand, which leads to its page where it has one.

    It needs no server and loads nothing but the small pictures beside it.

    Parameters
    ----------
    folder : Path
    assessments : iterable of Assessment
        With ids that differ.

    Raises
    ------
    UnusableOutput
        If the file cannot be written.
    """
    counts, models, rows = Counter[str](), dict[str, None](), []
    phantoms = False
    for assessment in assessments:
        counts[assessment.status] += 1
        if assessment.model:
            models[assessment.model] = None
        phantoms = phantoms or assessment.phantom
        rows.append(_make_row(folder, assessment))
    absent = [name for name, column in _OPTIONAL_COLUMNS.items() if all(row[column] in ("", None) for row in rows)]
    made_by = f"boneage {version('boneage')}" + "".join(f", model {model}" for model in models)
    page = render_template(
        "index.html", rows=rows, counts=counts, n=len(rows), absent=absent, made_by=made_by, phantoms=phantoms
    )
    write_atomically(folder / "index.html", page)


def _make_row(folder: Path, assessment: Assessment) -> list[object]:
    """Return the cells of a row, as the script in the page takes them; blank or None where a value is absent."""
    estimate, comparison = assessment.estimate, assessment.comparison
    return [
        assessment.id,
        assessment.status,
        assessment.sex or "",
        None if estimate is None else _round(estimate.months),
        "" if estimate is None else interval_text(estimate.interval),
        _round(assessment.chronological_months),
        _round(comparison.sd_score, 2),
        describe_landmarks(assessment),
        assessment.reason,
        _find(folder, CASES, assessment, ".html"),
        _find(folder, THUMBNAILS, assessment, ".jpg"),
    ]


def _find(folder: Path, kind: str, assessment: Assessment, suffix: str) -> str:
    """Return the address of a file of a hand, relative to the index; blank if there is none."""
    name = name_output(assessment.id, suffix)
    there = assessment.modality is not None and (folder / kind / name).is_file()
    return f"{kind}/{quote(name, errors='surrogateescape')}" if there else ""


def _round(value: float, digits: int = 1) -> float | None:
    return None if math.isnan(value) else round(float(value), digits)
