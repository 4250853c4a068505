"""Where PyTorch is not installed: what cannot be done without it, and what can."""

from __future__ import annotations

from spermlens.errors import UsageError

PACKAGES = ("torch", "torchvision", "timm")  # what only networks need


def without_torch(error: ModuleNotFoundError, model: str = "") -> UsageError:
    """What to say of a package that is not there; one that is not of PyTorch is our failure, raised again.

    `model` is what was to be read, where it is no ONNX file.
    """
    package = (error.name or "").split(".")[0]
    if package not in PACKAGES:
        raise error
    needs = f"{model}: is no ONNX file, and any other model is read with" if model else "This needs"
    return UsageError(
        f"{needs} PyTorch, which is not installed here (no package '{package}').\n"
        f"Install it: pip install {' '.join(PACKAGES)}. Or use an ONNX file, which needs none of it: where "
        f"PyTorch is, spermlens models export {model or 'MODEL'} FILE.onnx --onnx; "
        "here, spermlens predict FILE.onnx IMAGES --runtime onnx."
    )
