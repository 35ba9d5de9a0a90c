"""Where each key and value of a TOML file stands, by its path in the data: ("source", 1, "entity", 0, "id")."""

from __future__ import annotations

import tomllib
from typing import Final

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from madang.city.mistake import Found, Mistake, Path

_PARSER: Final = Parser(Language(tree_sitter_toml.language()))
_KEYS: Final = ("bare_key", "quoted_key", "dotted_key")


class Positions:
    """Lines and columns from 1. What is not in the file is where its nearest parent is."""

    def __init__(self, text: str) -> None:
        self._keys: dict[Path, tuple[int, int]] = {(): (1, 1)}
        self._values: dict[Path, tuple[int, int]] = {(): (1, 1)}
        self._lengths: dict[Path, int] = {}
        for node in _PARSER.parse(text.encode()).root_node.children:
            if node.type == "pair":
                self._pair((), node)
            elif node.type in ("table", "table_array_element"):
                self._table(node)

    def mistake(self, found: Found) -> Mistake:
        known = self._keys if found.key else self._values
        path = found.path
        while path not in known:
            path = path[:-1]
        line, column = known[path]
        return Mistake(line, column, found.message, found.warning)

    def _table(self, node: Node) -> None:
        header = next(child for child in node.children if child.type in _KEYS)
        path = self._resolved(_names(header))
        if node.type == "table_array_element":
            number = self._lengths.get(path, 0)
            self._lengths[path] = number + 1
            self._note(path, node, node)
            path = (*path, number)
        self._note(path, node, node)
        for child in node.children:
            if child.type == "pair":
                self._pair(path, child)

    def _resolved(self, names: list[str]) -> Path:
        """The path of a table's header: within an array of tables it means the last one."""
        path: Path = ()
        for index, name in enumerate(names):
            path = (*path, name)
            if path in self._lengths and index < len(names) - 1:
                path = (*path, self._lengths[path] - 1)
        return path

    def _pair(self, parent: Path, node: Node) -> None:
        parts = [child for child in node.children if child.is_named and child.type != "comment"]
        if len(parts) < 2:
            return
        path = parent
        for name in _names(parts[0]):
            path = (*path, name)
            self._note(path, parts[0], parts[1])
        self._value(path, parts[1])

    def _value(self, path: Path, node: Node) -> None:
        if node.type == "inline_table":
            for child in node.children:
                if child.type == "pair":
                    self._pair(path, child)
        elif node.type == "array":
            items = [child for child in node.children if child.is_named and child.type != "comment"]
            for number, item in enumerate(items):
                self._note((*path, number), item, item)
                self._value((*path, number), item)

    def _note(self, path: Path, key: Node, value: Node) -> None:
        self._keys.setdefault(path, _place(key))
        self._values.setdefault(path, _place(value))


def _place(node: Node) -> tuple[int, int]:
    return node.start_point.row + 1, node.start_point.column + 1


def _names(node: Node) -> list[str]:
    if node.type == "dotted_key":
        return [name for child in node.children if child.type in _KEYS for name in _names(child)]
    text = (node.text or b"").decode()
    if node.type == "quoted_key":
        return [next(iter(tomllib.loads(f"{text} = 0")))]
    return [text]
