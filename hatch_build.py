"""The long description of the package: the README without what only a checkout can show."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

PICTURE = re.compile(r"^!\[[^\]]*\]\((?!https?://)[^)]*\)\n+", re.MULTILINE)
LINK = re.compile(r"\[([^\]]+)\]\((?!https?://|#)[^)]*\)")


class LongDescription(MetadataHookInterface):
    """Sets ``readme``: a package index has neither the pictures nor the pages that the README points to."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Leave out pictures by relative path; of relative links, keep the words."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = LINK.sub(r"\1", PICTURE.sub("", text))
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
