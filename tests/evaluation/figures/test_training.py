from boneage.evaluation.figures.training import plot_training


def test_losses_alone_have_one_panel_and_errors_a_second():
    (axes,) = plot_training([0.5, 0.3, 0.2], [64, 64, 64]).axes
    assert axes.get_lines()[0].get_ydata().tolist() == [0.5, 0.3, 0.2]
    assert axes.get_xlabel() == "pass over the hands"
    _, errors = plot_training([0.5, 0.3, 0.2], [64, 64, 96], [20.0, None, 9.0]).axes
    assert errors.get_lines()[0].get_xdata().tolist() == [1, 3]
    assert [text.get_text() for text in errors.texts] == ["9.0"]


def test_a_change_of_the_side_is_marked():
    (axes,) = plot_training([0.5, 0.3, 0.2], [64, 64, 96]).axes
    assert [line.get_xdata()[0] for line in axes.get_lines()[1:]] == [2.5]
    assert [text.get_text() for text in axes.texts] == ["64 px", "96 px"]
