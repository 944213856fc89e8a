"""Hold a lesson to the course's rules without running it: names in tests, messages, hints, answers, quizzes.

    for problem in problems(read_lesson(folder)):
        print(problem)

Tests run where the learner's code never enters, so a test cell imports all it uses and takes from the learner only
what an exercise defines.
"""

import ast
import builtins
import re
import symtable
from collections import Counter
from collections.abc import Iterator

from .lesson import Cell, Lesson, LessonError, read_answers
from .quizzes import lesson_quiz_problems, python_source

WRONG, RIGHT = 3, 1  # an exercise has at least so many answers
KNOWN = frozenset(dir(builtins)) | {"__name__"}
_HIDDEN = re.compile(r"^\s*### BEGIN HIDDEN TESTS.*?^\s*### END HIDDEN TESTS[^\n]*\n?", re.MULTILINE | re.DOTALL)


def problems(lesson: Lesson) -> list[str]:
    """List every rule that `lesson` breaks, one sentence each; an empty list means that it keeps them all."""
    broken = _syntax_problems(lesson)
    if broken:
        return broken  # the other rules read the code
    return [
        *_name_problems(lesson),
        *_message_problems(lesson),
        *_exercise_problems(lesson),
        *_answer_problems(lesson),
        *lesson_quiz_problems(lesson),
    ]


def visible_part(test: Cell) -> str:
    """Cut the hidden tests out of a test cell's source."""
    return _HIDDEN.sub("", test.source)


def global_names(source: str) -> tuple[set[str], set[str]]:
    """Split the global names of `source` into those it binds (imports included) and those it takes from outside."""
    top = symtable.symtable(source, "cell", "exec")
    bound = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    used = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    for table in _nested(top):
        for symbol in table.get_symbols():
            if symbol.is_global():
                (bound if symbol.is_assigned() else used).add(symbol.get_name())
    return bound, used - bound


def defined_names(exercise: Cell) -> set[str]:
    """List what an exercise gives to tests: its top-level names, but not the modules it imports."""
    top = symtable.symtable(python_source(exercise.source), "cell", "exec")
    return {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() and not symbol.is_imported()}


def _nested(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _nested(child)


def _place(lesson: Lesson, cell: Cell) -> str:
    return f"{lesson.name}, cell {cell.title or cell.source.strip().splitlines()[0]}"


def _syntax_problems(lesson: Lesson) -> list[str]:
    broken = []
    for cell in lesson.cells:
        if cell.kind != "code":
            continue
        sources = (cell.source, visible_part(cell)) if cell.is_test else (python_source(cell.source),)
        for source in sources:
            try:
                ast.parse(source)
            except SyntaxError as error:
                part = " without its hidden tests" if source != cell.source and cell.is_test else ""
                broken.append(f"{_place(lesson, cell)}: is not Python{part} ({error.msg}, line {error.lineno}).")
    return broken


def _name_problems(lesson: Lesson) -> Iterator[str]:
    offered: set[str] = set()
    for cell in lesson.cells:
        if cell.is_solution:
            offered |= defined_names(cell)
        elif cell.is_test:
            if any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in _nodes(cell.source)):
                yield f"{_place(lesson, cell)}: imports *; name what it uses."
                continue
            for source, part in ((cell.source, ""), (visible_part(cell), " once its hidden tests are cut out")):
                missing = sorted(global_names(source)[1] - KNOWN - offered)
                if missing:
                    names = ", ".join(missing)
                    yield (
                        f"{_place(lesson, cell)}: uses {names}{part}, which neither it nor an exercise above it "
                        "defines; import it in this cell."
                    )
                    break
            for name in sorted(global_names(cell.source)[0] & offered):
                yield f"{_place(lesson, cell)}: gives {name} a new value, but an exercise defines it; rename yours."


def _nodes(source: str) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(source))


def _message_problems(lesson: Lesson) -> Iterator[str]:
    for cell in lesson.cells:
        if not cell.is_test:
            continue
        for node in _nodes(visible_part(cell)):
            if isinstance(node, ast.Assert) and (node.msg is None or getattr(node.msg, "value", "said") in ("", None)):
                yield f"{_place(lesson, cell)}: `{ast.unparse(node)}` has no message; name the likely mistake."


def _exercise_problems(lesson: Lesson) -> Iterator[str]:
    tested = {lesson.exercise_of(cell.title) for cell in lesson.cells if cell.is_test and _asks(visible_part(cell))}
    prompt = ""
    for cell in lesson.cells:
        if cell.is_solution:
            if cell.title not in tested:
                yield f"{_place(lesson, cell)}: has no test that learners see; write test_{cell.title}."
            if "<details" not in prompt:
                yield f"{_place(lesson, cell)}: has no hint; put one in <details> into the markdown above it."
        prompt = "" if cell.title else prompt + cell.source * (cell.kind == "markdown")


def _asks(source: str) -> bool:
    """Tell whether a test cell's visible part checks something: by an assertion, or by partial credit."""
    body = ast.parse(source).body
    return bool(body) and (
        isinstance(body[-1], ast.Expr) or any(isinstance(node, ast.Assert) for node in _nodes(source))
    )


def _answer_problems(lesson: Lesson) -> Iterator[str]:
    try:
        answers = read_answers(lesson.folder, lesson)
    except LessonError as error:
        yield str(error)
        return
    counts = Counter((answer.exercise, answer.right) for answer in answers)
    for exercise in lesson.exercises:
        wrong, right = counts[exercise, False], counts[exercise, True]
        if wrong < WRONG or right < RIGHT:
            yield (
                f"{lesson.name}, exercise {exercise}: answers.py has {wrong} wrong and {right} right answers; "
                f"write at least {WRONG} wrong ones and {RIGHT} right one that is written differently."
            )
