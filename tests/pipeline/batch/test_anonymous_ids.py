import zipfile
from pathlib import Path

import pytest

from boneage.imaging import InvalidTable
from boneage.pipeline.batch.anonymous_ids import anonymise_tasks, hide_names, name_key
from boneage.pipeline.batch.tasks import FileTask, make_tasks


def tasks_of(*names):
    return make_tasks([Path("in") / name for name in names], sexes="F", sizes={}, base=Path("in"))


def test_files_keep_their_numbers_and_new_ones_get_the_next(tmp_path):
    key = tmp_path / "key.csv"
    first = anonymise_tasks(tasks_of("Doe, Jane.png", "b.png"), key)
    assert [(task.id, task.name, task.path.name) for task in first] == [
        ("000001", "000001", "Doe, Jane.png"),
        ("000002", "000002", "b.png"),
    ]
    second = anonymise_tasks(tasks_of("a.png", "b.png"), key)
    assert [task.id for task in second] == ["000003", "000002"]
    assert key.read_text().splitlines() == ["id,file", '000001,"Doe, Jane.png"', "000002,b.png", "000003,a.png"]


def test_a_name_that_is_no_unicode_keeps_its_number_too(tmp_path):
    for _ in range(2):
        (task,) = anonymise_tasks(tasks_of("\udcff.png"), tmp_path / "key.csv")
        assert task.id == "000001"


def test_what_tables_say_of_files_names_none(tmp_path):
    torn = FileTask("Doe", Path("in/Doe.png"), fault="the row 'Doe' fits in/Doe.png and in/b/Doe.png", no_row="for Doe")
    (task,) = anonymise_tasks([torn], tmp_path / "key.csv")
    assert "predict --check" in task.fault
    assert "Doe" not in task.fault + task.no_row


def test_messages_name_neither_the_file_nor_its_slices(tmp_path):
    (tmp_path / "Doe").mkdir()
    for name in ("Jane.dcm", "2", "4711"):
        (tmp_path / "Doe" / name).touch()
    task = FileTask("000007", tmp_path / "Doe", name="000007")
    told = "two slices lie at the same place (slice Jane.dcm and slice 4711), 2 mm apart"
    assert hide_names(told, task) == "two slices lie at the same place (slice \u2026 and slice \u2026), 2 mm apart"
    assert hide_names(f"FileNotFoundError({str(task.path)!r})", task) == "FileNotFoundError('000007')"


def test_messages_name_neither_a_zip_nor_what_is_in_it(tmp_path):
    archive = tmp_path / "Doe clinic.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("Jane/1.png", "")
    in_it = FileTask("000007", archive / "Jane" / "1.png", name="000007")
    assert hide_names(f"{archive} has no Jane/1.png, Jane\\1.png", in_it) == "000007 has no 000007, 000007\\000007"
    whole = FileTask("000007", archive, name="000007")
    assert hide_names("Doe clinic.zip unpacks to more at Jane/1.png", whole) == "000007 unpacks to more at \u2026"


def test_the_key_lies_beside_the_folder_of_results(tmp_path, monkeypatch):
    assert name_key(tmp_path / "out") == tmp_path / "out-key.csv"
    monkeypatch.chdir(tmp_path)
    assert name_key(Path()) == tmp_path.with_name(f"{tmp_path.name}-key.csv")


@pytest.mark.parametrize("text", ["id,sex\n1,F\n", "id,file\nDoe,a.png\n"])
def test_another_table_in_the_keys_place_is_kept(tmp_path, text):
    (tmp_path / "key.csv").write_text(text)
    with pytest.raises(InvalidTable):
        anonymise_tasks(tasks_of("a.png"), tmp_path / "key.csv")
    assert (tmp_path / "key.csv").read_text() == text
