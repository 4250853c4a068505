"""Golden maps of a tiny network, by the packages grad-cam 1.5.7 (MIT) and torchcam 0.5.0 (Apache-2.0).

Two independent implementations. Not part of the tests' environment, because grad-cam brings its own OpenCV.
Of torchcam not its Grad-CAM++, which gives other maps than equation 19. To make gradcam.json anew:

    python -m venv golden && golden/bin/pip install torch torchvision grad-cam==1.5.7 torchcam==0.5.0
    golden/bin/python tests/golden/make_gradcam.py

Weights and pictures come from formulas, not from a seed, so every version of torch sees the same.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor, nn

FILE = Path(__file__).with_name("gradcam.json")
CLASSES = 3
WEAK = 0.1  # of the classifier: here the package's 1e-6 weighs


def wave(*shape: int, phase: float) -> Tensor:
    """Numbers between -1 and 1 without a pattern."""
    count = int(torch.tensor(shape).prod())
    steps = torch.arange(1, count + 1, dtype=torch.float64)
    return torch.sin(steps * steps * 0.37 + phase).float().view(shape)


def trunk() -> nn.Sequential:
    """Two convolutions, (n, 3, 24, 24) -> (n, 5, 6, 6)."""
    layers = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 5, 3, 2, 1), nn.ReLU())
    for phase, parameter in enumerate(layers.parameters()):
        parameter.data = wave(*parameter.shape, phase=float(phase)) * 0.6
    return layers


def classifier(strength: float = 40.0) -> tuple[Tensor, Tensor]:
    """Weight and bias from the five pooled features to the classes."""
    # large, so that the 1e-6 which grad-cam adds to a denominator of gradients weighs nothing
    return strength * wave(CLASSES, 5, phase=7.0), wave(CLASSES, phase=8.0)


def pictures() -> Tensor:
    """Two pictures in 0..1."""
    return (wave(2, 3, 24, 24, phase=9.0) + 1) / 2


def main() -> None:
    from pytorch_grad_cam import GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, XGradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    features = trunk()
    linear = nn.Linear(5, CLASSES)
    linear.weight.data, linear.bias.data = classifier()
    network = nn.Sequential(*features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear).eval()
    golden = by_torchcam(network)
    anywhere, pooled = (1, 3), (3,)
    for name, method, layers in (
        ("gradcam", GradCAM, anywhere),
        ("gradcampp", GradCAMPlusPlus, anywhere),
        ("layercam", LayerCAM, anywhere),
        ("hirescam", HiResCAM, pooled),
        ("xgradcam", XGradCAM, pooled),
    ):
        for layer in layers:
            for target in range(CLASSES):
                explainer = method(model=network, target_layers=[network[layer]])
                explainer.get_target_width_height = lambda _: None  # keep the map at its own size
                maps = explainer(pictures(), [ClassifierOutputTarget(target)] * 2)
                golden[f"{name}/{layer}/{target}"] = maps.round(5).tolist()
    linear.weight.data, linear.bias.data = classifier(WEAK)
    explainer = GradCAMPlusPlus(model=network, target_layers=[network[3]])
    explainer.get_target_width_height = lambda _: None
    for target in range(CLASSES):
        maps = explainer(pictures(), [ClassifierOutputTarget(target)] * 2)
        golden[f"weak/3/{target}"] = maps.round(5).tolist()
    FILE.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


def by_torchcam(network: nn.Sequential) -> dict[str, list[list[list[float]]]]:
    """Its Grad-CAM at the map that is pooled, its LayerCAM also before."""
    from torchcam.methods import GradCAM, LayerCAM

    found = {}
    for name, method, layer in (
        ("torchcam", GradCAM, 3),
        ("torchcam layercam", LayerCAM, 1),
        ("torchcam layercam", LayerCAM, 3),
    ):
        for target in range(CLASSES):
            with method(network, target_layer=network[layer]) as extractor:
                scores = network(pictures().requires_grad_(True))
                (maps,) = extractor([target] * 2, scores, normalized=True)
            found[f"{name}/{layer}/{target}"] = maps.double().numpy().round(5).tolist()
    return found


if __name__ == "__main__":
    main()
