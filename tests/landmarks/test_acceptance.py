import dataclasses

import numpy as np
import pytest

from boneage.imaging import Frame
from boneage.imaging.errors import InvalidInput
from boneage.imaging.standardise import HandMask
from boneage.landmarks import Acceptance, Evidence
from boneage.landmarks.acceptance import TERMS, find_beyond

NO_ONE = np.zeros(2, dtype=bool)


def weigh(pose_score, scores=(0.5, 0.5), misfit=1.0, beyond=NO_ONE, detail=250.0):
    return Evidence.weigh(pose_score, np.array(scores), misfit, np.asarray(beyond), detail)


@pytest.fixture(scope="module")
def hundred():
    """Ninety-nine scans that differ in their pose scores alone: 0.02, 0.03, ... 1; a hundredth part is refused."""
    evidence = [weigh(k / 100, scores=(k / 1000, 0.5)) for k in range(2, 101)]
    constant = [
        dataclasses.replace(e, terms=np.where(np.arange(4) == 0, e.terms, evidence[50].terms)) for e in evidence
    ]
    return Acceptance.fit([*constant, constant[-1]], threshold=0.05, low_share=0.1)


def test_evidence_has_the_terms_in_their_order():
    evidence = Evidence.weigh(0.9, np.array([0.5, 0.0]), 1.5, np.array([True, False]), 80.0)
    assert TERMS == ("pose", "scores", "offsets", "outline")
    assert evidence.detail == 80.0
    assert evidence.terms == pytest.approx([0.9, (np.log(0.5) + np.log(1e-3)) / 2, -1.5, 0.5])


@pytest.mark.parametrize("k", [1, 2, 5, 50])
def test_a_scan_like_the_kth_strangest_has_k_more_than_itself_as_strange(hundred, k):
    scan = dataclasses.replace(weigh(0), terms=np.sort(hundred.terms, axis=0)[k - 1])
    verdict = hundred.judge(scan)
    assert verdict.acceptance == (k + 1) / 101
    assert verdict.accepted == (k >= 5)
    assert verdict.one_in == 101 // (k + 1)


def test_a_scan_stranger_than_all_is_refused_for_the_term_that_is(hundred):
    usual = np.median(hundred.terms, axis=0)
    assert hundred.judge(dataclasses.replace(weigh(0), terms=usual)).acceptance > 0.9
    for k, term in enumerate(TERMS):
        verdict = hundred.judge(dataclasses.replace(weigh(0), terms=usual - 3 * (np.arange(4) == k)))
        assert (verdict.acceptance, verdict.accepted, verdict.term, verdict.one_in) == (1 / 101, False, term, 101)


def test_new_scans_are_refused_as_often_as_the_threshold_says():
    rng = np.random.default_rng(0)

    def draw(n):
        return [weigh(rng.normal(1, 0.1), rng.uniform(0.2, 0.8, 2), rng.gamma(2, 1)) for _ in range(n)]

    refused = [
        not judge.judge(scan).accepted
        for judge in (Acceptance.fit(draw(200), threshold=0.05) for _ in range(20))
        for scan in draw(100)
    ]
    assert 0.035 < np.mean(refused) < 0.065


def test_a_landmark_without_a_trace_is_beyond_the_outline_and_has_a_low_score(hundred):
    assert hundred.low_scores[0, 0] == pytest.approx(0.0119, abs=1e-3)
    low = weigh(1.0, scores=(0.001, 0.5), beyond=[True, True])
    assert hundred.find_unsupported(low).tolist() == [True, False]
    assert not hundred.find_unsupported(dataclasses.replace(low, beyond=NO_ONE)).any()


@pytest.fixture(scope="module")
def two_classes():
    """Forty fine scans, of pose scores 0.61, 0.62, ... 1, and forty coarse ones, each 0.4 lower, as are the scores."""
    steps = np.arange(61, 101) / 100
    fine = [weigh(k, scores=(k, k), detail=200 + 100 * k) for k in steps]
    coarse = [weigh(k - 0.4, scores=(k - 0.4, k - 0.4), detail=50 + 50 * k) for k in steps]
    return Acceptance.fit([*fine, *coarse], boundaries=[400.0, 133.0], threshold=0.05, low_share=0.1)


def test_a_scan_is_judged_by_those_of_its_own_detail(two_classes):
    assert two_classes.boundaries.tolist() == [133.0], "no scan lies above 400: there is no such class"
    coarse = weigh(0.305, scores=(0.305, 0.305), detail=100.0)
    assert two_classes.judge(coarse).acceptance == 11 / 41
    as_if_fine = two_classes.judge(dataclasses.replace(coarse, detail=133.0))
    assert (as_if_fine.acceptance, as_if_fine.accepted, as_if_fine.one_in) == (1 / 41, False, 41)
    stranger_than_coarse = weigh(0.1, scores=(0.305, 0.305), detail=100.0)
    assert not two_classes.judge(stranger_than_coarse).accepted


def test_a_score_is_low_for_the_scans_of_the_same_detail(two_classes):
    assert two_classes.low_scores == pytest.approx(np.array([[0.249, 0.249], [0.649, 0.649]]))
    beyond = weigh(0.4, scores=(0.4, 0.2), beyond=[True, True], detail=100.0)
    assert two_classes.find_unsupported(beyond).tolist() == [False, True]
    assert two_classes.find_unsupported(dataclasses.replace(beyond, detail=300.0)).tolist() == [True, True]


def test_a_class_judges_as_its_scans_alone_would(two_classes):
    coarse = two_classes.details < 133
    alone = Acceptance.fit(
        [weigh(t[0], scores=(t[0], t[0]), detail=np.nan) for t in two_classes.terms[coarse]], threshold=0.05
    )
    assert alone.boundaries.size == 0
    for pose_score in (0.1, 0.25, 0.4, 0.6):
        scan = weigh(pose_score, scores=(0.4, 0.4), detail=90.0)
        assert two_classes.judge(scan) == alone.judge(scan)


@pytest.mark.parametrize(
    ("details", "kept"),
    [
        ([*[50] * 20, *[200] * 20], [100.0]),
        ([*[50] * 19, *[200] * 20], []),
        ([*[50] * 20, *[200] * 19], []),
        ([*[50] * 20, *[200] * 20, *[300] * 20], [100.0, 300.0]),
        ([*[50] * 20, *[200] * 10, *[300] * 20], [100.0]),
        ([*[50] * 10, *[200] * 10, *[300] * 20], [300.0]),
    ],
)
def test_a_boundary_stands_where_both_classes_have_enough_scans(details, kept):
    scans = [weigh(1.0, detail=float(detail)) for detail in details]
    assert Acceptance.fit(scans, boundaries=[300.0, 100.0], threshold=0.05).boundaries.tolist() == kept


def test_new_scans_of_either_detail_are_refused_as_often_as_the_threshold_says():
    rng = np.random.default_rng(1)

    def draw(n, detail):
        return [weigh(rng.normal(detail / 300, 0.1), rng.uniform(0.2, 0.8, 2), detail=detail) for _ in range(n)]

    judges = [Acceptance.fit([*draw(150, 90), *draw(150, 270)], boundaries=[133], threshold=0.05) for _ in range(30)]
    for detail in (90, 270):
        refused = np.mean([not judge.judge(scan).accepted for judge in judges for scan in draw(100, detail)])
        assert 0.03 < refused < 0.07


def test_landmarks_beyond_an_outline_are_found():
    """A square of 50 pixels on a grid of 100, which has half the file's resolution and begins 10 file pixels in."""
    square = np.zeros((100, 100), dtype=bool)
    square[25:75, 25:75] = True
    frame = Frame.from_linear(np.eye(2) / 2, [-5.0, -5.0])
    mask = HandMask(square, frame, 1.0, 1, (), 100.0)
    in_grid = np.array([[50, 50], [25, 74], [24, 50], [22, 50], [50, 90], [-1, 50], [101, 50]])
    beyond = find_beyond(2.0 * (in_grid + 5), mask)
    assert beyond.tolist() == [False, False, False, True, True, True, True]


def test_nothing_lies_beyond_an_outline_that_was_not_found():
    empty = HandMask(np.zeros((10, 10), dtype=bool), Frame.identity(2), 0.0, 0, (), 0.0)
    for mask in (None, empty):
        assert not find_beyond(np.array([[50.0, 50.0]]), mask).any()


def test_a_threshold_needs_enough_scans():
    with pytest.raises(InvalidInput, match=r"a threshold of 0\.01 needs 100 scans or more, got 99"):
        Acceptance.fit([weigh(1.0)] * 99, threshold=0.01)


def test_it_survives_as_arrays(two_classes):
    arrays = two_classes.to_arrays()
    assert {name: array.shape for name, array in arrays.items()} == {
        "terms": (80, 4),
        "details": (80,),
        "boundaries": (1,),
        "low_scores": (2, 2),
        "threshold": (1,),
    }
    again = Acceptance.from_arrays(arrays, 2)
    assert all(np.array_equal(array, arrays[name]) for name, array in again.to_arrays().items())


def test_scans_of_one_class_need_no_details(hundred):
    arrays = {**hundred.to_arrays(), "details": np.full(100, np.nan)}
    again = Acceptance.from_arrays(arrays, 2)
    for k in (1, 2, 50):
        scan = weigh(k / 100)
        assert again.judge(scan) == hundred.judge(scan)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("terms", np.zeros((0, 4))),
        ("terms", np.zeros((5, 3))),
        ("terms", np.full((80, 4), np.nan)),
        ("details", np.full(80, 100.0)),
        ("details", np.full(80, np.nan)),
        ("details", np.full(5, 100.0)),
        ("boundaries", np.array([0.0])),
        ("boundaries", np.array([np.nan])),
        ("boundaries", np.array([133.0, 200.0])),
        ("boundaries", np.array([133.0, 120.0])),
        ("boundaries", np.array([[133.0]])),
        ("boundaries", np.zeros(0)),
        ("low_scores", np.array([0.1, 0.1])),
        ("low_scores", np.array([[0.1]])),
        ("low_scores", np.array([[0.1, 0.1]])),
        ("low_scores", np.array([[0.1, np.nan], [0.1, 0.1]])),
        ("low_scores", np.array([[0.1, 1.5], [0.1, 0.1]])),
        ("threshold", np.array([0.0])),
        ("threshold", np.array([np.nan])),
        ("threshold", np.zeros(0)),
    ],
)
def test_arrays_that_make_no_sense_are_refused(two_classes, name, array):
    with pytest.raises(InvalidInput, match=r"acceptance|scores"):
        Acceptance.from_arrays({**two_classes.to_arrays(), name: array}, 2)
