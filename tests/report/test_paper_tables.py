"""The tables say what the results files say: as used, ours marked, differences the right way round."""

from __future__ import annotations

import pytest
from drawn_paper import certain, rows, told
from scipy.stats import beta

from spermlens.report import certainty_tables
from spermlens.report.ablation_tables import pieces, words_of_change
from spermlens.report.paper_lines import kept, lines_of, words_of
from spermlens.report.paper_tables import PUBLISHED, comparisons, in_short, luck, ours, published, recalls


def test_each_network_stands_once_as_it_is_used() -> None:
    lines = lines_of(told())
    assert [(line.recipe, line.condition) for line in lines if line.network] == [
        ("simple-cnn", "8 views, calibrated"),
        ("b0-cbam", "8 views, calibrated"),
        ("near", "8 views, calibrated"),
    ]
    assert [line.name for line in lines][:2] == [
        "the commonest class, always",
        "measures of the cell, RBF-SVM",
    ]
    assert [line.best for line in lines] == [False] * 4 + [True]


def test_more_views_are_more_than_their_first_digit() -> None:
    found = {"rows": [*rows("r", "m", "8 views", 0.5), *rows("r", "m", "32 views", 0.6)]}
    assert [line.condition for line in lines_of(found)] == ["32 views"]


def test_recipes_of_one_network_are_told_apart_by_name() -> None:
    names = [line.name for line in lines_of(told()) if line.network]
    assert names == ["SimpleCNN", "EfficientNet-B0 with CBAM (b0-cbam)", "EfficientNet-B0 with CBAM (near)"]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("efficientnet_b0 + svm", "EfficientNet-B0 and the vote of its measures"),
        ("efficientnet_b0_cbam from cells", "EfficientNet-B0 with CBAM, begun from cells"),
        ("simple_cnn from cells + svm", "SimpleCNN, begun from cells, and the vote of its measures"),
    ],
)
def test_what_a_network_was_begun_from_is_said(model: str, words: str) -> None:
    assert words_of(model) == words


def test_the_readme_keeps_baselines_the_named_networks_and_ours() -> None:
    assert {line.recipe for line in kept(lines_of(told()), ["simple-cnn"])} == {"shape", "simple-cnn", "near"}
    table = in_short([told()]).splitlines()
    assert len(table) == 2 + 5
    assert table[-1].startswith(
        "| HuSHeM | **EfficientNet-B0 with CBAM (near), 8 views, calibrated (ours)** | 0.910 ("
    )
    assert table[-1].endswith("| 216, 3 times |")
    assert table[2].endswith("| 216 |")


def test_ours_comes_with_its_protocol_and_every_class() -> None:
    assert ours(told()).endswith("Protocol: five folds; 4 recipes tried.")
    assert recalls(told()).splitlines()[0] == "| Model | Recall, oval | Recall, pear |"


def test_a_comparison_is_that_of_the_file_and_names_its_repeat() -> None:
    lines = comparisons(told()).splitlines()
    assert "| b | On repeat | Only a right | Only b right |" in lines[0]
    pair = "(b0-cbam) | EfficientNet-B0 with CBAM (near) | 100 | 9 | 21"
    assert (
        f"{pair} | -0.056 (-0.110 to 0.000) | 0.043 | 0.086 | 216 | -0.040 (-0.100 to 0.020), 3 times"
        in (lines[2])
    )
    assert lines[3].endswith("| 216 | – |")


def test_a_learner_of_measures_has_the_name_of_its_line() -> None:
    found = told()
    found["comparisons"][0]["b"] = "svm"
    assert "| measures of the cell, RBF-SVM | 100 |" in comparisons(found)
    assert "measures of the cell, RBF-SVM" in {line.name for line in lines_of(found)}


def test_a_piece_is_the_change_less_the_base() -> None:
    """In the file the base is a, and a less b is negative: so the change is better."""
    table = pieces(told()).splitlines()
    assert (
        table[2] == "| HuSHeM | nothing: the base | 0.810 (0.710-0.860) | – | – | – | – | – | 216, 3 times |"
    )
    assert table[3].startswith("| HuSHeM | 1 view, calibrated instead of 8 views | 0.750 (")
    assert (
        "| near | 0.910 (0.810-0.960) | 0.056 (0.000 to 0.110) | 9 | 21 | 0.043 | 0.086 | 216 |" in table[4]
    )
    assert "| simple cnn | 0.710 (0.610-0.760) | 0.056 | 9 |" in table[5]


@pytest.mark.parametrize(
    ("recipe", "words"), [("smids-no-cbam", "without CBAM"), ("smids-twice-as-wide", "twice as wide")]
)
def test_a_change_has_words_or_speaks_for_itself(recipe: str, words: str) -> None:
    assert words_of_change(recipe, "smids") == words


def test_the_luck_of_one_division_is_counted() -> None:
    assert luck(told()) == (
        "EfficientNet-B0 with CBAM (b0-cbam), 5 divisions of the same images, 33 tested in each: "
        "from 75.8 % to 97.0 %, half of them at 87.9 % or below. 2 of 5 reach the 93.9 % of a paper."
    )


def test_published_intervals_are_clopper_and_pearsons() -> None:
    assert "| 31 of 33 | 93.9 % | 79.8-99.3 % |" in published()
    for _, _, right, total in PUBLISHED:
        low, high = beta.ppf(0.025, right, total - right + 1), beta.ppf(0.975, right + 1, total - right)
        assert (
            f"| {right} of {total} | {100 * right / total:.1f} % | {100 * low:.1f}-{100 * high:.1f} % |"
            in published()
        )


def test_certainty_has_ours_first_then_the_reference() -> None:
    made = {name: table([told()]).splitlines()[2:] for name, table in certainty_tables.TABLES.items()}
    assert "(near) (ours) | none | 0.900 (" in made["temperatures"][0]
    assert "(near) (ours) | 0.50 to 0.62 | 0.910 (" in made["temperatures"][1]
    assert "(b0-cbam) | none | 0.800 (" in made["temperatures"][2]
    assert "| 0.700 | 0.800 (0.760-0.820) | 0.955 (0.915-0.975) | 0.921 | 216 |" in made["thresholds"][0]
    assert (
        "its own in each fold; in 2 of 5 none | 0.750 (0.710-0.770) | – | – | 216 |" in made["thresholds"][1]
    )
    assert (
        "| none: it needs 99 sure images or more without an error | – | – | – | 216 |"
        in made["thresholds"][2]
    )
    assert "| 90 % | 0.905 (0.865-0.925) | 1.25 | 0.800 | 0.000 | non sperm: 0.810 (" in made["sets"][0]


def test_the_temperatures_of_an_average_are_its_members_and_its_own() -> None:
    """The accuracy stands beside them, as these may change it."""
    mean = {"model": "efficientnet_b0 + svm", "member_temperatures": [[0.4, 0.45], [1.25, 1.5]]}
    found = told()
    found["certainty"] = [certain("near") | mean]
    head, _, before, after = certainty_tables.temperatures([found]).splitlines()
    assert "Temperature, by fold | Accuracy | Log loss" in head
    assert "| none | 0.900 (" in before
    words = (
        "EfficientNet-B0: 0.40 to 0.45; the vote of its measures: 1.25 to 1.50; then their mean: 0.50 to 0.62"
    )
    assert f"| {words} | 0.910 (" in after


def test_ours_may_be_the_reference_itself() -> None:
    (only,) = certainty_tables.certain_lines(told(best="b0-cbam"))
    assert (only.short, only.line.best) == ("ours", True)


def test_a_line_without_folds_has_no_certainty() -> None:
    holdout = told() | {"certainty": [{k: v for k, v in certain("near").items() if k != "threshold"}]}
    assert certainty_tables.certain_lines(holdout) == []
