from __future__ import annotations

from dataclasses import replace

from kinesis_bench.bodies.build import build_spec, compile_spec
from kinesis_bench.bodies.contract import load_body
from kinesis_bench.doctor.bodies import look, of_body
from kinesis_bench.physics.cpu import CpuEngine


def test_all_bodies_and_the_physics_work():
    checks = {check.name: check for check in look()}
    assert set(checks) == {"body legs", "body legs_abs", "body legs_back", "physics"}
    assert {check.mark for check in checks.values()} == {"ok"}
    assert all(check.needed for check in checks.values())
    assert "ercspn, extobl, intobl by up to 21%" in checks["body legs_abs"].says
    assert checks["body legs"].says.endswith("left and right alike")


def test_another_hash_is_broken_with_both_shown():
    check = of_body(replace(load_body("legs"), sha256="0" * 64))
    assert (check.mark, check.needed) == ("broken", True)
    assert "hash 000000000000, not efd97f62c26f" in check.says
    assert "myo-sim==" in check.remedy


def test_another_side_is_broken_by_name():
    spec = build_spec("legs")
    spec.body("femur_r").mass *= 1.25
    check = of_body(replace(load_body("legs"), model=compile_spec(spec)))
    assert check.mark == "broken"
    assert check.says.endswith("left and right differ: femur")


def test_a_body_that_does_not_move_is_broken(monkeypatch):
    monkeypatch.setattr(CpuEngine, "step", lambda *_: None)
    *_, physics = look()
    assert (physics.name, physics.mark, physics.needed) == ("physics", "broken", True)
