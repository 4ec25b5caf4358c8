import zipfile

import numpy as np

from boneage.imaging.listing import list_zip
from boneage.pipeline.batch.tasks import find_base, make_tasks
from boneage.pipeline.data import find_files
from tests.imaging.dicom.test_directory import HAND, write_disc
from tests.imaging.dicom_files import write_series
from tests.pipeline.batch.stub import Stub, draw, run_stub


def pack_folder(folder, path):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*"), reverse=True):
            archive.write(file, file.relative_to(folder))
    return path


def test_a_zip_of_many_files_gives_what_its_folder_gives(tmp_path):
    for name in ("10.png", "9.png", "a/1.png", "a/9.png", ".hidden.png", "__MACOSX/._9.png"):
        draw(tmp_path / "in" / name)
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    (tmp_path / "in" / "ages.csv").write_text("id,boneage,male")
    (tmp_path / "packed").mkdir()
    archive = pack_folder(tmp_path / "in", tmp_path / "packed" / "in")
    tables = []
    (tmp_path / "in" / "__MACOSX" / "._9.png").unlink()
    (tmp_path / "in" / "__MACOSX").rmdir()
    for place, out in ((tmp_path / "in", "1"), (archive, "2")):
        files = find_files([place], recursive=True)
        run_stub(files.paths, tmp_path / out, base=files.base, jobs=2)
        tables.append((tmp_path / out / "widths.csv").read_bytes())
    assert tables[0] == tables[1]
    assert b"9.png,a/9.png" in tables[0]


def test_only_what_changed_in_a_zip_is_read_again(tmp_path, monkeypatch):
    seen, process = [], Stub.process
    monkeypatch.setattr(Stub, "process", lambda self, task, scan: seen.append(task.id) or process(self, task, scan))
    for k in (1, 2):
        draw(tmp_path / "in" / f"{k}.png", 20 + k)
    archive = pack_folder(tmp_path / "in", tmp_path / "hands.zip")
    run_stub(find_files([archive]).paths, tmp_path / "out")
    draw(tmp_path / "in" / "2.png", 40)
    pack_folder(tmp_path / "in", archive)
    results = run_stub(find_files([archive]).paths, tmp_path / "out")
    assert [result.width for result in results] == [21, 40]
    assert seen == ["1", "2", "2"]
    archive.unlink()
    assert [result.status for result in run_stub(list_paths(archive), tmp_path / "out")] == ["refused", "refused"]


def list_paths(archive):
    return [archive / "1.png", archive / "2.png"]


def test_a_zip_of_slices_is_one_file_and_a_zip_beside_others_has_its_folder(tmp_path):
    write_series(tmp_path / "slices", np.arange(4 * 400).reshape(4, 20, 20))
    archive = pack_folder(tmp_path / "slices", tmp_path / "slices.zip")
    assert find_files([archive]).paths == (archive,)
    draw(tmp_path / "in" / "1.png")
    hands = pack_folder(tmp_path / "in", tmp_path / "hands.zip")
    assert find_base([hands]) == hands
    files = find_files([hands, tmp_path / "in"])
    assert files.paths == (*list_zip(hands).scans, tmp_path / "in" / "1.png")
    tasks = make_tasks(files.paths, sexes=None, sizes={}, base=files.base)
    assert [task.name for task in tasks] == ["hands.zip/1.png", "in/1.png"]


def test_the_row_of_a_disc_says_which_image_of_the_study_it_is(tmp_path):
    directory = write_disc(tmp_path / "disc", [[(30, HAND), (40, {})]])
    files = find_files([directory])
    (result,) = run_stub(files.paths, tmp_path / "out", base=files.base, notes=files.notes)
    assert result.width == 30
    assert result.reason == "1 of 2 images of its study, chosen for its header: body part HAND, 20 x 30 pixels"
