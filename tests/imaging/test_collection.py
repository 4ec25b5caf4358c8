import numpy as np
import pytest
from PIL import Image

from boneage.imaging import (
    AgeRecord,
    Collection,
    InvalidTable,
    NoScans,
    UnreadableScan,
    find_scans,
    fold_ids,
    read_landmarks,
    split_ids,
)
from tests.imaging.dicom_files import write_dicom, write_enhanced, write_series
from tests.imaging.volume_files import ramp, write_itk


@pytest.fixture
def folder(tmp_path):
    """Images 2, 10 and 1, 20 x 30 pixels, beside a table, an annotation, a hidden file and a subfolder."""
    images = tmp_path / "images"
    (images / "sub").mkdir(parents=True)
    for name in ("2", "10", "1"):
        ramp = np.arange(600, dtype=np.uint8).reshape(20, 30)
        Image.fromarray(ramp).save(images / f"{name}.png")
    (images / "table.csv").write_text("id\n")
    (images / "1.xml").write_text("<annotation/>")
    (images / ".hidden").write_text("")
    return images


def landmarks(tmp_path, text):
    path = tmp_path / "landmarks.csv"
    path.write_text(text)
    return read_landmarks(path)


def test_files_sort_by_number_and_tables_are_passed_over(folder):
    assert [path.name for path in find_scans(folder)] == ["1.png", "2.png", "10.png"]


def test_what_is_a_volume_is_listed_once(tmp_path):
    write_itk(tmp_path / "a.mhd", ramp())
    write_itk(tmp_path / "b.nhdr", ramp())
    write_itk(tmp_path / "c.nii.gz", ramp())
    write_series(tmp_path / "d.1", ramp())
    write_enhanced(tmp_path / "e.dcm", ramp(), range(18))
    write_dicom(tmp_path / "f.dcm", ramp()[0])
    (tmp_path / "films").mkdir()
    write_dicom(tmp_path / "films" / "1.dcm", ramp()[0])
    (tmp_path / "empty").mkdir()
    assert [path.name for path in find_scans(tmp_path)] == [
        "a.mhd",
        "b.nhdr",
        "c.nii.gz",
        "d.1",
        "e.dcm",
        "f.dcm",
        "films",
    ]
    collection = Collection.from_folders([tmp_path])
    assert collection.ids == ("a", "b", "c", "d.1", "e", "f", "films")
    assert [collection.scan(id_).ndim for id_ in collection.ids] == [3, 3, 3, 3, 3, 2, 2]
    assert all(collection.scan(id_).source == id_ for id_ in collection.ids)


def test_an_empty_or_missing_folder_says_what_was_looked_for(tmp_path):
    with pytest.raises(NoScans, match="looked for PNG"):
        find_scans(tmp_path)
    with pytest.raises(NoScans, match="no such folder"):
        find_scans(tmp_path / "nowhere")


def test_what_does_not_join_is_reported(folder):
    collection = Collection.from_folders([folder], ages={"1": AgeRecord(12, "F"), "99": AgeRecord(13, "M")})
    assert collection.rows_without_image == ("99",)
    assert collection.images_without_row == ("2", "10")
    assert collection.age("1").boneage_months == 12
    assert collection.age("2") is None


def test_sizes_make_resized_copies(folder, tmp_path):
    table = landmarks(tmp_path, "id,width,height,a_x,a_y\n1,60,80,59,79\n")
    collection = Collection.from_folders([folder], landmarks=table)
    assert collection.scan("1").spacing == (4.0, 2.0)
    assert collection.points("1").position("a").tolist() == [79, 59]
    assert collection.points("2") is None


def test_annotated_images_are_known_without_reading_them(folder, tmp_path):
    (folder / "2.png").write_bytes(b"broken")
    collection = Collection.from_folders([folder], landmarks=landmarks(tmp_path, "id,a_x,a_y\n10,1,1\n2,1,1\n77,1,1\n"))
    assert collection.annotated_ids == ("2", "10")
    assert Collection.from_folders([folder]).annotated_ids == ()


def test_landmarks_outside_the_image_are_refused(folder, tmp_path):
    table = landmarks(tmp_path, "id,a_x,a_y\n1,31,5\n")
    with pytest.raises(InvalidTable, match="a lies outside the image") as caught:
        Collection.from_folders([folder], landmarks=table).points("1")
    assert caught.value.path == table.path


@pytest.fixture
def twins(tmp_path):
    """Folders A and B of an image 1 each, 20 x 30 and 40 x 24 pixels, and an image 2 in B."""
    for name, shape in (("A/1", (20, 30)), ("B/1", (40, 24)), ("B/2", (40, 24))):
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)).save(path)
    return [tmp_path / "A", tmp_path / "B"]


def test_images_of_one_name_have_ids_with_their_folders(twins):
    collection = Collection.from_folders(twins)
    assert collection.ids == ("A_1.png", "B_1.png", "2")
    assert collection.scan("B_1.png").pixels.shape == (40, 24)
    assert Collection.from_folders(twins * 2).ids == collection.ids
    assert Collection.from_folders(twins, ids=["B/1", "2"]).ids == ("B_1.png", "2")


def test_images_of_one_row_are_left_out_with_a_remark(twins, tmp_path):
    ages = {"1": AgeRecord(12, "F"), "2": AgeRecord(13, "M"), "9": AgeRecord(14, "M")}
    collection = Collection.from_folders(twins, ages=ages)
    assert collection.ids == ("2",)
    assert collection.rows_without_image == ("9",)
    (remark,) = collection.remarks
    assert remark.startswith("2 images are left out: the row '1' of the table of ages fits each of ")
    marked = Collection.from_folders(twins, landmarks=landmarks(tmp_path, "id,a_x,a_y\n1,1,1\n2,1,2\n"))
    assert marked.annotated_ids == ("2",)
    assert "table of landmarks" in marked.remarks[0]
    sized = Collection.from_folders(twins, sizes={"1": (40, 60)})
    assert sized.ids == ("2",)
    chosen = Collection.from_folders(twins, ids=["1", "2"])
    assert chosen.ids == ("2",)
    assert "table of ids" in chosen.remarks[0]


def test_rows_that_name_a_path_fit_one_image(twins, tmp_path):
    table = landmarks(tmp_path, "id,laterality,width,height,a_x,a_y\nA/1.png,R,60,40,1,2\nB/1,L,24,40,3,4\n")
    collection = Collection.from_folders(twins, landmarks=table, ages={"A/1": AgeRecord(12, "F")})
    assert collection.ids == ("A_1.png", "B_1.png", "2")
    assert collection.points("A_1.png").position("a").tolist() == [2, 1]
    assert collection.scan("A_1.png").original_shape == (40, 60)
    assert (collection.scan("A_1.png").laterality, collection.scan("B_1.png").laterality) == ("R", "L")
    assert collection.age("A_1.png").boneage_months == 12
    assert collection.age("B_1.png") is None
    assert collection.remarks == collection.rows_without_image == ()


def test_asking_for_an_id_without_image_is_an_error(folder):
    with pytest.raises(NoScans, match="'7'"):
        Collection.from_folders([folder], ids=["7"])
    assert Collection.from_folders([folder], ids=["10"]).ids == ("10",)


def test_images_are_read_when_asked_for(folder):
    (folder / "2.png").write_bytes(b"broken")
    collection = Collection.from_folders([folder])
    first = collection.scan("1")
    (folder / "1.png").unlink()
    assert np.array_equal(collection.scan("1").pixels, first.pixels), "decoded once"
    with pytest.raises(UnreadableScan, match="not an image"):
        collection.scan("2")


def test_splits_are_seeded_disjoint_and_free_of_the_order():
    ids = [str(k) for k in range(60)]
    train, test = split_ids(ids, 43, 17, 1)
    assert (len(train), len(test)) == (43, 17)
    assert not set(train) & set(test)
    assert split_ids(ids[::-1], 43, 17, 1) == (train, test)
    assert split_ids(ids, 43, 17, 2) != (train, test)
    with pytest.raises(ValueError, match="there are 60"):
        split_ids(ids, 50, 17, 1)


def test_folds_hold_everyone_once():
    folds = fold_ids([str(k) for k in range(23)], 5, 0)
    assert sorted(len(fold) for fold in folds) == [4, 4, 5, 5, 5]
    assert len({id_ for fold in folds for id_ in fold}) == 23
