import dataclasses
import json

import numpy as np
import pytest

from boneage.pipeline.batch.segmentation import CENTRE_COLUMNS, SegmentationResult, list_rows
from boneage.pipeline.hand_centres import HandCentres
from boneage.regression.segmentation.anatomy import list_centres
from boneage.regression.segmentation.measures import CentreMeasure


@pytest.fixture
def found():
    """A hand of 150 mm with a radius alone, which is a tenth as wide as the hand is long."""
    radius = CentreMeasure("radius", "forearm", True, 0.98, 0.9, 40.0, 30.0, 0.002, 0.1, 0.03, 0.125)
    bones = (radius, *(CentreMeasure(name, "other", False, 0.1) for name in list(list_centres("bones"))[1:]))
    joints = tuple(CentreMeasure(name, "other", False, 0.1) for name in list_centres("joints"))
    empty = np.zeros((50, 40), np.uint8)
    return HandCentres(
        {"bones": empty, "joints": empty}, {"bones": bones, "joints": joints}, {"bones": 0, "joints": 0}, 150.0
    )


def test_a_row_has_percent_and_millimetres_and_blanks_where_nothing_is(found):
    first, second, *others = list_rows("hand", found)
    assert tuple(first) == CENTRE_COLUMNS
    assert (first["x"], first["y"], first["present"]) == ("30.00", "40.00", 1)
    assert (first["width_percent"], first["width_mm"]) == ("10.0000", "15.000")
    assert (first["area_percent"], first["area_mm2"]) == ("20.0000", "45.000")
    assert first["relative_width"] == "0.800"
    assert (second["present"], second["probability"], second["width_percent"]) == (0, "0.1000", "")
    assert len(others) == 28 + 18 - 2
    without_mm = list_rows("hand", dataclasses.replace(found, hand_length_mm=float("nan")))[0]
    assert (without_mm["width_percent"], without_mm["width_mm"]) == ("10.0000", "")


def test_a_result_is_read_back_without_its_label_maps(found):
    result = SegmentationResult("hand", "hand.png", "", list_rows("hand", found), {"n_centres": 1}, found)
    assert result.status == "ok"
    again = SegmentationResult.from_json(json.loads(json.dumps(result.to_json())))
    assert again.centres == result.centres
    assert again.counts == {"n_centres": 1}
    assert again.found is None


def test_without_centres_it_is_refused_and_with_a_reason_flagged(found):
    assert SegmentationResult("a", "a.png", "no hand").status == "refused"
    assert SegmentationResult("a", "a.png", "noisy", list_rows("a", found)).status == "flagged"
