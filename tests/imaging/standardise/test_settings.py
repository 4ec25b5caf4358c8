import dataclasses
import math

import pytest

from boneage.imaging.plain_data import from_plain_data, to_plain_data
from boneage.imaging.standardise import StandardiseSettings


def test_settings_are_plain_data():
    settings = StandardiseSettings(size=200)
    assert from_plain_data(StandardiseSettings, to_plain_data(settings)) == settings


def test_an_unknown_field_is_named():
    with pytest.raises(ValueError, match="unknown"):
        from_plain_data(StandardiseSettings, {"unknown": 1})


@pytest.mark.parametrize(
    ("step", "field", "value", "wanted"),
    [
        (None, "size", 0, "size must be positive"),
        (None, "reach", -0.1, "reach must be finite and not negative"),
        ("field", "min_length", math.nan, "min_length must be finite and not negative"),
        ("field", "angle_tolerance_rad", 0.0, "angle_tolerance_rad must be positive"),
        ("field", "n_lines", 10**9, "n_lines must be 1 to 1000"),
        ("mask", "n_fits", 0, "n_fits must be 1 to 1000"),
        ("mask", "background_ridge", 0.0, "background_ridge must be positive"),
        ("mask", "black", 98.0, "black and white must be two numbers from 0 to 100 in order"),
        ("mask", "highest_threshold", 0.2, "lowest_threshold and highest_threshold must be two numbers"),
        ("mask", "blank_depth", (0.6, 0.3), "blank_depth must be two parts in order"),
        ("fingers", "max_spread_rad", math.inf, "max_spread_rad must be finite"),
        ("polarity", "white", 101.0, "black and white must be two numbers from 0 to 100 in order"),
        ("polarity", "weights", (1.0, math.nan, 0.0, 0.0, 0.0), "weights must be finite"),
        ("polarity", "max_confidence", 1.0, r"max_confidence must be in \[0.5, 1\)"),
        ("window", "bone", 100.5, "bone must be a percentile"),
        ("findings", "max_noise", -1.0, "max_noise must be finite and not negative"),
    ],
)
def test_values_that_no_picture_can_be_judged_by_are_refused(step, field, value, wanted):
    settings = StandardiseSettings()
    with pytest.raises(ValueError, match=wanted):
        dataclasses.replace(getattr(settings, step) if step else settings, **{field: value})
    data = to_plain_data(settings)
    (data[step] if step else data)[field] = value
    with pytest.raises(ValueError, match=wanted):
        from_plain_data(StandardiseSettings, data)
