"""Learning from columns: it finds what is there, finds nothing where nothing is, and never looks ahead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spermlens.config import Protocol
from spermlens.datasets import Entry, Listing
from spermlens.datasets.folder import CARD
from spermlens.datasets.synthetic import draw
from spermlens.errors import DataError
from spermlens.framing import Framing
from spermlens.locate.columns import ALL, Columns, columns_of
from spermlens.predict.framed import Framed
from spermlens.training import shape_models
from spermlens.training.shape_models import (
    Floats,
    Ints,
    Teller,
    Units,
    boosting,
    judged,
    majority,
    measured,
    ruler_of,
    svm,
)
from spermlens.types import Image, Sample, Task

COUNT = 90


@pytest.fixture(autouse=True)
def few_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shape_models, "SVM_GRID", {"C": (10,), "spread": (1,)})
    monkeypatch.setattr(shape_models, "BOOSTING_GRID", {"max_leaf_nodes": (4,)})


def picture(number: int) -> Image:
    return np.full((4, 4, 3), number, np.uint8)


def cells(pair_up: bool = False) -> tuple[Listing, Columns]:
    """Class 0 lies inside a ring of class 1, which no straight line divides; class 2 is far off.

    The third column is noise; of every ninth cell nothing but the noise is told. With `pair_up`, each
    two cells are of one patient.
    """
    rng = np.random.default_rng(0)
    labels = np.arange(COUNT) // 2 % 3
    angle, radius = rng.uniform(0, 2 * np.pi, COUNT), np.where(labels == 0, 0.3, 2.0)
    values = np.stack([radius * np.cos(angle), radius * np.sin(angle), rng.normal(size=COUNT)], 1)
    values[labels == 2, 0] += 9
    values[::9, :2] = np.nan
    entries = tuple(
        Entry(
            id=f"{n:03}",
            load=lambda n=n: picture(n),
            labels={"cell": int(label)},
            group=f"patient {n // 2}" if pair_up else None,
        )
        for n, label in enumerate(labels)
    )
    card = replace(CARD, tasks=(Task("cell", ("inside", "ring", "far")),))
    return Listing(card, entries), Columns(names=("x", "y", "noise"), values=values)


def protocol(**settings: Any) -> Protocol:
    return Protocol(**{"allow_ungrouped": True, "inner_share": 0, "final_model": False, **settings})


@pytest.mark.parametrize("learner", [svm, boosting])
def test_a_bent_border_is_learned_and_every_image_is_judged_once(learner: Any) -> None:
    listing, columns = cells()
    table = judged(learner, columns, listing, protocol()).predictions
    assert sorted(table.ids) == listing.ids
    whole = np.isfinite(columns.values).all(1)
    told = np.array([whole[listing.ids.index(name)] for name in table.ids])
    assert (table.predicted == table.truth)[told].mean() > 0.85
    assert (table.predicted == table.truth)[~told].mean() < 0.75


def test_shuffled_labels_are_not_learned() -> None:
    listing, columns = cells()
    mixed = np.random.default_rng(1).permutation(columns.values)
    table = judged(svm, Columns(names=columns.names, values=mixed), listing, protocol()).predictions
    assert (table.predicted == table.truth).mean() < 0.5
    assert table.confidence.mean() < 0.5


@pytest.mark.parametrize("learner", [svm, boosting])
def test_that_a_value_is_missing_tells(learner: Any) -> None:
    listing, columns = cells()
    truth = listing.labels("cell")
    values = np.stack([np.where(truth == 2, np.nan, 0.5), columns.values[:, 2]], 1)
    told = learner(values, truth, np.array(listing.units))(values)
    assert told[truth == 2, 2].min() > 0.6 > 0.4 > told[truth != 2, 2].max()


def test_a_column_is_worth_what_it_tells() -> None:
    listing, columns = cells()
    worth = judged(svm, columns, listing, protocol(), shuffles=2).worth
    assert worth["x"] > 0.3 > 0.1 > abs(worth["noise"])


def test_the_majority_knows_the_shares_of_the_training_images() -> None:
    listing, columns = cells()
    table = judged(majority, columns, listing, protocol()).predictions
    assert table.probabilities == pytest.approx(np.full((COUNT, 3), 1 / 3), abs=0.02)


def test_units_stand_on_one_side_in_the_inner_folds_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn import model_selection

    seen: list[tuple[set[str], set[str]]] = []
    plain = model_selection.cross_val_predict

    def watched(model: Any, values: Floats, truth: Ints, *, cv: Any, method: str) -> Floats:
        seen.extend((set(units[train]), set(units[test])) for train, test in cv)
        return np.asarray(plain(model, values, truth, cv=cv, method=method))

    monkeypatch.setattr(model_selection, "cross_val_predict", watched)
    listing, columns = cells(pair_up=True)
    units = np.array(listing.units)
    svm(columns.values, listing.labels("cell"), units)
    assert seen
    assert not any(learned & asked for learned, asked in seen)


def test_judged_on_inner_images_no_test_image_is_shown() -> None:
    listing, columns = cells()
    shown: list[int] = []

    def nosy(values: Floats, truth: Ints, units: Units) -> Teller:
        told = majority(values, truth, units)
        shown.append(len(values))

        def tell(others: Floats) -> Floats:
            shown.append(len(others))
            return told(others)

        return tell

    table = judged(nosy, columns, listing, protocol(inner_share=0.25, judge="inner")).predictions
    assert table.inner
    assert sum(sorted(shown)[-5:]) + len(table) <= 5 * COUNT * 0.8


@pytest.mark.parametrize("classes", [2, 3])
def test_the_ruler_of_a_listing_tells_what_was_judged(classes: int) -> None:
    listing, columns = cells()
    kept = [number for number, label in enumerate(listing.labels("cell")) if label < classes]
    few, values = listing.subset(kept), columns.values[kept]
    task = Task("cell", listing.card.tasks[0].classes[:classes])
    ruler = ruler_of(few, Columns(names=columns.names, values=values), task)
    told = svm(values, few.labels("cell"), np.array(few.units))
    assert ruler.columns == columns.names
    np.testing.assert_allclose(ruler.probabilities(columns.values), told(columns.values), rtol=0, atol=1e-9)


def test_an_image_without_an_annotation_changes_no_ruler() -> None:
    listing, columns = cells()
    more = Entry(id="odd", load=lambda: picture(200), labels={"cell": None}, group=None)
    longer = Listing(listing.card, (*listing.entries, more))
    values = np.vstack([columns.values, np.full((1, 3), 99.0)])
    one, other = (
        ruler_of(of, Columns(names=columns.names, values=said), listing.card.tasks[0])
        for of, said in ((listing, columns.values), (longer, values))
    )
    assert np.array_equal(one.probabilities(values), other.probabilities(values))


def test_a_class_that_no_image_shows_cannot_be_told() -> None:
    listing, columns = cells()
    task = Task("cell", (*listing.card.tasks[0].classes, "headless"))
    with pytest.raises(DataError, match=r"No image of .* is headless"):
        ruler_of(listing, columns, task)


@pytest.mark.parametrize("own", [None, 0.1, 0.05])
def test_a_listing_is_measured_as_a_model_of_it_measures_others(own: float | None) -> None:
    image = draw(2, seed=5, kind="cells", labels={"cell": "normal"}).image
    card = replace(CARD, tasks=(Task("cell", ("inside", "ring")),), um_per_pixel=0.1 if own else None)
    entry = Entry(id="head", load=lambda: image, labels={"cell": 0}, um_per_pixel=own)
    framing = Framing(size=32, field_px=72, um_per_pixel=card.um_per_pixel)
    told = Framed(Sample(id="head", image=image, um_per_pixel=own), framing).row
    values = measured(Listing(card, (entry,))).values[0]
    assert np.array_equal(values, told, equal_nan=True)
    alone = columns_of([image])[0].values[0, ALL.index("width_px")]
    assert values[ALL.index("width_px")] == pytest.approx(alone * (own or 0.1) / 0.1)
