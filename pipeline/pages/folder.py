"""The pages of a folder of assessed files: an index with every hand, and a page for each."""

from __future__ import annotations

import datetime
import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from boneage.pipeline.age_text import age_text, interval_text
from boneage.pipeline.assessment import Assessment
from boneage.pipeline.pages.case import NOTICE, build_case_page, describe_age, describe_landmarks
from boneage.pipeline.pages.html import Card, Page
from boneage.pipeline.storage.output import prepare_folder, write_atomically

_HEADER = ("hand", "status", "sex", "bone age", "landmarks", "heaviest regions", "remarks")
_N_HEAVIEST = 3


def write_pages(
    folder: Path,
    assessments: Sequence[Assessment],
    pictures: Mapping[str, Path],
    *,
    title: str,
    remarks: Sequence[str] = (),
) -> Path:
    """Write ``index.html`` into a folder, and a page for each file into ``pages/``.

    The pages open from the disk, without a server or a script. Pictures stay where they are; the pages lead to them by
    relative paths.

    Parameters
    ----------
    folder : Path
        Made if needed.
    assessments : sequence of Assessment
        With ids that differ.
    pictures : mapping of str to Path
        The overlay of each id that has one. Files that do not exist are left out.
    title : str
    remarks : sequence of str, optional
        What a reader must know first; on every page.

    Returns
    -------
    Path
        Of the index.

    Raises
    ------
    UnusableOutput
        If the folder cannot be written to.
    """
    pages = prepare_folder(prepare_folder(folder) / "pages")
    provenance = {"program": f"boneage {version('boneage')}", "date": datetime.date.today().isoformat()}
    there = {id_: path for id_, path in pictures.items() if path.is_file()}
    names = [f"{number:04d}.html" for number in range(1, len(assessments) + 1)]
    for place, assessment in enumerate(assessments):
        page = build_case_page(
            assessment,
            picture=_relative(there.get(assessment.id), pages),
            provenance=provenance,
            remarks=remarks,
            links=_link_neighbours(names, place),
        )
        write_atomically(pages / names[place], page.render())
    cards = [
        Card(
            age_text(assessment.estimate.months) if assessment.estimate else "refused",
            (*_describe_interval(assessment), assessment.id, *_describe_sex(assessment), assessment.reason),
            f"pages/{name}",
            _relative(there.get(assessment.id), folder),
            assessment.status,
        )
        for name, assessment in zip(names, assessments, strict=True)
    ]
    index = _build_index(assessments, cards, title=title, remarks=remarks, provenance=provenance)
    write_atomically(folder / "index.html", index.render())
    return folder / "index.html"


def describe_heaviest(assessment: Assessment) -> str:
    """Return the regions of the largest weights, as ``radius 20 %, ulna 6 %``; empty for a refused file."""
    estimate = assessment.estimate
    if estimate is None:
        return ""
    ages = zip(estimate.region_names, estimate.region_weights, estimate.region_months, strict=True)
    weights = [(float(weight), name) for name, weight, months in ages if not math.isnan(months)]
    heaviest = sorted(weights, key=lambda pair: -pair[0])[:_N_HEAVIEST]
    return ", ".join(f"{name} {100 * weight:.0f} %" for weight, name in heaviest)


def _build_index(
    assessments: Sequence[Assessment],
    cards: Sequence[Card],
    *,
    title: str,
    remarks: Sequence[str],
    provenance: Mapping[str, str],
) -> Page:
    page = Page(title)
    for remark in (*remarks, NOTICE):
        page.add_text(remark, warning=True)
    counts = Counter(assessment.status for assessment in assessments)
    n_files = f"{len(assessments)} files: " + ", ".join(
        f"{counts[kind]} {kind}" for kind in ("ok", "flagged", "refused")
    )
    models = dict.fromkeys(assessment.model for assessment in assessments if assessment.model)
    page.add_text(f"{n_files}. A click on a hand opens its page.")
    page.add_cards(cards)
    page.add_heading("All files")
    rows = [
        (
            assessment.id,
            assessment.status,
            assessment.sex or "",
            describe_age(assessment) if assessment.estimate else "",
            describe_landmarks(assessment),
            describe_heaviest(assessment),
            assessment.reason,
        )
        for assessment in assessments
    ]
    page.add_table(_HEADER, rows, links=[card.link for card in cards], text=True)
    page.add_text(
        "Amber rings are landmarks, magenta ones doubtful landmarks. Blue squares are the regions that the age is read "
        "from: the brighter, the larger the weight.",
        note=True,
    )
    made = ", ".join(provenance.values())
    page.add_text(
        f"Made by {made}. Model (file name and the start of its SHA-256): {'; '.join(models) or 'none'}.", note=True
    )
    return page


def _describe_sex(assessment: Assessment) -> tuple[str, ...]:
    return ("female" if assessment.sex == "F" else "male",) if assessment.sex else ()


def _describe_interval(assessment: Assessment) -> tuple[str, ...]:
    text = interval_text(assessment.estimate.interval) if assessment.estimate else ""
    return (text,) if text else ()


def _link_neighbours(names: Sequence[str], place: int) -> list[tuple[str, str]]:
    links = [("all hands", "../index.html")]
    if place > 0:
        links.append(("previous", names[place - 1]))
    if place + 1 < len(names):
        links.append(("next", names[place + 1]))
    return links


def _relative(path: Path | None, folder: Path) -> str:
    """Return the path of a picture from a folder, as a page there names it; empty for none."""
    return "" if path is None else Path(os.path.relpath(path, folder)).as_posix()
