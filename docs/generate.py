"""Write what documents derive from code and results; with --check only say whether they agree.

reference/commands.md    from the command line itself
reference/datasets.md    from the cards
reference/settings.md    from the experiment's schema
reference/measures.md    from the table of definitions
reference/results.md     from experiments/results/*.json
how-to/when-things-go-wrong.md    from the table of faults that the tests try
how-to/rare-defects.md   its tables, from experiments/results/imbalance.json and imbalance-tuned.json
concepts/maps.md         its table of prices, from experiments/results/bench-explain.json
concepts/outline.md      its tables, from experiments/results/outline.json
concepts/shape-alone.md  its tables, from experiments/results/shape.json
concepts/measured-reasons.md    its tables, from known-causes.json and reasons-on-background.json there
concepts/verdict-on-attention.md    its tables, from explain-hushem.json and explain-smids.json there
concepts/our-numbers.md  its tables, from hushem-paper.json, smids-paper.json, holdout-paper.json and
                         bench-predict.json there
concepts/certainty.md    the same
concepts/three-questions.md     its tables, from mhsma-official.json, mhsma-groups.json and
                         task-causes.json there
concepts/what-each-piece-is-worth.md    its table, from ablation.json there
pictures/*.svg           from the same files
README.md                its tables, from experiments/results/*.json
"""

from __future__ import annotations

import sys
from pathlib import Path

import from_code
import from_results

DOCS = Path(__file__).parent
HOUSE = DOCS.parent
WRITTEN_BY = "<!-- written by docs/generate.py: change the source, then run `make docs` -->\n\n"


def pages() -> dict[Path, str | None]:
    """Every generated file with what it should hold; None where it should not be there."""
    drawn = {DOCS / "pictures" / name: svg for name, svg in from_results.pictures().items()}
    return drawn | {
        DOCS / "reference/commands.md": WRITTEN_BY + from_code.commands(),
        DOCS / "reference/datasets.md": WRITTEN_BY + from_code.datasets(),
        DOCS / "reference/settings.md": WRITTEN_BY + from_code.settings(),
        DOCS / "reference/measures.md": WRITTEN_BY + from_code.measures(),
        DOCS / "how-to/when-things-go-wrong.md": WRITTEN_BY + from_code.faults(),
        DOCS / "reference/results.md": WRITTEN_BY + from_results.results(),
        DOCS / "how-to/rare-defects.md": from_results.rare_defects(),
        DOCS / "concepts/maps.md": from_results.maps(),
        DOCS / "concepts/outline.md": from_results.outlines(),
        DOCS / "concepts/shape-alone.md": from_results.shape_alone(),
        DOCS / "concepts/measured-reasons.md": from_results.measured_reasons(),
        DOCS / "concepts/verdict-on-attention.md": from_results.verdict_on_attention(),
        DOCS / "concepts/our-numbers.md": from_results.our_numbers(),
        DOCS / "concepts/three-questions.md": from_results.three_questions(),
        DOCS / "concepts/certainty.md": from_results.certainty(),
        DOCS / "concepts/what-each-piece-is-worth.md": from_results.what_pieces_are_worth(),
        HOUSE / "README.md": from_results.readme(),
    }


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = []
    for path, text in pages().items():
        found = path.read_text(encoding="utf-8") if path.is_file() else None
        if found != text:
            stale.append(path.relative_to(HOUSE).as_posix())
            if not check:
                _put(path, text)
    if stale:
        sys.stdout.write(f"{'Differs from its source' if check else 'Written'}: {', '.join(stale)}\n")
    return 1 if check and stale else 0


def _put(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
    else:
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
