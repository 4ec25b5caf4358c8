from boneage.evaluation.figures.means import MeanLine, draw_means
from boneage.evaluation.figures.style import new_figure, to_svg


def test_lines_lie_below_each_other_with_a_gap_between_blocks():
    figure, axes = new_figure(4, 3)
    one, two, three = (MeanLine(name, mean, (mean - 1, mean + 2), mean - 0.5, few) for name, mean, few in
                       (("many (30)", 4.0, False), ("few (4)", 5.0, True), ("others (12)", 6.0, False)))  # fmt: skip
    assert draw_means(axes, [[one, two], [three]], "MAD") == 2.6
    assert axes.get_yticks().tolist() == [0, 1, 2.6]
    intervals, means, medians = axes.lines[0::3], axes.lines[1::3], axes.lines[2::3]
    assert [tuple(line.get_xdata()) for line in intervals] == [(3, 6), (4, 7), (5, 8)]
    assert [float(line.get_xdata()[0]) for line in means] == [4, 5, 6]
    assert [float(line.get_xdata()[0]) for line in medians] == [3.5, 4.5, 5.5]
    assert [line.get_markerfacecolor() == "white" for line in means] == [False, True, False]
    svg = to_svg(figure)
    assert "MAD, 95 % interval" in svg
    assert svg.count("many (30)") == 1
