import math

from boneage.pipeline.age_text import estimate_text, interval_text
from boneage.regression import AgeEstimate, AgeInterval
from boneage.regression.calibration import missing_interval


def test_an_age_stands_with_its_interval_where_it_has_one():
    interval = AgeInterval(0.0, 11.7, 0.95, 30)
    assert interval_text(interval) == "95 %: 0 y 0 m to 1 y 0 m"
    assert estimate_text(AgeEstimate(6.0, (), (), (), interval=interval)) == "0 y 6 m (95 %: 0 y 0 m to 1 y 0 m)"
    assert estimate_text(AgeEstimate(6.0, (), (), ())) == "0 y 6 m"


def test_where_there_is_no_interval_there_are_no_words():
    assert interval_text(None) == interval_text(missing_interval(0.9, "too few hands")) == ""
    assert math.isnan(missing_interval(0.9, "too few hands").high_months)
