from boneage.evaluation.figures.style import COLOURS, new_figure, to_png, to_svg


def test_the_same_figure_gives_the_same_text():
    drawn = []
    for _ in range(2):
        figure, axes = new_figure(3, 2)
        axes.plot([1, 2], [3, 4], color=COLOURS[0])
        drawn.append(to_svg(figure))
    assert drawn[0] == drawn[1]
    assert drawn[0].startswith("<svg")


def test_every_panel_is_bare_of_its_upper_and_right_edge():
    figure, _ = new_figure(4, 2, 1, 3)
    assert len(figure.axes) == 3
    assert not any(axes.spines[side].get_visible() for axes in figure.axes for side in ("top", "right"))


def test_a_figure_is_a_png_file_too():
    figure, _ = new_figure(3, 2)
    assert to_png(figure).startswith(b"\x89PNG")
