import numpy as np
import pytest

from boneage.imaging import Points, Scan
from boneage.landmarks import Verdict
from boneage.landmarks.acceptance import BEYOND_OUTLINE, NOT_FOUND, TERMS
from boneage.pipeline.quality import (
    describe_doubts,
    describe_unsupported_landmarks,
    describe_verdict,
    find_landmark_fault,
    find_modality_mismatch,
    modality_of,
)

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


def make_points(n_absent, reason):
    """Return ten landmarks, of which the first few are absent, and why."""
    absent = np.arange(10) < n_absent
    positions = np.where(absent[:, None], np.nan, 1.0) * np.ones((10, 2))
    reasons = tuple(reason if there else "" for there in absent)
    return Points(tuple("abcdefghij"), positions, np.full(10, 0.5), reasons)


def test_a_hand_unlike_real_ones_is_refused_in_a_sentence():
    points = make_points(0, "")
    assert find_landmark_fault(points, Verdict(0.2, True, "pose", 5)) == ""
    fault = find_landmark_fault(points, Verdict(0.001, False, "offsets", 1000))
    start = "no hand that the model can read: its landmarks lie to each other as strangely as in 1 of 1000 real hands"
    assert fault.startswith(start)
    assert len({describe_verdict(Verdict(0.001, False, term, 1000)) for term in TERMS}) == len(TERMS)


def test_what_is_missing_is_told_before_what_is_strange():
    points = make_points(10, "no pose fits")
    fault = find_landmark_fault(points, NOT_FOUND)
    assert fault == "no hand that the model can read: 0 of 10 landmarks found (no pose fits)"


def test_landmarks_that_are_doubtful_count_only_where_nothing_was_learnt_from_real_hands():
    doubtful = Points(tuple("abcde"), np.zeros((5, 2)), np.full(5, 0.04), ("doubtful: score below 0.06",) * 5)
    assert find_landmark_fault(doubtful).endswith("5 of 5 landmarks are doubtful")
    assert find_landmark_fault(doubtful, Verdict(0.5, True, "scores", 2)) == ""


def test_landmarks_of_which_nothing_is_seen_are_named():
    assert describe_unsupported_landmarks(make_points(2, BEYOND_OUTLINE)) == ["nothing seen where a, b should be"]
    assert describe_unsupported_landmarks(make_points(2, "outside the image")) == []
    assert describe_unsupported_landmarks(Points(("a",), np.zeros((1, 2)))) == []
    assert describe_unsupported_landmarks(None) == []
