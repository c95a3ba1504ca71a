from __future__ import annotations

import pytest

from kinesis_bench.bodies.build import BODIES, build_spec, compile_spec
from kinesis_bench.bodies.contract import load_body
from kinesis_bench.bodies.symmetry import UNEVEN_MUSCLES, asymmetry


@pytest.mark.parametrize("name", BODIES)
def test_only_the_known_muscles_differ_between_the_sides(name):
    found = asymmetry(load_body(name).model)
    assert found.segments == {}
    assert set(found.muscles) == UNEVEN_MUSCLES.get(name, set())


def test_what_is_changed_on_one_side_is_found_with_its_size():
    spec = build_spec("legs")
    spec.body("femur_r").mass *= 1.25
    spec.actuator("soleus_l").gainprm[2] *= 2
    found = asymmetry(compile_spec(spec))
    assert found.segments == {"femur": pytest.approx(0.2)}
    assert found.muscles == {"soleus": pytest.approx(0.5)}
