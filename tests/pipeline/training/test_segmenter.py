import numpy as np
import pytest

from boneage.imaging import Frame
from boneage.imaging.errors import InvalidInput
from boneage.imaging.phantoms import write_phantom_set
from boneage.pipeline.data import load_collection
from boneage.pipeline.located_hand import HandLandmarks
from boneage.pipeline.training.masks import MaskedHand, MaskFolder
from boneage.pipeline.training.segmenter import (
    PreparedHands,
    SegmenterTrainingOptions,
    learn_least_probabilities,
    train_segmenter,
)
from tests.regression.segmentation.hands import draw_discs, make_points


def test_without_a_picture_that_has_masks_nothing_is_trained(tmp_path):
    write_phantom_set(tmp_path, 1, seed=0, masks=True)
    folder = MaskFolder.open(tmp_path / "masks")
    for kind in ("bones", "joints"):
        path = tmp_path / "masks" / kind / "phantom0001.png"
        path.rename(path.with_name("stray.png"))
    strays = MaskFolder.open(tmp_path / "masks")
    collection = load_collection([tmp_path / "images"])
    assert folder.ids == {"phantom0001"}
    with pytest.raises(InvalidInput, match="no picture has masks: are their names those of the pictures"):
        train_segmenter(collection, strays, SegmenterTrainingOptions())


class AsSureAsTheHandIsBright:
    """Stands for a segmenter: it finds the discs of radius and capitate, as probable as the picture is bright."""

    discs = draw_discs(make_points(), {"radius": 6, "capitate": 6})

    def predict(self, pictures):
        bones = self.discs * pictures[0].max()
        return np.stack([bones, np.zeros_like(bones)])[None]


def test_the_least_probability_of_a_centre_is_that_of_all_but_a_fiftieth_of_the_hands_that_have_it():
    points = make_points()
    masks = np.stack([draw_discs(points, {"radius": 6}), np.zeros((320, 320))])
    brightness = range(140, 240)
    hands = {
        str(grey): MaskedHand(np.full((320, 320), grey, np.uint8), (255 * masks).astype(np.uint8), Frame.identity(2))
        for grey in brightness
    }
    prepared = PreparedHands(hands, dict.fromkeys(hands, HandLandmarks(points)), (), points)
    least = learn_least_probabilities(AsSureAsTheHandIsBright(), prepared, tuple(hands))
    assert least == {"radius": pytest.approx(141 / 255)}
    few = tuple(hands)[:49]
    assert learn_least_probabilities(AsSureAsTheHandIsBright(), prepared, few) == {}
