"""Files appear whole or not at all; and where the project keeps its content and its cache."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kinesis_bench.errors import InputError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EROFS, errno.EISDIR, errno.ENOTDIR}


class DiskFull(InputError):
    """A file could not be written for lack of space: a full disk, a quota, a limit on files."""

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str]]:
        """So that it passes from one process to another."""
        return DiskFull, (self.where, self.problem, self.remedy)


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it onto ``path`` if the block succeeds.

    On any exception, Ctrl-C included, the temporary file is removed and ``path`` is left as it was.

    Raises:
        InputError: the folder cannot be written, ``path`` is a folder.
        DiskFull: it does not fit.
    """
    target = Path(path)
    refuse_folder(target, "give the name of a file")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=target.suffix)
        os.close(handle)
    except OSError as error:
        raise cannot_write(target, error) from error
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        if error.errno in _REFUSED or _is_full(error):
            raise cannot_write(target, error) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_new_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``path``; rename it onto ``path`` if the block succeeds.

    On any exception, Ctrl-C included, the temporary folder is removed and ``path`` is left as it was, absent
    or empty.

    Raises:
        InputError: ``path`` is there and not an empty folder, or cannot be written.
        DiskFull: it does not fit.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as error:
        raise cannot_write(target, error) from error
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        temporary.rename(target)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file whole or not at all (UTF-8)."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def content_dir(name: str) -> Path:
    """The folder ``datasets``, ``baselines``, ``reference_policies`` or ``leaderboards``.

    Found in a checkout (beside the package) and in an installed wheel (inside the package) alike.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    for candidate in _places(name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"this installation of kinesis-bench lacks its folder {name!r}; reinstall it")


def content_file(name: str) -> Path:
    """A file that stands beside those folders, such as ``constraints.txt``.

    Raises:
        FileNotFoundError: the installation does not carry it.
    """
    for candidate in _places(name):
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(f"this installation of kinesis-bench lacks its file {name!r}")


def cache_dir() -> Path:
    """Where prepared data go: ``$KINESIS_BENCH_HOME``, else the user's cache folder."""
    home = os.environ.get("KINESIS_BENCH_HOME")
    if home:
        return Path(home).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("kinesis-bench", appauthor=False))


def sha256_of_file(path: str | Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cannot_write(target: Path, error: OSError) -> InputError:
    """The InputError for a file or folder that the system refuses to write."""
    if _is_full(error):
        reason = "" if error.errno in (None, errno.ENOSPC) else f" ({error.strerror or error})"
        remedy = "free some space or choose another folder; the file was not written"
        return DiskFull(target, f"the disk is full{reason}", remedy)
    reason = error.strerror or str(error)
    return InputError(target, f"cannot be written ({reason})", "choose another folder or fix its permissions")


def refuse_folder(path: Path, remedy: str) -> None:
    """Refuse a folder where a file is meant.

    Raises:
        InputError: ``path`` is a folder.
    """
    if path.is_dir():
        raise InputError(path, "is a folder, not a file", remedy)


def require_file(path: Path, remedy: str = "check the path") -> None:
    """Refuse a file that is not there.

    Raises:
        InputError: ``path`` does not exist or is a folder.
    """
    refuse_folder(path, remedy)
    if not path.is_file():
        raise InputError(path, "no such file", remedy)


def _places(name: str) -> tuple[Path, Path]:
    """Where content lies: inside the package of an installed wheel, or beside that of a checkout."""
    package = Path(__file__).resolve().parent
    return package / "content" / name, package.parent / name


def _is_full(error: OSError) -> bool:
    return error.errno in _FULL or any(text in str(error) for text in ("No space left", "File too large"))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
