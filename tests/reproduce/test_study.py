"""A study is checked as a whole before anything is trained, and shares what it says it shares."""

from __future__ import annotations

from pathlib import Path

import pytest

from spermlens.config.reading import toml_names
from spermlens.errors import ConfigError, UnknownName
from spermlens.reproduce.job import jobs, same_recipe
from spermlens.reproduce.study import Study
from spermlens.reproduce.study_file import STUDIES, load_study

SMALL = """
claim = "c"

[shared]
recipes = [{ name = "plain", set = ["model.name=efficientnet_b0"] }, { name = "cbam" }]
averages = [{ name = "both", of = ["plain", "cbam"] }]
reference = ["cbam"]

[[parts]]
name = "one"
table = "one"
claim = "c"
experiment = "hushem-paper"
repeats = [100, 101]
recipes_tried = 2
shared = true

[[shipped]]
name = "model"
part = "one"
line = "cbam"
faults = ["Confuses."]
not_for = ["Anything."]
"""


def load(text: str, folder: Path) -> tuple[str, Study]:
    path = folder / "small.toml"
    path.write_text(text, encoding="utf-8")
    return load_study(str(path))


def test_a_part_may_add_recipes_to_what_is_shared(tmp_path: Path) -> None:
    more = "shared = true\nrecipes = [{ name = 'third', recipes_tried = 5 }]"
    _, study = load(SMALL.replace("shared = true", more), tmp_path)
    assert [one.name for one in study.parts[0].recipes] == ["plain", "cbam", "third"]
    assert [one.recipes_tried for one in study.parts[0].recipes] == [None, None, 5]


@pytest.mark.parametrize("name", toml_names(STUDIES))
def test_every_study_of_the_package_is_valid(name: str) -> None:
    found, study = load_study(name)
    assert found == name
    every = jobs(name, study)
    assert len({job.path for job in every}) == len(every)


def test_parts_are_learned_from_by_the_recipe_of_whole_pictures() -> None:
    (whole,) = jobs("paper", load_study("paper")[1], ["hushem/b0-cbam-r100"])
    parts = [job.experiment() for job in jobs("shown", load_study("shown")[1])]
    assert [part.data.shown for part in parts] == ["head", "background", "head_erased"]
    for part in parts:
        data = part.data.model_copy(update={"shown": "whole"})
        protocol = part.protocol.model_copy(update={"keep_networks": True})
        assert same_recipe(part.model_copy(update={"data": data, "protocol": protocol}), whole.experiment())


def test_all_models_of_the_paper_share_schedule_augmentation_and_folds() -> None:
    _, study = load_study("paper")
    shared = ("protocol", "augment", "decide", "framing")
    for part in study.parts[:2]:
        found = [job.experiment() for job in jobs("paper", study, [part.name]) if job.repeat == 100]
        for one in found:
            assert all(getattr(one, name) == getattr(found[0], name) for name in shared)
            epochs = [phase.epochs for phase in one.training.phases]
            assert epochs == [phase.epochs for phase in found[0].training.phases]
            rest = one.training.model_copy(update={"phases": found[0].training.phases})
            assert rest == found[0].training


def test_the_published_repeats_are_not_those_of_development() -> None:
    _, study = load_study("paper")
    repeats = {part.name: part.repeats for part in study.parts}
    assert repeats["hushem"] == (100, 101, 102)
    assert repeats["smids"] == (100,)
    assert len(repeats["holdout"]) == 20
    assert repeats["ablation"] == (0,)


def test_a_job_is_the_recipe_on_one_repeat(tmp_path: Path) -> None:
    name, study = load(SMALL, tmp_path)
    every = jobs(name, study)
    assert [job.path for job in every] == [
        "one/plain-r100",
        "one/cbam-r100",
        "one/plain-r101",
        "one/cbam-r101",
    ]
    found = every[2].experiment({"hushem": "/there", "smids": "/elsewhere"})
    assert (found.name, found.model.name) == ("small-one-plain-r101", "efficientnet_b0")
    assert (found.protocol.repeats, found.protocol.final_model) == ((101,), False)
    assert found.data.root == "/there"


def test_recipes_are_the_same_wherever_their_data_lies(tmp_path: Path) -> None:
    name, study = load(SMALL, tmp_path)
    plain, cbam, later, _ = jobs(name, study)
    assert same_recipe(plain.experiment({"hushem": "/a"}), plain.experiment({"hushem": "/b"}))
    assert not same_recipe(plain.experiment(), cbam.experiment())
    assert not same_recipe(plain.experiment(), later.experiment())


def test_parts_recipes_and_jobs_are_chosen_by_name(tmp_path: Path) -> None:
    name, study = load(SMALL, tmp_path)
    assert len(jobs(name, study, ["one"])) == 4
    assert [job.name for job in jobs(name, study, ["plain"])] == ["plain-r100", "plain-r101"]
    assert [job.name for job in jobs(name, study, ["one/cbam-r100", "plain-r101"])] == [
        "cbam-r100",
        "plain-r101",
    ]
    with pytest.raises(UnknownName, match=r"recipe or job 'plane'. Did you mean 'plain'"):
        jobs(name, study, ["plane"])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("recipes_tried = 2", "recipes_tried = 2\nrepeat = 3", "repeat"),
        ("recipes_tried = 2", "", "recipes_tried"),
        ("recipes_tried = 2", "recipes_tried = 0", "recipes_tried"),
        ("hushem-paper", "hushem-papre", "Did you mean 'hushem-paper'"),
        ("model.name=", "modle.name=", "Unknown setting 'modle'"),
        ("model.name=efficientnet_b0", "protocol.repeats=[3]", "is said by each job itself"),
        ("model.name=efficientnet_b0", "protocol.folds=4", "divide the same data differently"),
        ("model.name=efficientnet_b0", "decide.views=4", "differ in data or views"),
        ('"plain", "cbam"]', '"plain", "cbma"]', "speaks of 'cbma'"),
        ('reference = ["cbam"]', 'reference = ["nobody"]', "speaks of 'nobody'"),
        ("[100, 101]", "[100, 100]", "names a repeat twice"),
        ('{ name = "cbam" }', '{ name = "plain" }', "names a recipe, average, panel or addition twice"),
        ("shared = true", "shared = true\nreference = ['plain']", "must not say 'reference'"),
        ("shared = true", "shared = true\nrecipes = [{ name = 'cbam' }]", "names a recipe"),
        (
            "shared = true",
            "shared = true\nset = ['protocol.judge=inner', 'protocol.inner_share=0.2']",
            "judges test",
        ),
        ("[shared]", "[sharde]", "no \\[shared\\]"),
        ("[[parts]]", "[[parts]", "not a TOML file"),
        ('line = "cbam"', 'line = "cbma"', "of part 'one' is of nothing"),
        ('line = "cbam"', 'line = "both"', "of part 'one' is of plain, cbam"),
    ],
)
def test_what_is_wrong_in_a_study_is_said(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in SMALL
    with pytest.raises((ConfigError, UnknownName), match=says):
        load(SMALL.replace(old, new), tmp_path)


def test_an_unknown_study_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"Unknown study 'papre'. Did you mean 'paper'"):
        load_study("papre")
