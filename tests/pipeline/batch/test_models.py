import pytest

from boneage.imaging.errors import InvalidModelFile
from boneage.pipeline.batch.models import ModelReference


def test_a_model_is_loaded_once_and_never_another(tmp_path):
    path, loaded = tmp_path / "m.boneage", []

    def load(path):
        loaded.append(path.read_text())
        return loaded[-1]

    path.write_text("one")
    first = ModelReference.of(path)
    assert first.name.startswith("m.boneage 7692c3ad3540")
    assert [first.load(load), first.load(load)] == ["one", "one"]
    assert loaded == ["one"]
    path.write_text("two")
    assert ModelReference.of(path).load(load) == "two"
    for other in (str, repr):  # three are kept: the fourth takes the place of the first
        ModelReference.of(path).load(other)
    with pytest.raises(InvalidModelFile, match="has changed since the run began"):
        first.load(load)
