"""Whatever a cell holds, it is shown as text: checked with a CommonMark parser that knows GitHub's tables."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from govsec_ci.report.inert import message
from govsec_ci.report.markdown import table, text

_PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_ALLOWED = {"table", "thead", "tbody", "tr", "th", "td", "p", "li", "ul"}
_SPICY = st.text(st.sampled_from("ab |\\`*_~[]()<>!#&;:/@$\"'-+=.{}\n") | st.characters(codec="utf-8"), max_size=60)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, _attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data.rstrip("\n")


def _read(markdown: str) -> _Reader:
    reader = _Reader()
    reader.feed(_PARSER.render(markdown))
    reader.close()
    return reader


@given(_SPICY)
def test_a_cell_shows_its_text_and_nothing_else(value: str) -> None:
    shown = message(value)
    reader = _read("\n".join(table(["a", "b"], [[text(shown), "end"]])))
    assert reader.tags <= _ALLOWED
    assert reader.cells[2].strip() == shown.strip()
    assert reader.cells[3].strip() == "end"


@given(_SPICY)
def test_a_list_item_holds_no_markup(value: str) -> None:
    assert _read(f"- Reason: {text(message(value))}").tags <= _ALLOWED


def test_addresses_and_mentions_are_parted() -> None:
    written = text("see http://e.example/x or www.e.example, ask @root or root@e.example")
    assert "://" not in written
    assert "www." not in written
    assert ">&#64;root" in written


def test_an_escaped_pipe_in_the_text_does_not_open_a_cell() -> None:
    assert _read("\n".join(table(["a"], [[text("x\\|y")]]))).cells == ["a", "x\\|y"]
