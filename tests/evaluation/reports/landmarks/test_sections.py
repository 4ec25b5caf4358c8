import math

import numpy as np

from boneage.evaluation.metrics import Case, LandmarkErrors, summarise_landmarks
from boneage.evaluation.reports.landmarks.context import LandmarkContext
from boneage.evaluation.reports.landmarks.sections import (
    add_curves,
    add_details,
    add_privacy,
    add_worst_cases,
    describe_case,
)
from boneage.evaluation.reports.page import ReportPage
from boneage.imaging import AgeRecord, LandmarkScheme, Points

CONTEXT = LandmarkContext(
    Points(("a", "b"), [[0, 0], [1, 2]]),
    LandmarkScheme("two", {"upper": ("a",), "lower": ("b",)}, (("a", "b"),)),
    {"h1": AgeRecord(100.0, "F")},
)


def make(distances, scores=math.nan):
    distances = np.array(distances, dtype=float)
    ids = tuple(f"h{k}" for k in range(len(distances)))
    return LandmarkErrors(ids, ("a", "b"), distances, "mm", np.full(distances.shape, scores))


def details(errors, context=CONTEXT, prefix=""):
    page = ReportPage("title")
    add_details(page, errors, summarise_landmarks(errors), context, prefix)
    return page


def test_all_figures_are_on_the_page_and_saved_by_name(tmp_path):
    page = details(make([[1, 2], [3, 11]], scores=0.5), prefix="fast-")
    assert list(page.figures) == ["fast-map", "fast-boxes", "fast-groups", "fast-confidence"]
    page.write(tmp_path / "page.html")
    figures, page = page.figures, (tmp_path / "page.html").read_text()
    assert page.count("<svg") == 4
    assert "1 landmark is off by more than 10 mm" in page
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == sorted(f"{n}.svg" for n in figures)


def test_without_context_and_scores_there_are_only_boxes():
    assert list(details(make([[1, 2]]), LandmarkContext()).figures) == ["boxes"]


def test_a_context_of_other_landmarks_or_without_a_shape_draws_no_map():
    other = LandmarkContext(Points(("a", "c"), [[0, 0], [1, 2]]))
    assert "map" not in details(make([[1, 2]]), other).figures
    nowhere = LandmarkContext(Points(("a", "b"), np.full((2, 2), np.nan)))
    assert "map" not in details(make([[1, 2]]), nowhere).figures


def test_where_nothing_was_found_there_is_no_figure():
    errors = make([[math.inf, math.inf], [math.inf, math.nan]], scores=0.0)
    page = details(errors)
    add_curves(page, "cumulative", {"all": errors})
    assert page.figures == {}
    assert "3 landmarks are off by more than 10 mm or not found" in page.render()


def test_a_page_with_pictures_says_so_and_phantoms_are_no_patients():
    page = ReportPage("title")
    add_privacy(page, [])
    add_worst_cases(page, [], "mm", votes=False)
    assert "</p>" not in page.render()
    real = [(Case("h <1>", "a", 12.34, 0.5), b"PNG")]
    add_privacy(page, real)
    add_worst_cases(page, real, "mm", votes=True, missing="2 rounds were run without.")
    text = page.render()
    assert "patients' pixels" in text.replace("&#x27;", "'")
    assert "h &lt;1&gt; a: 12.3 mm, score 0.50" in text
    assert "2 rounds were run without." in text
    synthetic = ReportPage("title")
    add_privacy(synthetic, [(Case("phantom0001", "a", 1.0, math.nan), b"PNG")])
    assert "there is no patient on this page" in synthetic.render()


def test_a_case_without_a_score_has_none_in_its_caption():
    assert describe_case(Case("1", "a", 2.0, math.nan), "px") == "1 a: 2.0 px"


def test_cases_of_volumes_are_large_and_say_how_they_are_sliced():
    pictures = [(Case("1", "a", 2.0, math.nan), b"PNG")]
    pages = [ReportPage("title"), ReportPage("title")]
    for page, slices in zip(pages, (False, True), strict=True):
        add_worst_cases(page, pictures, "mm", votes=False, slices=slices)
    assert ["The slices go through the truth" in page.render() for page in pages] == [False, True]
    assert ["large pictures" in page.render() for page in pages] == [False, True]


def test_the_map_of_a_shape_in_space_says_that_it_is_drawn_twice():
    space = LandmarkContext(Points(("a", "b"), [[0, 0, 0], [3, 1, 2]]))
    assert "from the front and the side" in details(make([[1, 2]]), space).render()
    assert "from the front and the side" not in details(make([[1, 2]])).render()
