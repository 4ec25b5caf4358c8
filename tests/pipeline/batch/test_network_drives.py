from pathlib import Path

from boneage.pipeline.batch.network_drives import is_on_network

MOUNTS = r"""/dev/sda1 / ext4 rw 0 0
server:/x /home nfs4 rw 0 0
/dev/sdb1 /home/local ext4 rw 0 0
//pc/share /mnt/my\040share cifs rw 0 0
me@host:/y /mnt/far fuse.sshfs rw 0 0
broken
"""


def test_the_innermost_mount_decides(tmp_path):
    (tmp_path / "mounts").write_text(MOUNTS)
    found = {
        name: is_on_network(Path(name), tmp_path / "mounts")
        for name in ("/data/a", "/home/me/a", "/home/local/a", "/mnt/my share/a", "/mnt/far/a")
    }
    assert list(found.values()) == [False, True, False, True, True]
    assert not is_on_network(Path("/home/me"), tmp_path / "none")
