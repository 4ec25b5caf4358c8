import math

import pytest

from boneage.evaluation import constant_by_sex, summarise_ages


def test_figures_of_a_known_list():
    summary = summarise_ages([100, 110, 130, 80], [106, 110, 118, 110])
    assert summary["mad"] == 12.0
    assert summary["bias"] == -6.0
    assert summary["rmse"] == pytest.approx(math.sqrt((36 + 0 + 144 + 900) / 4))
    assert (summary["within_6"], summary["within_12"], summary["within_24"]) == (0.5, 0.75, 0.75)
    low, high = summary["mad_interval_95"]
    assert low <= 12 <= high


@pytest.mark.parametrize(("predicted", "truth"), [([], []), ([1.0], [1.0, 2.0]), ([math.nan], [1.0])])
def test_nothing_to_compare_is_an_error(predicted, truth):
    with pytest.raises(ValueError, match=r"at least one|finite"):
        summarise_ages(predicted, truth)


def test_the_constant_is_the_median_of_the_sex_and_never_sees_the_test():
    constants = constant_by_sex([10, 20, 90, 100, 120], ["F", "F", "M", "M", "M"], ["M", "F", None])
    assert constants.tolist() == [100, 15, 90]
    assert constant_by_sex([10, 20], ["F", "F"], ["M"]).tolist() == [15]
    with pytest.raises(ValueError, match="at least one"):
        constant_by_sex([], [], ["M"])
