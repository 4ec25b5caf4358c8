import numpy as np

from boneage.pipeline.batch.checking import check_files
from boneage.pipeline.batch.tasks import make_tasks
from tests.imaging.dicom_files import write_dicom
from tests.pipeline.batch.stub import draw


def test_what_will_be_read_and_refused_is_told_from_headers_and_tables(tmp_path):
    paths = [draw(tmp_path / "1.png"), draw(tmp_path / "2.png"), tmp_path / "3.dcm", tmp_path / "4.txt"]
    write_dicom(paths[2], np.arange(1600).reshape(40, 40), PatientSex="M")
    paths[3].write_text("no image")
    sexes = {"1": "F", "12": "M", "13": "M"}
    tasks = make_tasks(paths, sexes=sexes, sizes={})
    check = check_files(tasks, sexes=sexes, sizes={}, needs_sex=True)
    assert check.lines() == [
        "4 files: 2 picture, 1 DICOM, 1 no image",
        "sex: 1 given, 1 in the file, 2 not known",
        "2 ids of the table of sexes fit no file: 12, 13",
        "2 will be refused",
        "2.png: the sex is not known, and the model needs it",
        "4.txt: is not an image",
    ]
    free = check_files(tasks, sexes=sexes, sizes={}, needs_sex=False)
    assert free.refusals == {"4.txt": "is not an image"}
