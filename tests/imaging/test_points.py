import numpy as np
import pytest

from boneage.imaging import Frame, Points


def test_absent_landmarks_are_nan_and_known_to_be():
    points = Points(("a", "b"), [[1, 2], [np.nan, np.nan]], [0.5, 0.0], ("", "score too low"))
    assert points.present.tolist() == [True, False]
    assert len(points) == 2
    assert points.ndim == 2


def test_a_landmark_given_with_a_reason_is_doubtful():
    positions = [[1, 2], [3, 4], [np.nan, np.nan]]
    assert Points(("a", "b", "c"), positions, reasons=("", "few votes", "no votes")).doubtful.tolist() == [0, 1, 0]
    assert not Points(("a", "b", "c"), positions).doubtful.any()


def test_select_keeps_scores_and_reasons_with_their_landmark():
    points = Points(("a", "b"), [[1, 2], [3, 4]], [0.1, 0.2], ("x", "y"))
    chosen = points.select(("b", "a"))
    assert chosen.position("b").tolist() == [3, 4]
    assert chosen.scores.tolist() == [0.2, 0.1]
    assert chosen.reasons == ("y", "x")


def test_mapped_moves_positions_only():
    points = Points(("a",), [[1, 2]], [0.7])
    moved = points.mapped(Frame.from_linear(np.eye(2), [10, 20]))
    assert moved.positions.tolist() == [[11, 22]]
    assert moved.scores.tolist() == [0.7]
    assert points.positions.tolist() == [[1, 2]]


def test_positions_cannot_be_changed():
    points = Points(("a",), [[1.0, 2.0]])
    with pytest.raises(ValueError, match="read-only"):
        points.positions[0, 0] = 9


@pytest.mark.parametrize(
    ("names", "positions", "reason"),
    [
        (("a", "a"), [[1, 2], [3, 4]], "unique"),
        (("a",), [[1, 2], [3, 4]], "shape"),
        (("a",), [[1, np.nan]], "NaN in all"),
        (("a",), [[1, np.inf]], "finite"),
    ],
)
def test_refuses_malformed_landmarks(names, positions, reason):
    with pytest.raises(ValueError, match=reason):
        Points(names, positions)


def test_unknown_names_are_named():
    points = Points(("a",), [[1.0, 2.0]])
    with pytest.raises(KeyError, match="'b'"):
        points.position("b")
    with pytest.raises(KeyError, match="no landmark named b"):
        points.select(["b"])
