"""Reads HTML for tests: elements with their attributes and text, and whether all elements are closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"meta", "link", "input", "br", "img", "hr"})


@dataclass
class Element:
    """An element; its text includes that of its children."""

    tag: str
    attributes: dict[str, str | None]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(each if isinstance(each, str) else each.text for each in self.children)

    @property
    def words(self) -> str:
        """The text with single blanks."""
        return " ".join(self.text.split())

    def all(self, tag: str | None = None, **attributes: str) -> list[Element]:
        """The elements inside with a tag and attributes; `class_` is one of the classes."""
        return [each for each in self._inside() if each.matches(tag, attributes)]

    def one(self, tag: str | None = None, **attributes: str) -> Element:
        """The only element inside with a tag and attributes."""
        (found,) = self.all(tag, **attributes)
        return found

    def matches(self, tag: str | None, attributes: dict[str, str]) -> bool:
        if tag is not None and self.tag != tag:
            return False
        classes = (self.attributes.get("class") or "").split()
        for name, value in attributes.items():
            if value not in (classes if name == "class_" else [self.attributes.get(name.replace("_", "-"))]):
                return False
        return True

    def _inside(self) -> Iterator[Element]:
        for each in self.children:
            if isinstance(each, Element):
                yield each
                yield from each._inside()


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("document", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parsed(html: str) -> Element:
    """The document of a page; each element must be closed."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    (document,) = parser.open
    return document
