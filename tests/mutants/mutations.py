"""Small changes of a module, one at a time: what a mistake in it may look like.

Changed are comparisons, arithmetic, constants, conditions, arguments and bounds of slices; statements and calls are
left out. No change is made in what tests do not look at on purpose: annotations, decorators, docstrings, assertions
(`strict` of `zip` is one), what `raise` says, what is echoed, progress bars, and the line that runs a script.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

SKIPPED_FIELDS = {"annotation", "returns", "decorator_list", "bases", "ctx", "type_comment"}
# Calls that tell a user or a type checker something, and one without which no function has the same cells.
LEFT_ALONE = {"echo", "cast", "progress.update", "super().__init__"}
NAMING = {
    "require_finite",
    "check",
    "watch.check",
    "watch.scoring",
    "written_by",
}  # calls that name something for errors
COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
OTHER_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "reversed": "list"}


@dataclass(frozen=True)
class _Place:
    """Where a node hangs in the tree of its module."""

    parent: ast.AST
    field: str
    index: int | None
    scope: tuple[str, ...]  # names of the classes and functions around it
    lines: range  # of its code; empty outside of functions

    def put(self, node: ast.AST) -> None:
        """Hang another node here."""
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


@dataclass(frozen=True)
class Mutant:
    """A changed module. `name` says what was changed, and stays the same as long as the function does."""

    name: str
    path: Path
    tree: ast.Module  # of the module as it is
    place: _Place
    node: ast.AST
    changed: ast.AST

    @property
    def lines(self) -> range:
        """Of the change; empty outside of functions."""
        return self.place.lines

    def compiled(self) -> CodeType:
        """The code of the whole module."""
        self.place.put(ast.fix_missing_locations(self.changed))
        try:
            return compile(self.tree, str(self.path), "exec", dont_inherit=True)
        finally:
            self.place.put(self.node)


def mutants(path: Path, root: Path) -> list[Mutant]:
    """All mutants of a module, in the order of its lines."""
    tree = ast.parse(path.read_bytes())
    module, seen, found = path.relative_to(root).as_posix(), Counter[str](), []
    for place, node in _nodes(tree, (), in_function=False):
        for changed in _changes(node, isinstance(place.parent, ast.Expr)):
            ast.copy_location(changed, node)
            if _text(changed) == _text(node):
                continue  # two equal arguments, swapped
            name = f"{module} {'.'.join(place.scope) or 'module'}: {_text(node)} -> {_text(changed)}"
            seen[name] += 1
            number = f" ({seen[name]})" if seen[name] > 1 else ""
            found.append(Mutant(name + number, path, tree, place, node, changed))
    return found


def _text(node: ast.AST) -> str:
    """The node as one line of code, without what stands below a condition."""
    return f"if {ast.unparse(node.test)}" if isinstance(node, ast.If) else " ".join(ast.unparse(node).split())


def _nodes(
    node: ast.AST, scope: tuple[str, ...], in_function: bool, around: range = range(0)
) -> Iterator[tuple[_Place, ast.AST]]:
    """What is below a node, whose lines are those `around`, and may be changed."""
    for field, value in ast.iter_fields(node):
        if field in SKIPPED_FIELDS or (isinstance(node, ast.arguments) and field not in ("defaults", "kw_defaults")):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _is_left_alone(node, field, index, child):
                continue
            lines = around
            if in_function and isinstance(child, ast.stmt | ast.expr | ast.keyword):
                lines = range(child.lineno, (child.end_lineno or 0) + 1)
            yield _Place(node, field, index, scope, lines), child
            if isinstance(child, ast.Raise):
                continue
            inner = (*scope, child.name) if isinstance(child, ast.ClassDef | ast.FunctionDef) else scope
            # A default of an argument is computed with its function, outside of it.
            inside = (in_function or isinstance(child, ast.FunctionDef)) and not isinstance(child, ast.arguments)
            yield from _nodes(child, inner, inside, lines if inside else range(0))


def _is_left_alone(parent: ast.AST, field: str, index: int | None, child: ast.AST) -> bool:
    if isinstance(child, ast.Assert | ast.Import | ast.ImportFrom):
        return True
    if isinstance(child, ast.keyword) and child.arg == "strict":
        return True
    if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
        return True  # a docstring
    if isinstance(parent, ast.Module) and isinstance(child, ast.If):
        return True
    if isinstance(parent, ast.Assign) and isinstance(child, ast.Subscript) and ast.unparse(child.value) == "Literal":
        return True  # a type
    called = child.value if isinstance(child, ast.Expr) else child
    if isinstance(called, ast.Call) and ast.unparse(called.func) in LEFT_ALONE:
        return True
    if not isinstance(parent, ast.Call):
        return False
    if ast.unparse(parent.func) in NAMING and isinstance(child, ast.Constant | ast.JoinedStr):
        return True
    return ast.unparse(parent.func) == "tqdm" and not (field == "args" and index == 0)


def _changes(node: ast.AST, is_statement: bool) -> Iterator[ast.AST]:
    """What may stand in the place of a node. A call that is a statement has its result dropped, so it is left out."""
    match node:
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            yield ast.Compare(left, [COMPARISONS[type(op)]()], [right])
        case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
            yield ast.BinOp(left, ARITHMETIC[type(op)](), right)
        case ast.AugAssign(target=target, op=op, value=value):
            if type(op) in ARITHMETIC:
                yield ast.AugAssign(target, ARITHMETIC[type(op)](), value)
            yield ast.Assign([target], value)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(op=ast.Not() | ast.USub() | ast.Invert(), operand=operand):
            yield operand
        case ast.Constant(value=value):
            yield from _other_constants(value)
        case ast.Call():
            yield from _other_calls(node, is_statement)
        case ast.Slice(lower=lower, upper=upper, step=step):
            if lower is not None:
                yield ast.Slice(None, upper, step)
            if upper is not None:
                yield ast.Slice(lower, None, step)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.If(test=test, body=body, orelse=orelse):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.comprehension(target=target, iter=iterated, ifs=[_], is_async=kind):
            yield ast.comprehension(target, iterated, [], kind)
        case ast.Expr() | ast.Raise() | ast.Continue() | ast.Break() | ast.Return(value=None):
            yield ast.Pass()


def _other_constants(value: object) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, float):
        yield ast.Constant(2 * value if value else 1.0)
    elif isinstance(value, str):
        yield ast.Constant("other" + value)


def _other_calls(call: ast.Call, is_statement: bool) -> Iterator[ast.AST]:
    function, arguments, keywords = call.func, call.args, call.keywords
    of_method = isinstance(function, ast.Attribute)
    if isinstance(function, ast.Attribute) and not (arguments or keywords or is_statement):
        yield function.value
    if isinstance(function, ast.Name) and function.id in OTHER_NAMES:
        yield ast.Call(ast.Name(OTHER_NAMES[function.id], ast.Load()), arguments, keywords)
    if len(arguments) > 1 - of_method and ast.unparse(function) != "tqdm" and not is_statement:
        yield ast.Call(function, arguments[:-1], keywords)
    ordered = ast.unparse(function) not in ("min", "max")
    if ordered and len(arguments) > 1 and not any(isinstance(one, ast.Starred) for one in arguments[:2]):
        yield ast.Call(function, [arguments[1], arguments[0], *arguments[2:]], keywords)
    if ast.unparse(function) != "tqdm":
        for keyword in keywords:
            if keyword.arg != "strict":
                yield ast.Call(function, arguments, [other for other in keywords if other is not keyword])
