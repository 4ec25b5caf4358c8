import dataclasses

import numpy as np
import pytest

from boneage.imaging import Points
from boneage.imaging.errors import InvalidInput, InvalidModelFile
from boneage.imaging.phantoms import draw_phantom_hand
from boneage.imaging.phantoms.masks import join_masks
from boneage.imaging.resampling import resample
from boneage.pipeline.centres import CentreModel, centre_crop_spec
from boneage.pipeline.located_hand import HandLandmarks, crop_located_hand
from boneage.pipeline.storage.model_file import ModelFile, save_model
from boneage.regression import Recipe
from boneage.regression.segmentation.anatomy import UNNAMED, list_centres
from boneage.regression.segmentation.segmenter import HandSegmenter, MaskedHands, SegmenterSettings
from boneage.regression.segmentation.unet import UNetSettings


@pytest.fixture(scope="module")
def hand():
    """A girl of eight years, with masks; a file of half a millimetre a pixel."""
    drawn = draw_phantom_hand(np.random.default_rng(3), sex="F", age_months=100, masks=True)
    return dataclasses.replace(drawn, scan=dataclasses.replace(drawn.scan, spacing=(0.5, 0.5), spacing_unit="mm"))


class TrueMasks:
    """Stands for a segmenter that is always right about one hand."""

    def __init__(self, hand, reference, spec):
        located = HandLandmarks(hand.points)
        stack, _ = crop_located_hand(hand.scan, located, spec, reference)
        self.to_original = stack.frames[0]
        self.probabilities = [
            resample(
                join_masks(hand.masks[kind], hand.scan.pixels.shape).astype(np.float32),
                stack.frames[0].inverse(), stack.pixels.shape[1:], fill=0.0,
            )
            for kind in ("bones", "joints")
        ]  # fmt: skip

    def predict(self, pictures):
        return np.stack(self.probabilities)[None]


@pytest.fixture(scope="module")
def found(hand):
    spec = centre_crop_spec()
    return CentreModel(TrueMasks(hand, hand.points, spec), spec, hand.points).find(
        hand.scan, HandLandmarks(hand.points)
    )


def test_all_centres_of_a_right_answer_are_named_where_they_are(hand, found):
    for kind in ("bones", "joints"):
        labels = found.labels[kind]
        assert labels.shape == hand.scan.pixels.shape
        assert labels.dtype == np.uint8
        for number, name in enumerate(list_centres(kind), start=1):
            mask = hand.masks[kind][name]
            assert 2 * (mask & (labels == number)).sum() / (mask.sum() + (labels == number).sum()) > 0.55, name
    assert found.n_centres == 28
    assert sum(found.n_unnamed.values()) == 0


def test_measures_are_those_of_the_masks_in_percent_and_in_millimetres(hand, found):
    measures = {measure.name: measure for measure in found.measures["bones"]}
    mask = hand.masks["bones"]["metacarpal_3"]
    mm2 = measures["metacarpal_3"].area * found.hand_length_mm**2
    assert mm2 == pytest.approx(mask.sum() * 0.25, rel=0.1)
    place = np.argwhere(mask).mean(axis=0)
    assert np.allclose([measures["metacarpal_3"].row, measures["metacarpal_3"].column], place, atol=2)
    wrist = hand.points.select(["radius_styloid_tip", "ulna_styloid_tip"]).positions.mean(axis=0)
    length = np.linalg.norm(hand.points.position("middle_tip") - wrist)
    assert found.hand_length_mm == pytest.approx(length / 2, rel=0.01)


@pytest.mark.parametrize("name", ["radius", "ulna"])
def test_distances_from_the_metaphysis_are_those_of_the_masks(name, hand, found):
    corners = hand.points.select([f"{name}_metaphysis_{side}_corner" for side in ("ulnar", "radial")]).positions
    along = (corners[1] - corners[0]) / np.linalg.norm(corners[1] - corners[0])
    distal = np.array([along[1], -along[0]])
    distal = distal if distal[0] < 0 else -distal  # the hand is upright: the fingers lie in lower rows
    edge = ((np.argwhere(hand.masks["bones"][name]) - corners[0]) @ distal).min() - 0.5
    (measure,) = (one for one in found.measures["bones"] if one.name == name)
    assert measure.metaphysis_distance * found.hand_length_mm == pytest.approx(edge / 2, abs=0.4)
    width = np.linalg.norm(corners[1] - corners[0])
    across = np.ptp(np.argwhere(hand.masks["bones"][name])[:, 1]) + 1
    assert measure.relative_width == pytest.approx(across / width, rel=0.06)


def test_a_hand_that_was_refused_or_has_no_fingertip_has_the_reason(hand):
    spec = centre_crop_spec()
    model = CentreModel(TrueMasks(hand, hand.points, spec), spec, hand.points)
    assert model.find(hand.scan, HandLandmarks(None, fault="no hand")) == "no hand"
    positions = hand.points.positions.copy()
    positions[hand.points.names.index("middle_tip")] = np.nan
    reason = model.find(hand.scan, HandLandmarks(Points(hand.points.names, positions)))
    assert "tip of the middle finger is not found" in reason


@pytest.fixture(scope="module")
def small_model(hand):
    """A segmenter of few weights that has seen two empty hands once."""
    settings = SegmenterSettings(UNetSettings((4, 8)), Recipe(epochs=1, batch_size=2, augmentation=None))
    hands = MaskedHands(("a", "b"), np.zeros((2, 64, 64), np.uint8), np.zeros((2, 2, 64, 64), np.uint8))
    segmenter, least = HandSegmenter(settings=settings).fit(hands), {"bones": {"radius": 0.75}}
    return CentreModel(segmenter, centre_crop_spec(side=64), hand.points, least, {"n_hands": 2})


def test_a_saved_model_finds_the_same(small_model, hand, tmp_path):
    small_model.save(tmp_path / "m.boneage")
    again = CentreModel.load(tmp_path / "m.boneage")
    assert again.name.startswith("m.boneage ")
    assert (again.summary, again.least_probabilities) == ({"n_hands": 2}, {"bones": {"radius": 0.75}})
    first, second = (one.find(hand.scan, HandLandmarks(hand.points)) for one in (small_model, again))
    assert {m.name: m.present for m in first.measures["bones"]} == {m.name: m.present for m in second.measures["bones"]}


def test_another_kind_of_model_and_a_localiser_of_other_landmarks_are_refused(small_model, tmp_path):
    save_model(tmp_path / "m.boneage", ModelFile("pipeline", {}, {}))
    with pytest.raises(InvalidModelFile, match="holds a model of kind 'pipeline'"):
        CentreModel.load(tmp_path / "m.boneage")

    class OfOthers:
        names_ = ("wrist", "thumb1")

    with pytest.raises(InvalidInput, match="the localiser finds no radius_styloid_tip"):
        small_model.check_localiser(OfOthers())


def test_centres_that_are_nowhere_sure_enough_are_not_there_and_keep_their_probability(hand):
    spec = centre_crop_spec()
    truth = TrueMasks(hand, hand.points, spec)
    truth.probabilities[0] *= 0.8
    for least, n_there in ((0.7, 28), (0.9, 0)):
        of_bones = {"bones": dict.fromkeys(list_centres("bones"), least)}
        found = CentreModel(truth, spec, hand.points, of_bones).find(hand.scan, HandLandmarks(hand.points))
        assert (found.n_centres, found.labels["bones"].any()) == (n_there, n_there > 0)
        assert all(0.7 < measure.probability < 0.9 for measure in found.measures["bones"])


def test_what_has_no_name_is_marked(hand):
    spec = centre_crop_spec()
    truth = TrueMasks(hand, hand.points, spec)
    row, column = truth.to_original.inverse().apply([[120.0, 270.0]])[0].astype(int)  # between two fingers
    truth.probabilities[0][row : row + 5, column : column + 5] = 1
    found = CentreModel(truth, spec, hand.points).find(hand.scan, HandLandmarks(hand.points))
    assert found.n_unnamed["bones"] == 1
    assert (found.labels["bones"] == UNNAMED).any()


def test_a_localiser_may_find_fewer_landmarks_than_hands_were_aligned_by(small_model, hand):
    reference = hand.points
    more = Points((*reference.names, "carpal_centre"), np.vstack([reference.positions, [[150.0, 100.0]]]))
    found = dataclasses.replace(small_model, reference=more).find(hand.scan, HandLandmarks(hand.points))
    same = small_model.find(hand.scan, HandLandmarks(hand.points))
    assert [one.present for one in found.measures["bones"]] == [one.present for one in same.measures["bones"]]
