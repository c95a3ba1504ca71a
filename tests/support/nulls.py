"""The rule of a result: every null has a reason."""

from __future__ import annotations

from typing import Any

TABLES = {"imitation_by_skill", "per_muscle", "per_joint", "muscles", "joints", "co_contraction_by_pair"}
"""Objects whose keys are names (of skills, muscles, joints), which the paths of reasons leave out."""


def nulls_without_reason(content: dict[str, Any]) -> list[str]:
    """Paths of the nulls in a result's JSON for which no object on the way down to them gives a reason."""
    return _unexplained(content, "", [], is_table=False)


def _unexplained(
    value: Any, whole_path: str, above: list[tuple[str, dict[str, str]]], *, is_table: bool
) -> list[str]:
    """``above``: of each object on the way, the path from there to here, and its reasons."""
    if value is None:
        return [] if any(reasons.get(path) for path, reasons in above) else [whole_path]
    if isinstance(value, list):
        return [found for item in value for found in _unexplained(item, whole_path, above, is_table=False)]
    if not isinstance(value, dict):
        return []
    found = []
    here = above if is_table else [*above, ("", value.get("reasons", {}))]
    for key, item in value.items():
        inner = here if is_table else [(f"{path}.{key}".lstrip("."), reasons) for path, reasons in here]
        found += _unexplained(item, f"{whole_path}.{key}", inner, is_table=key in TABLES and not is_table)
    return found
