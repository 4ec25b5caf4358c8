import dataclasses

import numpy as np
import pytest

from boneage.imaging.phantoms.tissues import draw_tissues


def draw_many(maturity):
    rng = np.random.default_rng(0)
    return [draw_tissues(rng, maturity) for _ in range(50)]


def test_signals_vary_by_an_eighth_at_most_and_keep_their_order():
    for tissues in draw_many(150.0):
        assert 0.88 * 900 <= tissues.fat <= 1.12 * 900
        assert 0.88 * 60 <= tissues.cortex <= 1.12 * 60
        assert tissues.cortex < tissues.tendon < tissues.capsule < tissues.fat
        assert tissues.physis < tissues.yellow_marrow


def test_red_marrow_of_the_metaphysis_turns_yellow():
    ratios = [np.mean([t.metaphysis / t.yellow_marrow for t in draw_many(months)]) for months in (96.0, 150.0, 240.0)]
    assert ratios == sorted(ratios)
    assert ratios[-1] == pytest.approx(0.93)


def test_values_are_the_fields_in_their_order():
    tissues = draw_many(120.0)[0]
    assert tissues.values().tolist() == list(dataclasses.asdict(tissues).values())
    assert tissues.values().shape == (12,)
