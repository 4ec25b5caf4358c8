import dataclasses

import numpy as np

from boneage.imaging import Scan
from boneage.pipeline.pages.case import build_case_page
from boneage.pipeline.pages.centre_table import describe_centres, describe_outline
from boneage.regression.segmentation.anatomy import UNNAMED
from tests.pipeline.pages.test_case import text_of


def test_each_centre_stands_in_one_of_three_parts_with_its_size(centres):
    table = describe_centres(centres)
    assert table.summary == "1 of 28 outlined"
    assert [len(part) for part in table.parts] == [9, 10, 9]
    sizes = {name: size for part in table.parts for name, size in part.items()}
    assert sizes.pop("radius") == "10.0 x 3.0"
    assert sizes.pop("distal phalanx 5") == "?"
    assert set(sizes.values()) == {"-"}
    assert table.unit == "% of the hand's length"
    first, second = table.remarks
    assert first == "Radius: 80 % of the metaphysis's width, 1.2 % of the hand's length away from it."
    assert second == "Parts without a name: 1."


def test_a_hand_with_a_length_has_millimetres(centres):
    table = describe_centres(dataclasses.replace(centres, hand_length_mm=150.0))
    assert table.parts[0]["radius"] == "15.0 x 4.5"
    assert table.remarks[0].endswith("1.8 mm away from it.")


def test_a_centre_that_reaches_beyond_its_metaphysis_says_so(centres):
    radius, *others = centres.measures["bones"]
    fused = dataclasses.replace(radius, metaphysis_distance=-0.004)
    measures = {**centres.measures, "bones": (fused, *others)}
    table = describe_centres(dataclasses.replace(centres, measures=measures, hand_length_mm=150.0))
    assert table.remarks[0] == "Radius: 80 % of the metaphysis's width, reaches 0.6 mm beyond its edge."


def test_an_outline_says_what_it_is(centres):
    assert describe_outline("bones", 1, centres) == "radius: 10.0 x 3.0 % of the hand's length"
    assert describe_outline("joints", 7, centres) == "joint: mcp 3"
    assert describe_outline("bones", UNNAMED, centres) == "a part without a name"


def test_a_page_has_outlines_that_a_box_hides_and_the_table(outlined):
    scan = Scan(np.random.default_rng(0).uniform(0, 255, (300, 200)), source="a")
    page = build_case_page(scan, outlined)
    text = text_of(page)
    assert page.count("<polygon") == 3
    assert 'type="checkbox" id="centres"' in page
    assert "Ossification centres: 1 of 28 outlined" in text
    assert "radius 10.0 x 3.0" in text
    assert "proximal phalanx 3 -" in text
    without = build_case_page(scan, dataclasses.replace(outlined, centres=None))
    assert "ssification centres" not in without
    assert 'id="centres"' not in without
    assert "<polygon" not in without
