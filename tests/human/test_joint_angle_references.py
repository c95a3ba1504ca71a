from __future__ import annotations

import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.human.joint_angles import JOINTS, human_joint_angles
from kinesis_bench.human.references import HumanJointAngles


def curve(human: HumanJointAngles, joint: str) -> np.ndarray:
    return human.mean_deg[human.joints.index(joint)]


@pytest.mark.parametrize("source", ["gait_walk_schwartz2008", "gait_walk_winter_natural"])
def test_signs_and_shapes_of_walking(source: str) -> None:
    human = human_joint_angles(source, 1.25, 0.9)
    assert human.mean_deg.shape == human.sd_deg.shape == (len(human.joints), 100)
    knee, hip, ankle = (curve(human, joint) for joint in ("knee_angle", "hip_flexion", "ankle_angle"))
    assert 50 < knee.max() < 75  # flexion in swing
    assert 65 < np.argmax(knee) < 78
    assert 10 < knee[5:25].max() < 30  # and in loading
    assert knee.min() > -2
    assert hip[0] > 15
    assert 45 < np.argmin(hip) < 60  # extension before toe-off
    assert ankle[55:70].min() < -10  # push-off
    assert ankle[30:50].max() > 7  # dorsiflexion of stance
    assert np.all(human.sd_deg > 1.0)
    assert np.all(human.sd_deg < 12.0)


def test_schwartz_adduction_is_positive_in_stance() -> None:
    human = human_joint_angles("gait_walk_schwartz2008", 1.25, 0.9)
    assert human.joints == JOINTS
    adduction = curve(human, "hip_adduction")
    assert adduction[10:30].mean() > 2
    assert adduction[60:80].mean() < -3


def test_values_of_schwartz_at_free_speed() -> None:
    human = human_joint_angles("gait_walk_schwartz2008", 1.27, 0.9)
    # hip flexion at free speed: 35.8, 32.8, 22.5 deg at 0, 10 and 20 %
    assert curve(human, "hip_flexion")[[0, 10, 20]] == pytest.approx([35.8, 32.8, 22.5], abs=0.06)
    assert human.speed_m_s == pytest.approx(0.429 * np.sqrt(9.81 * 0.9))
    assert "Free" in human.condition
    assert human.people == 83


@pytest.mark.parametrize(
    ("speed_m_s", "name"), [(0.3, "VerySlow"), (0.85, "Slow"), (1.7, "Fast"), (3.0, "VeryFast")]
)
def test_nearest_speed_of_schwartz(speed_m_s: float, name: str) -> None:
    assert f" {name} " in human_joint_angles("gait_walk_schwartz2008", speed_m_s, 0.9).condition


def test_winter_columns_called_var_are_variances() -> None:
    """The SD of his adults' knee is 4 to 8 degrees; read as SD, the column would say 0.3 to 0.9 degrees."""
    human = human_joint_angles("gait_walk_winter_natural", 1.25, 0.9)
    assert human.sd_deg[human.joints.index("knee_angle")].mean() == pytest.approx(5.6, abs=0.5)
    assert curve(human, "hip_flexion")[0] == pytest.approx(np.degrees(0.33737))
    assert curve(human, "knee_angle")[2] == pytest.approx(np.degrees(0.12217))


def test_the_two_tables_agree_about_the_shape_of_walking() -> None:
    children = human_joint_angles("gait_walk_schwartz2008", 1.27, 0.9)
    adults = human_joint_angles("gait_walk_winter_natural", 1.27, 0.9)
    for joint in adults.joints:
        assert np.corrcoef(curve(children, joint), curve(adults, joint))[0, 1] > 0.9


def test_unknown_table_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'gait_walk_schwartz2008'"):
        human_joint_angles("schwartz2008", 1.25, 0.9)
