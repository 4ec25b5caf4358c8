import pytest

from boneage.pipeline import shipped
from boneage.pipeline.model_files import InvalidModelFile


def test_an_installation_without_the_model_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "_PATH", tmp_path / "hand.boneage")
    with pytest.raises(InvalidModelFile, match="lacks the model that comes with boneage: give --model"):
        shipped.shipped_model()
