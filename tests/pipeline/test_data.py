from pathlib import Path

import numpy as np
import pytest

from boneage.imaging import Collection, InvalidTable, LandmarkTable, NoScans, Points
from boneage.pipeline.data import (
    count_axes,
    describe,
    describe_misfits,
    expand_places,
    find_files,
    load_collection,
    read_id_lists,
)
from boneage.pipeline.units import convert_to_mm, convert_to_pixels, read_spacings
from tests.imaging.dicom_files import write_dicom
from tests.imaging.volume_files import ramp, write_itk
from tests.volume_hands import SPACING_MM


def test_folders_and_tables_are_joined(known, new, tmp_path):
    (tmp_path / "ages.csv").write_text("id,boneage_months,sex\nphantom0001,90,F\nphantom0099,80,M\n")
    collection = load_collection([new / "images"], landmarks=new / "landmarks.csv", ages=[tmp_path / "ages.csv"])
    assert collection.age("phantom0001").boneage_months == 90
    assert collection.points("phantom0002") is not None
    assert describe(collection) == ["1 table rows have no image and are left out"]


def test_images_without_a_row_are_told(new, tmp_path):
    (tmp_path / "ages.csv").write_text("id,boneage_months,sex\nphantom0001,90,F\n")
    remarks = describe(load_collection([new / "images"], ages=[tmp_path / "ages.csv"]))
    assert remarks == ["2 images have no table row: phantom0002, phantom0003"]


def test_an_id_with_two_ages_is_refused(new, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("id,boneage_months,sex\nphantom0001,90,F\n")
    with pytest.raises(InvalidTable, match=r"b\.csv.*'phantom0001' already has an age"):
        load_collection([new / "images"], ages=[tmp_path / "a.csv", tmp_path / "b.csv"])


def test_only_listed_files_are_found_and_each_once(new, tmp_path):
    (tmp_path / "ids.txt").write_text("phantom0002\n")
    images = new / "images"
    assert [path.stem for path in find_files([images, images], tmp_path / "ids.txt").paths] == ["phantom0002"]
    (tmp_path / "ids.txt").write_text("somebody\n")
    with pytest.raises(InvalidTable, match=r"ids\.txt: none of its ids is that of a file in .*images"):
        find_files([images], tmp_path / "ids.txt")


def test_lists_of_ids_are_read_and_ids_without_an_image_told(new, tmp_path):
    (tmp_path / "train.txt").write_text("phantom0002\nphantom0001\n")
    collection = load_collection([new / "images"])
    assert read_id_lists(collection, (tmp_path / "train.txt", None)) == [("phantom0002", "phantom0001"), ()]
    (tmp_path / "test.txt").write_text("phantom0003\nstranger\n")
    with pytest.raises(InvalidTable, match=r"test\.txt: 1 of its ids have no image, such as 'stranger'"):
        read_id_lists(collection, (tmp_path / "test.txt",))


def test_a_folder_without_images_says_what_was_looked_for(tmp_path):
    with pytest.raises(NoScans, match=r"no image in it.*PNG.*DICOM"):
        find_files([tmp_path])


def test_millimetres_become_pixels_where_an_image_tells_its_spacing(tmp_path):
    write_dicom(tmp_path / "1.dcm", np.eye(30, dtype=np.uint16), PixelSpacing=[0.5, 0.25])
    points = {id_: Points(("a",), [[2.0, 3.0]]) for id_ in "12"}
    table = LandmarkTable(tmp_path / "slicer", ("a",), points, {}, {}, in_mm=True)
    counted = convert_to_pixels(table, Collection.from_folders([tmp_path]))
    assert counted.points["1"].position("a").tolist() == [4, 12]
    assert counted.points["2"].position("a").tolist() == [2, 3]
    assert counted.remarks == ("positions of 1 rows without a readable image are taken as pixels",)
    assert convert_to_pixels(counted, None) is counted
    assert "--images" in convert_to_pixels(table, None).remarks[0]


def test_landmarks_of_volumes_are_counted_in_mm_where_a_volume_is_there(volumes, tmp_path):
    collection = load_collection([volumes / "images"], landmarks=volumes / "landmarks.csv")
    points = {id_: collection.points(id_) for id_ in ("volume1", "volume2")}
    spacings = read_spacings([*points, "nowhere"], collection)
    assert list(spacings) == ["volume1", "volume2"]
    assert np.allclose(spacings["volume1"], SPACING_MM)
    in_mm = convert_to_mm({**points, "nowhere": points["volume1"]}, spacings)
    assert list(in_mm) == ["volume1", "volume2"]
    assert np.allclose(in_mm["volume2"].positions, points["volume2"].positions * SPACING_MM)


def test_millimetres_in_the_patient_need_the_volumes(tmp_path):
    write_itk(tmp_path / "1.nii.gz", ramp(), origin=(0, 0, 0))
    points = {id_: Points(("a",), [[2.0, 1.5, 3.0]]) for id_ in "12"}
    table = LandmarkTable(tmp_path / "slicer", ("a",), points, {}, {}, in_mm=True)
    counted = convert_to_pixels(table, Collection.from_folders([tmp_path]))
    assert list(counted.points) == ["1"]
    assert counted.points["1"].position("a") == pytest.approx([1, 2, 6])
    assert counted.remarks == ("1 rows without a readable image are left out: their positions are millimetres",)
    with pytest.raises(InvalidTable, match="millimetres in the patient: give --images"):
        convert_to_pixels(table, None)


def test_the_first_image_that_can_be_read_tells_how_many_axes_there_are(known, phantom_volumes, tmp_path):
    assert count_axes(load_collection([known / "images"])) == 2
    (tmp_path / "a.nii").write_bytes(b"broken")
    assert count_axes(load_collection([tmp_path])) == 2
    assert count_axes(load_collection([tmp_path, phantom_volumes / "images"])) == 3


def test_ids_without_a_file_are_counted_and_named(new, tmp_path):
    (tmp_path / "ids.txt").write_text("phantom0002\nstranger\nphantom0003.png\n0001\n")
    files = find_files([new / "images"], tmp_path / "ids.txt")
    assert [path.stem for path in files.paths] == ["phantom0002", "phantom0003"]
    assert files.remarks == ("2 of the ids in ids.txt have no file: stranger, 0001",)
    with pytest.raises(NoScans, match="no image of 2 of the ids that were asked for: 'stranger', '0001'"):
        load_collection([new / "images"], ids=tmp_path / "ids.txt")


def test_sub_folders_are_told_or_read_and_files_taken_by_themselves(new, tmp_path):
    (tmp_path / "hands").mkdir()
    (tmp_path / "hands" / "more").symlink_to(new / "images")
    (tmp_path / "hands" / "1.png").symlink_to(new / "images" / "phantom0001.png")
    assert len(find_files([tmp_path / "hands"], recursive=True).paths) == 4
    assert len(load_collection([tmp_path / "hands"], recursive=True)) == 4
    assert "passed over 1 sub-folder: " in find_files([tmp_path / "hands"]).remarks[0]
    assert find_files([tmp_path / "hands" / "1.png"]).paths == (tmp_path / "hands" / "1.png",)


def test_tables_that_fit_nothing_are_told(new, tmp_path):
    paths = find_files([new / "images"]).paths
    told = describe_misfits(paths, sexes={"1": "F"}, sizes={"2": (3, 4)})
    assert told == [
        f"no row of the table of {what} fits a file: its ids are such as {row!r}, "
        "those of the files such as 'phantom0001'"
        for what, row in (("sexes", "1"), ("sizes", "2"))
    ]
    assert describe_misfits(paths, sexes="F") == describe_misfits(paths, sexes={"phantom0001": "F"}) == []
    (tmp_path / "ages.csv").write_text("id,boneage_months,sex\n1,90,F\n")
    told = describe(load_collection([new / "images"], ages=[tmp_path / "ages.csv"]))
    assert "no row of the table of ages fits a file: its ids are such as '1'" in told[0]


@pytest.mark.parametrize(("months", "told"), [((2.5, 11, 17.9), True), ((2.5, 11, 20), False), ((0, 0, 0), False),
                                              ((3, 5), False)])  # fmt: skip
def test_ages_as_in_years_are_told(new, tmp_path, months, told):
    rows = "".join(f"phantom000{k},{age},F\n" for k, age in enumerate(months, start=1))
    (tmp_path / "ages.csv").write_text("id,boneage_months,sex\n" + rows)
    remarks = describe(load_collection([new / "images"], ages=[tmp_path / "ages.csv"]))
    assert any("if they are years, multiply them by 12" in remark for remark in remarks) == told


def test_an_age_whose_sex_is_not_clear_is_left_out_and_told(new, tmp_path):
    (tmp_path / "ages.csv").write_text("id,boneage_months,sex\nphantom0001,90,U\nphantom0002,80,M\n")
    collection = load_collection([new / "images"], ages=[tmp_path / "ages.csv"])
    assert list(collection.ages) == ["phantom0002"]
    assert (
        "the age of phantom0001 is left out: line 2, id phantom0001 of ages.csv: sex must be F"
        in describe(collection)[0]
    )


def test_lists_and_patterns_of_files_are_resolved(tmp_path):
    for name in ("in/1.png", "in/2.png", "in/deep/3.png", "[4].png", "@5"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "list.txt").write_text(f"{tmp_path / 'in' / '2.png'}\n\n{tmp_path / '[4].png'}\n")
    there = [tmp_path / "in", tmp_path / "[4].png", tmp_path / "@5"]
    assert expand_places(there) == there
    assert expand_places([Path(f"@{tmp_path / 'list.txt'}")]) == [tmp_path / "in" / "2.png", tmp_path / "[4].png"]
    assert expand_places([tmp_path / "in" / "*.png"]) == [tmp_path / "in" / "1.png", tmp_path / "in" / "2.png"]
    assert len(expand_places([tmp_path / "in" / "**" / "*.png"])) == 3
    found = find_files([tmp_path / "in" / "?.png"])
    assert (len(found.paths), found.base) == (2, tmp_path / "in")
    with pytest.raises(NoScans, match="nothing fits this pattern"):
        expand_places([tmp_path / "none*"])
    with pytest.raises(InvalidTable, match="no such file"):
        expand_places([Path(f"@{tmp_path / 'none'}")])


def test_a_list_may_name_files_of_the_same_name_as_collections_do(new, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.png").write_bytes((new / "images" / "phantom0001.png").read_bytes())
    folders = [tmp_path / "a", tmp_path / "b"]
    ids = load_collection(folders).ids
    (tmp_path / "ids.txt").write_text(f"{ids[1]}\n")
    assert find_files(folders, tmp_path / "ids.txt").paths == (tmp_path / "b" / "1.png",)
