import dataclasses
import math

import pytest

from boneage.pipeline.assessment import Assessment
from boneage.regression import AgeEstimate

ESTIMATE = AgeEstimate(90.0, ("radius", "ulna"), (80.0, math.nan), (1.0, 0.0), "")


def test_a_row_has_every_column_and_empty_cells_where_there_is_nothing_to_say():
    row = Assessment("a", "a.png", "flagged", "why", "F", None, ESTIMATE, modality="xray", model="m").row(
        ("radius", "ulna")
    )
    assert row["bone_age_months"] == "90.00"
    assert row["bone_age_text"] == "7 y 6 m"
    assert (row["modality"], row["model"]) == ("xray", "m")
    assert (row["weight_radius"], row["age_radius"]) == ("1.0000", "80.00")
    assert (row["weight_ulna"], row["age_ulna"]) == ("0.0000", "")
    refused = Assessment("a", "a.png", "refused", "why", acceptance=0.00167).row(("radius", "ulna"))
    assert (row["acceptance"], refused["acceptance"]) == ("", "0.0017")
    assert list(refused) == list(row)
    assert refused["modality"] == refused["model"] == ""
    assert refused["bone_age_months"] == refused["bone_age_text"] == refused["weight_radius"] == refused["sex"] == ""


def test_a_row_compares_with_the_chronological_age():
    hand = Assessment("a", "a.png", "ok", sex="M", estimate=ESTIMATE, chronological_months=84.0)
    row = hand.row(())
    assert (row["chronological_age_months"], row["difference_months"]) == ("84.00", "6.00")
    assert (row["sd_score"], row["determination"]) == ("0.20", "normal")  # (90 - 88.20) / 8.91
    row = dataclasses.replace(hand, chronological_months=240.0).row(())
    assert (row["difference_months"], row["sd_score"], row["determination"]) == ("-150.00", "", "indeterminate")


def test_contradictions_are_refused():
    with pytest.raises(ValueError, match="refused assessment has no estimate"):
        Assessment("a", "a.png", "refused", "why", estimate=ESTIMATE)
    with pytest.raises(ValueError, match="ok assessment needs an estimate"):
        Assessment("a", "a.png", "ok")
    with pytest.raises(ValueError, match="needs a reason"):
        Assessment("a", "a.png", "flagged", estimate=ESTIMATE)


def test_a_notebook_shows_what_the_pipeline_gave_it_to_be_shown_with():
    hand = Assessment("a", "a.png", "ok", estimate=ESTIMATE, display=lambda assessment: f"<b>{assessment.id}</b>")
    assert hand._repr_html_() == "<b>a</b>"
    assert hand.without_regions()._repr_html_() is None
