import numpy as np
import pytest

from boneage.evaluation.benchmarks.speed.scaling import (
    Size,
    choose_landmarks,
    draw_hands,
    fit_exponent,
    fit_line,
    measure_at,
    run_scaling,
)
from boneage.imaging import Points

TINY = Size(images=3, landmarks=3, height=300)


def test_hands_have_the_size_asked_for_and_landmarks_stay_with_the_picture():
    size = Size(landmarks=40, height=900)
    scans, points = draw_hands(size, 2, seed=0)
    smaller, there = draw_hands(Size(landmarks=40, height=450), 2, seed=0)
    assert scans[0].pixels.shape == (900, 700)
    assert scans[0].phantom
    assert size.megapixels == pytest.approx(0.63)
    np.testing.assert_allclose(points[0].positions, 2 * there[0].positions + 0.5)
    assert smaller[1].pixels.shape == (450, 350)


@pytest.mark.parametrize("count", [2, 5, 9])
def test_landmarks_are_chosen_or_added_between_others_the_same_way_in_every_hand(count):
    square = Points(tuple("abcde"), [[0, 0], [0, 8], [8, 0], [8, 8], [4, 4]])
    chosen, shifted = (choose_landmarks(p, count) for p in (square, Points(square.names, square.positions + 10)))
    assert len(chosen) == len(set(chosen.names)) == count
    assert (chosen.positions >= 0).all()
    assert (chosen.positions <= 8).all()
    np.testing.assert_allclose(shifted.positions, chosen.positions + 10)


def test_lines_and_exponents():
    assert fit_exponent([10, 20, 40], [4, 16, 64]) == pytest.approx(2.0)
    assert fit_line([1, 2, 3], [12, 14, 16]) == pytest.approx((10.0, 2.0))


def test_a_cost_is_measured():
    cost = measure_at("paper", TINY, 0, 1)
    assert cost.size == TINY
    assert min(cost.training_s, cost.training_cpu_s, cost.locating_ms) > 0
    assert cost.peak_mb >= cost.before_mb > 20


def test_every_size_of_a_sweep_is_measured_in_turn(monkeypatch):
    monkeypatch.setattr(
        "boneage.evaluation.benchmarks.speed.scaling.run_apart", lambda _cache, _jobs, _task, *arguments: arguments
    )
    steps = []
    costs = run_scaling(
        "fast", {"images": (5, 7), "height": (300,)}, seed=4, jobs=1, report=lambda *step: steps.append(step)
    )
    assert costs == {
        "images": [("fast", Size(images=5), 4, 1), ("fast", Size(images=7), 4, 1)],
        "height": [("fast", Size(height=300), 4, 1)],
    }
    assert steps[-1] == ("fast: height", 1.0)
