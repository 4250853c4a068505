"""The laws of the tables: counts agree, intervals hold their value, three looks are one image."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from drawn_jobs import TASK, Desk, judged
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, log_loss, recall_score

from spermlens.errors import DataCorrupt, DataError
from spermlens.evaluate.calibration import cross_fitted, cross_fitted_mean, temper, tempered_mean
from spermlens.evaluate.compare import holm
from spermlens.evaluate.selective import out_of_fold
from spermlens.evaluate.table import Predictions, write_predictions
from spermlens.report.tables import results_table
from spermlens.reproduce import contenders
from spermlens.reproduce.committed import read_committed, write_committed
from spermlens.reproduce.contenders import in_one_order, mean_of, pool
from spermlens.reproduce.job import Job
from spermlens.reproduce.study import Average, Part
from spermlens.reproduce.tables import table_of, write_table

FEW = 200
BEGUN = ("model.pretrained=false", "model.start_from=models/cells")
BOTH = ("plain", "cbam")
REPEATS = (100, 101, 102)
One = Callable[[str], Job]
Row = dict[str, Any]


def tabled(desk: Desk, part: int = 0) -> dict[str, Any]:
    found = table_of(desk.name, desk.parts[part], desk.places, resamples=FEW)
    assert found is not None
    return found


def row(table: dict[str, Any], recipe: str, metric: str, condition: str) -> Row:
    found = [
        one
        for one in table["rows"]
        if (one["recipe"], one["metric"], one["condition"]) == (recipe, metric, condition)
    ]
    assert len(found) == 1
    return found[0]


def summing_to_one(table: Predictions) -> NDArray[np.float64]:
    """scikit-learn wants that to more digits than are committed."""
    return table.probabilities / table.probabilities.sum(1, keepdims=True)


@pytest.fixture
def full(desk: Desk) -> Desk:
    for job in desk.jobs:
        desk.commit(job)
    return desk


def test_scores_are_scikit_learns_mean_over_repeats(full: Desk, one: One) -> None:
    table = tabled(full)
    said = [full.said(one(f"one/cbam-r{r}")) for r in (100, 101, 102)]
    direct = {
        "accuracy": [accuracy_score(t.truth, t.predicted) for t in said],
        "f1_macro": [f1_score(t.truth, t.predicted, average="macro") for t in said],
        "balanced_accuracy": [recall_score(t.truth, t.predicted, average="macro") for t in said],
        "recall_tapered": [recall_score(t.truth == 1, t.predicted == 1) for t in said],
        "log_loss": [log_loss(t.truth, summing_to_one(t), labels=range(4)) for t in said],
        "brier": [sum(brier_score_loss(t.truth == k, t.probabilities[:, k]) for k in range(4)) for t in said],
    }
    for metric, values in direct.items():
        found = row(table, "cbam", metric, "8 views")
        assert found["value"] == pytest.approx(np.mean(values), rel=1e-5)
        assert (found["n_images"], found["repeats"], found["dataset"]) == (60, 3, "hushem")


def test_every_interval_holds_its_value(full: Desk) -> None:
    rows = [one for one in tabled(full)["rows"] if one["low"] is not None and one["metric"] != "ece"]
    assert len(rows) > 100
    for one in rows:
        assert one["low"] <= one["value"] <= one["high"], one


def test_every_condition_has_its_rows_and_best_is_marked_once(full: Desk) -> None:
    table = tabled(full)
    conditions = ["8 views", "1 view", "8 views, calibrated", "1 view, calibrated"]
    for recipe in ("plain", "cbam", "both"):
        assert {o["condition"] for o in table["rows"] if o["recipe"] == recipe} >= set(conditions)
    best = [one for one in table["rows"] if one["alias"] == "best"]
    assert {(one["recipe"], one["condition"]) for one in best} == {("both", "8 views, calibrated")}
    assert len([one for one in best if one["metric"] == "accuracy"]) == 1


def test_a_temperature_is_that_of_the_other_folds(full: Desk, one: One) -> None:
    said = [full.said(one(f"one/cbam-r{r}")) for r in (100, 101, 102)]
    losses = [log_loss(t.truth, cross_fitted(t).probabilities, labels=range(4)) for t in said]
    found = row(tabled(full), "cbam", "log_loss", "8 views, calibrated")
    assert found["value"] == pytest.approx(np.mean(losses), rel=1e-5)
    assert found["value"] != row(tabled(full), "cbam", "log_loss", "8 views")["value"]


def test_an_image_judged_thrice_counts_once(desk: Desk, one: One) -> None:
    """The same judgements in three repeats: the interval stays as wide as that of one."""
    first = one("one/cbam-r100")
    desk.commit(first)
    alone = row(tabled(desk), "cbam", "accuracy", "8 views")
    about = json.loads(desk.places.table(first).with_suffix(".json").read_text())
    for repeat in (101, 102):
        job = one(f"one/cbam-r{repeat}")
        tables = {
            views: replace(table, repeats=np.full(len(table), repeat, np.int64))
            for views, table in read_committed(desk.places.table(first)).answers[TASK.name].items()
        }
        recipe = job.experiment().model_dump(mode="json")
        write_committed(
            desk.places.table(job), {TASK.name: tables}, {**about, "job": job.path, "recipe": recipe}
        )
    thrice = row(tabled(desk), "cbam", "accuracy", "8 views")
    assert (thrice["repeats"], alone["repeats"]) == (3, 1)
    for key in ("value", "low", "high", "n_images"):
        assert thrice[key] == pytest.approx(alone[key], rel=1e-12)
    assert "59 units" in thrice["interval"]


def test_mcnemar_is_a_direct_count_on_the_first_repeat(full: Desk, one: One) -> None:
    table = tabled(full)
    a, b = (full.said(one(f"one/{n}-r100")) for n in ("cbam", "plain"))
    right_b = dict(zip(b.ids, (b.predicted == b.truth).tolist(), strict=True))
    pairs = [(right, right_b[id]) for id, right in zip(a.ids, (a.predicted == a.truth).tolist(), strict=True)]
    only_a, only_b = pairs.count((True, False)), pairs.count((False, True))
    found = next(c for c in table["comparisons"] if (c["a"], c["b"]) == ("cbam", "plain"))
    assert (found["n"], found["a_only"], found["b_only"]) == (60, only_a, only_b)
    assert found["p"] == pytest.approx(binomtest(only_a, only_a + only_b).pvalue)
    assert found["p_holm"] >= found["p"]
    assert found["repeat"] == 100
    assert {c["b"] for c in table["comparisons"]} == {"plain", "both"}


def test_a_comparison_tells_the_mean_over_all_repeats_too(full: Desk, one: One) -> None:
    found = next(c for c in tabled(full)["comparisons"] if c["b"] == "plain")["over_repeats"]
    shares = [
        [np.mean((table := full.said(one(f"one/{name}-r{r}"))).predicted == table.truth) for r in REPEATS]
        for name in ("cbam", "plain")
    ]
    assert found["repeats"] == REPEATS
    assert found["difference"] == pytest.approx(np.mean(shares[0]) - np.mean(shares[1]))
    assert found["low"] < found["difference"] < found["high"]


def test_what_measures_say_alone_is_a_rival_of_the_reference_and_of_ours(full: Desk) -> None:
    part = full.parts[0].model_copy(update={"measured": ("svm",)})
    said = pool([judged(repeat, 77) for repeat in (99, *part.repeats)])
    write_predictions(full.places.results / "shape-hushem-svm.predictions.csv", [said])
    table = table_of(full.name, part, full.places, resamples=FEW)
    assert table is not None
    pairs = [(one["a"], one["b"]) for one in table["comparisons"]]
    assert pairs == [("cbam", "plain"), ("cbam", "both"), ("cbam", "svm"), ("both", "svm")]
    p = [one["p"] for one in table["comparisons"]]
    assert [one["p_holm"] for one in table["comparisons"]] == holm(p)
    assert all(one["over_repeats"]["repeats"] == REPEATS for one in table["comparisons"])


def test_an_average_is_the_mean_of_probabilities_of_the_same_images(full: Desk, one: One) -> None:
    a, b = (full.said(one(f"one/{n}-r100")) for n in ("plain", "cbam"))
    found = mean_of(in_one_order([a, b]))
    of_b = dict(zip(b.ids, b.probabilities, strict=True))
    for id, ours, mean in zip(a.ids, a.probabilities, found.probabilities, strict=True):
        np.testing.assert_allclose(mean, (ours + of_b[id]) / 2)
    line = row(tabled(full), "both", "accuracy", "8 views")
    assert line["model"] == "efficientnet_b0 + efficientnet_b0_cbam"


def test_models_of_other_folds_are_not_averaged(full: Desk, one: One) -> None:
    a, b = (full.said(one(f"one/{n}-r100")) for n in ("plain", "cbam"))
    with pytest.raises(DataCorrupt, match="same images in the same folds"):
        in_one_order([a, replace(b, folds=(b.folds + 1) % 5)])


def test_no_image_takes_part_in_the_temperatures_of_its_own_fold(full: Desk, one: One) -> None:
    """Other labels in one fold change what an average says of the others, and nothing of itself."""
    said = in_one_order([full.said(one(f"one/{n}-r100")) for n in BOTH])
    inside = said[0].folds == 2
    lied = [replace(table, truth=np.where(inside, (table.truth + 1) % 4, table.truth)) for table in said]
    told, after = (cross_fitted_mean(tables).probabilities for tables in (said, lied))
    np.testing.assert_array_equal(told[inside], after[inside])
    assert not np.allclose(told[~inside], after[~inside])


def test_an_average_of_members_that_are_too_unsure_is_mended_member_by_member(full: Desk, one: One) -> None:
    """A flattened member counts as much as before: its temperature sharpens it first."""
    sharp, other = in_one_order([full.said(one(f"one/{n}-r100")) for n in BOTH])
    flat = replace(sharp, probabilities=temper(sharp.probabilities, 4.0))
    np.testing.assert_allclose(
        cross_fitted_mean([flat, other]).probabilities,
        cross_fitted_mean([sharp, other]).probabilities,
        atol=1e-3,
    )


def test_temperatures_are_fitted_once_for_each_line_and_number_of_views(
    full: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted = []
    monkeypatch.setattr(
        contenders, "cross_fitted_mean", lambda told: fitted.append(len(told)) or cross_fitted_mean(told)
    )
    tabled(full)
    assert sorted(fitted) == [1] * 4 + [2] * 2  # with 1 and with 8 views


def test_what_measures_say_takes_part_in_an_average(full: Desk, one: One) -> None:
    part = full.parts[0].model_copy(
        update={"measured": ("svm",), "averages": (Average(name="both", of=("cbam", "svm")),)}
    )
    said = pool([judged(repeat, 77) for repeat in part.repeats])
    found = table_of(full.name, part, full.places, resamples=FEW)
    assert found is not None
    assert "shape-hushem-svm.predictions.csv" in found["jobs"]["missing"]
    assert not [row for row in found["rows"] if row["recipe"] == "both"]

    write_predictions(full.places.results / "shape-hushem-svm.predictions.csv", [said])
    found = table_of(full.name, part, full.places, resamples=FEW)
    assert found is not None
    cbam = pool([full.said(one(f"one/cbam-r{r}")) for r in part.repeats])
    expected = cross_fitted_mean(in_one_order([cbam, said]))
    line = row(found, "both", "accuracy", "8 views, calibrated")
    assert line["value"] == pytest.approx(np.mean(expected.predicted == expected.truth), rel=1e-9)
    assert line["model"] == "efficientnet_b0_cbam + svm"
    assert line["alias"] == "best"


def test_what_is_missing_is_said_and_the_rest_is_shown(desk: Desk, one: One) -> None:
    assert table_of(desk.name, desk.parts[0], desk.places, resamples=FEW) is None
    for path in ("one/plain-r100", "one/cbam-r100", "one/cbam-r101"):
        desk.commit(one(path))
    table = tabled(desk)
    assert "3 of 6 jobs" in table["protocol"]
    assert table["jobs"]["missing"] == ["one/plain-r101", "one/plain-r102", "one/cbam-r102", "shape.json"]
    assert row(table, "cbam", "accuracy", "8 views")["repeats"] == 2
    assert row(table, "both", "accuracy", "8 views")["repeats"] == 1
    assert table["recipes_tried"] == 3
    assert "; 3 recipes in all tried before the one that its models share was frozen." in table["protocol"]
    assert table["claim"] == "A claim."


def test_a_job_of_another_recipe_is_missing(desk: Desk, one: One) -> None:
    desk.commit(one("one/plain-r100"))
    desk.commit(one("one/cbam-r100"))
    for ending in (".csv", ".json"):
        path = desk.places.table(one("one/cbam-r100"))
        desk.places.table(one("one/plain-r100")).with_suffix(ending).replace(path.with_suffix(ending))
    assert table_of(desk.name, desk.parts[0], desk.places, resamples=FEW) is None


def test_two_versions_of_the_data_do_not_make_one_table(desk: Desk, one: One) -> None:
    desk.commit(one("one/plain-r100"))
    desk.commit(one("one/cbam-r100"), pixels="other")
    with pytest.raises(DataCorrupt, match="different versions of 'hushem'"):
        tabled(desk)


def test_rows_of_other_commands_on_the_same_data_are_joined(full: Desk) -> None:
    there = {"dataset": "hushem", "model": "svm", "metric": "accuracy", "value": 0.8, "low": None}
    rows = [
        {**there, "recipe": "shape", "condition": "", "alias": "", "method": "shape"},
        {**there, "dataset": "mhsma"},
    ]
    path = full.places.results / "shape.json"
    beside = [{**there, "model": "majority", "per_fold": [0.2]}, {**there, "metric": "roc_auc_ovr_macro"}]
    path.write_text(json.dumps({"rows": rows, "beside": beside}))
    table = tabled(full)
    models = [one["model"] for one in table["rows"]]
    assert (models.count("svm"), models.count("majority")) == (1, 1)
    assert not any("per_fold" in one for one in table["rows"])
    assert table["jobs"]["missing"] == []
    path.write_text("[]")
    with pytest.raises(DataError, match="not a results file"):
        tabled(full)


def test_a_holdout_is_told_division_by_division(full: Desk, one: One) -> None:
    table = tabled(full, part=1)
    assert [o["repeat"] for o in table["distribution"]] == [0, 1, 2, 3]
    for told in table["distribution"]:
        said = full.said(one(f"divided/cbam-r{told['repeat']}"))
        assert told["right"] == int((said.predicted == said.truth).sum())
        assert (told["n_images"], told["accuracy"]) == (12, told["right"] / 12)
    assert table["marks"] == [{"who": "paper", "metric": "accuracy", "value": 0.939, "n_images": 33}]
    assert not [o for o in table["rows"] if "calibrated" in o["condition"]]
    assert table["comparisons"] == []


def test_certainty_is_that_of_the_best_and_the_reference(full: Desk) -> None:
    table = tabled(full)
    assert [one["recipe"] for one in table["certainty"]] == ["cbam", "both"]
    for told in table["certainty"]:
        assert told["condition"] == "8 views, calibrated"
        assert told["risk_coverage"][-1]["coverage"] == 1
        assert sum(one["count"] for one in told["reliability"]["after"]) == 60
        assert [one["level"] for one in told["sets"]] == [0.9, 0.95]
        assert all(one["coverage"]["n_images"] == 60 for one in told["sets"])
        assert told["sets"][0]["worst_class"]["class"] in TASK.classes
        assert len(told["temperatures"]) == 5


def test_the_temperatures_told_are_those_that_were_used(full: Desk, one: One) -> None:
    """An average's are its members' and then its own, not those of its mean before."""
    alone, both = tabled(full)["certainty"]
    assert alone["member_temperatures"] == []
    assert [len(values) for values in both["member_temperatures"]] == [5, 5]
    said = in_one_order([full.said(one(f"one/{n}-r100")) for n in BOTH])
    expected, votes = cross_fitted_mean(said), [table.probabilities for table in said]
    for fold in range(5):
        each = [values[fold] for values in both["member_temperatures"]]
        found = temper(tempered_mean(votes, each), both["temperatures"][fold])
        inside = said[0].folds == fold
        np.testing.assert_allclose(found[inside], expected.probabilities[inside], atol=1e-4)


def test_thresholds_are_those_of_the_first_repeat_calibrated(full: Desk, one: One) -> None:
    said = cross_fitted(full.said(one("one/cbam-r100")))
    told = tabled(full)["certainty"][0]["threshold"]
    sure = said.probabilities.max(1) >= told["carried"]["confidence"] - 1e-5
    right = (said.predicted == said.truth)[sure]
    assert told["target"] == 0.95
    assert told["carried"]["accepted"]["value"] == sure.sum() / 60
    assert told["carried"]["right"]["value"] == pytest.approx(right.mean())
    assert right.mean() >= 0.95 > told["carried"]["at_least"]
    assert (told["promised"], told["fewest_sure"]) == (None, 94)  # sixty images can promise nothing
    decided = out_of_fold([full.said(one("one/cbam-r100"))], 0.95)
    assert told["out_of_fold"]["accepted"]["value"] == decided.accepted.value


def test_what_views_are_worth_is_a_direct_count_on_the_first_repeat(full: Desk, one: One) -> None:
    path = full.places.table(one("one/cbam-r100"))
    about = json.loads(path.with_suffix(".json").read_text())
    eight = judged(100, 1)
    single = replace(eight, probabilities=eight.probabilities[::-1])
    write_committed(path, {TASK.name: {8: eight, 1: single}}, about)
    eight_right, single_right = eight.predicted == eight.truth, single.predicted == single.truth
    (told,) = tabled(full)["views"]
    assert (told["recipe"], told["a"], told["b"]) == ("cbam", "8 views", "1 view")
    assert told["a_only"] == int((eight_right & ~single_right).sum()) > 0
    assert told["b_only"] == int((single_right & ~eight_right).sum()) != told["a_only"]


def test_the_pace_is_images_over_seconds(full: Desk) -> None:
    found = {one["recipe"]: one for one in tabled(full)["pace"]}
    assert set(found) == {"plain", "cbam"}
    told = found["cbam"]
    assert (told["value"], told["low"], told["repeats"]) == (50.0, None, 3)
    assert (told["metric"], told["condition"]) == ("training_images_per_second", "cpu, 2 cores")


def test_a_table_is_written_as_a_results_file(full: Desk) -> None:
    table = tabled(full)
    path = write_table(full.parts[0], table, full.places)
    assert path == full.places.results / "one-table.json"
    back = json.loads(path.read_text())
    assert back["recipes"][0] == {
        "name": "plain",
        "experiment": "hushem-paper",
        "changes": ["model.name=efficientnet_b0"],
        "tried": 3,
    }
    named = "dataset model alias recipe task method condition"
    told = "metric value low high interval n_images repeats runs"
    assert set(back["rows"][0]) == {*named.split(), *told.split()}


def test_a_results_file_makes_a_table_of_the_documents(full: Desk) -> None:
    metrics = ("accuracy", "balanced_accuracy", "f1_macro", "mcc", "log_loss", "brier", "ece")
    lines = results_table(tabled(full), metrics=metrics).splitlines()
    assert len(lines) == 2 + 3 * 4  # a line for each recipe and average in each condition
    assert not any("–" in line for line in lines[2:])


def begun_from_cells(desk: Desk, one: One, **weights: str | None) -> Part:
    """The part with its second recipe begun from a saved model, whose weights each job tells, or does not."""
    for repeat in desk.parts[0].repeats:
        path = desk.places.table(one(f"one/cbam-r{repeat}")).with_suffix(".json")
        about = json.loads(path.read_text())
        about["recipe"]["model"] |= {"start_from": "models/cells", "pretrained": False}
        told = weights.get(f"r{repeat}", "a" * 64)
        path.write_text(json.dumps(about | ({"behind": {"models/cells": told}} if told else {})))
    plain, cbam = desk.parts[0].recipes
    begun = cbam.model_copy(update={"set": (*cbam.set, *BEGUN)})
    return desk.parts[0].model_copy(update={"recipes": (plain, begun)})


def test_a_line_says_which_saved_model_it_was_begun_from(full: Desk, one: One) -> None:
    table = table_of(full.name, begun_from_cells(full, one), full.places, resamples=FEW)
    assert table is not None
    models = {found["recipe"]: found["model"] for found in table["rows"]}
    assert models["cbam"] == "efficientnet_b0_cbam from cells"
    assert models["both"] == "efficientnet_b0 + efficientnet_b0_cbam from cells"


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ("b" * 64, r"one/cbam-r102 and one/cbam-r100 rest on different weights of models/cells: b{12} and a"),
        (None, "one/cbam-r102 rests on models/cells, but does not say with which weights"),
    ],
)
def test_repeats_begun_from_other_weights_of_one_name_are_not_pooled(
    full: Desk, one: One, weights: str | None, says: str
) -> None:
    part = begun_from_cells(full, one, r102=weights)
    with pytest.raises(DataCorrupt, match=says):
        table_of(full.name, part, full.places, resamples=FEW)
