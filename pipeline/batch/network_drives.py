"""Whether a path lies on a network drive, where SQLite's write-ahead log does not work."""

from __future__ import annotations

from pathlib import Path

_NETWORK_TYPES = frozenset(
    ("nfs", "nfs4", "cifs", "smb", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs", "glusterfs")
)
_MOUNTS = Path("/proc/self/mounts")


def is_on_network(path: Path, mounts: Path = _MOUNTS) -> bool:
    """Return whether a path lies on a network drive, as far as the system says; False where it does not say.

    Parameters
    ----------
    path : Path
    mounts : Path
        The table of mounts, as Linux writes it.
    """
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return False
    place, best, kind = path.resolve(), 0, ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = Path(fields[1].encode("latin-1", "replace").decode("unicode_escape"))
        if place.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]
    return kind in _NETWORK_TYPES or (kind.startswith("fuse.") and kind.split(".")[1] in ("sshfs", "rclone", "s3fs"))
