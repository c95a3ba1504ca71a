"""The groups themselves, their anatomy, and their correlations against muscles that really change."""

from __future__ import annotations

from itertools import chain

import mujoco
import numpy as np
import pytest

from kinesis_bench.bodies.build import BODIES
from kinesis_bench.bodies.contract import load_body
from kinesis_bench.bodies.ik.reduced import coupling
from kinesis_bench.bodies.k_medoids import k_medoids
from kinesis_bench.bodies.synergies import length_change_correlation, muscle_synergies

GROUPS = {
    "legs": """
        addbrev addlong addmagProx
        addmagDist addmagIsch addmagMid glmax3
        bfsh
        edl ehl tibant
        fdl fhl soleus tibpost
        gaslat gasmed
        glmax1 glmax2
        glmed3 piri
        glmed1 glmed2 glmin1 glmin2 glmin3
        iliacus psoas
        perbrev perlong
        recfem
        sart
        bflh grac semimem semiten
        tfl
        vasint vaslat vasmed
    """,
    "legs_abs": """
        ercspn
        intobl
        extobl
        addbrev addlong addmagProx
        addmagDist addmagIsch addmagMid glmax3
        bfsh
        edl ehl tibant
        fdl fhl soleus tibpost
        gaslat gasmed
        glmax1 glmax2
        glmed1 glmed2 glmin1 glmin2 glmin3
        iliacus psoas recfem tfl
        perbrev perlong
        glmed3 piri
        sart
        bflh grac semimem semiten
        vasint vaslat vasmed
    """,
    "legs_back": """
        Ps_L1_VB Ps_L1_TP Ps_L1_L2_IVD Ps_L2_TP
        Ps_L3_TP Ps_L4_TP
        Ps_L2_L3_IVD Ps_L3_L4_IVD
        Ps_L4_L5_IVD
        Ps_L5_TP
        Ps_L5_VB
        rect_abd
        IL_L3 IL_L4 IL_R6
        IL_R7 IL_R8 IL_R9 IL_R10 IL_R11
        LTpT_T1
        LTpT_T7 LTpT_T8 LTpT_T9 LTpT_T10 LTpT_T11 LTpT_R7 LTpT_R8 LTpT_R9 LTpT_R10
        IL_R5 LTpT_T12 LTpT_R11 LTpT_R12
        LTpL_L5
        IL_L1 IL_L2 LTpL_L4 LTpL_L3 LTpL_L2 LTpL_L1
        IL_R12 QL_post_I.1-L3
        QL_post_I.2-L4 QL_post_I.2-L3 QL_post_I.2-L2 QL_post_I.3-L3
        QL_mid_L3-12.3 QL_mid_L3-12.2 QL_mid_L3-12.1 QL_mid_L2-12.1 QL_mid_L4-12.3
        QL_post_I.3-L1 QL_post_I.3-L2 QL_ant_I.2-T12 QL_ant_I.3-T12 QL_ant_I.2-12.1 QL_ant_I.3-12.1 \
        QL_ant_I.3-12.2 QL_ant_I.3-12.3
        LTpT_T2 LTpT_T3 LTpT_T4 LTpT_T5 LTpT_T6 LTpT_R4 LTpT_R5 LTpT_R6 MF_m1s MF_m1t.1 MF_m2s \
        MF_m1.laminar MF_m2.laminar MF_m3.laminar
        MF_m1t.2 MF_m2t.1 MF_m3s
        MF_m1t.3 MF_m2t.2 MF_m2t.3 MF_m4.laminar
        MF_m3t.1 MF_m3t.2 MF_m3t.3 MF_m4s MF_m4t.1 MF_m4t.2 MF_m4t.3
        MF_m5s
        MF_m5t.1 MF_m5t.2 MF_m5t.3 MF_m5.laminar
        EO1 EO2 EO3 EO4
        EO5 EO6
        IO1
        IO2
        IO3
        IO4
        IO5
        IO6
        addbrev addlong
        addmagDist addmagIsch
        addmagMid
        addmagProx
        bfsh
        edl ehl tibant
        fdl
        fhl
        gaslat gasmed
        glmax1 glmax2
        glmax3
        glmed2
        glmed3 piri
        glmed1 glmin1 glmin2
        glmin3
        grac
        iliacus
        perbrev perlong
        psoas
        recfem
        sart
        bflh semimem semiten
        soleus
        tfl
        tibpost
        vasint vaslat vasmed
    """,
}
"""A side's groups, one a line. Policies are trained for them: a change makes those useless."""


def members(name: str) -> list[list[str]]:
    muscles, synergies = load_body(name).muscles, muscle_synergies(name)
    return [
        [muscles[place] for place in np.flatnonzero(synergies.group == group)]
        for group in range(len(synergies.names))
    ]


@pytest.mark.parametrize("name", BODIES)
def test_groups_are_those_that_policies_were_trained_for(name):
    side = [line.split() for line in GROUPS[name].strip().splitlines()]
    expected = [[f"{muscle}_{end}" for muscle in group] for end in "rl" for group in side]
    assert members(name) == expected


@pytest.mark.parametrize(("name", "groups"), [("legs", 32), ("legs_abs", 34), ("legs_back", 116)])
def test_groups_part_all_muscles_and_bear_a_member_s_name(name, groups):
    found, synergies = members(name), muscle_synergies(name)
    assert len(found) == len(synergies.names) == groups
    assert sorted(chain.from_iterable(found)) == sorted(load_body(name).muscles)
    assert all(medoid in group for medoid, group in zip(synergies.names, found, strict=True))


@pytest.mark.parametrize("name", BODIES)
def test_anatomy(name):
    """Heads of one muscle go together, antagonists never, and no group has muscles of both sides."""
    groups = members(name)
    group = {muscle: number for number, names in enumerate(groups) for muscle in names}
    for side in "rl":
        together = ("vasint vaslat vasmed", "gaslat gasmed", "perbrev perlong", "edl ehl tibant")
        for names in (*together, "semimem semiten bflh", "addbrev addlong", "glmax1 glmax2"):
            assert len({group[f"{muscle}_{side}"] for muscle in names.split()}) == 1, names
        apart = ("tibant soleus", "tibant gasmed", "vasmed semimem", "vasmed bfsh", "psoas glmax2")
        for one, other in (names.split() for names in (*apart, "glmed1 addlong", "soleus gasmed")):
            assert group[f"{one}_{side}"] != group[f"{other}_{side}"]
    assert all(len({muscle[-1] for muscle in names}) == 1 for names in groups)


def test_clustering_the_left_side_gives_the_mirror_image():
    body, synergies = load_body("legs"), muscle_synergies("legs")
    left = [place for place, muscle in enumerate(body.muscles) if muscle.endswith("_l")]
    distance = 1 - length_change_correlation(body.model)[np.ix_(left, left)]
    _, cluster = k_medoids(distance, len(synergies.names) // 2)
    group = synergies.group[left]
    np.testing.assert_array_equal(cluster[:, None] == cluster, group[:, None] == group)


def test_correlation_is_that_of_muscles_in_joints_that_move():
    """Against lengths before and after small random steps from random poses, without moment arms."""
    body, rng = load_body("legs"), np.random.default_rng(7)
    model, joints, data = body.model, coupling(body.model), mujoco.MjData(body.model)
    span = joints.upper - joints.lower
    start = joints.lower + span * rng.uniform(size=(3000, len(span)))
    lengths = []
    for coordinates in (start, start + 1e-3 * span * rng.uniform(-1, 1, start.shape)):
        for position in joints.values(coordinates):
            data.qpos[joints.qpos] = position
            for stage in (mujoco.mj_kinematics, mujoco.mj_comPos, mujoco.mj_tendon, mujoco.mj_transmission):
                stage(model, data)
            lengths.append(data.actuator_length.copy())
    before, after = np.reshape(lengths, (2, 3000, model.nu))
    moved = np.corrcoef((after - before).T)
    found = length_change_correlation(model)
    np.testing.assert_allclose(np.diag(found), 1)
    np.testing.assert_allclose(found, moved, atol=0.1)
    assert np.abs(found - moved).mean() < 0.02
