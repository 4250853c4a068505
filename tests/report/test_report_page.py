"""A page needs nothing else, hides nothing, and says what its JSON twin says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from spermlens.report.page import to_html, to_json, write_page
from spermlens.types import DISCLAIMER, Figure, Gallery, Report, Section, Table, Text, Tile

DOT = Figure("A dot.", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>", 'A "dot".')
HOSTILE = "<script>alert('x')</script>"


def report(**changes) -> Report:
    tile = Tile(
        title=HOSTILE, verdict="Unsure", tone="unsure", figures=(DOT, DOT), bars=(("normal", 0.4321),)
    )
    parts = (
        Text("The sentence.", "lead"),
        Table("A table.", ("Name", "Score", "n"), (("a_b", 0.85649, 12345), (HOSTILE, None, 0))),
        DOT,
        Gallery("Cells.", (tile,)),
    )
    whole = {
        "title": "T",
        "subtitle": HOSTILE,
        "sections": (Section("S", parts),),
        "facts": {"k": {"v": [1]}},
    }
    return Report(**{**whole, **changes})


class Loaded(HTMLParser):
    """What a browser would fetch, and every element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.alts: list[str | None] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]
        if tag == "img":
            self.alts.append(dict(attrs).get("alt"))


def test_the_page_loads_nothing_and_runs_nothing():
    text = to_html(report())
    seen = Loaded(text)
    assert seen.addresses
    assert all(address.startswith("data:") for address in seen.addresses)
    assert not {"script", "link", "iframe", "a"} & set(seen.tags)
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_names_cannot_become_markup():
    text = to_html(report())
    assert "<script" not in text
    assert text.count("&lt;script&gt;") == 3  # subtitle, table, tile


def test_every_picture_has_words():
    assert Loaded(to_html(report())).alts == ['A "dot".'] * 3


def test_the_disclaimer_stands_at_both_ends():
    text = to_html(report())
    assert text.count(DISCLAIMER) == 2
    assert text.index(DISCLAIMER) < text.index("<main>") < text.index("</main>") < text.rindex(DISCLAIMER)
    assert to_json(report())["disclaimer"] == DISCLAIMER


def test_figures_are_set_for_reading():
    text = to_html(report())
    assert ">0.856<" in text
    assert ">12\u202f345<" in text
    assert '<td class="n">–</td>' in text
    assert "43 %" in text


def test_the_twin_is_json_and_keeps_every_digit():
    twin = json.loads(json.dumps(to_json(report()), allow_nan=False))
    text, table, figure, gallery = twin["sections"][0]["parts"]
    assert [part["kind"] for part in (text, table, figure, gallery)] == ["text", "table", "figure", "gallery"]
    assert table["rows"][0] == ["a_b", 0.85649, 12345]
    assert gallery["tiles"][0]["bars"] == [["normal", 0.4321]]
    assert twin["facts"] == {"k": {"v": [1]}}


def test_a_name_that_is_no_text_can_be_written(tmp_path):
    write_page(tmp_path / "page.html", report(title="cell\udcff.png"))
    assert "cell?.png" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}])
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises(TypeError, match="finite numbers"):
        to_html(report(facts={"x": value}))


def test_the_same_report_gives_the_same_page():
    assert to_html(report()) == to_html(report())


def test_headings_step_down_one_at_a_time():
    levels = [int(level) for level in re.findall(r"<h([1-6])", to_html(report()))]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Text("x", "loud"),
        lambda: Table("t", ("a", "b"), (("only one",),)),
        lambda: Figure("c", "image/gif", b"", "words"),
        lambda: Figure("c", "image/png", b"", ""),
        lambda: Tile(title="t", verdict="v", tone="green", figures=()),
    ],
)
def test_parts_are_valid_from_birth(make):
    with pytest.raises(ValueError):
        make()


def test_reports_need_no_torch():
    code = (
        "import sys\n"
        "import spermlens.report.run_page, spermlens.report.prediction_page, spermlens.report.page\n"
        "import spermlens.report.contact_sheet, spermlens.report.tables\n"
        "heavy = {'torch', 'torchvision', 'timm', 'matplotlib', 'jinja2', 'sklearn'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_percent_sign_stays_with_its_figure():
    body = Report(title="T", subtitle="", sections=(Section("", (Text("87.0 % of all"),)),))
    assert "87.0\N{NO-BREAK SPACE}% of all" in to_html(body)
    assert to_json(body)["sections"][0]["parts"][0]["body"] == "87.0 % of all"
