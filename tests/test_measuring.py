import csv
import subprocess
import sys

import numpy as np

from boneage.imaging import UnreadableScan, find_scans, read_scan
from tests.conftest import ROOT


def test_the_script_fills_a_folder_with_hands_and_strange_files(tmp_path):
    from boneage.imaging.phantom import write_phantom_set

    write_phantom_set(tmp_path, 2, seed=0)
    script = ROOT / "docs" / "measure" / "strange_files.py"
    subprocess.run([sys.executable, str(script), str(tmp_path / "images"), str(tmp_path / "mixed")], check=True)
    readable, refused = {}, []
    for path in find_scans(tmp_path / "mixed"):
        try:
            readable[path.name] = read_scan(path)
        except UnreadableScan as error:
            refused.append(error.path.name)
    assert sorted(refused) == ["dot.png", "empty.png", "notes.txt", "truncated.png"]
    assert sorted(readable) == ["phantom0001.png", "phantom0001_dicom.dcm", "phantom0002.png"]
    difference = readable["phantom0001_dicom.dcm"].pixels * (255 / 4095) - readable["phantom0001.png"].pixels
    assert np.ptp(difference) < 0.2  # the same picture but for the brightness of black
    with (tmp_path / "mixed" / "sexes.csv").open(newline="") as file:
        assert {row["id"] for row in csv.DictReader(file)} == {"phantom0001", "phantom0001_dicom", "phantom0002"}
