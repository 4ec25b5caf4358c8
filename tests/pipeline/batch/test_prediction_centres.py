from types import SimpleNamespace

import numpy as np
import pytest

from boneage.imaging.errors import InvalidInput
from boneage.imaging.phantoms import draw_phantom_hand
from boneage.pipeline.batch.prediction_centres import choose_centre_model
from boneage.pipeline.centres import CentreModel, centre_crop_spec
from boneage.pipeline.storage import shipped_model as shipped
from boneage.regression import Recipe
from boneage.regression.segmentation.segmenter import HandSegmenter, MaskedHands, SegmenterSettings
from boneage.regression.segmentation.unet import UNetSettings

POINTS = draw_phantom_hand(np.random.default_rng(0), sex="F", age_months=90).points


def make_pipeline(names, modality="xray"):
    """Stands for a pipeline with a localiser of some landmarks."""
    return SimpleNamespace(modality=modality, localiser=SimpleNamespace(names_=names))


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """An installation with a segmenter of few weights."""
    settings = SegmenterSettings(UNetSettings((4, 8)), Recipe(epochs=1, batch_size=2, augmentation=None))
    hands = MaskedHands(("a", "b"), np.zeros((2, 64, 64), np.uint8), np.zeros((2, 2, 64, 64), np.uint8))
    model = CentreModel(HandSegmenter(settings=settings).fit(hands), centre_crop_spec(side=64), POINTS)
    model.save(tmp_path / "centres.boneage")
    monkeypatch.setattr(shipped, "_FOLDER", tmp_path)
    return tmp_path / "centres.boneage"


def test_without_a_path_the_shipped_one_is_taken_where_it_fits(installed):
    assert shipped.has_segmenter()
    chosen = choose_centre_model(None, [make_pipeline(POINTS.names)])
    assert chosen is not None
    assert chosen.path == installed
    assert choose_centre_model(None, [make_pipeline(("wrist",))]) is None
    assert choose_centre_model(None, [make_pipeline(("wrist",), "mri")]) is not None


def test_one_that_was_asked_for_must_fit(installed):
    assert choose_centre_model(installed, [make_pipeline(POINTS.names)]).path == installed
    with pytest.raises(InvalidInput, match="the localiser finds no radius_styloid_tip"):
        choose_centre_model(installed, [make_pipeline(("wrist",))])


def test_an_installation_without_a_segmenter_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "_FOLDER", tmp_path)
    assert not shipped.has_segmenter()
