from pathlib import Path

import pytest

from boneage.regression.caching import cache_folder, open_atomically


def test_the_folder_is_in_the_home_folder_or_where_the_user_says(monkeypatch, tmp_path):
    monkeypatch.delenv("BONEAGE_CACHE", raising=False)
    assert cache_folder() == Path.home() / ".cache" / "boneage"
    monkeypatch.setenv("BONEAGE_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path


def test_a_file_is_whole_or_not_there(tmp_path):
    path = tmp_path / "deeper" / "file"
    with open_atomically(path) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"

    def interrupted():
        with open_atomically(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [p.read_bytes() for p in path.parent.iterdir()] == [b"whole"]
