import dataclasses

import numpy as np
import pytest

from boneage.imaging import Frame
from boneage.imaging.errors import InvalidInput
from boneage.imaging.standardise import HandMask
from boneage.landmarks import Acceptance, Evidence
from boneage.landmarks.acceptance import TERMS, find_beyond

NO_ONE = np.zeros(2, dtype=bool)


def weigh(pose_score, scores=(0.5, 0.5), misfit=1.0, beyond=NO_ONE):
    return Evidence.weigh(pose_score, np.array(scores), misfit, np.asarray(beyond))


@pytest.fixture(scope="module")
def hundred():
    """Ninety-nine scans that differ in their pose scores alone: 0.02, 0.03, ... 1; a hundredth part is refused."""
    evidence = [weigh(k / 100, scores=(k / 1000, 0.5)) for k in range(2, 101)]
    constant = [
        dataclasses.replace(e, terms=np.where(np.arange(4) == 0, e.terms, evidence[50].terms)) for e in evidence
    ]
    return Acceptance.fit([*constant, constant[-1]], threshold=0.05, low_share=0.1)


def test_evidence_has_the_terms_in_their_order():
    evidence = Evidence.weigh(0.9, np.array([0.5, 0.0]), 1.5, np.array([True, False]))
    assert TERMS == ("pose", "scores", "offsets", "outline")
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
    assert hundred.low_scores[0] == pytest.approx(0.0119, abs=1e-3)
    low = weigh(1.0, scores=(0.001, 0.5), beyond=[True, True])
    assert hundred.find_unsupported(low).tolist() == [True, False]
    assert not hundred.find_unsupported(dataclasses.replace(low, beyond=NO_ONE)).any()


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


def test_it_survives_as_arrays(hundred):
    again = Acceptance.from_arrays(hundred.to_arrays(), 2)
    assert np.array_equal(again.terms, hundred.terms)
    assert np.array_equal(again.low_scores, hundred.low_scores)
    assert again.threshold == hundred.threshold


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("terms", np.zeros((0, 4))),
        ("terms", np.zeros((5, 3))),
        ("terms", np.full((5, 4), np.nan)),
        ("low_scores", np.array([0.1])),
        ("low_scores", np.array([0.1, np.nan])),
        ("low_scores", np.array([0.1, 1.5])),
        ("threshold", np.array([0.0])),
        ("threshold", np.array([np.nan])),
        ("threshold", np.zeros(0)),
    ],
)
def test_arrays_that_make_no_sense_are_refused(hundred, name, array):
    with pytest.raises(InvalidInput, match=r"acceptance|scores"):
        Acceptance.from_arrays({**hundred.to_arrays(), name: array}, 2)
