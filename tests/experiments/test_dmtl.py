"""A branch on what a frozen trunk pools: it learns, it is held back, and its best epoch is kept."""

from __future__ import annotations

from dataclasses import replace

import dmtl
import numpy as np
import pytest
import torch
from dmtl import BRANCHES, Branch, Side, inner_loss, learn, pooled, said
from sklearn.metrics import log_loss
from torch import nn

from spermlens.models import build
from spermlens.types import Task

FREE = Branch(0, 0)


def side(n: int, seed: int) -> Side:
    """Two views of six channels, of which the first tells normal from abnormal, with noise."""
    generator = torch.Generator().manual_seed(seed)
    labels = np.arange(n) % 2
    seen = torch.randn(2, n, 6, generator=generator)
    seen[:, :, 0] += 3 * torch.from_numpy(labels)
    return Side(seen, labels)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dmtl, "EPOCHS", 24)
    monkeypatch.setattr(dmtl, "BATCH", 8)
    monkeypatch.setattr(dmtl, "UNITS", 16)


def test_a_branch_learns_from_what_is_annotated() -> None:
    train, inner = side(80, 0), side(40, 1)
    misled = train.labels.copy()
    misled[::4] = -1
    branch = learn(replace(train, labels=misled), inner, FREE, 0)
    told = said(branch, inner.pooled)
    assert (told.argmax(1) == inner.labels).mean() > 0.8
    np.testing.assert_allclose(told.sum(1), 1)


def test_the_loss_is_scikit_learns_of_the_mean_of_all_views() -> None:
    inner = side(40, 1)
    branch = learn(side(80, 0), inner, FREE, 0)
    views = [torch.softmax(branch(one).double(), 1).detach().numpy() for one in inner.pooled]
    expected = log_loss(inner.labels[5:], np.mean(views, axis=0)[5:])
    labels = np.concatenate([np.full(5, -1), inner.labels[5:]])
    assert inner_loss(branch, replace(inner, labels=labels)) == pytest.approx(expected, rel=1e-6)


def test_the_epoch_best_on_images_for_choices_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where what is learned is contrary, the first epoch is the best, and more of them change nothing."""
    train, contrary = side(80, 0), side(40, 1)
    contrary = replace(contrary, labels=1 - contrary.labels)
    many = learn(train, contrary, FREE, 0)
    monkeypatch.setattr(dmtl, "EPOCHS", 1)
    once = learn(train, contrary, FREE, 0)
    np.testing.assert_array_equal(said(many, contrary.pooled), said(once, contrary.pooled))


def test_squared_weights_are_held_back() -> None:
    def size(how: Branch) -> float:
        branch = learn(side(80, 0), side(40, 1), how, 0)
        first = next(module for module in branch.modules() if isinstance(module, nn.Linear))
        return float(first.weight.detach().square().sum())

    assert size(BRANCHES["head"]) < 0.5 * size(FREE)


def test_what_is_pooled_of_a_view_is_what_the_heads_take() -> None:
    task = Task("head", ("normal", "abnormal"))
    network = build("simple_cnn", (task,), arguments={"width": 4}).eval()
    squares = torch.rand(3, 3, 24, 24)
    found = pooled(network, squares, 2)
    assert found.shape[:2] == (2, 3)
    expected = network(squares)["head"]
    torch.testing.assert_close(network.head("head").linear(found[0]), expected)
    assert not torch.allclose(found[0], found[1])
