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
LONGEST_SEPARATOR = 100
"""Characters between the values that `join` puts together."""
_WORDS = {
    nodes.Getattr: "reads an attribute",
    nodes.Getitem: "reads an item",
    nodes.Call: "calls something",
    nodes.Assign: "sets a name",
    nodes.Macro: "defines a macro",
}


def refusals(template: nodes.Template) -> Iterator[tuple[int, str]]:
    """What the template may not do, each with its line."""
    yield from _refusals(template, in_loop=False)
    for outer in template.find_all(nodes.Filter):
        if outer.name == "join" and not _is_small_join(outer):
            problem = f"join takes one text of at most {LONGEST_SEPARATOR} characters, and no other join"
            yield outer.lineno, problem


def _refusals(node: nodes.Node, *, in_loop: bool) -> Iterator[tuple[int, str]]:
    problem = _problem(node, in_loop=in_loop)
    if problem:
        yield node.lineno, problem
        return
    for child in node.iter_child_nodes():
        yield from _refusals(child, in_loop=in_loop or isinstance(node, nodes.For))


def _is_small_join(join: nodes.Filter) -> bool:
    """Whether it can only make a text about as large as what it joins: joins of joins multiply."""
    others = any(inner.name == "join" for inner in join.find_all(nodes.Filter))
    separators = [a.value for a in join.args if isinstance(a, nodes.Const) and isinstance(a.value, str)]
    plain = len(separators) == len(join.args) <= 1 and not join.kwargs and not join.dyn_args
    return plain and not others and all(len(text) <= LONGEST_SEPARATOR for text in separators)


def _problem(node: nodes.Node, *, in_loop: bool) -> str:
    if not isinstance(node, _PLAIN):
        does = _WORDS.get(type(node), f"uses {type(node).__name__}")
        return f"it {does}; a template can only show the fields"
    if isinstance(node, nodes.For) and (in_loop or node.recursive or not isinstance(node.iter, nodes.Name)):
        return "a loop can only go through a field, and not be in another loop"
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        return f"there is no filter {node.name}; there are: {', '.join(sorted(FILTERS))}"
    if isinstance(node, nodes.Filter) and node.name == "join" and in_loop:
        return "join cannot be used in a loop"
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        return f"there is no test {node.name}; there are: {', '.join(sorted(TESTS))}"
    return ""
