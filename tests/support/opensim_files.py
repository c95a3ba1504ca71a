"""Results of OpenSim, Moco and SCONE in the layout of the real files, of a walk whose numbers are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from walking_rollouts import MASS_KG, cyclic, ring, stance_force

from kinesis_bench.human.joint_angles import SCHWARTZ, human_joint_angles
from kinesis_bench.human.sources import human_emg
from kinesis_bench.metrics.gait_events import GRAVITY_M_S2

CYCLE_S, FIRST_STRIKE_S, SPEED_M_S = 1.1, 0.3, 1.25
HUMAN = human_emg()
ELECTRODE = dict(
    zip(HUMAN.muscles, 0.5 + 0.1 * ring(HUMAN, np.asarray(HUMAN.mean_of_standardised)), strict=True)
)
"""People's mean standardised curves as excitation (100,), by electrode."""

SCHWARTZ_DEG = np.asarray(human_joint_angles(SCHWARTZ, HUMAN.speed_m_s, 0.9).mean_deg)
"""Hip flexion, hip adduction, knee, ankle (4, 100) [deg]."""

H0918 = {
    "hamstrings": "Biceps Femoris",
    "bifemsh": "Biceps Femoris",
    "glut_max": "Semimembranosus",
    "iliopsoas": "Rectus Femoris",
    "rect_fem": "Rectus Femoris",
    "vasti": "Vastus Medial",
    "gastroc": "Medial Gastrocnemius",
    "soleus": "Soleus",
    "tib_ant": "Tibialis Anterior",
}
"""Muscles of SCONE's H0918 and OpenSim's gait10dof18musc, in their order, and whose curve each has here."""

RAJAGOPAL = {
    "bflh": "Biceps Femoris",
    "gaslat": "Lateral Gastrocnemius",
    "gasmed": "Medial Gastrocnemius",
    "recfem": "Rectus Femoris",
    "semimem": "Semimembranosus",
    "soleus": "Soleus",
    "tibant": "Tibialis Anterior",
    "vaslat": "Vastus Lateral",
    "vasmed": "Vastus Medial",
}


def times(seconds: float = 8.0, dt_s: float = 0.01, start_s: float = 0.0) -> np.ndarray:
    return start_s + dt_s * np.arange(round(seconds / dt_s) + 1)


def phase(time_s: np.ndarray, side: str) -> np.ndarray:
    """Of the cycle of a leg; the left heel strikes at 0.3 s."""
    return (time_s - FIRST_STRIKE_S) / CYCLE_S + (0.5 if side == "r" else 0.0)


def signals(time_s: np.ndarray, muscles: dict[str, str]) -> dict[str, np.ndarray]:
    """Signal (N,) of the muscles of both legs, right first."""
    return {
        f"{muscle}_{side}": cyclic(ELECTRODE[electrode][None])(phase(time_s, side))[:, 0]
        for side in "rl"
        for muscle, electrode in muscles.items()
    }


def coordinates(
    time_s: np.ndarray, *, knee: float = 1.0, speed_m_s: float = SPEED_M_S
) -> dict[str, np.ndarray]:
    """Pelvis and leg coordinates [rad, m]; ``knee`` is the sign of flexion."""
    still = np.zeros_like(time_s)
    found = {"pelvis_tilt": still - 0.1, "pelvis_list": still, "pelvis_rotation": still}
    found |= {"pelvis_tx": speed_m_s * time_s, "pelvis_ty": still + 0.95, "pelvis_tz": still}
    for side in "rl":
        hip, adduction, bend, ankle = np.radians(cyclic(SCHWARTZ_DEG)(phase(time_s, side))).T
        found |= {f"hip_flexion_{side}": hip, f"hip_adduction_{side}": adduction}
        found |= {f"knee_angle_{side}": knee * bend, f"ankle_angle_{side}": ankle}
    return found


def forces(time_s: np.ndarray) -> dict[str, np.ndarray]:
    """Vertical force under r and l [N]; it rises within 20 ms of the strike."""
    return {side: stance_force(phase(time_s, side), CYCLE_S) for side in "rl"}


def write_sto(
    path: Path,
    time_s: np.ndarray,
    columns: dict[str, np.ndarray],
    header: str = "version=1",
    degrees: str = "no",
) -> Path:
    """A storage file as OpenSim and SCONE write it; ``degrees`` "" leaves the line out."""
    table = np.column_stack([time_s, *columns.values()])
    head = [path.stem, header, f"nRows={len(table)}", f"nColumns={table.shape[1]}"]
    head += [f"inDegrees={degrees}"] if degrees else []
    rows = ["\t".join(f"{value:.9g}" for value in row) for row in table]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*head, "endheader", "\t".join(["time", *columns]), *rows, ""]))
    return path


def scone(path: Path, time_s: np.ndarray, *, force: str = "both", speed_m_s: float = SPEED_M_S) -> Path:
    """SCONE's order: states (coordinates, speeds, activation and fibre), then excitations, then legs.

    ``force``: ``both`` newtons and body weights, ``old`` for body weights by the name of newtons.
    """
    columns = coordinates(time_s, knee=-1.0, speed_m_s=speed_m_s)
    columns |= {f"{name}_u": np.gradient(values, time_s) for name, values in columns.items()}
    muscles = signals(time_s, H0918)
    for name, values in muscles.items():
        columns |= {f"{name}.activation": values, f"{name}.fiber_length": 0.1 + 0 * values}
    for name, values in muscles.items():
        columns |= {f"{name}.input": 2 * values, f"{name}.excitation": values, f"{name}.F": 900 * values}
    for leg, side in (("leg0_l", "l"), ("leg1_r", "r")):
        newtons = forces(time_s)[side]
        weights = newtons / (MASS_KG * GRAVITY_M_S2)
        columns |= {f"{leg}.grf_x": 0 * newtons, f"{leg}.grf_y": weights if force == "old" else newtons}
        if force == "both":
            columns |= {f"{leg}.grf_norm_x": 0 * newtons, f"{leg}.grf_norm_y": weights}
    return write_sto(path, time_s, columns)


def moco(path: Path, time_s: np.ndarray, muscles: dict[str, str] = RAJAGOPAL) -> Path:
    """A Moco solution: states by their paths, then controls; no forces in it."""
    places = {"pelvis": "ground_pelvis", "hip": "hip", "knee": "walker_knee", "ankle": "ankle"}
    columns = {}
    for name, values in coordinates(time_s).items():
        joint = places[name.split("_")[0]] + (f"_{name[-1]}" if not name.startswith("pelvis") else "")
        columns |= {f"/jointset/{joint}/{name}/value": values}
    columns |= {
        name.replace("/value", "/speed"): np.gradient(values, time_s) for name, values in columns.items()
    }
    for name, values in signals(time_s, muscles).items():
        columns |= {f"/forceset/{name}/activation": values}
        columns |= {f"/forceset/{name}/normalized_tendon_force": 0.3 + 0 * values}
    columns |= {"/lumbarExtAct/activation": -3 + 0 * time_s}
    columns |= {f"/forceset/{name}": values for name, values in signals(time_s, muscles).items()}
    columns |= {"/forceset/reserve_hip_flexion_r": 40 + 0 * time_s, "/lumbarExtAct": 0 * time_s}
    header = (
        "num_controls=20\nnum_derivatives=0\nnum_states=60\nDataType=double\nversion=3\nOpenSimVersion=4.5"
    )
    return write_sto(path, time_s, columns, header)


def cmc(folder: Path, time_s: np.ndarray, *, force_start_s: float = -0.5) -> Path:
    """CMC's folder: states, controls, kinematics (q in degrees, u), muscle forces; plates beside."""
    muscles = signals(time_s, RAJAGOPAL)
    states = {f"/jointset/j/{name}/value": values for name, values in coordinates(time_s).items()}
    for name, values in muscles.items():
        states |= {f"/forceset/{name}/activation": values, f"/forceset/{name}/fiber_length": 0.1 + 0 * values}
    write_sto(folder / "walk_states.sto", time_s, states)
    controls = {f"{name}.excitation": values for name, values in muscles.items()}
    controls |= {"FX.excitation": 7 + 0 * time_s, "hip_flexion_r_reserve.excitation": -3 + 0 * time_s}
    write_sto(
        folder / "walk_controls.sto",
        time_s[::2],
        {name: value[::2] for name, value in controls.items()},
        degrees="no",
    )
    q = {
        name: values if name[-3:] in ("_tx", "_ty", "_tz") else np.degrees(values)
        for name, values in coordinates(time_s).items()
    }
    again = {name: np.append(values, values[-1]) for name, values in q.items()}
    write_sto(folder / "walk_Kinematics_q.sto", np.append(time_s, time_s[-1]), again, degrees="yes")
    speeds = {name: 50 + np.gradient(values, time_s) for name, values in q.items()}
    write_sto(folder / "walk_Kinematics_u.sto", time_s, speeds, degrees="yes")
    write_sto(folder / "walk_Actuation_force.sto", time_s, {name: 800 * v for name, v in muscles.items()})
    clock = np.arange(force_start_s, time_s[-1] + 0.2, 0.001)
    plates = {"ground_force_vx": 0 * clock, "ground_force_vy": forces(clock)["r"]}
    plates |= {"1_ground_force_vx": 0 * clock, "1_ground_force_vy": forces(clock)["l"]}
    write_sto(folder / "walk_grf.mot", clock, plates, degrees="yes")
    return folder


def static_optimisation(folder: Path, time_s: np.ndarray) -> Path:
    """Static optimisation: activation under the muscles' plain names, forces likewise, kinematics beside."""
    muscles = signals(time_s, H0918)
    residuals = {"FX": 20 + 0 * time_s, "hip_flexion_r_reserve": -2 + 0 * time_s}
    header = "version=1"
    write_sto(folder / "walk_StaticOptimization_activation.sto", time_s, muscles | residuals, header)
    strong = {name: 900 * values for name, values in muscles.items()}
    write_sto(folder / "walk_StaticOptimization_force.sto", time_s, strong | residuals, header)
    q = coordinates(time_s, knee=-1.0)
    angles = {
        n: v if n.startswith("pelvis_t") and n != "pelvis_tilt" else np.degrees(v) for n, v in q.items()
    }
    write_sto(folder / "ik.mot", time_s, angles, degrees="yes")
    return folder
