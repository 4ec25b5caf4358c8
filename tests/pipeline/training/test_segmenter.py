import pytest

from boneage.imaging.errors import InvalidInput
from boneage.imaging.phantoms import write_phantom_set
from boneage.pipeline.data import load_collection
from boneage.pipeline.training.masks import MaskFolder
from boneage.pipeline.training.segmenter import SegmenterTrainingOptions, train_segmenter


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
