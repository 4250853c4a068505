"""Experiments: every value checked, every value overridable, nothing ignored; TOML comes back as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spermlens.config import (
    Augment,
    Experiment,
    Phase,
    Training,
    experiment_names,
    load_experiment,
    parse_experiment,
    to_toml,
)
from spermlens.errors import ConfigError, UnknownName

SMALL = """
name = "small"
claim = "It works."
[data]
name = "hushem"
[model]
name = "simple_cnn"
pretrained = false
[[training.phases]]
train = "heads"
epochs = 2
learning_rate = 0.01
[[training.phases]]
train = "all"
epochs = 3
learning_rate = 0.001
"""


def small(*overrides: str) -> Experiment:
    return parse_experiment(SMALL, "small.toml", overrides)


@pytest.mark.parametrize("name", experiment_names())
def test_every_shipped_experiment_is_valid_named_like_its_file_and_comes_back(name: str) -> None:
    experiment = load_experiment(name)
    assert experiment.name == name
    assert parse_experiment(to_toml(experiment), name) == experiment


@pytest.mark.parametrize(
    ("override", "path", "near"),
    [
        ("nmae=x", "nmae", "name"),
        ("data.rot=x", "data.rot", "root"),
        ("model.pretrain=true", "model.pretrain", "pretrained"),
        ("framing.sise=32", "framing.sise", "size"),
        ("protocol.fold=3", "protocol.fold", "folds"),
        ("training.batchsize=8", "training.batchsize", "batch_size"),
        ("training.phases.1.epoch=3", "training.phases[1].epoch", "epochs"),
        ("augment.rotate=3", "augment.rotate", "rotate_degrees"),
        ("decide.view=4", "decide.view", "views"),
        ("decode.views=4", "decode", "decide"),
    ],
)
def test_an_unknown_setting_is_named_with_its_path_and_the_nearest(
    override: str, path: str, near: str
) -> None:
    with pytest.raises(ConfigError) as told:
        small(override)
    assert f"Unknown setting '{path}'. Did you mean '{near}'?" in str(told.value)


@pytest.mark.parametrize(
    ("override", "path"),
    [
        ("training.batch_size=8.5", "training.batch_size"),
        ("training.batch_size='8'", "training.batch_size"),
        ("training.batch_size=true", "training.batch_size"),
        ("training.batch_size=1", "training.batch_size"),
        ("training.phases.0.learning_rate=0", "training.phases[0].learning_rate"),
        ("training.phases.0.train=trunk", "training.phases[0].train"),
        ("protocol.kind=fold", "protocol.kind"),
        ("protocol.inner_share=1.5", "protocol.inner_share"),
        ("decide.views=3", "decide.views"),
        ("framing.align=tail", "framing.align"),
        ("name=Not a name", "name"),
        ("model.pretrained=1", "model.pretrained"),
        ("data.tasks=head_shape", "data.tasks"),
        ("training.phases=[]", "training.phases"),
    ],
)
def test_a_wrong_value_is_named_with_its_path(override: str, path: str) -> None:
    with pytest.raises(ConfigError, match="not valid") as told:
        small(override)
    assert f"'{path}': " in str(told.value)


def test_all_problems_are_told_at_once_and_a_missing_setting_too() -> None:
    with pytest.raises(ConfigError) as told:
        parse_experiment('claim = "x"\n[data]\nnam = "x"\n[model]\nname = "m"\n', "bad.toml")
    for part in (
        "bad.toml",
        "Missing setting 'name'",
        "Unknown setting 'data.nam'",
        "Missing setting 'train",
    ):
        assert part in str(told.value)


def test_overrides_reach_tables_list_items_and_new_keys() -> None:
    changed = small(
        "framing.size=64",
        "training.phases.1.epochs=9",
        "data.options.count=7",
        "data.options.look={clutter = 0.5}",
        "model.arguments.width=8",
        "protocol.repeats=[0, 1]",
        "claim=two words, bare",
        "data.root=/a/b c",
        "data.name='quoted'",
    )
    assert changed.framing.size == 64
    assert [phase.epochs for phase in changed.training.phases] == [2, 9]
    assert changed.data.options == {"count": 7, "look": {"clutter": 0.5}}
    assert changed.model.arguments == {"width": 8}
    assert changed.protocol.repeats == (0, 1)
    assert changed.claim == "two words, bare"
    assert (changed.data.root, changed.data.name) == ("/a/b c", "quoted")


def test_the_last_override_of_a_setting_wins() -> None:
    assert small("framing.size=64", "framing.size=32").framing.size == 32


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("framing.size", "is no override"),
        ("=3", "is no override"),
        ("training.phases.2.epochs=1", "must be a number from 0 to 1"),
        ("training.phases.last.epochs=1", "must be a number from 0 to 1"),
        ("training.phases.²=1", "must be a number from 0 to 1"),
        ("name.first=1", "'first' stands below 'small', which is a single value"),
        ("name.first.second=1", "'first' stands below 'small', which is a single value"),
        ("data.options.x=2026-01-01", "of a kind that no setting has"),
        ("data.options.x=nan", "of a kind that no setting has"),
        ("training.phases.0.learning_rate=inf", "of a kind that no setting has"),
    ],
)
def test_an_override_that_cannot_be_laid_over_is_refused(override: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        small(override)


def test_an_override_is_one_value_and_never_smuggles_a_second() -> None:
    assert small("claim=1\nname = 'other'").claim == "1\nname = 'other'"


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["protocol.keep=best_inner", "protocol.inner_share=0"], "set inner_share above 0"),
        (
            ["protocol.judge=inner", "protocol.inner_share=0", "protocol.final_model=false"],
            "judge = 'inner' judges on inner images: set inner_share above 0",
        ),
        (["protocol.judge=inner", "protocol.inner_share=0.2"], "set final_model = false"),
        (["protocol.repeats=[0, 0]"], "names a number twice"),
        (["data.shown=head"], "set protocol.final_model and"),
        (
            ["data.shown=head", "protocol.final_model=false", "protocol.keep_networks=true"],
            "shown whole images",
        ),
        (["model.class_map={'a.b' = 'a.b'}"], "set start_from"),
        (["model.start_from=x", "model.pretrained=true"], "set model.pretrained = false"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(overrides: list[str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        small(*overrides)


def test_keeping_the_best_epoch_is_fine_with_inner_images() -> None:
    assert small("protocol.keep=best_inner", "protocol.inner_share=0.2").protocol.keep == "best_inner"


def test_files_that_are_none(tmp_path: Path) -> None:
    broken, binary = tmp_path / "broken.toml", tmp_path / "binary.toml"
    broken.write_text("name = \n")
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"broken\.toml: not a TOML file"):
        load_experiment(str(broken))
    with pytest.raises(ConfigError, match="cannot be read as a text file"):
        load_experiment(str(binary))
    with pytest.raises(ConfigError, match="cannot be read as a text file"):
        load_experiment(str(tmp_path / "missing.toml"))


def test_an_unknown_experiment_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'hushem-b0"):
        load_experiment("hushem-bo")


def test_a_folder_of_an_experiments_name_does_not_hide_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hushem-b0").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_experiment("hushem-b0").name == "hushem-b0"


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = st.one_of(
    TEXT, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)


@given(
    claim=TEXT,
    root=TEXT,
    options=st.dictionaries(TEXT, VALUES, max_size=4),
    rate=st.floats(1e-9, 1e9),
    epochs=st.lists(st.integers(1, 10**6), min_size=1, max_size=3),
    noise=st.floats(0, 1e300),
)
def test_every_experiment_comes_back_from_its_toml(
    claim: str, root: str, options: dict[str, Any], rate: float, epochs: list[int], noise: float
) -> None:
    plain = small()
    phases = tuple(Phase(train="all", epochs=count, learning_rate=rate) for count in epochs)
    experiment = plain.model_copy(
        update={
            "claim": claim,
            "data": plain.data.model_copy(update={"root": root, "options": options}),
            "training": Training(phases=phases),
            "augment": Augment(noise=noise),
        }
    )
    assert parse_experiment(to_toml(experiment), "round trip") == experiment
