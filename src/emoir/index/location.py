"""Location: where an index lies, and whether it may lie there."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from emoir.errors import IndexFileError

MOUNTS = Path("/proc/self/mounts")
# File systems behind which another machine may write, where SQLite's log and locks do not hold.
NETWORK = frozenset(
    """
    9p afs beegfs ceph cifs davfs fuse.davfs2 fuse.glusterfs fuse.rclone fuse.s3fs fuse.sshfs gfs2 glusterfs lustre
    ncpfs nfs nfs4 ocfs2 smb3 smbfs
    """.split()  # noqa: SIM905
)


def default_index() -> Path:
    """The index of the current user: EMOIR_INDEX, or a file in the platform's data folder."""
    chosen = os.environ.get("EMOIR_INDEX")
    if chosen:
        return Path(os.path.expanduser(chosen))
    import platformdirs

    return Path(platformdirs.user_data_path("emoir", appauthor=False)) / "index.emoir"


def index_option(file: Path) -> str:
    """What must stand behind a command that is to use this index: nothing if it does so by itself.

    Example:
        >>> index_option(Path("my photos.emoir")), index_option(default_index())
        (" --index 'my photos.emoir'", '')
    """
    return "" if file == default_index() else f" --index {shlex.quote(str(file))}"


def nothing_indexed(file: Path) -> IndexFileError:
    """The error of a command that needs an index where there is none."""
    return IndexFileError(
        f"nothing has been indexed yet ({file}); begin with: emoir index FOLDER{index_option(file)}",
        chinese=f"还没有索引任何图片（{file}）；请先运行：emoir index 文件夹{index_option(file)}",
    )


def behind_link(file: Path) -> Path:
    """The file that a link leads to, or the path itself: what takes a file's place must not take that of the link.

    Raises:
        IndexFileError: if nothing is there.
    """
    if not file.is_symlink():
        return file
    if not file.exists():
        raise IndexFileError(f"{file} is a link to {file.readlink()}, which is not there; is its disk mounted?")
    return file.resolve()


def check_filesystem(file: Path) -> None:
    """Refuse a network file system, where a power cut or a second machine may spoil the index, and what is no file.

    Known on Linux by the table of mounts, and on Windows by a path that begins with two backslashes.

    Raises:
        IndexFileError: with the kind of file system, or the kind of address, and what to do.
    """
    if address := re.match(r"([A-Za-z][A-Za-z0-9+.-]+):/", str(file)):
        raise IndexFileError(
            f"index {file}: {address[1]} addresses are not supported; an index is a file on this machine"
        )
    if file.parts[:1] and file.parts[0].startswith("~"):
        raise IndexFileError(f"index {file}: there is no user of that name; write the whole path")
    behind_link(file)
    kind = "a network share" if os.name == "nt" and str(file.absolute()).startswith("\\\\") else None
    if MOUNTS.exists():
        found = file_system(os.path.realpath(file), MOUNTS.read_text(encoding="utf-8", errors="surrogateescape"))
        kind = found if found in NETWORK else kind
    if kind is not None:
        raise IndexFileError(
            f"index {file} lies on {kind}, where a write-ahead log is not safe; keep the index on a disk of this "
            "machine with --index (the photographs may stay where they are)"
        )


def file_system(path: str, mounts: str) -> str:
    r"""The kind of file system that holds a path.

    Args:
        path: absolute, without links.
        mounts: in the layout of Linux's table of mounts: device, mount point, kind; blanks as ``\040``.

    Returns:
        The kind of the deepest mount point above the path; of two on one point, the later.

    Example:
        >>> file_system("/mnt/nas/x", "a / ext4 rw 0 0\nb /mnt/nas nfs4 rw 0 0\n")
        'nfs4'
    """
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        point = fields[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


def rebuild_file(file: Path) -> Path:
    """Beside an index: receives its new readings while it is rebuilt, and is left there by a rebuild that is stopped.

    Args:
        file: the index, or a link to it.
    """
    return behind_link(file).with_name(f"{behind_link(file).name}.rebuild")
