"""Registers the environments with Gymnasium, without loading it.

Gymnasium takes longer to import than `kinesis-bench --help` may take to answer. So the environments are
registered at once if Gymnasium is loaded already, and else in the moment in which somebody imports it.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from kinesis_bench.tasks.registry import TASKS

IMITATION = "kinesis_bench/Imitation-v1"


def register_environments() -> None:
    """Register the environments now or when Gymnasium is imported."""
    if "gymnasium" in sys.modules:
        _register()
    else:
        sys.meta_path.insert(0, _OnGymnasium())


def _register() -> None:
    import gymnasium

    if IMITATION not in gymnasium.registry:
        gymnasium.register(
            id=IMITATION,
            entry_point="kinesis_bench.envs:ImitationEnv",
            vector_entry_point="kinesis_bench.envs:ImitationVectorEnv",
        )
        for info in TASKS.values():
            gymnasium.register(
                id=f"kinesis_bench/{info.environment}",
                entry_point="kinesis_bench.trial_envs:TrialEnv",
                vector_entry_point="kinesis_bench.trial_envs:TrialVectorEnv",
                kwargs={"task": info.name},
            )


class _OnGymnasium(MetaPathFinder):
    """Lets Gymnasium be found as usual, once, and registers after it has run."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "gymnasium":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def run_and_register(module: ModuleType) -> None:
                run(module)
                _register()

            spec.loader.exec_module = run_and_register  # type: ignore[method-assign]
        return spec
