"""A saved network as an eye, on any device of torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from spermlens.explain._engine import chosen, is_exact, raw_maps
from spermlens.explain._scaled import Question, RawMap
from spermlens.models._description import Description
from spermlens.models._ruler import Ruler
from spermlens.models._store import Saved
from spermlens.predict.eye import Seen, Squares
from spermlens.predict.sides import Sides
from spermlens.predict.tensors import look, to_tensor


@dataclass(frozen=True)
class NetworkEye:
    """Looks with a network that lies on `device` already."""

    saved: Saved
    device: torch.device

    @property
    def description(self) -> Description:
        return self.saved.description

    @property
    def rulers(self) -> Mapping[str, Ruler]:
        return self.saved.rulers

    @property
    def runs_on(self) -> str:
        return str(self.device)

    def look(self, squares: Squares, sides: Sides, methods: Sequence[str] = (), layer: str = "") -> Seen:
        return look(
            self.saved.network,
            to_tensor(squares, self.device),
            sides,
            temperature=self.description.temperatures_of_network,
            methods=[method for method in methods if is_exact(method, layer)],
            batch_size=max(1, len(squares)),
        )

    def why(self, squares: Squares, question: Question, seen: Seen | None = None) -> list[RawMap]:
        key = question.method, question.task
        if seen is not None and key in seen.maps:
            return chosen(seen.maps[key], question)
        return raw_maps(self.saved.network, to_tensor(squares, self.device), question)
