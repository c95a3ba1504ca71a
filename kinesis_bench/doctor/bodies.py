"""The bodies: whether their physics are the published ones and their sides alike; and whether they move."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.bodies.contract import PUBLISHED_SHA256, Body, load_body
from kinesis_bench.bodies.symmetry import UNEVEN_MUSCLES, asymmetry
from kinesis_bench.doctor.check import Check, guarded

OTHER_PARTS = "pip install mujoco==4.0.0 myo-sim==0.2.3  (with which the hashes were published)"
"""What to do about another hash: it comes from other parts."""

ROWS = 4
"""Bodies stepped at a time, for a look."""


def look() -> Iterator[Check]:
    """A check a body, and one of the physics."""
    for name in BODIES:
        yield from guarded(f"body {name}", partial(_body, name), needed=True)
    yield from guarded("physics", _physics, needed=True)


def of_body(body: Body) -> Check:
    """Whether a body has the published hash, and left and right alike but where it is known not to."""
    name, title = body.name, f"body {body.name}"
    published = PUBLISHED_SHA256[name]
    if body.sha256 != published:
        says = f"hash {body.sha256[:12]}, not {published[:12]}: results compare with no published ones"
        return Check(title, "broken", says, OTHER_PARTS, needed=True)
    found = asymmetry(body.model)
    uneven = UNEVEN_MUSCLES.get(name, frozenset())
    unknown = sorted({*found.segments, *(set(found.muscles) - uneven)})
    says = f"hash {body.sha256[:12]} as published, {len(body.muscles)} muscles, {body.mass_kg:.1f} kg"
    if unknown:
        says += f", but left and right differ: {', '.join(unknown)}"
        return Check(title, "broken", says, OTHER_PARTS, needed=True)
    says += ", left and right alike"
    if found.muscles:
        known = f"{', '.join(sorted(found.muscles))} by up to {max(found.muscles.values()):.0%}"
        says += f" but {known}, as in myo-sim"
    return Check(title, "ok", says, needed=True)


def _body(name: str) -> Iterator[Check]:
    yield of_body(load_body(name))


def _physics() -> Iterator[Check]:
    """Whether a body falls as it should when nothing holds it."""
    from kinesis_bench.physics.cpu import CpuEngine

    model = load_body(BODIES[0]).model
    engine = CpuEngine(model, ROWS)
    start = np.tile(model.qpos0, (ROWS, 1))
    start[:, 2] += 1
    engine.set_state(np.arange(ROWS), start, np.zeros((ROWS, model.nv)), np.zeros((ROWS, model.na)))
    engine.step(None)
    position = np.asarray(engine.field("qpos"))
    if np.isfinite(position).all() and (position[:, 2] < start[:, 2]).all():
        yield Check("physics", "ok", f"mujoco.batch steps, on {engine.threads} threads", needed=True)
    else:
        says = "a body that nothing holds does not fall in mujoco.batch"
        yield Check("physics", "broken", says, OTHER_PARTS, needed=True)
