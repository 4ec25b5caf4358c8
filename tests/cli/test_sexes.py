import pytest
import typer

from boneage.cli.sexes import choose_sexes


def test_sexes_come_from_a_table_or_are_one_for_all_or_are_not_known(tmp_path):
    table = tmp_path / "sexes.csv"
    table.write_text("id,sex\na,F\n")
    assert choose_sexes(table, None) == {"a": "F"}
    assert choose_sexes(None, "M") == "M"
    assert choose_sexes(None, None) is None
    with pytest.raises(typer.BadParameter, match="not both"):
        choose_sexes(table, "M")
