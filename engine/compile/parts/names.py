"""The names of one copy: what is its own gets the call's name before it, its keys are handed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from engine.compile.linking.inputs import RESERVED
from engine.compile.linking.site import Edge, Entries, Formula, Given, Site
from engine.expressions import Tree, parse
from engine.expressions.syntax.tree import (
    Binary,
    Conditional,
    Has,
    Index,
    Join,
    ListLiteral,
    Literal,
    Method,
    Name,
    Node,
    Select,
    Size,
    Unary,
    below,
)
from engine.model.names import FORM_DATA, INIT_VARS, JsonValue, NodeId
from engine.model.signature import Signature

Starts = Mapping[str, NodeId]
"""Call -> the node that a way to the call leads to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How the names of one text are called in the flat graph.

    Attributes:
        prefix: `<call>.`, or nothing for the definition itself.
        label: What pictures and timelines call the call.
        keys: Parameter of type `key` -> the caller's key, as the flat graph calls it.
        hides: Names that stay as they are: outputs of an activity, read by its own `outputs:`.
    """

    prefix: str = ""
    label: str = ""
    keys: Mapping[str, str]
    hides: frozenset[str] = frozenset()

    def node(self, name: str) -> NodeId:
        """Name a node."""
        return NodeId(self.prefix + name)

    def title(self, site: Site) -> str:
        """Give what pictures and timelines call a node: by its call's name and its own."""
        if not self.prefix:
            return site.name
        is_plain = "name" not in site.written.entries and f"{self.label}." == self.prefix
        return f"{self.label}{'.' if is_plain else ' / '}{site.name}"

    def of(self, name: str) -> str:
        """Name a key or a variable; those of the engine are the same everywhere."""
        if name in RESERVED or name in self.hides:
            return name
        return self.keys.get(name) or self.prefix + name

    def given(self, parameter: str) -> str:
        """Name the variable that holds what the part was given: no author can write its name."""
        return f"{self.prefix}{INIT_VARS}.{parameter}"

    # expressions ------------------------------------------------------------------------------

    def formula(self, formula: Formula) -> Formula:
        """Let an expression read by the names of the flat graph; its text stays as it is."""
        if not self.prefix:
            return formula
        key = formula.key.replace("flow.", f"flow.{self.prefix}", 1)
        return replace(formula, tree=self.tree(formula.tree), key=key)

    def tree(self, tree: Tree) -> Tree:
        """Rename what a tree reads; every node keeps its place in the text."""
        return replace(tree, root=self._node(tree.root))

    def _node(self, node: Node) -> Node:
        match node:
            case Name():
                return self._named(node, self.of(node.name))
            case Select() | Index():
                return self._path(node)
            case Literal():
                return node
            case ListLiteral(items=items):
                return replace(node, items=tuple(map(self._node, items)))
            case Join(parts=parts):
                return replace(node, parts=tuple(map(self._node, parts)))
            case _:
                return self._operation(node)

    def _operation(self, node: Unary | Binary | Conditional | Has | Size | Method) -> Node:
        one = self._node
        match node:
            case Unary() | Size():
                return replace(node, operand=one(node.operand))
            case Binary():
                return replace(node, left=one(node.left), right=one(node.right))
            case Has():
                return replace(node, path=one(node.path))
            case Method():
                return replace(node, receiver=one(node.receiver), argument=one(node.argument))
            case _:
                return replace(
                    node,
                    condition=one(node.condition),
                    then=one(node.then),
                    otherwise=one(node.otherwise),
                )

    def _path(self, node: Select | Index) -> Node:
        """Rename a step: `_initVars.x` is one name, the `x` of `_customFormData.x` is a key."""
        step = node.member if isinstance(node, Select) else node.index
        word = step.value if isinstance(step, Literal) else step
        root = node.operand.name if isinstance(node.operand, Name) else ""
        if root == INIT_VARS and isinstance(word, str):
            return self._named(node, self.given(word))
        operand = self._node(node.operand)
        if root == FORM_DATA and isinstance(word, str):
            word = self.of(word)
        if isinstance(node, Select):
            member = str(word)
            return replace(node, operand=operand, member=member, segments=below(operand, member))
        index = self._index(node.index, word)
        return replace(node, operand=operand, index=index, segments=below(operand, index))

    def _index(self, index: Node, word: object) -> Node:
        return replace(index, value=word) if isinstance(index, Literal) else self._node(index)

    @staticmethod
    def _named(node: Node, name: str) -> Name:
        return Name(name=name, offset=node.offset, length=node.length, segments=(name,))

    # nodes ------------------------------------------------------------------------------------

    def site(self, site: Site, starts: Starts) -> Site:
        """Put a node into the flat graph."""
        edges = tuple(self.edge(edge, starts) for edge in site.edges)
        if not self.prefix:
            return site if edges == site.edges else replace(site, edges=edges)
        return replace(
            site,
            id=self.node(site.id),
            name=self.title(site),
            edges=edges,
            conditions=tuple(when and self.formula(when) for when in site.conditions),
            slots={input: self.of(slot) for input, slot in site.slots.items()},
            inputs={name: self._input(site, name, value) for name, value in site.inputs.items()},
            check=self.prefix + site.check if site.check else None,
            declared={name: self.of(variable) for name, variable in site.declared.items()},
            outputs=self._outputs(site),
            puts_in=self._puts_in(site),
        )

    def edge(self, edge: Edge, starts: Starts) -> Edge:
        """Lead a way to where its target lies in the flat graph: of a call, to its Start."""
        target = starts.get(edge.target) or self.node(edge.target)
        source = self.node(edge.source)
        if (source, target) == (edge.source, edge.target):
            return edge
        return replace(edge, source=source, target=target)

    def value(self, value: JsonValue | Formula) -> JsonValue | Formula:
        """Rename what a value reads, if it is an expression."""
        return self.formula(value) if isinstance(value, Formula) else value

    def _input(self, site: Site, name: str, value: Given) -> Given:
        if isinstance(value, Formula):
            return self.formula(value)
        if isinstance(value, Entries):
            return Entries(values={key: self.value(part) for key, part in value.values.items()})
        if name in site.slots or _names_variable(site.signature, name):
            return (
                [self.of(str(v)) for v in value] if isinstance(value, list) else self.of(str(value))
            )
        return value

    def _outputs(self, site: Site) -> tuple[tuple[str, JsonValue | Formula], ...]:
        declared = site.signature.outputs if site.signature else ()
        inside = Names(
            prefix=self.prefix, keys=self.keys, hides=frozenset(one.name for one in declared)
        )
        return tuple((self.of(name), inside.value(value)) for name, value in site.outputs)

    def _puts_in(self, site: Site) -> Mapping[str, Tree]:
        """Rename what the defaults of the node's form read, or of any that it may choose."""
        named = [site.form.reading] if site.form else []
        readings = named if site.choosable is None else list(site.choosable.values())
        paths = [default.path for reading in readings for default in reading.defaults]
        trees = ((path, parse(path)) for path in paths)
        return {path: self.tree(tree) for path, tree in trees if isinstance(tree, Tree)}


def _names_variable(signature: Signature | None, input: str) -> bool:
    declared = signature.inputs if signature else ()
    return any(one.name == input and one.refers in ("counter", "cleared") for one in declared)
