"""One of several processes that train one policy; run by tests/training/test_distributed.py.

    python distributed_worker.py update|stage|distil FOLDER

Rank and number of processes come from the environment, as torchrun sets them; each writes FOLDER/RANK.npz.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from kinesis_bench.training import ppo as ppo_module
from kinesis_bench.training.config import (
    DistillationConfig,
    EpisodeConfig,
    NetworkConfig,
    PPOConfig,
    StageConfig,
)
from kinesis_bench.training.distillation import Distillation
from kinesis_bench.training.distributed import (
    copy_from_first,
    gather_json,
    gather_over_processes,
    moments_over_processes,
    processes,
    rank,
)
from kinesis_bench.training.environment import Transition
from kinesis_bench.training.networks import Actor, Critic
from kinesis_bench.training.ppo import PPO
from kinesis_bench.training.reinforcement import Reinforcement
from kinesis_bench.training.storage import Batch, Storage, minibatches
from kinesis_bench.training.trial import ClipTrial

STEPS, ENVIRONMENTS, OBSERVATIONS, ACTIONS, RANKS, PARTS = 6, 4, 5, 3, 2, 3
NETWORK = NetworkConfig(actor=(16, 12), critic=(16,), learn_std=True)


def data() -> dict[str, torch.Tensor]:
    """Experience of all environments, the same whoever asks."""
    rng = torch.Generator().manual_seed(7)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(STEPS, ENVIRONMENTS, *shape, generator=rng)

    return {
        "observation": 3 + 2 * normal(OBSERVATIONS),
        "sample": 0.1 * normal(ACTIONS),
        "value": normal(),
        "reward": normal() + torch.arange(ENVIRONMENTS),  # so that ranks' own advantages differ in mean
        "ended": normal() > 1,
    }


def order(of_rank: int) -> torch.Generator:
    return torch.Generator().manual_seed(100 + of_rank)


def update(epochs: int) -> dict[str, np.ndarray]:
    """Learn normalisers and make one update, from this process's share of the environments."""
    torch.manual_seed(rank())
    actor, critic = Actor(OBSERVATIONS, ACTIONS, NETWORK), Critic(OBSERVATIONS, NETWORK, 10.0)
    for module in (actor, critic):
        copy_from_first(module.state_dict().values())
    own = np.array_split(np.arange(ENVIRONMENTS), processes())[rank()]
    seen = {name: values[:, own] for name, values in data().items()}
    for module in (actor, critic):
        module.normaliser.learn(seen["observation"].flatten(0, 1))
    storage = Storage(STEPS, len(own), OBSERVATIONS, ACTIONS)
    with torch.no_grad():
        for t in range(STEPS):
            now = {name: values[t] for name, values in seen.items()}
            log_prob = actor.distribution(now["observation"]).log_prob(now["sample"])
            storage.add(log_prob=log_prob, **now)
    size = STEPS * ENVIRONMENTS if epochs == 1 else STEPS * ENVIRONMENTS // PARTS
    config = PPOConfig(
        learning_rate=1e-2,
        epochs=epochs,
        minibatch=size,
        entropy_weight=0.01,
        max_gradient_norm=1e9 if epochs == 1 else 0.1,
        target_kl=1e-3,
    )
    ppo = PPO(actor, critic, storage, config, order(rank()))
    report = ppo.update(torch.arange(ENVIRONMENTS)[torch.tensor(own)].double())
    found = {f"report.{name}": np.array(value) for name, value in vars(report).items()}
    for network in ("actor", "critic"):
        module = getattr(ppo, network)
        for name, tensor in module.state_dict().items():
            found[f"{network}.{name}"] = tensor.numpy()
        for name, parameter in module.named_parameters():
            found[f"gradient.{network}.{name}"] = parameter.grad.numpy()
    return found


def parts_of_all_ranks(orders: list[torch.Generator]) -> Any:
    """The minibatches of one process, each put together from those that the ranks of the other run take."""

    def parts(batch: Batch, size: int, _: torch.Generator) -> Any:
        share = ENVIRONMENTS // RANKS
        grid = torch.arange(len(batch)).reshape(STEPS, ENVIRONMENTS)
        taken = []
        for number in range(RANKS):
            place = grid[:, number * share : (number + 1) * share].flatten()
            rows = Batch(*(getattr(batch, name)[place] for name in Batch.__dataclass_fields__))
            taken.append(list(minibatches(rows, size // RANKS, orders[number])))
        for each in zip(*taken, strict=True):
            yield Batch(*(torch.cat([getattr(b, name) for b in each]) for name in Batch.__dataclass_fields__))

    return parts


class Toy:
    """Rewards actions near the first observations; an episode is cut off after five steps."""

    observation_size, action_size, broken, reward_range = OBSERVATIONS, ACTIONS, 0, (0.0, 1.0)

    def __init__(self) -> None:
        self.rng, self.lengths, self.starts = np.random.default_rng(), [], []  # type: ignore[var-annotated]

    def restart(self) -> None:
        self.step_number = 0
        self._draw()
        self.starts.append(self.observation.copy())

    def _draw(self) -> None:
        self.observation = self.rng.normal(size=(ENVIRONMENTS, OBSERVATIONS)).astype(np.float32)

    def observe(self) -> torch.Tensor:
        return torch.from_numpy(self.observation).to(torch.get_default_dtype())

    def step(self, action: torch.Tensor) -> Transition:
        reward = torch.exp(-(action - self.observe()[:, :ACTIONS]).square().sum(1))
        self._draw()
        self.step_number += 1
        cut_off = torch.full((ENVIRONMENTS,), self.step_number % 5 == 0)
        self.lengths += [5 + rank()] * int(cut_off.sum())
        return Transition(reward, torch.zeros_like(cut_off), cut_off, self.observe()[cut_off])

    def state(self) -> dict[str, Any]:
        return {"rank": rank(), "text": "x" * (1 + 5 * rank())}

    def load_state(self, state: dict[str, Any]) -> None:
        assert state == self.state()


class Judge:
    """Trials that the ranks disagree on: each must end at the same update all the same."""

    def run(self, _: object) -> ClipTrial:
        share = np.array([1.0, 0.5 + 0.5 * rank()])
        return ClipTrial(share, share, np.array([10, 10]), 40.0 + rank(), 0.1)


def stage(folder: Path, updates: int) -> dict[str, np.ndarray]:
    """A stage of so many updates, which goes on from what is in the folder."""
    torch.manual_seed(rank())
    toy, told = Toy(), []
    learner = Reinforcement(
        "toy",
        folder,
        Actor(OBSERVATIONS, ACTIONS, NETWORK),
        Critic(OBSERVATIONS, NETWORK, 1.0),
        toy,  # type: ignore[arg-type]
        Judge(),  # type: ignore[arg-type]
        ppo=PPOConfig(epochs=2, minibatch=40, learning_rate=1e-3),
        episodes=EpisodeConfig(environments=ENVIRONMENTS, steps=10),
        config=StageConfig(
            max_steps=updates * 10 * ENVIRONMENTS * processes(), evaluate_every=1, checkpoint_every=2
        ),
        seed=3,
        progress=told.append,
    )
    learner.run()
    found = {name: value.detach().numpy() for name, value in learner.actor.state_dict().items()}  # type: ignore[attr-defined]
    return found | {
        "updates": np.array(learner.updates),
        "history": np.array(learner.history),
        "episode_steps": np.array([p.figures["episode_steps"] for p in told]),
        "reward": np.array([p.figures["reward"] for p in told]),
        "starts": np.array(toy.starts),
    }


def distil() -> dict[str, np.ndarray]:
    """A student of labels that are the first observations, in rows that each process begins its own way."""
    torch.manual_seed(0)
    toy, told, student = Toy(), [], Actor(OBSERVATIONS, ACTIONS, NETWORK)
    toy.rng = np.random.default_rng(rank())
    Distillation(
        student,
        lambda rows: rows.observation[:, :ACTIONS].clip(0, 1),  # type: ignore[arg-type]
        toy,  # type: ignore[arg-type]
        DistillationConfig(rounds=3, steps=5, memory=60, minibatch=10),
        torch.Generator().manual_seed(2),
        told.append,
    ).run()
    found = {name: value.detach().numpy() for name, value in student.state_dict().items()}
    return found | {"starts": np.array(toy.starts), "samples": np.array([p.samples for p in told])}


def tools() -> dict[str, np.ndarray]:
    """The small collectives, on values that differ by rank."""
    values = torch.arange(3.0 + rank()) + 10 * rank()
    mean, variance = moments_over_processes(values)
    content = gather_json({"rank": rank(), "more": "é" * rank()})
    assert [each["rank"] for each in content] == list(range(processes()))
    assert [each["more"] for each in content] == ["é" * number for number in range(processes())]
    gathered = gather_over_processes(torch.tensor([rank(), 5]))
    return {"moments": np.array([float(mean), float(variance)]), "gathered": gathered.numpy()}


def main() -> None:
    faulthandler.enable()  # an abort says where
    what, folder = sys.argv[1], Path(sys.argv[2])
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    if int(os.environ["WORLD_SIZE"]) > 1:
        rendezvous = f"file://{folder / 'rendezvous'}"
        number, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        dist.init_process_group("gloo", init_method=rendezvous, rank=number, world_size=world)
    if what == "update":
        found = {}
        for name, epochs in (("first", 1), ("later", 4)):
            if processes() == 1:
                ppo_module.minibatches = parts_of_all_ranks([order(number) for number in range(RANKS)])
            found |= {f"{name}.{key}": value for key, value in update(epochs).items()}
        found |= tools()
    elif what == "distil":
        found = distil()
    else:
        found = stage(folder / "whole", 4)
        stage(folder / "parts", 2)
        found |= {f"resumed.{name}": value for name, value in stage(folder / "parts", 4).items()}
    np.savez(folder / f"{rank()}.npz", allow_pickle=False, **found)
    if dist.is_initialized():
        dist.barrier()  # nobody leaves while another still reads what it was sent
        group = weakref.ref(dist.group.WORLD)
        dist.destroy_process_group()
        assert group() is None, "its threads could meet the interpreter's end"


if __name__ == "__main__":
    main()
