"""spermlens reads sperm images, gives measured reasons for every decision, and says when it is unsure.

Research use only. Not a medical device, not for diagnosis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["Lens", "__version__", "load", "shipped_models"]

if TYPE_CHECKING:
    from spermlens.lens import Lens, load
    from spermlens.models._shipped import shipped_models


def __getattr__(name: str) -> object:
    """Import the lens, and with it torch, only when it is used."""
    if name in ("Lens", "load", "shipped_models"):
        from spermlens import lens

        return getattr(lens, name)
    raise AttributeError(f"module 'spermlens' has no attribute '{name}'")
