import pytest

from boneage.imaging import find_scans
from boneage.imaging.errors import InvalidInput
from boneage.pipeline import predict_files, predict_to_folder
from boneage.pipeline.batch.prediction import Prediction
from boneage.pipeline.storage.assessment_json import assessment_to_json


@pytest.fixture
def seen(monkeypatch):
    """The ids of the files that are read."""
    ids, process = [], Prediction.process
    monkeypatch.setattr(Prediction, "process", lambda self, *args: ids.append(args[0].id) or process(self, *args))
    return ids


def test_assessments_come_one_by_one_and_leave_nothing(new, model_file, tmp_path, monkeypatch, seen):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assessments = predict_files(find_scans(new / "images"), [model_file], sexes="F")
    assert seen == []
    assert next(assessments).id == "phantom0001"
    assert seen == ["phantom0001"]
    assert list(tmp_path.iterdir())
    assessments.close()
    assert list(tmp_path.iterdir()) == []


def test_assessments_are_those_of_a_folder_and_are_kept_where_asked_for(new, model_file, tmp_path, seen):
    paths, known = find_scans(new / "images"), {"sexes": "F", "sizes": {}}
    written = [assessment_to_json(a) for a in predict_to_folder(paths, [model_file], tmp_path / "a", **known)]
    seen.clear()
    first = next(iter(predict_files(paths, [model_file], tmp_path / "b", **known)))
    assert assessment_to_json(first) == written[0]
    assert [assessment_to_json(a) for a in predict_files(paths, [model_file], tmp_path / "b", **known)] == written
    assert seen == ["phantom0001", "phantom0002", "phantom0003"]
    for name in ("ages.csv", "landmarks.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_level_that_is_none_is_told_at_the_first_assessment(new, model_file):
    with pytest.raises(InvalidInput, match="level"):
        next(predict_files(find_scans(new / "images"), [model_file], sexes="F", level=2))
