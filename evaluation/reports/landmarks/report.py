"""The report of the errors of one landmark table against another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boneage.evaluation.metrics import (
    LandmarkErrors,
    find_cases,
    measure_landmarks,
    read_reference,
    select_worst_cases,
    summarise_landmarks,
)
from boneage.evaluation.reports.basis import count_hands, describe_phantoms, write_json
from boneage.evaluation.reports.landmarks.context import LandmarkContext, learn_context
from boneage.evaluation.reports.landmarks.sections import (
    CONVENTIONS,
    add_curves,
    add_details,
    add_privacy,
    add_worst_cases,
)
from boneage.evaluation.reports.landmarks.tables import (
    describe_overall,
    describe_scores,
    name_unit,
    tabulate_landmarks,
)
from boneage.evaluation.reports.landmarks.worst_cases import draw_cases
from boneage.evaluation.reports.page import RESEARCH, ReportPage
from boneage.evaluation.reports.text_table import draw_table
from boneage.imaging import AgeRecord, Collection, LandmarkTable, Points, read_landmarks, read_scores, with_scores
from boneage.imaging.errors import InvalidInput
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.storage.output import prepare_folder, write_table
from boneage.pipeline.units import convert_to_mm, convert_to_pixels, read_spacings


def report_landmarks(
    predicted: Path,
    truth: Path,
    out: Path | None,
    reference: str | None,
    *,
    scores: Path | None = None,
    scheme: str | None = None,
    ages: Mapping[str, AgeRecord] | None = None,
    images: Iterable[Path] = (),
    pictures: bool = True,
    localiser: ForestLocaliser | None = None,
) -> str:
    """Compare two landmark tables.

    Parameters
    ----------
    predicted, truth : Path
        Landmark files of any format, or folders of them.
    out : Path or None
        Folder for ``landmark_errors.csv`` (a row for each annotated landmark of each image; the error is empty where
        it was not found), ``landmark_summary.json``, ``landmark_report.html`` and the page's ``figures/``.
    reference : str or None
        Sets the unit, e.g. ``ulna_styloid_tip:radius_styloid_tip=50mm``; pixels, or a volume's millimetres, if not
        given.
    scores : Path, optional
        Table of how sure the localiser was; ``scores.csv`` beside ``predicted`` if there is one.
    scheme : str, optional
        Landmark scheme, a file or a shipped one's name; found by the landmarks' names if not given.
    ages : mapping of AgeRecord, optional
        To group by sex and bone age.
    images : iterable of Path
        Folders of the images, for the worst cases and for lengths in millimetres. Volumes need them for millimetres.
    pictures : bool
        Whether to draw the worst cases, given the images.
    localiser : ForestLocaliser, optional
        That made the table: draws its vote maps over them.

    Returns
    -------
    str
        The report as text.
    """
    convention = read_reference(reference) if reference else None
    compared = _read_compared(predicted, truth, list(images), scores)
    errors = measure_landmarks(compared.found_to_scale, compared.known_to_scale, convention, unit=compared.unit)
    context = learn_context([compared.known_to_scale[id_].select(errors.names) for id_ in errors.ids], scheme, ages)
    summary = _summarise(errors, reference, context)
    overall = summary["overall"]
    title = f"Landmark errors in {name_unit(errors.unit, reference)}"
    basis = (
        f"{len(errors.ids)} images x {len(errors.names)} landmarks{describe_phantoms(summary)}; "
        f"{overall['n_not_found']} of {overall['n']} not found"
    )
    figures_in_words = describe_overall(overall, errors.unit)
    if out is not None:
        folder = prepare_folder(out)
        write_table(folder / "landmark_errors.csv", _error_cells(errors))
        write_json(folder / "landmark_summary.json", summary)
        texts = [f"{basis}.", figures_in_words, *compared.remarks]
        page = _draw_page(title, texts, errors, summary, context, compared, pictures, localiser)
        page.write(folder / "landmark_report.html")
    scored = [describe_scores(summary["scores"], errors.unit)] if "scores" in summary else []
    table = draw_table(*tabulate_landmarks(summary))
    return "\n".join([title, basis, "", table, "", figures_in_words, *scored, *compared.remarks])


def _summarise(errors: LandmarkErrors, reference: str | None, context: LandmarkContext) -> dict[str, Any]:
    """Return what ``landmark_summary.json`` holds."""
    return {
        **count_hands(errors.ids),
        "reference": reference,
        **summarise_landmarks(errors),
        # A truth of a whole atlas has images that were never asked for: they are no failures, so only counted.
        "hands_without_prediction": len(errors.without_prediction),
        **context.summarise(errors),
    }


@dataclass(frozen=True, eq=False)
class _Compared:
    """Two landmark tables as they were read.

    Parameters
    ----------
    known, found : dict of Points
        The truth, and the landmarks to measure with their scores, in pixels.
    known_to_scale, found_to_scale : dict of Points
        The same in ``unit``.
    unit : str
    collection : Collection or None
        The images, if they are given.
    remarks : list of str
    """

    known: dict[str, Points]
    found: dict[str, Points]
    known_to_scale: dict[str, Points]
    found_to_scale: dict[str, Points]
    unit: str
    collection: Collection | None
    remarks: list[str]


def _read_compared(predicted: Path, truth: Path, folders: Sequence[Path], scores: Path | None) -> _Compared:
    """Read both tables and bring them to one scale."""
    known_table, found_table, collection = _read_both(predicted, truth, folders)
    known, found = known_table.points, _with_scores(found_table.points, predicted, scores)
    remarks = list(
        dict.fromkeys(f"{table.path}: {text}." for table in (known_table, found_table) for text in table.remarks)
    )
    known_to_scale, found_to_scale, unit, scale_remarks = _to_scale(known, found, collection)
    return _Compared(known, found, known_to_scale, found_to_scale, unit, collection, remarks + scale_remarks)


def _draw_page(
    title: str,
    texts: Sequence[str],
    errors: LandmarkErrors,
    summary: Mapping[str, Any],
    context: LandmarkContext,
    compared: _Compared,
    pictures: bool,
    localiser: ForestLocaliser | None,
) -> ReportPage:
    """Return the page and its figures; with pictures of the worst cases if the images are given."""
    scan_of = compared.collection.scan if compared.collection is not None and pictures else None
    worst = select_worst_cases(find_cases(errors)) if scan_of else []
    drawn = list(draw_cases(worst, scan_of, compared.found, compared.known, localiser)) if scan_of else []
    page = ReportPage(title)
    add_privacy(page, drawn)
    for text in texts:
        page.add_text(text)
    page.add_text(f"{CONVENTIONS} {RESEARCH}", note=True)
    add_curves(page, "cumulative", {"all landmarks": errors, **context.group(errors).get("bone", {})})
    add_details(page, errors, summary, context)
    missing = _describe_missing(len(worst) - len(drawn))
    votes, slices = localiser is not None, compared.unit != "px"
    add_worst_cases(page, drawn, errors.unit, votes=votes, missing=missing, slices=slices)
    return page


def _read_both(
    predicted: Path, truth: Path, folders: Sequence[Path]
) -> tuple[LandmarkTable, LandmarkTable, Collection | None]:
    """Return the true and the predicted table, both in pixels, and the images, if there are any."""
    tables = [read_landmarks(truth), read_landmarks(predicted)]
    collection = Collection.from_folders(folders, landmarks=tables[0]) if folders else None
    known, found = (convert_to_pixels(table, collection) for table in tables)
    return known, found, collection


def _to_scale(
    known: dict[str, Points], found: dict[str, Points], collection: Collection | None
) -> tuple[dict[str, Points], dict[str, Points], str, list[str]]:
    """Return true and found landmarks as they are measured, their unit, and remarks: of volumes in mm where known."""
    if all(points.ndim == 2 for points in known.values()):
        return known, found, "px", []
    if collection is None:
        remark = "Distances are in voxels, whatever the lengths of their sides: give --images for millimetres."
        return known, found, "voxel", [remark]
    both = [id_ for id_ in known if id_ in found]
    spacings = read_spacings(both, collection)
    if both and not spacings:
        raise InvalidInput("none of the volumes that have landmarks can be read from --images")
    n_missing = len(both) - len(spacings)
    remarks = [f"{n_missing} volumes have no readable file in --images and are left out."] if n_missing else []
    return convert_to_mm(known, spacings), convert_to_mm(found, spacings), "mm", remarks


def _with_scores(points: dict[str, Points], predicted: Path, scores: Path | None) -> dict[str, Points]:
    """Return the landmarks with their scores, if a table of these is given or stands beside the landmarks."""
    table = scores or predicted.with_name("scores.csv")
    if scores is None and not table.is_file():
        return points
    known_scores = read_scores(table)
    return {id_: with_scores(some, known_scores.get(id_, {})) for id_, some in points.items()}


def _describe_missing(count: int) -> str:
    return f"{count} of the worst cases have no readable image in the folder." if count else ""


def _error_cells(errors: LandmarkErrors) -> list[dict[str, object]]:
    column = f"error_{errors.unit.replace('%', 'percent')}"
    return [
        {
            "id": id_,
            "landmark": name,
            column: "" if math.isnan(error) else f"{error:.4f}",
            "score": "" if math.isnan(score) else f"{score:.4f}",
        }
        for id_, name, error, score in errors.annotated()
    ]
