from __future__ import annotations

import numpy as np
import pytest
from filmed import recorded

from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.evaluation.playback import Playback, play
from kinesis_bench.motions.store import read_motions


@pytest.fixture(scope="session")
def body() -> Body:
    return load_body("legs")


@pytest.fixture(scope="session")
def playback(tmp_path_factory: pytest.TempPathFactory) -> Playback:
    path, motions, rollouts = recorded(tmp_path_factory.mktemp("recorded"))
    return play(str(path), rollouts, rollouts.clips[0], read_motions(motions))


@pytest.fixture(scope="session")
def standing(body: Body) -> np.ndarray:
    """A pose that faces +x, its feet on the floor."""
    from synthetic import STANDING_HEIGHT_M, _facing_x

    pose = body.model.qpos0.copy()
    pose[2] = STANDING_HEIGHT_M
    pose[3:7] = _facing_x(body).as_quat(scalar_first=True)
    return pose
