from boneage.pipeline.pages.growth_chart import draw_growth_chart
from boneage.regression import AgeEstimate
from boneage.regression.calibration import AgeInterval


def test_a_hand_of_ten_lies_in_the_middle_and_inside_its_interval():
    interval = AgeInterval(108.0, 132.0, 0.9, 143)
    chart = draw_growth_chart(AgeEstimate(120.0, ("hand",), (120.0,), (1.0,), interval=interval), 120.0, "F")
    assert (chart.x, chart.y) == ((chart.left + chart.right) / 2, (chart.top + chart.bottom) / 2)
    (x0, low), (x1, high) = (map(float, place.split(",")) for place in chart.interval.split())
    assert x0 == x1 == chart.x
    assert high < chart.y < low  # up is older
    assert len(chart.band.split()) == 2 * len(chart.mean.split()) == 46


def test_what_lies_outside_is_drawn_at_the_edge():
    chart = draw_growth_chart(AgeEstimate(250.0, ("hand",), (250.0,), (1.0,)), 60.0, "M")
    assert (chart.y, chart.interval) == (chart.top, "")
