"""The loop: the same seed ends bit-equal, also when it was stopped anywhere; a network can learn."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import pstdev
from typing import Any

import numpy as np
import pytest
import torch

from spermlens.config import Augment, Phase, Training
from spermlens.errors import ConfigError, DataCorrupt
from spermlens.models import build
from spermlens.models._network import Network
from spermlens.predict.tensors import probabilities, to_tensor
from spermlens.training.augment import augment
from spermlens.training.loop import Pictures, Plan, fit, imbalance, learning_rate
from spermlens.training.losses import Loss
from spermlens.training.modes import decayed_groups
from spermlens.types import Task

TASKS = (Task("shape", ("a", "b")), Task("vacuole", ("no", "yes")))
PHASES = (
    Phase(train="heads", epochs=2, learning_rate=1e-2),
    Phase(train="all", epochs=3, learning_rate=1e-2),
)
LONG = (Phase(train="all", epochs=8, learning_rate=1e-2),)
EVERYTHING = Training(
    batch_size=4, mixup_alpha=0.3, ema_decay=0.8, gradient_clip=1.0, class_weights="balanced", phases=PHASES
)
STILL = Augment(rotate_degrees=0, mirror=False, scale=0, shift=0, stain=0, brightness=0, contrast=0, noise=0)


class StoppedError(Exception):
    pass


def pictures(count: int, seed: int = 0) -> Pictures:
    random = np.random.default_rng(seed)
    squares = random.integers(0, 255, (count, 24, 24, 3), dtype=np.uint8)
    return Pictures(
        squares, {"shape": np.arange(count) % 2, "vacuole": np.where(np.arange(count) % 3, 1, -1)}
    )


def plan(folder: Path, **settings: Any) -> Plan:
    return Plan(
        **{
            "training": EVERYTHING,
            "augment": Augment(),
            "keep_best": True,
            "seed": 5,
            "device": torch.device("cpu"),
            "folder": folder / "checkpoint",
            "checkpoint_seconds": 0.0,
            **settings,
        }
    )


def network() -> Network:
    torch.manual_seed(1)
    return build("simple_cnn", TASKS, arguments={"width": 4, "dropout": 0.3, "cbam": True})


def train(how: Plan) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
    kept, history = fit(network(), pictures(14), pictures(6, seed=1), how)
    return kept.state_dict(), [{k: v for k, v in row.items() if k != "seconds"} for row in history]


def stop_after(epoch: int) -> Callable[[dict[str, Any]], None]:
    def tell(row: dict[str, Any]) -> None:
        if row["epoch"] == epoch:
            raise StoppedError

    return tell


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_the_same_seed_is_bit_equal_and_another_is_not(tmp_path: Path) -> None:
    first, history = train(plan(tmp_path / "a"))
    torch.rand(7)  # whatever happened before must not matter
    second, again = train(plan(tmp_path / "b"))
    other, _ = train(plan(tmp_path / "c", seed=6))
    assert equal(first, second)
    assert history == again
    assert not equal(first, other)


@pytest.mark.parametrize("keep_best", [False, True])
def test_stopped_after_any_epoch_and_gone_on_with_it_ends_bit_equal(tmp_path: Path, keep_best: bool) -> None:
    expected, history = train(plan(tmp_path / "whole", keep_best=keep_best))
    for epoch in range(1, 6):
        how = plan(tmp_path / f"{epoch}", keep_best=keep_best)
        with pytest.raises(StoppedError):
            train(replace(how, on_epoch=stop_after(epoch)))
        told: list[dict[str, Any]] = []
        found, again = train(replace(how, on_epoch=told.append))
        assert [row["epoch"] for row in told] == list(range(epoch + 1, 6))  # nothing was trained twice
        assert equal(found, expected), f"stopped after epoch {epoch}"
        assert again == history


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"loss": "generalized"},
        {"loss": "focal", "logit_adjustment": 1.0},
        {"sampling": "balanced:vacuole"},
        {"consistency": 1.0},
        {"teachers": ("a",), "consistency": 1.0},
        {"task_weights": "uncertainty", "mixup_alpha": 0.0},
    ],
)
def test_stopped_after_every_epoch_it_ends_bit_equal_too(tmp_path: Path, more: dict[str, Any]) -> None:
    training = EVERYTHING.model_copy(update=more)
    torch.manual_seed(8)
    wider = build("simple_cnn", TASKS, arguments={"width": 6, "dropout": 0.5})
    how = {"training": training, "teachers": (wider,) if training.teachers else ()}
    expected, _ = train(plan(tmp_path / "whole", **how))
    for epoch in range(1, 6):
        with pytest.raises(StoppedError):
            train(plan(tmp_path / "often", on_epoch=stop_after(epoch), **how))
    assert equal(train(plan(tmp_path / "often", **how))[0], expected)
    plain, _ = train(plan(tmp_path / "plain"))
    assert equal(plain, expected) == (not more)


def test_weights_of_tasks_are_learned_and_no_part_of_the_network(tmp_path: Path) -> None:
    training = EVERYTHING.model_copy(update={"task_weights": "uncertainty"})
    found, history = train(plan(tmp_path, training=training))
    assert found.keys() == network().state_dict().keys()
    weights = [(row["weight_shape"], row["weight_vacuole"]) for row in history]
    assert len(set(weights)) == len(history)  # they go on from phase to phase, also while the trunk rests
    assert (tmp_path / "checkpoint").is_dir()


def test_stopped_between_checkpoints_the_epochs_since_are_trained_again(tmp_path: Path) -> None:
    expected, _ = train(plan(tmp_path / "whole"))
    seldom = plan(tmp_path / "seldom", checkpoint_seconds=1e9)
    with pytest.raises(StoppedError):
        train(replace(seldom, on_epoch=stop_after(4)))  # the last checkpoint: end of the first phase
    told: list[dict[str, Any]] = []
    assert equal(train(replace(seldom, on_epoch=told.append))[0], expected)
    assert [row["epoch"] for row in told] == [3, 4, 5]


@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_without_options_the_weights_are_those_of_the_plain_recipe_bit_for_bit(
    tmp_path: Path, alpha: float
) -> None:
    phase = Phase(train="all", epochs=2, learning_rate=1e-2, schedule="constant", warmup_share=0)
    training = Training(batch_size=4, mixup_alpha=alpha, label_smoothing=0.1, phases=(phase,))
    found, _ = train(plan(tmp_path, training=training, keep_best=False))
    model, some, generator = network().train(), pictures(14), torch.Generator().manual_seed(5)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(decayed_groups(model.parameters(), 0.01), lr=1e-2)
    torch.manual_seed(5)
    for _ in range(2):
        for rows in np.array_split(torch.randperm(14, generator=generator).numpy(), 4):
            squares = augment(to_tensor(some.squares[rows]), Augment(), generator)
            truth = {name: torch.from_numpy(values[rows]) for name, values in some.labels.items()}
            cost = Loss(0.1)
            if alpha:
                seed = int(torch.randint(2**62, (1,), generator=generator))
                share = float(np.random.default_rng(seed).beta(alpha, alpha))
                share = max(share, 1 - share)
                other = torch.randperm(len(rows), generator=generator)
                squares = share * squares + (1 - share) * squares[other]
                said = model(squares.contiguous(memory_format=torch.channels_last))
                theirs = {name: values[other] for name, values in truth.items()}
                loss = share * cost(said, truth) + (1 - share) * cost(said, theirs)
            else:
                loss = cost(model(squares.contiguous(memory_format=torch.channels_last)), truth)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    assert equal(found, model.state_dict())


def test_training_leaves_torchs_generator_as_it_was(tmp_path: Path) -> None:
    model = network()
    state = torch.get_rng_state()
    fit(model, pictures(8), pictures(0), plan(tmp_path, keep_best=False))
    assert torch.equal(torch.get_rng_state(), state)


def test_a_damaged_checkpoint_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        train(plan(tmp_path, on_epoch=stop_after(2)))
    path = tmp_path / "checkpoint" / "state.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(DataCorrupt, match="the checkpoint was changed"):
        train(plan(tmp_path))
    path.write_bytes(whole)
    (tmp_path / "checkpoint" / "state.json").write_text("{")
    with pytest.raises(DataCorrupt, match="the checkpoint was changed"):
        train(plan(tmp_path))


def test_a_checkpoint_of_another_network_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoppedError):
        train(plan(tmp_path, on_epoch=stop_after(2)))
    wider = build("simple_cnn", TASKS, arguments={"width": 6, "cbam": True})
    with pytest.raises(DataCorrupt, match="does not fit the configuration"):
        fit(wider, pictures(14), pictures(6), plan(tmp_path))


def test_a_network_learns_eight_images_by_heart(tmp_path: Path) -> None:
    training = Training(batch_size=8, phases=(Phase(train="all", epochs=60, learning_rate=1e-2),))
    model = build("simple_cnn", TASKS[:1], arguments={"width": 8, "dropout": 0.0})
    some = pictures(8)
    how = plan(tmp_path, training=training, augment=STILL, keep_best=False, checkpoint_seconds=1e9)
    kept, history = fit(model, Pictures(some.squares, {"shape": some.labels["shape"]}), pictures(0), how)
    assert history[-1]["loss"] < 0.05 < 0.5 < history[0]["loss"]
    said = probabilities(kept, to_tensor(some.squares))["shape"].argmax(1)
    assert said.tolist() == some.labels["shape"].tolist()


def test_the_best_epoch_on_inner_images_is_kept(tmp_path: Path) -> None:
    learned = pictures(12)
    contrary = Pictures(
        learned.squares, {"shape": 1 - learned.labels["shape"]}
    )  # what is learned makes it worse
    training = Training(batch_size=4, phases=(Phase(train="all", epochs=8, learning_rate=1e-2),))
    model = build("simple_cnn", TASKS[:1], arguments={"width": 8})
    how = plan(tmp_path, training=training, augment=STILL)
    kept, history = fit(model, Pictures(learned.squares, {"shape": learned.labels["shape"]}), contrary, how)
    best = min(row["inner_loss"] for row in history)
    assert best < history[-1]["inner_loss"] - 0.1  # else this proves nothing
    said = probabilities(kept, to_tensor(contrary.squares))["shape"]
    assert -np.log(said[range(12), contrary.labels["shape"]]).mean() == pytest.approx(best, abs=1e-5)


def test_the_epoch_kept_may_be_that_of_the_most_alike_tasks(tmp_path: Path) -> None:
    """By 0/1 answers in closed form, which another epoch wins than by loss."""
    how = plan(tmp_path, balanced=True, training=EVERYTHING.model_copy(update={"phases": LONG}))
    inner = pictures(9, seed=1)
    kept, history = fit(network(), pictures(14), inner, how)
    costs = [imbalance([row["inner_accuracy_shape"], row["inner_accuracy_vacuole"]]) for row in history]
    best = int(np.argmin(costs))
    assert best != int(np.argmin([row["inner_loss"] for row in history]))  # else this proves nothing
    said = probabilities(kept, to_tensor(inner.squares))
    for task, labels in inner.labels.items():
        right = (said[task].argmax(1) == labels)[labels >= 0]
        assert right.mean() == pytest.approx(history[best][f"inner_accuracy_{task}"], abs=1e-6)
    known = [
        -np.log(said[task][labels >= 0, labels[labels >= 0]]).mean() for task, labels in inner.labels.items()
    ]
    assert np.mean(known) == pytest.approx(history[best]["inner_loss"], abs=1e-5)


def test_imbalance_is_the_spread_of_accuracies_and_what_they_lack() -> None:
    assert imbalance([1.0, 1.0, 1.0]) == 0
    assert imbalance([0.8, 0.8, 0.9]) == pytest.approx(pstdev([0.8, 0.8, 0.9, 4 - 2.5]))
    assert imbalance([0.8, 0.8, 0.8]) < imbalance([0.7, 0.8, 0.9]) < imbalance([0.7, 0.7, 0.7])


def test_no_batch_holds_a_single_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    take = Pictures.subset

    def watched(self: Pictures, indices: Any) -> Pictures:
        sizes.append(len(indices))
        return take(self, indices)

    monkeypatch.setattr(Pictures, "subset", watched)
    training = Training(batch_size=2, phases=(Phase(train="all", epochs=1, learning_rate=1e-3),))
    for count in range(2, 12):
        sizes.clear()
        fit(
            network(),
            pictures(count),
            pictures(0),
            plan(tmp_path / f"{count}", training=training, keep_best=False),
        )
        assert sum(sizes) == count
        assert min(sizes) >= 2


def test_no_batch_is_larger_than_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    take = Pictures.subset

    def watched(self: Pictures, indices: Any) -> Pictures:
        sizes.append(len(indices))
        return take(self, indices)

    monkeypatch.setattr(Pictures, "subset", watched)
    training = Training(batch_size=8, phases=(Phase(train="all", epochs=1, learning_rate=1e-3),))
    for count, expected in ((8, [8]), (9, [5, 4]), (11, [6, 5]), (17, [6, 6, 5])):
        sizes.clear()
        how = plan(tmp_path / f"{count}", training=training, keep_best=False)
        fit(network(), pictures(count), pictures(0), how)
        assert sizes == expected


def test_the_best_epoch_needs_annotated_inner_images(tmp_path: Path) -> None:
    some = pictures(6, seed=1)
    bare = replace(some, labels={task: np.full(6, -1) for task in some.labels})
    told: list[dict[str, Any]] = []
    with pytest.raises(
        ConfigError, match="none of the 6 inner images is annotated: there is nothing to choose on"
    ):
        fit(network(), pictures(14), bare, plan(tmp_path, on_epoch=told.append))
    assert told == []
    fit(
        network(),
        pictures(14),
        replace(bare, labels=bare.labels | {"shape": some.labels["shape"]}),
        plan(tmp_path),
    )


def test_an_inner_loss_that_is_no_number_is_said(tmp_path: Path) -> None:
    training = Training(batch_size=4, phases=(Phase(train="all", epochs=2, learning_rate=1e-3),))
    model = network()
    for name, values in model.named_buffers():
        if name.endswith("running_mean"):
            values.fill_(torch.nan)  # of no account while learning
    with pytest.raises(ConfigError, match=r"The inner loss became nan in epoch 1\. Lower the learning rate"):
        fit(model, pictures(8), pictures(6), plan(tmp_path, training=training))


def test_a_loss_that_is_no_number_is_the_users_to_mend(tmp_path: Path) -> None:
    wild = Training(batch_size=4, phases=(Phase(train="all", epochs=3, learning_rate=1e30),))
    with pytest.raises(ConfigError, match="Lower the learning rate"):
        train(plan(tmp_path, training=wild))


def test_the_learning_rate_warms_up_and_follows_half_a_cosine() -> None:
    phase = Phase(train="all", epochs=1, learning_rate=2.0, warmup_share=0.2)
    rates = [learning_rate(phase, step, 10) for step in range(10)]
    assert rates[:2] == [1.0, 2.0]
    assert rates[2] == 2.0
    assert rates[6] == pytest.approx(1.0)
    assert all(a > b > 0 for a, b in pairwise(rates[2:]))
    flat = phase.model_copy(update={"schedule": "constant", "warmup_share": 0.0})
    assert {learning_rate(flat, step, 10) for step in range(10)} == {2.0}


def test_a_checkpoint_is_plain_files(tmp_path: Path) -> None:
    train(plan(tmp_path))
    folder = tmp_path / "checkpoint"
    assert sorted(path.name for path in folder.iterdir()) == ["state.json", "state.safetensors"]
    assert json.loads((folder / "state.json").read_text())["epoch"] == 5
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]
