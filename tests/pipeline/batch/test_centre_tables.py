import dataclasses
import json

import numpy as np
import pytest

from boneage.pipeline.batch.centre_tables import CENTRE_COLUMNS, list_label_exports, list_rows
from boneage.pipeline.hand_centres import HandCentres
from boneage.regression.segmentation.anatomy import list_centres
from boneage.regression.segmentation.measures import CentreMeasure


@pytest.fixture
def found():
    """A hand of 150 mm with a radius alone: a tenth as wide as the hand is long, a hundredth away from the shaft."""
    radius = CentreMeasure("radius", "forearm", True, 0.98, 0.9, 40.0, 30.0, 0.002, 0.1, 0.03, 0.125, 0.01)
    bones = (radius, *(CentreMeasure(name, "other", False, 0.1) for name in list(list_centres("bones"))[1:]))
    joints = tuple(CentreMeasure(name, "other", False, float("nan")) for name in list_centres("joints"))
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
    assert (first["metaphysis_distance_percent"], first["metaphysis_distance_mm"]) == ("1.0000", "1.500")
    assert first["relative_width"] == "0.800"
    assert (second["present"], second["probability"], second["width_percent"]) == (0, "0.1000", "")
    assert others[-1]["probability"] == ""
    assert len(others) == 28 + 18 - 2
    without_mm = list_rows("hand", dataclasses.replace(found, hand_length_mm=float("nan")))[0]
    assert (without_mm["width_percent"], without_mm["width_mm"]) == ("10.0000", "")


def test_labels_have_their_names_and_for_nifti_their_colours(tmp_path):
    for write in list_label_exports(tmp_path, nifti=True).values():
        write()
    names = json.loads((tmp_path / "labels.json").read_text())
    assert (names["bones"]["1"], names["joints"]["255"]) == ("radius", "unnamed")
    for kind in ("bones", "joints"):
        lines = (tmp_path / f"{kind}.ctbl").read_text().splitlines()[2:]
        assert {line.split()[0]: line.split()[1] for line in lines} == names[kind]
    assert list(list_label_exports(tmp_path, nifti=False)) == ["labels.json"]
