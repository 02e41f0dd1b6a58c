"""Variables in Python code, read from its syntax tree; nothing is imported or run."""

import ast
import re
import warnings
from collections.abc import Iterator

from diagnostics.servers.needs.need import Need, Source
from diagnostics.servers.needs.reading import FileReading
from diagnostics.servers.needs.words import needs_said

_LARGEST = 1024 * 1024
_WORTH_IT = re.compile(r"environ|getenv|Settings\b|envvar|decouple|\bEnv\(")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{2,79}")
_HELPER = re.compile(r"env", re.IGNORECASE)
_INSISTS = re.compile(r"requir|must|need|mandatory", re.IGNORECASE)
_GIVES_UP = {"exit", "_exit", "quit", "error", "fail", "abort", "critical", "fatal"}
_PLAIN_TYPES = {
    "str", "int", "bool", "float", "SecretStr", "HttpUrl", "AnyUrl", "AnyHttpUrl", "Path", "FilePath", "DirectoryPath", "Optional", "None",
}  # fmt: skip
Choices = tuple[tuple[str, ...], ...]


def read_file(text: str, where: str) -> FileReading:
    """What one file says of its variables. In: its text, and its name for the evidence."""
    found = FileReading()
    if len(text) > _LARGEST or not _WORTH_IT.search(text):
        found.loose = len(text) > _LARGEST
        return found
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        _Reader(where, found).visit(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found.loose = True
    return found


class _Reader(ast.NodeVisitor):
    """Walks one file, with the way from its top to each place at hand."""

    def __init__(self, where: str, found: FileReading) -> None:
        self._where = where
        self._found = found
        self._above: list[ast.AST] = []
        self._held: dict[tuple[int, str], list[str]] = {}
        """What a name holds in a function (its identity; 0 = the module): any of these variables, or nothing."""

    def visit(self, node: ast.AST) -> None:
        self._look_at(node)
        self._above.append(node)
        self.generic_visit(node)
        self._above.pop()

    def _look_at(self, node: ast.AST) -> None:
        match node:
            case ast.Subscript(ctx=ast.Load()) if _is_environ(node.value):
                self._subscript(node)
            case ast.Call():
                self._call(node)
            case ast.Assign():
                for target in node.targets:
                    self._assigned(target, node.value)
            case ast.AnnAssign(value=ast.expr() as value):
                self._assigned(node.target, value)
            case ast.NamedExpr():
                self._assigned(node.target, node.value)
            case ast.If() if _gives_up(node.body):
                self._guard(node)
            case ast.Raise():
                self._complaint(node)
            case ast.ClassDef() if any(_last(base).endswith("Settings") for base in node.bases):
                self._settings(node)
            case ast.For(iter=ast.List() | ast.Tuple() | ast.Set() as row) if _gives_up(node.body):
                self._list(row)
            case _:
                pass

    # ── single places ───────────────────────────────────────────────────────────────────────────────────────

    def _reads(self, name: str, node: ast.AST) -> None:
        self._found.reads.setdefault(name, self._place(node))

    def _needs(self, choices: Choices, node: ast.AST, said: str = "") -> None:
        place = self._place(node)
        self._found.needs.append(Need(choices, Source.CODE, f"{place}: {said}" if said else place))

    def _place(self, node: ast.AST) -> str:
        return f"{self._where}:{getattr(node, 'lineno', 0)}"

    def _subscript(self, node: ast.Subscript) -> None:
        name = _text(node.slice)
        if name is None:
            self._found.loose = True
        elif _VARIABLE.fullmatch(name):
            self._reads(name, node)
            if not self._is_conditional():
                self._needs(((name,),), node)

    def _call(self, node: ast.Call) -> None:
        called = _last(node.func)
        for word in node.keywords:
            if word.arg in {"envvar", "env_var", "env"}:
                self._option(node, word.value)
        first = _text(node.args[0]) if node.args else None
        if first is None or not _VARIABLE.fullmatch(first):
            if node.args and (called == "getenv" or (called == "get" and _is_environ_method(node.func))):
                self._found.loose = True
            return
        if called == "getenv" or (called == "get" and _is_environ_method(node.func)):
            self._reads(first, node)
        elif _HELPER.search(called) or (called == "config" and len(node.args) == 1):
            self._reads(first, node)
            if _INSISTS.search(called) and len(node.args) == 1 and not self._is_conditional():
                self._needs(((first,),), node)

    def _option(self, node: ast.Call, value: ast.expr) -> None:
        """`click.option(…, envvar="X", required=True)` and typer's likes."""
        values = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
        names = [name for each in values if (name := _text(each)) and _VARIABLE.fullmatch(name)]
        for name in names:
            self._reads(name, node)
        required = any(
            each.arg == "required" and isinstance(each.value, ast.Constant) and each.value.value is True
            for each in node.keywords
        )
        if names and required:
            options = frozenset(word for each in node.args if (word := _text(each) or "").startswith("--"))
            choices = tuple((name,) for name in names)
            self._found.needs.append(Need(choices, Source.CODE, self._place(node), options))

    def _assigned(self, target: ast.expr, value: ast.expr) -> None:
        holder = _last(target)
        names = _unset_is_nothing(value)
        if names and holder:
            self._held[self._function(), holder] = names
        if "required" in holder.casefold() and isinstance(value, ast.List | ast.Tuple | ast.Set):
            self._list(value)

    def _list(self, node: ast.List | ast.Tuple | ast.Set) -> None:
        names = [_text(each) for each in node.elts]
        for name in names:
            if name and _VARIABLE.fullmatch(name) and "_" in name and not self._is_conditional():
                self._reads(name, node)
                self._needs(((name,),), node)

    def _guard(self, node: ast.If) -> None:
        if self._is_conditional():
            return
        for choices in self._lacking(node.test):
            self._needs(choices, node)

    def _complaint(self, node: ast.Raise) -> None:
        if self._is_conditional(besides=1):
            return
        for text in _constants(node):
            for need in needs_said(text, strict=True):
                self._needs(need.choices, node, need.evidence)

    def _function(self) -> int:
        functions = (
            each for each in reversed(self._above) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        )
        return next((id(each) for each in functions), 0)

    # ── conditions ──────────────────────────────────────────────────────────────────────────────────────────

    def _is_conditional(self, besides: int = 0) -> bool:
        """Whether the place is reached only in some mode, or a failure there is caught; up to its function."""
        tests = 0
        for above in reversed(self._above):
            if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
                break
            if isinstance(above, ast.If) and not _is_main(above.test):
                tests += 1
            if isinstance(above, ast.IfExp | ast.ExceptHandler | ast.While):
                return True
            if isinstance(above, ast.Try) and any(_catches_lack(each) for each in above.handlers):
                return True
        return tests > besides

    def _lacking(self, test: ast.expr) -> list[Choices]:
        """The needs that a condition for giving up tells of; none where it holds in some mode only."""
        match test:
            case ast.BoolOp(op=ast.Or()):
                return [choices for each in test.values for choices in self._lacking(each)]
            case ast.BoolOp(op=ast.And()):
                parts = [self._lacking(each) for each in test.values]
                if not all(len(part) == 1 for part in parts):
                    return []
                return [tuple(choice for part in parts for choice in part[0])]
            case ast.UnaryOp(op=ast.Not(), operand=ast.BoolOp(op=ast.And(), values=values)):
                return [found for each in values if (found := self._held_by(each))]
            case ast.UnaryOp(op=ast.Not(), operand=ast.BoolOp(op=ast.Or(), values=values)):
                held = [self._held_by(each) for each in values]
                return [tuple(choice for each in held for choice in each)] if all(held) else []
            case ast.UnaryOp(
                op=ast.Not(), operand=ast.Call(func=ast.Name(id="all" | "any") as how, args=[row])
            ):
                elements = row.elts if isinstance(row, ast.List | ast.Tuple) else []
                held = [self._held_by(each) for each in elements]
                if how.id == "all":
                    return [each for each in held if each]
                return [tuple(choice for each in held for choice in each)] if held and all(held) else []
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                found = self._held_by(operand)
                return [found] if found else []
            case ast.Compare(
                left=left, ops=[ast.Is() | ast.Eq()], comparators=[ast.Constant(value=None | "")]
            ):
                found = self._held_by(left)
                return [found] if found else []
            case ast.Compare(left=ast.Constant(value=str(name)), ops=[ast.NotIn()], comparators=[row]):
                return [((name,),)] if _is_environ(row) and _VARIABLE.fullmatch(name) else []
            case _:
                return []

    def _held_by(self, node: ast.expr) -> Choices:
        named = _last(node)
        names = _unset_is_nothing(node) or self._held.get((self._function(), named)) or []
        if not names and isinstance(node, ast.Name):
            names = self._held.get((0, named)) or []
        return tuple((name,) for name in names)

    # ── pydantic-settings ───────────────────────────────────────────────────────────────────────────────────

    def _settings(self, node: ast.ClassDef) -> None:
        prefix = _prefix(node)
        for line in node.body:
            if not isinstance(line, ast.AnnAssign) or not isinstance(line.target, ast.Name):
                continue
            if line.target.id == "model_config" or "ClassVar" in ast.dump(line.annotation):
                continue
            names, required = _field(line, prefix)
            for name in names:
                self._reads(name, line)
            if required and names and _is_plain(line.annotation):
                self._needs(tuple((name,) for name in names), line)


def _field(line: ast.AnnAssign, prefix: str) -> tuple[list[str], bool]:
    """The variables of one field of a settings class, and whether it has no default."""
    names = [(prefix + _last(line.target)).upper()]
    value = line.value
    if value is None:
        return names, True
    if not (isinstance(value, ast.Call) and _last(value.func) == "Field"):
        return names, isinstance(value, ast.Constant) and value.value is ...
    first = value.args[0] if value.args else None
    required = first is None or (isinstance(first, ast.Constant) and first.value is ...)
    for word in value.keywords:
        if word.arg in {"default", "default_factory"}:
            required = isinstance(word.value, ast.Constant) and word.value.value is ...
        if word.arg in {"alias", "validation_alias", "env"}:
            aliases = [each.upper() for each in _constants(word.value) if each.isidentifier()]
            names = aliases or names
    return names, required


def _prefix(node: ast.ClassDef) -> str:
    for inner in ast.walk(node):
        if isinstance(inner, ast.keyword) and inner.arg == "env_prefix":
            return _text(inner.value) or ""
        if isinstance(inner, ast.Assign) and any(_last(each) == "env_prefix" for each in inner.targets):
            return _text(inner.value) or ""
        if isinstance(inner, ast.Dict):
            for key, value in zip(inner.keys, inner.values, strict=True):
                if key is not None and _text(key) == "env_prefix":
                    return _text(value) or ""
    return ""


def _is_plain(annotation: ast.expr) -> bool:
    """Whether a field's type comes out of one variable, and is not a group of settings of its own."""
    names = {each.id for each in ast.walk(annotation) if isinstance(each, ast.Name)}
    return names <= _PLAIN_TYPES


def _unset_is_nothing(node: ast.expr) -> list[str]:
    """The variables that an expression takes its value from, when it has none without them."""
    match node:
        case ast.Call(func=func, args=[first, *rest]):
            name = _text(first)
            called = _last(func)
            if (
                name
                and _VARIABLE.fullmatch(name)
                and (
                    called == "getenv"
                    or (called == "get" and _is_environ_method(func))
                    or _HELPER.search(called)
                )
            ):
                if not rest or (isinstance(rest[0], ast.Constant) and not rest[0].value):
                    return [name]
                more = _unset_is_nothing(rest[0])
                return [name, *more] if more else []
            return []
        case ast.Call(func=ast.Attribute(value=value, attr="strip" | "rstrip" | "lstrip" | "lower"), args=[]):
            return _unset_is_nothing(value)
        case ast.BoolOp(op=ast.Or(), values=values):
            last = values[-1]
            if isinstance(last, ast.Constant) and last.value:
                return []
            return [name for each in values for name in _unset_is_nothing(each)]
        case _:
            return []


def _gives_up(body: list[ast.stmt]) -> bool:
    for line in body:
        for each in ast.walk(line):
            if isinstance(each, ast.Raise) or (isinstance(each, ast.Call) and _last(each.func) in _GIVES_UP):
                return True
    return False


def _catches_lack(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = {_last(each) for each in getattr(handler.type, "elts", [handler.type])}
    gives_up = _gives_up(handler.body)
    return bool(caught & {"KeyError", "LookupError", "Exception", "BaseException"}) and not gives_up


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and _last(test.left) == "__name__"


def _is_environ(node: ast.expr) -> bool:
    return _last(node) == "environ"


def _is_environ_method(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and _is_environ(node.value)


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _constants(node: ast.AST) -> Iterator[str]:
    """The texts in an expression; the parts of an f-string as one."""
    inside: set[int] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.JoinedStr):
            inside |= {id(part) for part in each.values}
            yield "".join(_text(part) or "…" for part in each.values)
        elif isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in inside:
            yield each.value
