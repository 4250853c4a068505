"""What can be set in an experiment, and within which bounds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Data(_Part):
    """What is learned from."""

    name: str  # a data set of the catalogue
    root: str = ""  # where it lies; empty: looked for in the usual places
    options: dict[str, Any] = {}  # the data set's own, checked by its reader
    tasks: tuple[str, ...] = ()  # empty: all
    # To ask what can be learned from a part alone: everything else becomes grey. head_erased: all but a disc
    # around the head, so that its form is hidden, too. See locate/shown.py.
    shown: Literal["whole", "head", "background", "head_erased"] = "whole"


class Architecture(_Part):
    """What learns."""

    name: str  # a model of the catalogue, or timm:NAME
    pretrained: bool = True
    arguments: dict[str, Any] = {}  # the model's own, checked by its builder
    start_from: str = ""  # a saved model to go on from, or the name of a shipped one
    class_map: dict[str, str] = {}  # with start_from: "task.class" that is new -> "task.class" it grows from

    @model_validator(mode="after")
    def _one_beginning(self) -> Architecture:
        if self.start_from and self.pretrained:
            raise ValueError("start_from brings its own weights: set model.pretrained = false")
        if self.class_map and not self.start_from:
            raise ValueError("class_map says how the classes of a saved model are used: set start_from")
        return self


class Frame(_Part):
    """How an image becomes a square: see framing.py."""

    size: Annotated[int, Field(ge=16, le=1024)] = 128
    field_px: NotNegative = 0  # source pixels across; 0: the card's, else from the data
    # head: every head is shifted and turned so that its middle lies in the middle and its front points up.
    # Then augment.rotate_degrees may be small, and decide.views averages mirrors and small turns.
    align: Literal["none", "head"] = "none"

    @model_validator(mode="after")
    def _field_of_this_world(self) -> Frame:
        if self.field_px and not 1 <= self.field_px <= 100_000:
            raise ValueError(f"field_px must be 0, or 1 to 100000 source pixels, but is {self.field_px:g}")
        return self


class Protocol(_Part):
    """How the images are divided, and what is chosen where."""

    kind: Literal["folds", "holdout", "official"] = "folds"  # official: the publisher's own split
    folds: Annotated[int, Field(ge=2)] = 5
    repeats: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = (0,)
    test_share: Share = 0.15  # hold-out only
    # Of the training images, set aside for choices; 0: nothing is chosen. An official split with validation
    # images of its own sets those aside instead.
    inner_share: Share = 0.15
    # The epoch that is kept: the last, that of least loss on inner images, or that whose tasks are answered
    # best and most alike on them, by accuracy.
    keep: Literal["last", "best_inner", "balanced_inner"] = "last"
    judge: Literal["test", "inner"] = "test"  # inner: for developing; no test image is ever looked at
    allow_ungrouped: bool = False  # accept that the publisher does not say which images share a patient
    # Accept that the model gone on from, or a saved model that teaches, has learned from some of these.
    allow_overlap: bool = False
    final_model: bool = True  # afterwards, train once on everything
    keep_networks: bool = False  # of every fold, below folds/: they can teach another run's folds

    @model_validator(mode="after")
    def _choices_need_images(self) -> Protocol:
        if self.keep != "last" and self.inner_share == 0 and self.kind != "official":
            raise ValueError(f"keep = '{self.keep}' chooses on inner images: set inner_share above 0")
        if self.judge == "inner" and self.inner_share == 0 and self.kind != "official":
            raise ValueError("judge = 'inner' judges on inner images: set inner_share above 0")
        if self.judge == "inner" and self.final_model:
            raise ValueError("judge = 'inner' leaves the final model's test open: set final_model = false")
        if len(set(self.repeats)) < len(self.repeats):
            raise ValueError("repeats names a number twice, which would be the same split again")
        return self


class Phase(_Part):
    """A stretch of epochs in which one part of the network learns."""

    train: Literal["heads", "all"]  # heads: classifier and attention, the trunk is frozen
    epochs: Count
    learning_rate: Positive
    weight_decay: NotNegative = 0.01
    schedule: Literal["constant", "cosine"] = "cosine"
    warmup_share: Share = 0.1  # of the phase's steps


class Training(_Part):
    """How it learns."""

    seed: Annotated[int, Field(ge=0)] = 0
    batch_size: Annotated[int, Field(ge=2)] = 32
    mixup_alpha: NotNegative = 0
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0
    class_weights: Literal["none", "balanced"] = "none"
    # uncertainty: each task weighs what its own learned variance leaves it: see task_weights.py
    task_weights: Literal["equal", "uncertainty"] = "equal"
    # generalized: bears some wrong labels; focal: what is nearly right says little
    loss: Literal["cross_entropy", "generalized", "focal"] = "cross_entropy"
    loss_power: Annotated[float, Field(gt=0, le=1)] = 0.7  # generalized only; 1: mean absolute error
    focusing: NotNegative = 2.0  # focal only; 0: cross-entropy
    # So many times the logarithm of each class's share is added to its logit while learning, not when asked.
    logit_adjustment: NotNegative = 0
    # balanced:TASK: every batch holds as many of each class of the task, the rare ones again and again.
    sampling: Annotated[str, Field(pattern=r"^(as_they_come|balanced:.+)$")] = "as_they_come"
    # Each batch is changed twice; the two predictions cost this much times their Jensen-Shannon divergence.
    consistency: NotNegative = 0
    # Saved models, or runs with protocol.keep_networks whose folds teach the same folds: see teachers.py.
    teachers: tuple[str, ...] = ()
    teacher_weight: Annotated[float, Field(gt=0, le=1)] = 0.5  # with teachers; what is left is the labels'
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0  # of the average of weights, grown into; 0: none
    gradient_clip: NotNegative = 0  # 0: none
    precision: Literal["auto", "float32", "mixed"] = "auto"  # auto: mixed on a GPU, float32 elsewhere
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]


class Augment(_Part):
    """Random changes that keep the diagnosis. Lengths are shares of the square's side."""

    rotate_degrees: Annotated[float, Field(ge=0, le=180)] = 180
    mirror: bool = True
    scale: Annotated[float, Field(ge=0, lt=1)] = 0.1
    shift: Annotated[float, Field(ge=0, lt=0.5)] = 0.05
    stain: NotNegative = 0.05  # spread of each colour channel's gain
    brightness: NotNegative = 0.1
    contrast: NotNegative = 0.1
    noise: NotNegative = 0.02  # largest standard deviation, of full scale


class Decide(_Part):
    """How a probability becomes a decision."""

    views: Literal[1, 2, 4, 8, 16, 32] = 1  # turns and mirrors averaged when judging
    target_accuracy: Annotated[float, Field(gt=0, le=1)] = 0.95  # of what is not called unsure


class Experiment(_Part):
    """A claim and everything needed to test it."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    claim: str
    data: Data
    model: Architecture
    framing: Frame = Frame()
    protocol: Protocol = Protocol()
    training: Training
    augment: Augment = Augment()
    decide: Decide = Decide()

    @model_validator(mode="after")
    def _overlap_of_two(self) -> Experiment:
        if self.protocol.allow_overlap and not (self.model.start_from or self.training.teachers):
            raise ValueError(
                "protocol.allow_overlap is about a model trained before: set model.start_from or "
                "training.teachers"
            )
        return self

    @model_validator(mode="after")
    def _parts_are_only_judged(self) -> Experiment:
        if self.data.shown != "whole" and (self.protocol.final_model or self.protocol.keep_networks):
            raise ValueError(
                f"data.shown = '{self.data.shown}' asks what a part is worth; a model kept from it would "
                "later be shown whole images: set protocol.final_model and protocol.keep_networks to false"
            )
        return self
