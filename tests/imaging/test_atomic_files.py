import pytest

from boneage.imaging.atomic_files import open_atomically, writing
from boneage.imaging.errors import UnusableOutput


def test_a_file_is_whole_or_not_there(tmp_path):
    path = tmp_path / "file"
    with open_atomically(path) as file:
        file.write(b"whole")
        assert not path.exists()

    def interrupted():
        with open_atomically(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"whole"]


def test_no_folder_is_made(tmp_path):
    with pytest.raises(FileNotFoundError), open_atomically(tmp_path / "missing" / "file"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_a_fault_of_its_place(tmp_path):
    with (
        pytest.raises(UnusableOutput, match=r"x\.txt: cannot be written \(No space left on device\)"),
        writing(tmp_path / "x.txt"),
    ):
        raise OSError(28, "No space left on device")
