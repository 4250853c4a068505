"""Any backbone of timm, by its name: convolutional, channels-last or token based."""

from __future__ import annotations

import inspect
from typing import Any

from torch import Tensor, nn

from spermlens.errors import ConfigError, UnknownName
from spermlens.models._network import IMAGENET_MEAN, IMAGENET_STD, Network
from spermlens.models._pretrained import Pin, load_pretrained
from spermlens.types import Task

# how timm's transformers are told to take other input sizes than the one they were trained at
ANY_SIZE = {"dynamic_img_size": True, "strict_img_size": False}


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
    output_stride: int | None = None,  # None: the backbone's own
) -> Network:
    import timm

    known = timm.list_models()
    if backbone.split(".")[0] not in known:
        raise UnknownName("timm backbone", backbone, _near(backbone, known))
    arguments: dict[str, Any] = {
        name: value
        for name, value in (("drop_path_rate", drop_path), ("output_stride", output_stride))
        if value
    }
    trunk = _create(backbone, arguments)
    if any_size := {name: value for name, value in ANY_SIZE.items() if _takes(trunk, name)}:
        trunk = _create(backbone, arguments | any_size)
    if pretrained:
        # checked at the stride that they were trained at; another takes the same
        original = trunk if output_stride is None else _create(backbone, {})
        load_pretrained(original, backbone, pin)
        trunk.load_state_dict(original.state_dict())
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


def _create(backbone: str, arguments: dict[str, Any]) -> Any:
    import timm

    try:
        return timm.create_model(backbone, pretrained=False, num_classes=0, global_pool="", **arguments)
    except (AssertionError, RuntimeError, TypeError, ValueError) as error:  # timm's ways to say no
        given = ", ".join(f"{name} = {value}" for name, value in arguments.items()) or "its own settings"
        raise ConfigError(
            f"timm makes no feature map of '{backbone}' with {given}: {error} Choose another."
        ) from error


def _takes(trunk: Any, argument: str) -> bool:
    kinds = [kind for kind in type(trunk).__mro__ if kind is not object]
    return any(argument in inspect.signature(kind).parameters for kind in kinds)


class _MapTrunk(nn.Module):
    """timm's features as (batch, channels, height, width), whatever the backbone's own order is."""

    def __init__(self, backbone: Any) -> None:
        super().__init__()
        self.backbone = backbone
        self.channels_last = getattr(backbone, "output_fmt", "NCHW") == "NHWC"
        self.prefix_tokens = int(getattr(backbone, "num_prefix_tokens", 0))

    def forward(self, squares: Tensor) -> Tensor:
        height, width = squares.shape[2:]
        try:
            features: Tensor = self.backbone.forward_features(squares)
        except AssertionError as error:  # so timm refuses an input size
            raise ConfigError(
                f"The backbone takes no input of {height} x {width} pixels: {error} Choose another size."
            ) from error
        if features.ndim == 3:  # tokens
            features = features[:, self.prefix_tokens :]
            rows = round((features.shape[1] * height / width) ** 0.5)
            return features.transpose(1, 2).reshape(len(features), features.shape[2], rows, -1)
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
