"""Where the evidence lies. One file is one method, by one or both of two functions:

`exact(network, passage, task) -> (batch, classes, height, width)`, at the map that is pooled: what the
forward pass knows already, for every class at once, without a gradient.
`maps(view) -> (batch, height, width)`, at any layer: of the class asked for, from activations and gradients.

The engine owns looking inside, batching and scaling; a file owns its equation.
"""

from __future__ import annotations

from spermlens.catalog import Catalog

METHODS = Catalog("spermlens.explain", "explanation method")
