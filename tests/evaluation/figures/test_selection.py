from boneage.evaluation.figures.selection import plot_learning_curves
from boneage.evaluation.figures.style import to_svg


def test_each_strategy_has_a_line_of_its_own():
    errors = {f"strategy {k}": [3.0 - k / 10, 2.0, 1.5] for k in range(11)}
    figure = plot_learning_curves([5, 10, 20], errors, "mm")
    lines = figure.axes[0].get_lines()
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 11
    svg = to_svg(figure)
    assert "annotated hands" in svg
    assert "strategy 10" in svg
