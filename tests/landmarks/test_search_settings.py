import dataclasses
import json
import math

import pytest

from boneage.imaging.plain_data import from_plain_data
from boneage.landmarks.search_settings import CandidateSettings, PriorSettings, SearchSettings, SearchStep


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("scales", (), "at least one"),
        ("scales", (1.0, 0.0), "positive"),
        ("rotations_rad", (), "at least one"),
        ("rolls_rad", (), "at least one"),
        ("n_kept", 0, "at least 1"),
        ("unless", -0.1, "not negative"),
        ("unless", math.nan, "not negative"),
        ("unless_ratio", -0.1, "not negative"),
        ("stretch", 0.0, "positive"),
        ("place", "anywhere", "one of usual, windows, nearby, alike"),
    ],
)
def test_a_step_is_checked(field, value, wanted):
    with pytest.raises(ValueError, match=f"{field} must be {wanted}, got"):
        SearchStep(**{field: value})


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("steps", (), "some, the first of them usual"),
        ("steps", (SearchStep("windows"),), "some, the first of them usual"),
        ("n_hypotheses", 0, "at least 1"),
        ("max_proposals", 0, "at least 1"),
        ("coarsening", 0, "at least 1"),
        ("n_trials", 0, "at least 1"),
        ("n_refits", 0, "at least 1"),
        ("max_windows", 0, "at least 1"),
        ("n_landmarks", 1, "at least 2"),
        ("tolerance", 0.0, "positive"),
        ("tolerance", math.nan, "positive"),
        ("window_step", 0.0, "positive"),
        ("window_inside", -0.1, "positive"),
        ("window_noise", 0.0, "positive"),
        ("lowest_score", -0.1, "not negative"),
        ("lowest_moved", -0.1, "not negative"),
        ("max_resize", 1.0, "above 1"),
    ],
)
def test_a_search_is_checked(field, value, wanted):
    with pytest.raises(ValueError, match=f"{field} must be {wanted}, got"):
        SearchSettings(**{field: value})


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("n_peaks", 0, "at least 1"),
        ("max_new_starts", 0, "at least 1"),
        ("max_local_resize", 1.0, "above 1"),
    ],
)
def test_candidates_are_checked(field, value, wanted):
    with pytest.raises(ValueError, match=f"{field} must be {wanted}, got"):
        CandidateSettings(**{field: value})


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("n_nearest", 0, "at least 1"),
        ("n_anchor_sets", 0, "at least 1"),
        ("n_partners", 0, "at least 1"),
        ("n_iterations", 0, "at least 1"),
        ("min_landmarks", 0, "at least 1"),
        ("min_deviation", 0.0, "positive"),
        ("max_cost", -1.0, "positive"),
        ("min_height", 0.0, "positive"),
        ("rotation_tolerance", 0.0, "positive"),
        ("damping", 1.0, r"in \[0, 1\)"),
        ("damping", -0.1, r"in \[0, 1\)"),
        ("crowding_ratio", 1.1, r"in \[0, 1\]"),
        ("crowding_ratio", -0.1, r"in \[0, 1\]"),
    ],
)
def test_a_prior_is_checked(field, value, wanted):
    with pytest.raises(ValueError, match=f"{field} must be {wanted}, got"):
        PriorSettings(**{field: value})


@pytest.mark.parametrize(
    "settings",
    [
        SearchSettings((SearchStep(), SearchStep("windows", (1.0, 0.5), mirrored=True)), n_hypotheses=2),
        CandidateSettings(n_peaks=2, max_new_starts=1),
        PriorSettings(crowding_ratio=0.0, damping=0.0),
    ],
)
def test_settings_come_back_from_json_as_they_went(settings):
    assert from_plain_data(type(settings), json.loads(json.dumps(dataclasses.asdict(settings)))) == settings
