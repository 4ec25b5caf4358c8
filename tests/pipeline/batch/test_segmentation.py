import json

import numpy as np
import pytest

from boneage.imaging import Scan, read_scan
from boneage.pipeline.batch.models import ModelReference
from boneage.pipeline.batch.segmentation import Segmentation, SegmentationResult
from boneage.pipeline.batch.tasks import make_tasks
from boneage.pipeline.hand_centres import HandCentres
from boneage.regression.segmentation.anatomy import list_centres
from boneage.regression.segmentation.measures import CentreMeasure

ROWS = [{"id": "hand", "centre": "radius"}]


@pytest.fixture
def found():
    """A hand with a radius alone, in 50 rows of 40 columns."""
    measures = {
        kind: tuple(CentreMeasure(name, one.group, name == "radius", 0.9) for name, one in list_centres(kind).items())
        for kind in ("bones", "joints")
    }
    labels = {kind: np.zeros((50, 40), np.uint8) for kind in ("bones", "joints")}
    labels["bones"][20:30, 10:30] = 1
    return HandCentres(labels, measures, {"bones": 0, "joints": 0})


def test_a_result_is_read_back_without_its_label_maps(found):
    result = SegmentationResult("hand", "hand.png", "", ROWS, {"n_centres": 1}, found)
    assert result.status == "ok"
    again = SegmentationResult.from_json(json.loads(json.dumps(result.to_json())))
    assert again.centres == result.centres
    assert again.counts == {"n_centres": 1}
    assert again.found is None


def test_without_centres_it_is_refused_and_with_a_reason_flagged(found):
    assert SegmentationResult("a", "a.png", "no hand").status == "refused"
    assert SegmentationResult("a", "a.png", "noisy", ROWS).status == "flagged"


@pytest.mark.parametrize("nifti", [False, True])
def test_label_maps_are_written_in_the_grid_of_the_original(found, nifti, tmp_path):
    for name in ("bones", "joints", "overlays"):
        (tmp_path / name).mkdir()
    (tmp_path / "m").write_bytes(b"")
    nothing = ModelReference.of(tmp_path / "m")
    processor = Segmentation(nothing, nothing, tmp_path, nifti)
    scan = Scan(np.eye(50, 40, dtype=np.float32), spacing=(0.4, 0.2), spacing_unit="mm")
    (task,) = make_tasks([tmp_path / "hand.png"], sexes=None, sizes={})
    for _, write in processor.outputs(task, scan, SegmentationResult("hand", "hand.png", "", ROWS, {}, found)):
        write()
    names = {path.name for path in (tmp_path / "bones").iterdir()}
    assert names == ({"hand.png", "hand.nii.gz"} if nifti else {"hand.png"})
    if nifti:
        written = read_scan(tmp_path / "bones" / "hand.nii.gz")
        assert np.array_equal(written.pixels, found.labels["bones"])
        assert written.spacing == pytest.approx((0.4, 0.2))
