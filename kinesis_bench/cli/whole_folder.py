"""The files of a folder appear together or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from kinesis_bench.errors import InputError
from kinesis_bench.files import cannot_write


@contextmanager
def whole_folder(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """Yield a temporary folder inside ``folder``; move its files into ``folder`` if the block succeeds.

    On any exception, Ctrl-C included, ``folder`` is left as it was, and absent where it was absent.

    Args:
        folder: made when it is not there; files in it of other names are left alone.
        names: of the files, in the order in which they are put in place. Older ones that the block did not
            write anew are removed, but for recordings (``.h5``), which are data and not made from the result.

    Raises:
        InputError: the folder cannot be written, or holds files of these names but not the last one, so that
            they are somebody else's; both said before the block runs. Or the disk is full.
    """
    taken = [name for name in names if not name.endswith(".h5") and (folder / name).exists()]
    if taken and names[-1] not in taken:
        raise InputError(folder, f"holds a {taken[0]} that is not ours", "choose another folder with --out")
    made: list[Path] = []
    temporary: Path | None = None
    try:
        try:
            made = [path for path in (folder, *folder.parents) if not path.exists()]
            folder.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(dir=folder, prefix=".unfinished-"))
            (temporary / "probe").write_bytes(b"\0" * 4096)
            (temporary / "probe").unlink()
        except OSError as error:
            raise cannot_write(folder, error) from error
        try:
            yield temporary
        except InputError as error:
            where = error.where.replace(str(temporary), str(folder))
            raise InputError(where, error.problem, error.remedy) from error
        for name in names:
            if (temporary / name).exists():
                (temporary / name).replace(folder / name)
            elif not name.endswith(".h5"):
                (folder / name).unlink(missing_ok=True)
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
        for path in made:
            with suppress(OSError):
                path.rmdir()  # refuses where there is something in it
