from pathlib import Path

from boneage.pipeline.batch.tasks import FileTask, find_base, make_tasks


def test_names_are_relative_to_the_folder_that_has_all_files(tmp_path):
    for name in ("A/1.png", "A/deep/2.png", "B/1.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    inside = [tmp_path / "A" / "1.png", tmp_path / "A" / "deep" / "2.png"]
    both = [*inside, tmp_path / "B" / "1.png"]
    assert [task.name for task in make_tasks(inside, sexes=None, sizes={})] == ["1.png", "deep/2.png"]
    assert [task.name for task in make_tasks(both, sexes=None, sizes={})] == ["A/1.png", "A/deep/2.png", "B/1.png"]
    based = make_tasks(inside[1:], sexes=None, sizes={}, base=tmp_path / "A")
    assert [task.name for task in based] == ["deep/2.png"]
    twice = make_tasks([inside[0], inside[0]], sexes=None, sizes={})
    assert [task.name for task in twice] == ["1.png", "1.png~2"]
    assert find_base([tmp_path / "A"]) == tmp_path / "A"
    assert find_base([tmp_path / "A", tmp_path / "B" / "1.png"]) == tmp_path


def test_ages_are_found_by_id_and_are_part_of_what_an_answer_depends_on():
    paths = [Path("a/1.png"), Path("a/2.png")]
    young, unknown = make_tasks(paths, sexes="F", sizes={}, chronological_ages={"1": 120.0})
    assert (young.chronological_months, unknown.chronological_months) == (120.0, None)
    (older, _) = make_tasks(paths, sexes="F", sizes={}, chronological_ages={"1": 130.0})
    assert older.given != young.given
    (torn, _) = make_tasks([Path("a/1.png"), Path("b/1.png")], sexes="F", sizes={}, chronological_ages={"1": 120.0})
    assert "the row '1' of the table of ages fits this file and" in torn.fault


def test_a_file_without_a_name_is_called_by_its_path():
    assert FileTask("1", Path("a/1.png")).name == "a/1.png"
