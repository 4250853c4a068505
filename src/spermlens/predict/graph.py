"""An exported graph as an eye: ONNX Runtime and NumPy, on the CPU. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spermlens.errors import BadModel, DataMissing, UnknownName, UsageError
from spermlens.explain import METHODS, SMOOTHED
from spermlens.explain._scaled import Question, RawMap
from spermlens.files import is_file
from spermlens.models._description import Description
from spermlens.models._graph import AGAIN, DISTANCES, SQUARES, SUFFIX, described_by, outputs_of
from spermlens.models._ruler import Ruler
from spermlens.predict.eye import Floats, Seen, Squares, check_finite, softmax, tempered
from spermlens.predict.sides import Sides

METHOD, LAYER = "cam", "pooled"  # what a graph holds
Pictures = NDArray[np.float32]  # n x 3 x size x size, 0..1


@dataclass(frozen=True)
class GraphEye:
    """Looks with a graph. The session may be used by several threads."""

    session: Any
    description: Description
    rulers: Mapping[str, Ruler]

    @property
    def runs_on(self) -> str:
        return "cpu, ONNX Runtime"

    def look(self, squares: Squares, sides: Sides, methods: Sequence[str] = (), layer: str = "") -> Seen:
        check_method(methods, layer)
        tasks = [task.name for task in self.description.tasks]
        mean: dict[str, Floats] = {}
        first: dict[str, Pictures] = {}
        pictures = pictures_of(squares)
        for index in range(sides.count):
            said = self._run(turned(pictures, *sides.pose(index)))
            first = first or said
            for task in tasks:
                share = softmax(said[outputs_of(task)[0]].astype(np.float64)) / sides.count
                mean[task] = mean[task] + share if task in mean else share
        divisors = self.description.temperatures_of_network
        found = {task: tempered(values, divisors.get(task, 1.0)) for task, values in mean.items()}
        check_finite(found)
        far = first.get(DISTANCES)
        maps = {(method, task): first[outputs_of(task)[2]] for method in methods for task in tasks}
        return Seen(found, None if far is None else far.astype(np.float64), maps)

    def why(self, squares: Squares, question: Question, seen: Seen | None = None) -> list[RawMap]:
        check_method([question.method], question.layer)
        if seen is None or (question.method, question.task) not in seen.maps:
            seen = self.look(squares, Sides(), [question.method])
        maps = seen.maps[question.method, question.task]
        values = maps[range(len(maps)), question.targets]
        if question.rivals:
            values = values - maps[range(len(maps)), question.rivals]
        return [RawMap(value, True, LAYER) for value in values]

    def _run(self, pictures: Pictures) -> dict[str, Pictures]:
        names = [output.name for output in self.session.get_outputs()]
        return dict(zip(names, self.session.run(names, {SQUARES: pictures}), strict=True))


def open_graph(file: Path, threads: int = 0) -> GraphEye:
    """An exported model, checked before it is used; 0 threads: as many as there are cores."""
    try:
        import onnxruntime
    except ImportError as error:
        raise UsageError(
            "Reading an ONNX file needs onnxruntime, which is not installed. "
            "Install spermlens with the extra 'onnx'."
        ) from error
    if not is_file(file) or file.suffix.lower() != SUFFIX:
        raise DataMissing(
            f"{file}: there is no file of this name that ends in {SUFFIX}. Check the path. A model's folder "
            f"or name becomes one where PyTorch is: spermlens models export MODEL FILE{SUFFIX} --onnx."
        )
    try:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(file.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors have no common ancestor of their own
        raise BadModel(f"{file}: not a whole ONNX file ({str(error)[:100]}). {AGAIN}") from error
    description, rulers = described_by(session.get_modelmeta().custom_metadata_map, str(file))
    wanted = {name for task in description.tasks for name in outputs_of(task.name)}
    if missing := sorted(wanted - {output.name for output in session.get_outputs()}):
        raise BadModel(f"{file}: the graph does not answer {', '.join(missing)}. {AGAIN}")
    return GraphEye(session, description, rulers)


def check_method(methods: Sequence[str], layer: str = "") -> None:
    """Raise `UsageError` for what a graph does not hold."""
    for name in methods:
        if name.removesuffix(SMOOTHED) not in METHODS:
            raise UnknownName("explanation method", name, METHODS)
        if name != METHOD or layer not in ("", LAYER):
            asked = f"the method '{name}'" if name != METHOD else f"the layer '{layer}'"
            raise UsageError(
                f"An ONNX file holds CAM at the map that is pooled, not {asked}. "
                "Leave it out, or use the model's folder with --runtime torch."
            )


def pictures_of(squares: Squares) -> Pictures:
    """uint8 (n, size, size, 3) as a graph takes them."""
    return np.ascontiguousarray(squares.transpose(0, 3, 1, 2), np.float32) / np.float32(255)


def turned(pictures: Pictures, degrees: float, mirrored: bool) -> Pictures:
    """Turned counter-clockwise about the centre, then mirrored: the digits of `views.view`."""
    quarters = degrees / 90
    if quarters == int(quarters):
        found = np.rot90(pictures, int(quarters), (2, 3))
    else:
        found = _interpolated(pictures, np.deg2rad(degrees))
    return np.ascontiguousarray(found[..., ::-1] if mirrored else found)


def _interpolated(pictures: Pictures, angle: float) -> Pictures:
    from scipy.ndimage import affine_transform

    cosine, sine = np.cos(angle), np.sin(angle)
    matrix = np.array([[cosine, sine], [-sine, cosine]])  # from row and column after to those before
    centre = (np.array(pictures.shape[2:]) - 1) / 2
    planes = pictures.reshape(-1, *pictures.shape[2:])
    found = [
        affine_transform(plane, matrix, centre - matrix @ centre, order=1, mode="reflect") for plane in planes
    ]
    return np.asarray(np.stack(found), np.float32).reshape(pictures.shape)
