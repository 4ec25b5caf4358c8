import dataclasses

import numpy as np
import pytest
from PIL import Image

from boneage.imaging import InvalidTable, Scan, UnreadableScan
from boneage.imaging.phantoms import write_phantom_set
from boneage.pipeline.centres import centre_crop_spec
from boneage.pipeline.data import load_collection
from boneage.pipeline.located_hand import HandLandmarks
from boneage.pipeline.training.masks import MaskedHand, MaskFolder, MaskStep

SCAN = Scan(np.zeros((40, 30)))


@pytest.fixture(scope="module")
def hands(tmp_path_factory):
    """Two phantoms: images/, masks/ and landmarks.csv."""
    folder = tmp_path_factory.mktemp("masked")
    write_phantom_set(folder, 2, seed=5, masks=True)
    return folder


@pytest.fixture
def write(tmp_path):
    """Write a sound pair of masks, then something else in the place of that of the bones; return the folder."""

    def run(bones=None, mode=None):
        mask = np.zeros((40, 30), np.uint8)
        mask[5:10, 5:10] = 255
        for kind in ("bones", "joints"):
            (tmp_path / kind).mkdir(exist_ok=True)
            Image.fromarray(mask).save(tmp_path / kind / "a.png")
        picture = Image.fromarray(mask if bones is None else bones)
        picture.convert(mode or picture.mode).save(tmp_path / "bones" / "a.png")
        return MaskFolder.open(tmp_path)

    return run


@pytest.mark.parametrize("mode", ["1", "L"])
def test_masks_of_one_and_of_eight_bits_are_read(write, mode):
    masks = write(mode=mode).read("a", SCAN)
    assert masks.shape == (2, 40, 30)
    assert masks.sum() == 50
    assert masks.max() == 1


def test_a_mask_of_three_values_is_refused(write):
    values = np.zeros((40, 30), np.uint8)
    values[:10], values[10:20] = 100, 200
    with pytest.raises(InvalidTable, match=r"a\.png: is not a mask: it must be flat and have two grey values"):
        write(values).read("a", SCAN)


def test_a_coloured_mask_is_refused(write):
    with pytest.raises(InvalidTable, match=r"a\.png: is not a mask"):
        write(mode="RGB").read("a", SCAN)


def test_an_empty_mask_is_refused(write):
    with pytest.raises(UnreadableScan, match=r"a\.png"):
        write(np.zeros((40, 30), np.uint8)).read("a", SCAN)


def test_a_mask_of_another_size_is_refused_with_both_sizes(write):
    with pytest.raises(InvalidTable, match=r"is 30 x 40 pixels, and the picture 60 x 80.*give --sizes"):
        write().read("a", Scan(np.zeros((80, 60))))
    assert write().read("a", dataclasses.replace(Scan(np.zeros((80, 60))), original_shape=(40, 30))).sum() == 50


def test_a_folder_without_both_kinds_is_refused(tmp_path):
    (tmp_path / "bones").mkdir()
    (tmp_path / "bones" / "a.png").touch()
    with pytest.raises(InvalidTable, match="has no folder joints"):
        MaskFolder.open(tmp_path)


def test_masks_without_a_picture_and_pictures_without_masks_are_told(hands, tmp_path):
    collection = load_collection([hands / "images"])
    folder = MaskFolder.open(hands / "masks")
    assert folder.remarks(collection) == []
    bones, joints = folder.paths["bones"], dict(folder.paths["joints"])
    joints["stray"] = joints.pop("phantom0002")
    others = MaskFolder({"bones": bones, "joints": joints})
    assert others.ids == {"phantom0001"}
    assert others.remarks(collection) == [
        "1 masks have no picture: stray",
        "1 hands lack the mask of bones or joints, and are left out: phantom0002",
    ]


def test_picture_and_masks_are_laid_upright_by_one_frame(hands):
    collection = load_collection([hands / "images"], landmarks=hands / "landmarks.csv")
    points = {id_: collection.points(id_) for id_ in collection.ids}
    reference = points["phantom0001"]
    located = {id_: HandLandmarks(of_hand) for id_, of_hand in points.items()}
    step = MaskStep(centre_crop_spec(side=64), reference, located, MaskFolder.open(hands / "masks"))
    hand = step.run(collection, "phantom0001")
    assert hand.fault == ""
    assert hand.pixels.shape == (64, 64)
    assert hand.masks.shape == (2, 64, 64)
    assert hand.pixels[hand.masks[0] > 200].mean() > 1.5 * hand.pixels.mean()  # bone is bright
    again = MaskedHand.from_bytes(hand.to_bytes())
    assert np.array_equal(again.masks, hand.masks)
    assert np.allclose(again.to_original.matrix, hand.to_original.matrix)


def test_a_hand_that_is_not_located_has_the_fault(hands):
    collection = load_collection([hands / "images"])
    located = {id_: HandLandmarks(None, fault="no hand that the model can read") for id_ in collection.ids}
    step = MaskStep(centre_crop_spec(side=64), None, located, MaskFolder.open(hands / "masks"))
    assert step.run(collection, "phantom0002").fault == "no hand that the model can read"
    assert MaskedHand.from_bytes(MaskedHand.without("why").to_bytes()).fault == "why"
