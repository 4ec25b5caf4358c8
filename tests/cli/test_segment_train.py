import pytest

from boneage.imaging.phantoms import write_phantom_set


@pytest.fixture(scope="module")
def masked(tmp_path_factory):
    """Four phantoms with masks: one in the place of whose mask of bones is a picture."""
    folder = tmp_path_factory.mktemp("masked")
    write_phantom_set(folder, 4, seed=2, masks=True)
    spoilt = folder / "masks" / "bones" / "phantom0004.png"
    spoilt.write_bytes((folder / "images" / "phantom0004.png").read_bytes())
    return folder


@pytest.mark.slow
def test_a_segmenter_is_trained_and_bad_masks_are_told(boneage, masked, localiser_file, tmp_path):
    (tmp_path / "validation.txt").write_text("phantom0003\n")
    code, out, err = boneage(
        "segment-train", masked / "images", "--masks", masked / "masks", "--landmarks", masked / "landmarks.csv",
        "--localiser", localiser_file, "--model", tmp_path / "s.boneage", "--side", "64", "--channels", "4,8",
        "--epochs", "1", "--validation-ids", tmp_path / "validation.txt", "--jobs", "1",
    )  # fmt: skip
    assert code == 0, err
    assert "segmenter trained on 2 hands" in out
    assert "phantom0004.png: is not a mask" in err
    assert "on the hands kept apart" in err
    assert not list(tmp_path.glob(".*training"))


def test_a_folder_without_masks_is_named(boneage, masked, tmp_path):
    code, _, err = boneage(
        "segment-train", masked / "images", "--masks", masked / "images", "--model", tmp_path / "s.boneage"
    )
    assert code == 1
    assert "has no folder bones" in err
