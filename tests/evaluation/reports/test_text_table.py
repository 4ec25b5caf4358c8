from boneage.evaluation.reports.text_table import draw_table


def test_columns_line_up():
    lines = draw_table(["name", "n"], [["a", "100"], ["longer", "7"]]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert lines[1].endswith("100")
    assert lines[2].startswith("longer")


def test_no_rows_leave_the_header():
    assert draw_table(["a", "b"], []) == "a  b"
