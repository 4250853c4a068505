"""The loop: phases, batches, steps. Plain PyTorch, resumable at every epoch, bit-equal on the CPU.

The order of batches and every augmentation come from the loop's own generator; dropout comes from torch's
global one, which is seeded at the start and put back after. Both are part of the checkpoint.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor
from torch.optim.swa_utils import AveragedModel

from spermlens.config import Augment, Phase, Training
from spermlens.errors import ConfigError
from spermlens.models._network import Network
from spermlens.predict.tensors import to_tensor
from spermlens.training import checkpoint
from spermlens.training.averaging import average_of
from spermlens.training.batch_loss import BatchLoss
from spermlens.training.checkpoint import Progress
from spermlens.training.losses import MISSING, Loss, loss_of
from spermlens.training.modes import decayed_groups, learn
from spermlens.training.sampling import balanced_order, labels_to_balance, plain_order

OnEpoch = Callable[[dict[str, Any]], None]
CHECKPOINT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Pictures:
    """Squares (n, size, size, 3) uint8 and class numbers per task, -1 where not annotated."""

    squares: NDArray[np.uint8]
    labels: Mapping[str, NDArray[np.int64]]

    def __len__(self) -> int:
        return len(self.squares)

    def subset(self, indices: NDArray[np.int64]) -> Pictures:
        return Pictures(
            self.squares[indices], {task: values[indices] for task, values in self.labels.items()}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to learn, from where to go on, and whom to tell."""

    training: Training
    augment: Augment
    keep_best: bool
    seed: int
    device: torch.device
    folder: Path  # for the checkpoint
    teachers: Sequence[Network] = ()
    on_epoch: OnEpoch = lambda _: None
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    balanced: bool = False  # the best epoch is then that of least `imbalance`, not of least loss

    @property
    def epochs(self) -> int:
        return sum(phase.epochs for phase in self.training.phases)


def fit(
    network: Network, train: Pictures, inner: Pictures, plan: Plan
) -> tuple[Network, list[dict[str, Any]]]:
    """Train in place; the network to keep (averaged or best, as planned) and the history, a row an epoch."""
    # a number that was set is kept: left to itself, the mathematics library takes fewer threads on a busy
    # machine, and sums end in other bits
    torch.set_num_threads(torch.get_num_threads())
    with _own_randomness(plan.seed):
        return _Loop(network, train, inner, plan).run()


class _Loop:
    def __init__(self, network: Network, train: Pictures, inner: Pictures, plan: Plan) -> None:
        if plan.keep_best and not any((labels != MISSING).any() for labels in inner.labels.values()):
            raise ConfigError(
                f"The best epoch is to be kept, but none of the {len(inner)} inner images is annotated: "
                "there is nothing to choose on. Set protocol.keep to last, or set other images aside."
            )
        self.plan, self.train, self.inner = plan, train, inner
        self.network = self._placed(network)
        self.generator = Generator().manual_seed(plan.seed)
        self.progress = Progress()
        decay = plan.training.ema_decay
        self.average = average_of(self.network, decay) if decay else None
        self.best = AveragedModel(network) if plan.keep_best else None  # a copy to hold the best epoch
        loss = loss_of(plan.training, network.tasks, train.labels)
        self.weighing = loss.weighing.to(plan.device) if loss.weighing else None
        teachers = [self._placed(teacher).eval() for teacher in plan.teachers]
        self.batch_loss = BatchLoss(plan.training, plan.augment, loss, self.generator, teachers)
        self.plain_loss = Loss()
        self.to_balance = labels_to_balance(plan.training.sampling, train.labels)

    def run(self) -> tuple[Network, list[dict[str, Any]]]:
        started = self._resume()
        for number, (phase, first) in enumerate(self._phases()):
            if self.progress.epoch >= first + phase.epochs:
                continue
            parameters = [*learn(self.network, phase.train), *self._weighing_parameters()]
            optimizer = torch.optim.AdamW(
                decayed_groups(parameters, phase.weight_decay), lr=phase.learning_rate
            )
            if self.progress.epoch > first and started:
                checkpoint.load_optimizer(self.plan.folder, optimizer)
            self._run_phase(number, phase, first, optimizer)
        kept = self._kept()
        kept.eval().requires_grad_(False)
        return kept, self.progress.history

    def _run_phase(self, number: int, phase: Phase, first: int, optimizer: torch.optim.Optimizer) -> None:
        saved = time.monotonic()
        while self.progress.epoch < first + phase.epochs:
            begun = time.monotonic()
            row = self._epoch(phase, self.progress.epoch - first, optimizer)
            row |= self._judge_inner() | self._weights()
            self.progress.epoch += 1
            row |= {
                "epoch": self.progress.epoch,
                "phase": number,
                "seconds": round(time.monotonic() - begun, 2),
            }
            self.progress.history.append(row)
            last = self.progress.epoch == first + phase.epochs
            if last or time.monotonic() - saved >= self.plan.checkpoint_seconds:
                checkpoint.save(
                    self.plan.folder, self.progress, self._modules(), optimizer, self._generators()
                )
                saved = time.monotonic()
            self.plan.on_epoch(row)

    def _epoch(self, phase: Phase, epoch: int, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        parameters = learn(self.network, phase.train)
        batches = list(self._batches())
        total = torch.zeros((), device=self.plan.device)
        for index, batch in enumerate(batches):
            rate = learning_rate(phase, epoch * len(batches) + index, phase.epochs * len(batches))
            for group in optimizer.param_groups:
                group["lr"] = rate
            part = self.train.subset(batch)
            squares = to_tensor(part.squares, self.plan.device)
            loss = self.batch_loss(self.network, squares, self._on_device(part.labels))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            if self.plan.training.gradient_clip:
                torch.nn.utils.clip_grad_norm_(parameters, self.plan.training.gradient_clip)
            optimizer.step()
            if self.average is not None:
                self.average.update_parameters(self.network)
            total += loss.detach() * len(batch)
        mean = float(total) / len(self.train)
        self._need_finite("loss", mean)
        return {"loss": round(mean, 6), "learning_rate": rate}

    def _need_finite(self, name: str, value: float) -> None:
        if not math.isfinite(value):
            raise ConfigError(
                f"The {name} became {value} in epoch {self.progress.epoch + 1}. Lower the learning rate."
            )

    def _batches(self) -> Iterator[NDArray[np.int64]]:
        """Equal parts of a fresh order, none above the batch size.

        None holds one image, which batch statistics cannot bear; of an odd number in pairs one holds three.
        """
        if self.to_balance is None:
            order = plain_order(len(self.train), self.generator)
        else:
            order = balanced_order(self.to_balance, self.generator)
        wanted = math.ceil(len(order) / self.plan.training.batch_size)
        yield from np.array_split(order, max(1, min(wanted, len(order) // 2)))

    def _judge_inner(self) -> dict[str, Any]:
        """Loss and accuracies on the inner images, of the network that would be kept now."""
        if not len(self.inner):
            return {}
        network = self._current()
        network.eval()
        labels = self._on_device(self.inner.labels)
        with torch.inference_mode():
            parts = [network(to_tensor(part, self.plan.device)) for part in _chunks(self.inner.squares)]
            logits = {task: torch.cat([part[task] for part in parts]) for task in labels}
            loss = float(self.plain_loss(logits, labels))
        self._need_finite("inner loss", loss)
        row: dict[str, Any] = {"inner_loss": round(loss, 6)}
        accuracies = []
        for task, truth in labels.items():
            known = truth != MISSING
            if known.any():
                accuracies.append(float((logits[task].argmax(1) == truth)[known].double().mean()))
                row[f"inner_accuracy_{task}"] = round(accuracies[-1], 6)
        cost = imbalance(accuracies) if self.plan.balanced else loss
        if self.best is not None and (self.progress.least_cost is None or cost < self.progress.least_cost):
            self.progress.least_cost = cost
            self.best.module.load_state_dict(network.state_dict())
        return row

    def _placed(self, network: Network) -> Network:
        placed: Network = network.to(self.plan.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return placed

    def _on_device(self, labels: Mapping[str, NDArray[np.int64]]) -> dict[str, Tensor]:
        return {task: torch.from_numpy(values).to(self.plan.device) for task, values in labels.items()}

    def _current(self) -> Network:
        network: Network = self.average.module if self.average is not None else self.network  # type: ignore[assignment]
        return network

    def _kept(self) -> Network:
        kept: Network = self.best.module if self.best is not None else self._current()  # type: ignore[assignment]
        return kept

    def _phases(self) -> Iterator[tuple[Phase, int]]:
        """Each phase with the number of epochs before it."""
        first = 0
        for phase in self.plan.training.phases:
            yield phase, first
            first += phase.epochs

    def _weights(self) -> dict[str, float]:
        """What each task weighs by now, where that is learned."""
        if self.weighing is None:
            return {}
        weights = torch.exp(-self.weighing.log_variances.detach()).tolist()
        pairs = zip(self.network.tasks, weights, strict=True)
        return {f"weight_{task.name}": round(weight, 6) for task, weight in pairs}

    def _weighing_parameters(self) -> list[torch.nn.Parameter]:
        return [] if self.weighing is None else list(self.weighing.parameters())

    def _modules(self) -> dict[str, torch.nn.Module]:
        found: dict[str, torch.nn.Module | None] = {"network": self.network, "task_weights": self.weighing}
        found |= {"average": self.average, "best": self.best}
        return {name: module for name, module in found.items() if module is not None}

    def _generators(self) -> dict[str, Generator]:
        return {"loop": self.generator, "global": torch.default_generator}

    def _resume(self) -> bool:
        """Put everything but the optimiser back; the phase in which it stopped restores that."""
        if not checkpoint.epochs_done(self.plan.folder):
            return False
        self.progress = checkpoint.load(self.plan.folder, self._modules(), self._generators())
        return True


def imbalance(accuracies: Sequence[float]) -> float:
    """How unlike and how far from 1 the accuracies of the tasks are; 0 where all are 1.

    The standard deviation of all of them and of 1 plus what they lack together. Abbasi and others (2020) keep
    an epoch so: of three tasks it is that of three accuracies and 4 less their sum.
    """
    return float(np.std([*accuracies, 1 + len(accuracies) - sum(accuracies)]))


def learning_rate(phase: Phase, step: int, steps: int) -> float:
    """Linear warm-up, then constant or half a cosine down to zero."""
    warmup = int(phase.warmup_share * steps)
    if step < warmup:
        return phase.learning_rate * (step + 1) / warmup
    if phase.schedule == "constant":
        return phase.learning_rate
    return phase.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def _chunks(squares: NDArray[np.uint8], size: int = 64) -> list[NDArray[np.uint8]]:
    return [squares[start : start + size] for start in range(0, len(squares), size)]


@contextmanager
def _own_randomness(seed: int) -> Iterator[None]:
    """Seed torch's global generator inside, and leave it outside as it was."""
    before = torch.get_rng_state()
    torch.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before)
