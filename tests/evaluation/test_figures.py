from boneage.evaluation.figures import new_figure, to_svg


def test_the_same_figure_is_the_same_file_and_its_words_are_text():
    def draw():
        figure, axes = new_figure(2, 2)
        axes.set_xlabel("error (mm)")
        return to_svg(figure)

    assert draw() == draw()
    assert draw().startswith("<svg")
    assert ">error (mm)</text>" in draw()
