import math

from boneage.evaluation.figures import Panel, plot_stress
from boneage.evaluation.figures.style import to_png, to_svg


def test_every_change_is_a_row_and_every_measure_a_panel():
    changes = [f"change {k}" for k in range(5)]
    panels = [
        Panel("hands (%)", {"refused": [0, 10, 20, 30, 100.0], "flagged": [0, 0, 5, 5, 0.0]}, bars=True),
        Panel("error", {"median": [1, 2, math.nan, 3, 4.0], "worst": [5, math.inf, math.nan, 8, 90.0]}),
    ]
    figure = plot_stress(changes, panels)
    svg = to_svg(figure)
    assert all(word in svg for word in (*changes, "hands (%)", "error", "refused", "worst"))
    assert to_png(figure).startswith(b"\x89PNG")


def test_nothing_measured_is_an_empty_panel():
    figure = plot_stress(["unchanged"], [Panel("error", {"median": [math.nan]})])
    assert len(figure.axes) == 1
