import math

import pytest

from boneage.imaging import InvalidTable, Points, read_scores, with_scores


def test_scores_are_read_by_id_and_landmark_and_given_to_points(tmp_path):
    (tmp_path / "s.csv").write_text('id,landmark,score,reason\n"a,b",ulna,0.25,\n"a,b",radius,,outside\nü 2,ulna,1,\n')
    scores = read_scores(tmp_path / "s.csv")
    assert scores["a,b"]["ulna"] == 0.25
    assert math.isnan(scores["a,b"]["radius"])
    assert scores["ü 2"] == {"ulna": 1.0}
    points = with_scores(Points(("radius", "ulna", "new"), [[0, 0], [1, 1], [2, 2]]), scores["a,b"])
    assert points.scores[1] == 0.25
    assert [math.isnan(score) for score in points.scores] == [True, False, True]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id,landmark\n1,a\n", "lacks the column 'score'"),
        ("id,landmark,score\n1,a,high\n", "line 2: score must be a number, got 'high'"),
        ("", "is empty"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path, text, reason):
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(InvalidTable, match=reason):
        read_scores(tmp_path / "s.csv")
