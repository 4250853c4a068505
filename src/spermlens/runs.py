"""One run, one folder, plain files.

runs/2026-11-20-hushem-b0-cbam-3f9c/
    config.toml         the resolved experiment, complete
    environment.json    versions, device, seed, commit, hashes of the data
    splits.csv          which image was trained on, set aside or tested in which fold of which repeat
    framing.json        how an image became a square
    folds/r0f0/         metrics.jsonl, checkpoint while it runs, predictions.json when done
                        (network/: its weights, where protocol.keep_networks asks for them)
    predictions.csv     one row an image, task and repeat; every score can be recomputed from it
                        (predictions-1-view.csv: the same from one view, where several decide;
                        predictions-calibrated.csv: each fold tempered by what the others say)
    inner.csv           the same for the inner images, on which choices are made
                        (inner-calibrated.csv; where only these are judged, there are no others)
    results.json        list of results with intervals
    model/              the final model, trained on everything
    report.html         the page
    status.json         running, stopped, finished
"""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from spermlens.errors import DataCorrupt, DataMissing, UnknownName, UsageError
from spermlens.files import folder_in_one_piece, is_file, sweep, write_json, write_text
from spermlens.types import Result

LIBRARIES = (
    "spermlens",
    "torch",
    "torchvision",
    "timm",
    "numpy",
    "scipy",
    "scikit-learn",
    "pillow",
    "onnxruntime",
    "grad-cam",
)


@dataclass(frozen=True, slots=True)
class Run:
    """A run's folder and the names in it."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def predictions(self) -> Path:
        return self.folder / "predictions.csv"

    @property
    def calibrated(self) -> Path:
        return self.folder / "predictions-calibrated.csv"

    @property
    def inner(self) -> Path:
        return self.folder / "inner.csv"

    @property
    def splits(self) -> Path:
        return self.folder / "splits.csv"

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def page(self) -> Path:
        return self.folder / "report.html"

    def part(self, name: str) -> Path:
        """The folder of one training: 'r0f3' or 'final'."""
        return self.folder / "folds" / name

    def network(self, name: str) -> Path:
        """The saved network of a fold, where it was kept."""
        return self.part(name) / "network"

    def parts(self) -> list[str]:
        folder = self.folder / "folds"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def metrics(self, name: str) -> list[dict[str, Any]]:
        """The epochs of one training."""
        path = self.part(name) / "metrics.jsonl"
        if not path.exists():
            return []
        rows = [_object(line, path) for line in path.read_bytes().splitlines()]
        if not all("epoch" in row for row in rows):
            raise DataCorrupt(f"{path}: a line is no epoch of a training. The file was changed.")
        return rows

    def environment(self) -> dict[str, Any]:
        return _read_object(self.folder / "environment.json")

    def status(self) -> str:
        state = _read_object(self.folder / "status.json")
        return str(state.get("status", "unknown"))

    def set_status(self, status: str) -> None:
        write_json(self.folder / "status.json", {"status": status, "at": now()})

    def told(self) -> dict[str, Any]:
        """The content of results.json: claim, protocol in words, rows."""
        path = self.folder / "results.json"
        if not path.exists():
            raise DataMissing(
                f"{path}: this run has no results yet (it is {self.status()}). Finish it with --resume."
            )
        return _read_object(path)

    def results(self) -> list[Result]:
        try:
            rows = self.told()["rows"]
            return [Result(**{**row, "per_fold": tuple(row.get("per_fold", ()))}) for row in rows]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataCorrupt(
                f"{self.folder / 'results.json'}: not a list of results ({type(error).__name__}: {error}). "
                "The file was changed; finish the run again with --resume."
            ) from error

    def write_results(self, claim: str, protocol: str, results: list[Result]) -> None:
        rows = [asdict(result) for result in results]
        write_json(self.folder / "results.json", {"claim": claim, "protocol": protocol, "rows": rows})


def new_run(root: Path, name: str, config: str, environment: dict[str, Any]) -> Run:
    """A fresh folder with its configuration and environment written."""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    sweep(root)
    while (run := Run(root / f"{day}-{name}-{secrets.token_hex(2)}")).folder.exists():
        pass  # the name of another run is never taken
    with folder_in_one_piece(run.folder) as draft:
        begun = Run(draft)
        write_json(begun.folder / "environment.json", environment)
        begun.set_status("running")
        write_text(begun.config, config)
    return run


def find_run(root: Path, name: str) -> Run:
    """A run by its folder, or by the whole or the only fitting part of its name."""
    if is_file(Path(name) / "config.toml"):
        return Run(Path(name))
    fitting = [run for run in list_runs(root) if name in run.id]
    exact = [run for run in fitting if run.id == name]
    if not list_runs(root):
        raise UsageError(f"There are no runs in {root} yet. Train one, or name the place with --runs.")
    if not fitting:
        raise UnknownName(f"run in {root}", name, [run.id for run in list_runs(root)])
    if len(exact or fitting) > 1:
        raise UsageError(
            f"'{name}' fits {len(fitting)} runs: {', '.join(run.id for run in fitting)}. Say more."
        )
    return (exact or fitting)[0]


def list_runs(root: Path) -> list[Run]:
    """All runs below `root`, oldest first."""
    if not root.is_dir():
        return []
    found = [Run(path.parent) for path in root.glob("*/config.toml")]
    return sorted(found, key=lambda run: (run.config.stat().st_mtime, run.id))


def describe_environment(device: str, seed: int) -> dict[str, Any]:
    """What a figure depends on besides the configuration and the data."""
    versions = {name: found for name in LIBRARIES if (found := _version(name))}
    return {
        "at": now(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "device": device,
        "cores": os.cpu_count(),
        "seed": seed,
        "versions": versions,
        "commit": _commit(),
    }


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit this code was run from, '+' for local changes; None outside a checkout."""
    here = Path(__file__).resolve().parent
    try:
        answer = subprocess.run(
            ["git", "-C", str(here), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = answer.stdout.strip()
    return found if re.fullmatch(r"[0-9a-f]+\+?", found) else None


def _read_object(path: Path) -> dict[str, Any]:
    try:
        return _object(path.read_bytes(), path)
    except FileNotFoundError:
        raise DataMissing(f"{path}: not there. Is this the folder of a run?") from None


def _object(text: str | bytes, path: Path) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise DataCorrupt(f"{path}: not JSON ({error}). The file was changed or cut short.") from error
    if not isinstance(value, dict):
        raise DataCorrupt(f"{path}: expected a JSON object.")
    return value
