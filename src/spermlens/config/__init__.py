"""One experiment, one TOML file: every value checked, every value overridable, nothing ignored."""

from spermlens.config.reading import experiment_names, load_experiment, parse_experiment
from spermlens.config.settings import (
    Architecture,
    Augment,
    Experiment,
    Phase,
    Protocol,
    Training,
)
from spermlens.config.writing import to_toml

__all__ = [
    "Architecture",
    "Augment",
    "Experiment",
    "Phase",
    "Protocol",
    "Training",
    "experiment_names",
    "load_experiment",
    "parse_experiment",
    "to_toml",
]
