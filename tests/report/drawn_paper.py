"""A small results file as the paper's tables are, with figures that can be followed by eye."""

from __future__ import annotations

from typing import Any

METRICS = (
    "accuracy",
    "f1_macro",
    "balanced_accuracy",
    "log_loss",
    "brier",
    "ece",
    "recall_oval",
    "recall_pear",
)
NETWORKS = {"simple-cnn": "simple_cnn", "b0-cbam": "efficientnet_b0_cbam", "near": "efficientnet_b0_cbam"}


def rows(recipe: str, model: str, condition: str, value: float, **changes: Any) -> list[dict[str, Any]]:
    """Every score of one line."""
    said = {"dataset": "hushem", "task": "shape", "model": model, "recipe": recipe, "condition": condition}
    said |= {"alias": "", "method": "", "runs": "", "repeats": 3, "n_images": 216, "value": value}
    return [{**said, "metric": m, "low": value - 0.1, "high": value + 0.05, **changes} for m in METRICS]


def share(value: float, n_images: int = 216) -> dict[str, Any]:
    return {"value": value, "low": value - 0.04, "high": value + 0.02, "n_images": n_images}


def certain(recipe: str) -> dict[str, Any]:
    bins = [{"low": 0.4, "high": 0.5, "confidence": 0.45, "accuracy": 0.4, "count": 16}]
    bins.append({"low": 0.9, "high": 1.0, "confidence": 0.95, "accuracy": 0.97, "count": 200})
    reached = {"confidence": 0.7, "accepted": share(0.8), "right": share(0.955, 172), "at_least": 0.921}
    out = {"accepted": share(0.75), "right": None, "folds": 5, "folds_without": 2}
    threshold = {"target": 0.95, "carried": reached, "out_of_fold": out, "promised": None, "fewest_sure": 99}
    curve = [{"threshold": 0.99, "coverage": 0.01, "risk": 1.0}]
    curve += [{"threshold": 1 - c / 2, "coverage": c, "risk": c * c / 10} for c in (0.25, 0.5, 1.0)]
    sets = {"level": 0.9, "coverage": share(0.905), "mean_size": 1.25, "single": 0.8, "empty": 0.0}
    return {
        "recipe": recipe,
        "dataset": "hushem",
        "model": NETWORKS[recipe],
        "condition": "8 views, calibrated",
        "n_images": 216,
        "risk_coverage": curve,
        "reliability": {"before": bins, "after": bins},
        "temperatures": [0.5, 0.625],
        "member_temperatures": [],
        "threshold": threshold,
        "sets": [sets | {"worst_class": {"class": "non_sperm", **share(0.81, 50)}}],
    }


def told(best: str = "near") -> dict[str, Any]:
    """Three networks in two conditions each, two baselines, a comparison, and a hold-out."""
    found = []
    for place, (recipe, model) in enumerate(NETWORKS.items()):
        for condition, plus in (
            ("8 views", 0.0),
            ("1 view, calibrated", -0.05),
            ("8 views, calibrated", 0.01),
        ):
            headline = recipe == best and condition == "8 views, calibrated"
            value = 0.7 + 0.1 * place + plus
            found += rows(recipe, model, condition, value, alias="best" if headline else "")
    shape = {"repeats": 1}
    found += rows("shape", "RBF-SVM", "shape, size, parts and stain", 0.66, **shape)
    found += rows("shape", "majority", "nothing", 0.25, **shape)
    paired = {"a_only": 9, "b_only": 21, "p": 0.0427739, "difference": -0.0556, "low": -0.11, "high": -0.0004}
    of = {"dataset": "hushem", "metric": "accuracy", "interval": "", "repeat": 100}
    three = {"repeats": [100, 101, 102], "difference": -0.04, "low": -0.1, "high": 0.02}
    alone = {"repeats": [100], "difference": -0.0556, "low": None, "high": None}
    return {
        "claim": "c",
        "protocol": "five folds; 4 recipes tried.",
        "jobs": {"wanted": 9, "committed": 9, "missing": []},
        "rows": found,
        "comparisons": [
            {
                **({"a": "b0-cbam", "b": "near", "n": 216, "p_holm": 0.086, "condition": "8 views"} | of),
                **paired,
                "over_repeats": three,
            },
            {
                **of,
                **paired,
                "a": "b0-cbam",
                "b": "simple-cnn",
                "n": 216,
                "p_holm": 0.086,
                "low": None,
                "high": None,
                "over_repeats": alone,
            },
        ],
        "views": [
            {**of, **paired, "recipe": "b0-cbam", "a": "8 views", "b": "1 view, calibrated", "n_images": 216}
        ],
        "certainty": [certain("b0-cbam"), *([certain("near")] if best == "near" else [])],
        "distribution": [
            {"recipe": "b0-cbam", "repeat": n, "n_images": 33, "right": k, "accuracy": k / 33}
            for n, k in enumerate((25, 29, 29, 31, 32))
        ],
        "marks": [{"who": "a paper", "metric": "accuracy", "value": 0.939, "n_images": 33}],
    }
