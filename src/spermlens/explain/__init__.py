"""Where the evidence lies. One file is one method, by one or two of three functions:

`exact(network, passage, task) -> (batch, classes, height, width)`, at the map that is pooled: what the
forward pass knows already, for every class at once, without a gradient.
`maps(view) -> (batch, height, width)`, at any layer: of the class asked for, from activations and gradients.
`by_asking(network, squares, score) -> (batch, height, width)`: from what the network says of other pictures.

The engine owns looking inside, batching and scaling; a file owns its equation.
"""

from __future__ import annotations

from types import ModuleType

from spermlens.catalog import Catalog

METHODS = Catalog("spermlens.explain", "explanation method")
SMOOTHED = "+smooth"  # after any method's name: the mean of its maps of noisy copies


def method_named(name: str) -> ModuleType:
    """The file of a method, smoothed or not."""
    return METHODS[name.removesuffix(SMOOTHED)]
