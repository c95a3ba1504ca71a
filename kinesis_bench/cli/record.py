"""``kinesis-bench record``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MOST_EPISODES = 1000


@dataclass(frozen=True)
class Record:
    """Run a policy in another environment and record it, to be scored with `score --rollout`.

    Needs MyoSuite 3: pip install 'kinesis-bench[myosuite]'. There is no reference to follow there, so muscles
    and joint angles are scored, imitation is not.

    Args:
        policy: deprl=FOLDER or dynsyn=FOLDER (as their authors publish them, see baselines/), sb3=FILE.zip of
            Stable-Baselines3, onnx=FILE, or FILE.py:Class with act(observation) -> action.
        env: of MyoSuite, with legs.
        out: the recording.
        episodes: how many; each starts at random where the environment can.
        seed: of the starts.
    """

    policy: str
    env: str = "myoLegWalk-v0"
    out: Path = Path("rollouts.h5")
    episodes: int = 10
    seed: int = 0

    def run(self) -> None:
        """Record, and say how long the episodes were.

        Raises:
            InputError: a number means nothing, or policy or environment cannot be used.
        """
        from kinesis_bench.errors import InputError
        from kinesis_bench.files import refuse_folder
        from kinesis_bench.policies.foreign import load_foreign
        from kinesis_bench.terminal import console

        if not 1 <= self.episodes <= MOST_EPISODES:
            raise InputError("--episodes", f"is {self.episodes}", f"give 1 to {MOST_EPISODES}")
        if self.seed < 0:
            raise InputError("--seed", f"is {self.seed}", "give at least 0")
        refuse_folder(self.out, "give the name of a file, such as rollouts.h5")
        policy = load_foreign(self.policy)
        from kinesis_bench.evaluation.myosuite import record
        from kinesis_bench.rollouts.store import write_rollouts

        with console(stderr=True).status(f"{policy.name} in {self.env}") as status:
            rollouts = record(
                policy,
                self.env,
                episodes=self.episodes,
                seed=self.seed,
                progress=lambda done: status.update(f"{policy.name} in {self.env}: {done}/{self.episodes}"),
            )
        write_rollouts(self.out, rollouts)
        seconds = [len(clip.qpos) * clip.dt_s for clip in rollouts.clips if clip.qpos is not None]
        whole = sum(not clip.failure for clip in rollouts.clips)
        episodes = f"{self.episodes} episode{'s' * (self.episodes > 1)}"
        console().print(
            f"{episodes} of {min(seconds):.2f} to {max(seconds):.2f} s, {whole} to the end\n"
            f"written to {self.out}; next: kinesis-bench score --rollout {self.out}",
            soft_wrap=True,
        )
