import pytest

from boneage.imaging import InvalidTable, read_landmarks
from tests.imaging.formats.tables import there_and_back

HEADER = "id,width,height,class,xmin,ymin,xmax,ymax\n"


def read(tmp_path, rows, header=HEADER):
    path = tmp_path / "boxes.csv"
    path.write_text(header + rows)
    return read_landmarks(path)


def test_the_centre_of_a_box_is_the_landmark(tmp_path):
    table = read(tmp_path, "1,60,100,Radius,10,20,13,30\n1,60,100,Ulna,0,0,4,4\n2,,,Radius,0,0,2,2\n")
    assert table.points["1"].position("Radius").tolist() == [25, 11.5]
    assert table.points["2"].present.tolist() == [True, False]
    assert table.original_shapes == {"1": (100, 60)}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("1,9,9,a,1,2,3,x\n", "line 2: ymax must be a number"),
        ("1,9,9,a,1,2,3,\n", "line 2 must have a class and the four sides"),
        ("1,9,9,,1,2,3,4\n", "line 2 must have a class and the four sides"),
        ("1,9,9,a,5,2,3,4\n", "line 2: the box ends before it begins"),
        ("1,9,9,a,1,2,3,4\n1,8,9,b,1,2,3,4\n", "line 3: id 1 has another size"),
        (",9,9,a,1,2,3,4\n", "line 2 has no id"),
        ("1,9,,a,1,2,3,4\n", "line 2: width and height"),
        ("1,9,9,,,,,\n", "no landmarks"),
    ],
)
def test_malformed_tables_are_refused_by_their_name(tmp_path, rows, reason):
    with pytest.raises(InvalidTable, match=rf"boxes.csv: .*{reason}"):
        read(tmp_path, rows)


@pytest.mark.real_data
def test_every_whole_real_hand_is_numbered_and_the_one_that_is_not_whole_is_not(real_data, tmp_path):
    table = read_landmarks(real_data / "rsna100" / "ossification_boxes.csv")
    assert len(table.names) == 17
    absent = {id_: int((~points.present).sum()) for id_, points in table.points.items() if not points.present.all()}
    assert absent == {"4210": 14}
    assert len(table.remarks) == 1
    assert "4210" in table.remarks[0]
    assert there_and_back(table, "boxes", tmp_path).names == table.names
