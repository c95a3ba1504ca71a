"""Bodies with synthetic motions."""

from __future__ import annotations

from functools import cache

import pytest
from synthetic import synthetic_motions

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.motions.motion_set import Motions


@cache
def motions_of(name: str) -> Motions:
    return synthetic_motions(load_body(name))


@pytest.fixture(params=BODIES)
def body(request) -> Body:
    return load_body(request.param)


@pytest.fixture
def motions(body) -> Motions:
    return motions_of(body.name)


@pytest.fixture
def legs() -> Body:
    return load_body("legs")


@pytest.fixture
def legs_motions() -> Motions:
    return motions_of("legs")
