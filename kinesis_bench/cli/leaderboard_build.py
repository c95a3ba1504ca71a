"""``kinesis-bench leaderboard build``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro


@dataclass(frozen=True)
class Build:
    """Make the leaderboards' tables from the submissions: README.md and index.html.

    The same submissions give the same bytes. A status is shown where verification.json belongs to the files
    as they are; verify first.

    Args:
        folder: of all boards.
    """

    folder: tyro.conf.Positional[Path] = Path("leaderboards")

    def run(self) -> None:
        """Read all submissions, rank them, and write the two files.

        Raises:
            InputError: there is no such folder, or a submission in it cannot be used; nothing is written.
        """
        from kinesis_bench.errors import InputError
        from kinesis_bench.leaderboard.folder import place_of
        from kinesis_bench.leaderboard.tables import read_all, tables
        from kinesis_bench.report.board.files import MARKDOWN, PAGE, write_board
        from kinesis_bench.terminal import console

        if not self.folder.is_dir():
            raise InputError(self.folder, "no such folder", "name the folder that holds the boards")
        submissions = read_all(self.folder)
        made = tables(submissions)
        write_board(self.folder, made)
        out = console()
        filled = sum(bool(table.rows) for table in made)
        out.print(f"{len(submissions)} submissions in {filled} tables", soft_wrap=True)
        for one in submissions:
            if one.verification is None:
                out.print(f"  self-reported, not verified as it is: {place_of(one)}", soft_wrap=True)
        out.print(f"written: {self.folder / MARKDOWN}, {self.folder / PAGE}", soft_wrap=True)
