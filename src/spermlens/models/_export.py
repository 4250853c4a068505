"""From a saved model to one ONNX file with answers and reasons: the network, its temperatures, its maps."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from spermlens.errors import UsageError
from spermlens.files import write_bytes
from spermlens.models._description import Description
from spermlens.models._graph import DISTANCES, SQUARES, metadata_of, outputs_of
from spermlens.models._network import Network
from spermlens.models._store import Saved


class Answers(nn.Module):
    """One view of a picture to everything that is said of it, in the order of `names`."""

    def __init__(self, network: Network, divisors: dict[str, float]) -> None:
        super().__init__()
        self.network = network
        self.divisors = divisors

    @property
    def names(self) -> list[str]:
        told = [name for task in self.network.tasks for name in outputs_of(task.name)]
        return told if self.network.familiar is None else [*told, DISTANCES]

    def forward(self, squares: Tensor) -> tuple[Tensor, ...]:
        passage, found = self.network.read(squares), []
        for task in self.network.tasks:
            logits = passage.logits[task.name]
            tempered = torch.softmax(logits / self.divisors.get(task.name, 1.0), 1)
            found += [logits, tempered, passage.maps[task.name]]
        if self.network.familiar is not None:
            found.append(self.network.familiar(passage.features))
        return tuple(found)


def export(saved: Saved, file: Path) -> Description:
    """Write the graph, whole or not at all; where measures vote, it answers for the network's vote."""
    try:
        import onnx
        import onnxscript  # noqa: F401 - torch exports through it
    except ImportError as error:
        raise UsageError(
            f"Exporting needs {error.name}, which is not installed. Install spermlens with the extra 'onnx'."
        ) from error
    model = saved.description
    proto = _graph(saved).model_proto
    onnx.helper.set_model_props(proto, metadata_of(model, saved.rulers))
    proto.doc_string = "Reads squares that framing made of images of sperm; each row for itself."
    onnx.checker.check_model(proto)
    write_bytes(file, proto.SerializeToString())
    return model


def _graph(saved: Saved) -> torch.onnx.ONNXProgram:
    answers = Answers(saved.network, dict(saved.description.temperatures_of_network)).eval()
    side = saved.description.framing.size
    squares = torch.zeros(2, 3, side, side)  # 2: from a single one torch would conclude that it is always one
    with torch.no_grad(), _without_chatter():
        program = torch.onnx.export(
            answers,
            (squares,),
            input_names=[SQUARES],
            output_names=answers.names,
            dynamic_shapes={SQUARES: {0: torch.export.Dim("images", min=1, max=2**16)}},
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    return program


@contextmanager
def _without_chatter() -> Iterator[None]:
    """The exporter tells of its own inner parts, which a user can do nothing about."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    before = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
