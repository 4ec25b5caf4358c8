from xml.etree import ElementTree

from boneage.evaluation.figures import draw_costs, draw_scaling


def words(svg):
    return {e.text for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text") and e.text}


def test_every_engine_is_named_and_axes_have_units():
    texts = words(draw_costs({"fast": (8.0, 30.0, 1.5), "sklearn": (90.0, 400.0, 1.2)}, "mm"))
    assert {"fast", "sklearn", "training (s)", "mean error (mm)"} <= texts


def test_scaling_has_a_panel_a_cost_with_its_slope():
    costs = {"training (s)": [1.0, 2.0, 4.0], "memory (MB)": [100.0, 110.0, 130.0]}
    texts = words(draw_scaling("images", [10, 20, 40], costs, {"training (s)": 1.0, "memory (MB)": 0.19}))
    assert {"images", "training (s)", "memory (MB)", "measured, slope 1.00", "measured, slope 0.19", "40"} <= texts
