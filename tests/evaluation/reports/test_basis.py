import json
import math

import pytest

from boneage.evaluation.reports.basis import Figures, phantom_note, provenance, write_json
from boneage.pipeline.pages.html import Page


@pytest.mark.parametrize(
    ("ids", "note"),
    [
        (["1", "2"], ""),
        (["phantom0001"], ", all of them phantoms (synthetic)"),
        (["phantom0001", "2"], ", 1 of them phantoms (synthetic)"),
    ],
)
def test_phantoms_are_told(ids, note):
    assert phantom_note(provenance(ids)) == note


def test_what_is_no_number_is_null(tmp_path):
    write_json(tmp_path / "s.json", {"a": math.nan, "b": [1.5, math.inf], "c": {"d": (2,)}})
    assert json.loads((tmp_path / "s.json").read_text()) == {"a": None, "b": [1.5, None], "c": {"d": [2]}}


def test_figures_are_on_the_page_and_beside_it(tmp_path):
    figures = Figures(Page("title"))
    figures.show("curve", "<svg></svg>", "what it shows")
    figures.write(tmp_path / "report.html")
    assert (tmp_path / "figures" / "curve.svg").read_text() == "<svg></svg>"
    assert "<svg></svg><figcaption>what it shows" in (tmp_path / "report.html").read_text()
