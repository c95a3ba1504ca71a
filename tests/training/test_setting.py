"""What a run's settings mean for who acts in a control law."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from kinesis_bench.training.presets import preset
from kinesis_bench.training.setting import reward_config


def test_small_corrections_pay_in_control_tracking_only() -> None:
    weights = replace(preset("laptop").reward, correction=0.5, correction_rate=4.0)
    teacher = reward_config(weights, "tracking")
    assert (teacher.correction_weight, teacher.correction_rate) == (0.5, 4.0)
    assert teacher.largest == pytest.approx(1.5)
    assert reward_config(weights, "direct") == replace(teacher, correction_weight=0.0)
