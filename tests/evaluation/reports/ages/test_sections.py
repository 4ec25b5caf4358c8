import numpy as np
from PIL import Image

from boneage.evaluation.metrics import AgeErrors
from boneage.evaluation.reports.ages.sections import (
    add_age_details,
    add_overlays,
    name_age_privacy,
    summarise_age_groups,
)
from boneage.evaluation.reports.page import ReportPage

AGES = AgeErrors(("1", "2500", "3"), np.array([100.0, 60, 33]), np.array([94.0, 90, 30]), ("F", "M", "M"))


def test_details_are_drawn_and_described_for_every_group():
    page = ReportPage("ages")
    groups = summarise_age_groups(AGES, (2000,))
    assert groups["stratum"]["ids from 2000"]["mad"] == 30
    add_age_details(page, AGES, groups, (2000,), "whole-")
    assert set(page.figures) == {f"whole-age-{name}" for name in ("groups", "boxes", "predicted", "agreement")}
    text = page.render()
    for label in ("sex: boys", "bone age: 5 to 9 years", "stratum: ids below 2000", "<td>2500</td>"):
        assert label in text


def test_pictures_are_made_smaller_and_lost_ones_counted(tmp_path):
    Image.new("L", (700, 1000), 90).save(tmp_path / "1.png")
    page = ReportPage("ages")
    add_overlays(page, [("1: +3.0 months", tmp_path / "1.png"), ("2: -3.0 months", tmp_path / "2.png")])
    text = page.render()
    assert text.count("<img") == 1
    assert "1 of the worst hands have no picture" in text
    add_overlays(page, [])
    assert page.render().count("no picture") == 1


def test_patients_pixels_are_announced_and_phantoms_are_phantoms():
    assert "patients' pixels" in name_age_privacy(["1", "phantom0001"])
    assert "synthetic" in name_age_privacy(["phantom0001"])
