import dataclasses
import math
import re
from html import unescape

import numpy as np
import pytest

from boneage.imaging import Points, Scan, read_scan
from boneage.pipeline.located_hand import HandView
from boneage.pipeline.pages.case import build_case_fragment, build_case_page, describe_age, describe_landmarks
from tests.pipeline.pages.test_html import Checker


def text_of(page):
    """Return the words of a page, its blanks single."""
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    return " ".join(" ".join(checker.text).split())


def rewrite(assessment, **changes):
    return dataclasses.replace(assessment, estimate=dataclasses.replace(assessment.estimate, **changes))


def test_a_page_is_one_file_that_runs_and_loads_nothing(scan, assessed):
    page = build_case_page(scan, assessed)
    assert "<script" not in page
    assert assessed.id in unescape(page)
    places = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert [place[:23] for place in places] == ["data:image/jpeg;base64,"]
    assert not re.search(r"url\(|@import|https?:", page)
    assert text_of(page).count("Research use only") == 1


def test_the_page_of_a_hand_says_what_its_age_rests_on(scan, assessed):
    text = text_of(build_case_page(scan, assessed))
    assert describe_age(assessed).split(" (")[0] in text
    assert re.search(r"90 %: \d+ y \d+ m to \d+ y \d+ m \(.* months\), by 209 calibration hands", text)
    for name in assessed.estimate.region_names:
        assert re.search(rf"{name} \d+ y \d+ m \d+ %", text), name
    assert "37 of 37 found" in text
    assert re.search(r"least certain \w+, score 0\.\d\d", text)
    assert "chronological age 10 y 0 m (120.0 months)" in text
    assert f"SD score {assessed.comparison.sd_score:+.1f}, by the Brush Foundation's table" in text
    assert f"bone age is {assessed.comparison.determination}" in text
    assert "standard deviations of healthy girls (Brush Foundation Study, in Greulich and Pyle 1959)" in text
    assert assessed.model in text
    assert "phantom: a synthetic drawing" in text


def test_a_page_without_an_interval_an_age_to_compare_or_a_sex_says_so(scan, assessed, pipeline):
    text = text_of(build_case_page(scan, pipeline.assess(scan, sex="F")))
    assert "no interval: the model holds no calibration" in text
    assert "chronological age not known" in text
    assert "Bone age for age" not in text
    old = dataclasses.replace(assessed, chronological_months=300.0)
    assert "none: the Brush Foundation has girls of 0 y 3 m to 16 y 0 m" in text_of(build_case_page(scan, old))


def test_a_page_says_how_the_hand_lies_and_what_is_missing(scan, assessed):
    months = (math.nan, *assessed.estimate.region_months[1:])
    positions = np.array(assessed.points.positions)
    positions[0] = np.nan
    points = Points(assessed.points.names, positions, assessed.points.scores)
    other = dataclasses.replace(
        rewrite(assessed, region_months=months),
        points=points,
        status="flagged",
        reason="one <thing>; another",
        view=HandView("R", True, True, -12.2),
    )
    text = text_of(build_case_page(scan, other))
    assert f"missing landmarks {points.names[0]}" in text
    assert f"missing regions {assessed.estimate.region_names[0]}" in text
    assert "right by its file, mirrored, black and white swapped, turned 12\N{DEGREE SIGN} anticlockwise" in text
    assert "one <thing> another" in text
    assert f"{assessed.estimate.region_names[0]} missing" in text


def test_the_page_of_a_refused_hand_has_the_reason_and_no_regions(pipeline):
    scan = Scan(np.random.default_rng(0).uniform(0, 255, (300, 200)), source="noise")
    text = text_of(build_case_page(scan, pipeline.assess(scan, sex="F")))
    assert "no bone age" in text
    assert "no hand that the model can read" in text
    assert "Regions" not in text


def test_a_volume_has_a_page_too(phantom_volumes, assessed):
    scan = read_scan(phantom_volumes / "images" / "phantom0001.nii")
    bare = dataclasses.replace(assessed, points=None, regions=())
    page = build_case_page(scan, bare)
    assert "<circle" not in re.sub(r'<svg class="growth".*?</svg>', "", page, flags=re.DOTALL)
    assert "data:image/jpeg" in page


def test_a_notebook_shows_picture_landmarks_age_and_interval(scan, assessed):
    shown = assessed._repr_html_()
    assert shown == build_case_fragment(scan, assessed)
    assert "<script" not in shown
    assert shown.count("<circle") == 37
    assert "90 %" in text_of(shown)
    assert len(shown) < len(build_case_page(scan, assessed))
    assert assessed.without_regions()._repr_html_() is None


def test_without_landmarks_nothing_is_counted(refused):
    assert describe_landmarks(refused) == ""
    assert describe_age(refused) == "refused"


@pytest.mark.parametrize("months", [None, 36.0])
def test_the_same_hand_has_the_same_page(scan, calibrated, months):
    one, other = (calibrated.assess(scan, sex="M", chronological_months=months) for _ in range(2))
    assert build_case_page(scan, one) == build_case_page(scan, other)
