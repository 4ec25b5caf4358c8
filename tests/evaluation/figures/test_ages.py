from xml.etree import ElementTree

import numpy as np
import pytest

from boneage.evaluation.figures import draw_age_boxes, draw_agreement, draw_cumulative_ages, draw_mads, draw_predicted
from boneage.evaluation.metrics import AgeErrors, group_ages


def make_ages(n=60, bias=3.0, sexes=("F", "M")):
    rng = np.random.default_rng(n)
    truth = rng.uniform(12, 220, n)
    ids = tuple(str(k) for k in range(n))
    return AgeErrors(ids, truth + rng.normal(bias, 9, n), truth, tuple(sexes[k % len(sexes)] for k in range(n)))


def words(svg):
    assert svg.startswith("<svg")
    return [e.text for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text") and e.text]


def test_axes_have_units_and_sexes_are_counted():
    for draw in (draw_predicted, draw_agreement):
        assert {"girls (30)", "boys (30)"} <= set(words(draw(make_ages())))
    assert "true bone age (years)" in words(draw_predicted(make_ages()))
    assert "predicted - true (months)" in words(draw_agreement(make_ages()))


def test_agreement_tells_its_lines():
    ages = make_ages(bias=5)
    texts = words(draw_agreement(ages))
    sd = ages.errors.std(ddof=1)
    for value in (ages.errors.mean(), ages.errors.mean() - 1.96 * sd, ages.errors.mean() + 1.96 * sd):
        assert f"{value:+.1f}" in texts


def test_boxes_are_drawn_for_the_bands_there_are():
    ages = make_ages(4).of_hands([0, 1])
    texts = words(draw_age_boxes(ages))
    assert sum("(1 hands)" in word or "(2 hands)" in word for word in texts) in (1, 2)
    assert "predicted - true (months)" in texts
    assert "sex not known" in words(draw_age_boxes(make_ages(sexes=(None,))))


def test_variants_are_named_and_one_alone_is_not():
    texts = words(draw_cumulative_ages({"ours": make_ages(), "theirs": make_ages(50)}))
    assert {"ours", "theirs", "absolute error (months)", "hands within it"} <= set(texts)
    assert "ours" not in words(draw_cumulative_ages({"ours": make_ages()}))


def test_groups_are_named_with_their_hands_and_small_ones_are_hollow():
    ages = make_ages(5, sexes=("M",))
    svg = draw_mads({"variant": {"whole": make_ages(), "few": ages}, **group_ages(ages)})
    assert {"whole (60 hands)", "few (5 hands)", "boys (5 hands)"} <= set(words(svg))
    assert "fill: #ffffff" in svg


@pytest.mark.parametrize("draw", [draw_predicted, draw_agreement, draw_age_boxes])
def test_one_hand_and_thousands_are_drawn_and_the_same_every_time(draw):
    for n in (1, 3100):
        ages = make_ages(n)
        assert draw(ages) == draw(ages)
        assert len(draw(ages)) < 700_000
