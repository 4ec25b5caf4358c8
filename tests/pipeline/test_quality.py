import numpy as np
import pytest

from boneage.imaging import Scan
from boneage.pipeline.quality import describe_doubts, find_modality_mismatch, modality_of

RADIOGRAPH, VOLUME = Scan(np.eye(4)), Scan(np.zeros((3, 4, 4)), modality="mri")
SLICE = Scan(np.eye(4), modality="mri")


@pytest.mark.parametrize(
    ("scan", "modality", "told"),
    [
        (RADIOGRAPH, "xray", ""),
        (VOLUME, "mri", ""),
        (RADIOGRAPH, "mri", "is a radiograph; the model reads volumes (MR): do so"),
        (VOLUME, "xray", "is a volume (MR); the model reads radiographs: do so"),
        (SLICE, "xray", "is a single MR slice; the model reads radiographs"),
        (SLICE, "mri", "is a single MR slice; the model reads volumes (MR)"),
    ],
)
def test_what_a_model_does_not_read_is_told_and_what_to_do(scan, modality, told):
    assert find_modality_mismatch(scan, modality, "do so") == told
    assert find_modality_mismatch(scan, modality) == told.removesuffix(": do so")


def test_a_localiser_reads_what_it_was_trained_on(volume_localiser, pipeline):
    assert modality_of(volume_localiser.ndim) == "mri"
    assert modality_of(pipeline.localiser.ndim) == pipeline.modality == "xray"


@pytest.mark.parametrize(
    ("change", "remarks"),
    [
        ({}, []),
        ({"mirrored": True}, ["mirrored with respect to the hands that the model knows"]),
        ({"inverted": True}, ["black and white are swapped in the file"]),
        ({"given": "F"}, []),
        ({"given": "F", "stated": "F"}, []),
        ({"given": "F", "stated": "M"}, ["the file says the sex is M"]),
        ({"has_localiser": False}, ["the model has no localiser: nothing checked that this is a hand"]),
    ],
)
def test_doubts_are_described(change, remarks):
    nothing = {"mirrored": False, "inverted": False, "given": None, "stated": None, "has_localiser": True}
    assert describe_doubts(**{**nothing, **change}) == remarks
