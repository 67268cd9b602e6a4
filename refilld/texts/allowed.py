"""What a shop's template may do: show fields through filters, choose, and go through one list.

Everything that could cost much time or memory, or reach beyond the fields, is refused when the template is
read: attributes, items, calls, arithmetic, assignments, macros, other templates, and loops in loops.
"""

from collections.abc import Iterator

from jinja2 import nodes

FILTERS = frozenset({
    "counted", "duration", "label", "minute", "money", "second", "spoken", "thousands",
    "capitalize", "default", "first", "int", "join", "last", "length", "lower", "title", "upper",
})  # fmt: skip
TESTS = frozenset({"defined", "none", "in", "eq", "ne", "gt", "ge", "lt", "le", "true", "false"})
_PLAIN = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Filter, nodes.Test,
    nodes.If, nodes.CondExpr, nodes.For, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
    nodes.Keyword, nodes.List, nodes.Tuple, nodes.Neg,
)  # fmt: skip
_WORDS = {
    nodes.Getattr: "reads an attribute",
    nodes.Getitem: "reads an item",
    nodes.Call: "calls something",
    nodes.Assign: "sets a name",
    nodes.Macro: "defines a macro",
}


def refusals(template: nodes.Template) -> Iterator[tuple[int, str]]:
    """What the template may not do, each with its line."""
    return _refusals(template, in_loop=False)


def _refusals(node: nodes.Node, *, in_loop: bool) -> Iterator[tuple[int, str]]:
    problem = _problem(node, in_loop=in_loop)
    if problem:
        yield node.lineno, problem
        return
    for child in node.iter_child_nodes():
        yield from _refusals(child, in_loop=in_loop or isinstance(node, nodes.For))


def _problem(node: nodes.Node, *, in_loop: bool) -> str:
    if not isinstance(node, _PLAIN):
        does = _WORDS.get(type(node), f"uses {type(node).__name__}")
        return f"it {does}; a template can only show the fields"
    if isinstance(node, nodes.For) and (in_loop or node.recursive or not isinstance(node.iter, nodes.Name)):
        return "a loop can only go through a field, and not be in another loop"
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        return f"there is no filter {node.name}; there are: {', '.join(sorted(FILTERS))}"
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        return f"there is no test {node.name}; there are: {', '.join(sorted(TESTS))}"
    return ""
