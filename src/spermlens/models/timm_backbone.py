"""Any backbone of timm, by its name: convolutional, channels-last or token based."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from spermlens.errors import UnknownName
from spermlens.models._network import IMAGENET_MEAN, IMAGENET_STD, Network
from spermlens.models._pretrained import Pin, load_pretrained
from spermlens.types import Task


def build(
    tasks: tuple[Task, ...],
    *,
    pretrained: bool = True,
    backbone: str = "resnet18",
    cbam: bool = False,
    dropout: float = 0.2,
    drop_path: float = 0.0,
) -> Network:
    """A Network over timm's `backbone`; drop_path only where the backbone has it."""
    return network_over(tasks, backbone, pretrained, cbam=cbam, dropout=dropout, drop_path=drop_path)


def network_over(
    tasks: tuple[Task, ...],
    backbone: str,
    pretrained: bool,
    *,
    cbam: bool,
    dropout: float,
    drop_path: float,
    pin: Pin | None = None,
) -> Network:
    import timm

    known = timm.list_models()
    if backbone.split(".")[0] not in known:
        raise UnknownName("timm backbone", backbone, _near(backbone, known))
    arguments: dict[str, Any] = {"drop_path_rate": drop_path} if drop_path else {}
    trunk: Any = timm.create_model(backbone, pretrained=False, num_classes=0, global_pool="", **arguments)
    if hasattr(trunk, "patch_embed") and hasattr(trunk, "pos_embed"):
        trunk = timm.create_model(
            backbone, pretrained=False, num_classes=0, global_pool="", dynamic_img_size=True, **arguments
        )
    if pretrained:
        load_pretrained(trunk, backbone, pin)
    setting = trunk.pretrained_cfg
    return Network(
        _MapTrunk(trunk),
        trunk.num_features,
        tasks,
        cbam=cbam,
        dropout=dropout,
        normalisation=(tuple(setting.get("mean", IMAGENET_MEAN)), tuple(setting.get("std", IMAGENET_STD))),
        stages=_stages(trunk),
    )


class _MapTrunk(nn.Module):
    """timm's features as (batch, channels, height, width), whatever the backbone's own order is."""

    def __init__(self, backbone: Any) -> None:
        super().__init__()
        self.backbone = backbone
        self.channels_last = getattr(backbone, "output_fmt", "NCHW") == "NHWC"
        self.prefix_tokens = int(getattr(backbone, "num_prefix_tokens", 0))

    def forward(self, squares: Tensor) -> Tensor:
        features: Tensor = self.backbone.forward_features(squares)
        if features.ndim == 3:  # tokens
            features = features[:, self.prefix_tokens :]
            side = round(features.shape[1] ** 0.5)
            return features.transpose(1, 2).reshape(len(features), -1, side, side)
        return features.permute(0, 3, 1, 2) if self.channels_last else features


def _stages(trunk: Any) -> dict[str, str]:
    """Layer names of the backbone that give (batch, channels, height, width) maps."""
    info = getattr(trunk, "feature_info", None)
    if info is None or hasattr(trunk, "pos_embed") or getattr(trunk, "output_fmt", "NCHW") != "NCHW":
        return {}
    if not isinstance(info, list):
        info = [{"module": name} for name in info.module_name()]
    modules = dict(trunk.named_modules())
    return {
        entry["module"]: f"trunk.backbone.{entry['module']}"
        for entry in info
        if entry["module"] in modules and not entry["module"].endswith("norm")
    }


def _near(name: str, known: list[str]) -> list[str]:
    """timm has over a thousand names; a message shows those of the same family."""
    family = name.split("_")[0][:6]
    return [other for other in known if other.startswith(family)][:12] or ["resnet18", "tf_efficientnet_b0"]
