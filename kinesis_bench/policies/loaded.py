"""A policy that has been found and opened, and whether it may drive a body."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from kinesis_bench.errors import InputError
from kinesis_bench.policies.contract import Contract
from kinesis_bench.policies.interface import NEEDS, PRESCRIBED, Policy
from kinesis_bench.tasks.control import CONTROLS, PRIVILEGED_CONTROLS


@dataclass(frozen=True)
class LoadedPolicy:
    """A policy ready to be instantiated, once a block of rows.

    Attributes:
        name: for tables.
        make: gives a new instance.
        deterministic: whether it uses no randomness, so that one run says all.
        control: control law that its actions are meant for, or PRESCRIBED.
        needs: what it sees beyond its observation; not empty means privileged.
        contract: what it was made for, None where it does not say.
        observation_size, action_size: N and A where the file fixes them.
        source: file or module, "" for a built-in one.
        sha256: of its file, "" for a built-in one or a module.
        notes: for the reader of the result.
    """

    name: str
    make: Callable[[], Policy]
    deterministic: bool
    control: str
    needs: tuple[str, ...] = ()
    contract: Contract | None = None
    observation_size: int | None = None
    action_size: int | None = None
    source: str = ""
    sha256: str = ""
    notes: tuple[str, ...] = ()

    @property
    def privileged(self) -> bool:
        """Whether it, or its control law, sees more than its observation."""
        return bool(self.needs) or self.control in (*PRIVILEGED_CONTROLS, PRESCRIBED)

    def refuse_unless(self, asked: Contract, action_size: int, also: Collection[str] = ()) -> None:
        """Check it against the body, the observation and the task of a run.

        Args:
            asked: the run's contract.
            action_size: the run's A.
            also: see ``Contract.refuse_unless``.

        Raises:
            InputError: it was made for something else; both sides are shown.
        """
        where = self.source or self.name
        if self.contract is not None:
            self.contract.refuse_unless(asked, where, also)
        for what, ours, theirs in (
            ("observation", self.observation_size, asked.observation_size),
            ("action", self.action_size, action_size),
        ):
            if ours is not None and ours != theirs:
                raise InputError(
                    f"{where}: {what}",
                    f"the policy has {ours} numbers, body {asked.body!r} has {theirs}",
                    "choose the --body that the policy was trained for",
                )


def declared(policy: object, where: str) -> tuple[bool, str, tuple[str, ...]]:
    """What a policy object declares of itself: deterministic, control, needs.

    Raises:
        InputError: it lacks a method, or an attribute has a value that does not exist.
    """
    control = getattr(policy, "control", "direct")
    if control not in (*CONTROLS, PRESCRIBED):
        known = ", ".join((*CONTROLS, PRESCRIBED))
        raise InputError(f"{where}: control", f"is {control!r}", f"use one of {known}")
    remedy = "see the policy interface: reset(context, rows) and act(observation, rngs)"
    if control == PRESCRIBED:
        remedy = "see evaluation/prescribed.py: prescribe(motion)"
    for method in ("prescribe",) if control == PRESCRIBED else ("reset", "act"):
        if not callable(getattr(policy, method, None)):
            raise InputError(where, f"has no method {method}", remedy)
    needs = getattr(policy, "needs", ())
    if isinstance(needs, str) or any(need not in NEEDS for need in needs):
        raise InputError(f"{where}: needs", f"is {needs!r}", f"use a tuple of {', '.join(NEEDS)}")
    return bool(getattr(policy, "deterministic", False)), control, tuple(needs)
