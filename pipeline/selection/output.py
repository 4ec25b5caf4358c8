"""A selection as files: a list of ids, a table of the whole pool, contact sheets of the chosen."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from boneage.imaging import Collection
from boneage.pipeline.selection.pool import ANNOTATED
from boneage.pipeline.selection.strategies import Selection
from boneage.pipeline.storage.output import encode_png, prepare_folder, write_lines, write_picture, write_table
from boneage.pipeline.visualisation.contact_sheet import PAIRS_PER_PAGE, draw_contact_sheet, draw_one

_SHEET = re.compile(r"contact_sheet(_\d+)?\.png")
_PER_PAGE = 2 * PAIRS_PER_PAGE


def write_selection(selection: Selection, collection: Collection, folder: Path) -> None:
    """Write ``selected.txt``, ``selection.csv`` and ``contact_sheet.png``, ``contact_sheet_2.png`` ….

    The list has the chosen ids, one a line, the first to annotate first. The table has the chosen in that order, then
    all other pictures with what they were left out for.

    Parameters
    ----------
    selection : Selection
    collection : Collection
        The pool's.
    folder : Path

    Raises
    ------
    UnusableOutput
        If the folder cannot be written to.
    """
    folder = prepare_folder(folder)
    write_lines(folder / "selected.txt", selection.ids)
    write_table(folder / "selection.csv", list(_list_rows(selection)))
    for sheet in folder.iterdir():  # of an earlier selection, which may have had more pages
        if _SHEET.fullmatch(sheet.name) and sheet.is_file():
            sheet.unlink()
    for page, first in enumerate(range(0, len(selection.ids), _PER_PAGE), start=1):
        shown = []
        for rank, id_ in enumerate(selection.ids[first : first + _PER_PAGE], start=first + 1):
            shown.append((f"{rank}: {id_}", encode_png(draw_one(collection.scan(id_)))))
        name = "contact_sheet.png" if page == 1 else f"contact_sheet_{page}.png"
        write_picture(folder / name, draw_contact_sheet(shown, paired=False))


def _list_rows(selection: Selection) -> Iterator[dict[str, object]]:
    pool, criteria, chosen = selection.pool, selection.signals.criteria, {choice.place for choice in selection.choices}
    has_signal = selection.has_signal()

    def row(id_: str, place: int | None, rank: object, score: float, why: str) -> dict[str, object]:
        doubts = {name: "" if place is None else _number(values[place]) for name, values in criteria.items()}
        stratum = "" if pool.strata is None or place is None else pool.strata[place]
        return {"id": id_, "rank": rank, "score": _number(score), **doubts, "stratum": stratum, "why": why}

    for rank, choice in enumerate(selection.choices, start=1):
        yield row(pool.ids[choice.place], choice.place, rank, choice.score, choice.why)
    for place, id_ in enumerate(pool.ids):
        if place not in chosen:
            silent = "" if has_signal[place] else f"the model does not tell what {selection.strategy} goes by"
            why = ANNOTATED if pool.annotated[place] else selection.signals.silent.get(id_, silent)
            yield row(id_, place, "", math.nan, f"not chosen{': ' if why else ''}{why}")
    for id_, why in pool.left_out.items():
        yield row(id_, None, "", math.nan, f"left out: {why}")


def _number(value: float) -> str:
    """Return six digits; blank for NaN."""
    return "" if math.isnan(value) else f"{value:.6g}"
