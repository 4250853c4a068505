"""Where the evidence lies. One file is one method: `maps(view) -> (batch, height, width)`.

The engine owns looking inside, batching and scaling; a file owns its equation.
"""

from __future__ import annotations

from spermlens.catalog import Catalog

METHODS = Catalog("spermlens.explain", "explanation method")
