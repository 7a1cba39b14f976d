import pytest
from hypothesis import given
from hypothesis import strategies as st

from pztables.errors import UserError
from pztables.expressions import Expression, ExpressionError, parse
from pztables.expressions.tree import Comparison, Literal, Logic, Name, walk

REFUSED = {
    "z.real > 1": (1, "attributes"),
    "z > 1 and z.__class__": (11, "attributes"),
    "np.log(z) > 1": (1, "no function np.log"),
    "np.trun(z) > 1": (1, "did you mean np.trunc"),
    "__import__('os').system('id')": (1, "only functions can be called"),
    "z == eval('1')": (6, "no function eval"),
    "z == open('/etc/passwd')": (6, "no function open"),
    "lambda: 1": (1, "lambda"),
    "[z for z in y]": (1, "comprehensions"),
    "(z for z in y)": (1, "comprehensions"),
    "z == f'{z}'": (6, "f-strings"),
    "(z := 1) == 1": (2, "assignment"),
    "name['a'] == 1": (1, "in [ ] only a whole number"),
    "name[1:2] == 'a'": (1, "in [ ] only a whole number"),
    "name[z] == 'a'": (1, "in [ ] only a whole number"),
    "name[True] == 'a'": (1, "in [ ] only a whole number"),
    "name[99999999] == 'a'": (1, "larger than"),
    "z == 9 ** 9 ** 9": (6, "no powers"),
    "z % 2 == 0": (1, "no remainders"),
    "(z > 1) & (z < 2)": (1, "'and' and 'or'"),
    "~(z > 1)": (1, "write 'not'"),
    "1 if z > 1 else 0": (1, "two rules"),
    "z == " + "9" * 5000: (1, "too many digits"),
    "z == 99999999999999999999": (6, "64 bits"),
    "z == 1e999": (6, "too large"),
    "z == 1j": (6, "only numbers, texts"),
    "z == b'x'": (6, "only numbers, texts"),
    "z == None": (6, "is None"),
    "z is 3": (1, "'is' can only"),
    "z in y": (6, "list of values"),
    "z in (1, y)": (10, "only numbers"),
    "z in ()": (6, "empty"),
    "1 in z": (1, "before 'in' and a column write a text"),
    "None not in z": (1, "before 'in' and a column write a text"),
    "'a' in 'abc'": (8, "list of values"),
    "1 < z in (1, 2)": (10, "chained"),
    "z in (1, 2) == True": (1, "chained"),
    "z, y": (1, "after 'in'"),
    "{1, 2}": (1, "in ( ) or [ ]"),
    "{1: 2}": (1, "not part of the language"),
    "abs(z, y) > 1": (1, "exactly one value"),
    "abs() > 1": (1, "exactly one value"),
    "abs(x=z) > 1": (1, "exactly one value"),
    "abs(*z) > 1": (1, "exactly one value"),
    "col(z) > 1": (1, "name of a column as text"),
    "z > 1) or (z < 0": (1, "parentheses do not match"),
    "(z > 1": (1, "never closed"),
    "z >": (3, "not an expression"),
    "z = 1": (1, "not an expression"),
    "z > 1; z < 2": (6, "not an expression"),
    "import os": (1, "not an expression"),
    "": (1, "empty"),
    "  \n ": (1, "empty"),
    "z >\0 1": (4, "NUL"),
    "z == '\ud800'": (7, "Unicode"),
    "'é' == name and name.x == 1": (17, "attributes"),
    "z > 1 and\n  name.x == 1": (13, "attributes"),
    "-" * 9000 + "z": (1, "nested"),
    "not " * 100 + "z": (129, "nested more than 32"),
    "z" + "+z" * 40: (1, "nested more than 32"),
    "(" * 300 + "z" + ")" * 300: (200, "nested"),
    " or ".join(["z"] * 1001): (4996, "more than 1000 terms"),
    "z > " + " " * 10_000 + "1": (10_000, "at most 10000"),
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text[:30]))
def test_what_is_not_of_the_language_is_refused_with_its_column_and_the_reason(text: str) -> None:
    position, reason = REFUSED[text]
    with pytest.raises(ExpressionError) as refusal:
        parse(text)
    assert isinstance(refusal.value, UserError)
    assert reason in refusal.value.data["reason"]
    assert refusal.value.data["position"] == position
    assert refusal.value.code == "invalid_expression"


@pytest.mark.parametrize(
    "text",
    [
        "z_err == 0",
        "0 < z_err < 0.001",
        "not np.isfinite(z) or not np.isfinite(z_ml) or nfilt <= 0",
        "len(str(int(z_flag))) <= 1 or int(str(int(z_flag))[-2]) <= 3",
        "np.trunc(float(z_flag)) - 10*np.trunc(np.trunc(float(z_flag))/10) == -9",
        "SPECTYPE != 'STAR' and ZCAT_PRIMARY != True",
        "z in (1, -2.5, +3) or name not in ['A', 'B']",
        "z is None or name is not None",
        "col('ID-IAU') == 'x'",
        "  z > 1  # a comment",
        "z > 1\n  and z < 2",
        "z > 1\r\nand z < 2",
    ],
)
def test_what_users_write_is_parsed(text: str) -> None:
    assert parse(text).text == text


def test_a_tree_holds_only_our_nodes() -> None:
    root = parse("0 < z <= 1 and name == 'A'").root
    assert root == Logic(
        "and",
        (
            Comparison(Literal(0), (("<", Name("z")), ("<=", Literal(1)))),
            Comparison(Name("name"), (("==", Literal("A")),)),
        ),
    )
    assert {type(node).__module__ for node in walk(root)} == {"pztables.expressions.tree"}


def test_equal_subtrees_compare_equal_wherever_they_stand_and_literals_by_their_type() -> None:
    root = parse("z + 1 == z + 1.0 and z + 1 > 0").root
    assert isinstance(root, Logic)
    first, second = root.operands
    assert isinstance(first, Comparison)
    assert isinstance(second, Comparison)
    assert first.first == second.first
    assert first.first != first.rest[0][1]
    assert first.first.position != second.first.position


def test_names_come_once_in_order_of_appearance_with_their_position() -> None:
    expression = parse("b > 1 and a < b and col('ID-IAU') == 'x'")
    assert expression.names == ("b", "a", "ID-IAU")
    assert [expression.position_of(name) for name in ("b", "a", "ID-IAU", "c")] == [1, 11, 21, 1]


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused_at_a_column_inside_it(text: str) -> None:
    outcome: Expression | ExpressionError
    try:
        outcome = parse(text)
    except ExpressionError as refusal:
        outcome = refusal
    if isinstance(outcome, ExpressionError):
        assert 1 <= outcome.position <= max(len(text), 1)
    else:
        assert outcome.text == text


@given(st.text("az01.'\"()[]{}<>=!+-*/, \nnotdrisNeTu:#@\r", max_size=40))
def test_any_text_that_resembles_code_is_parsed_or_refused(text: str) -> None:
    outcome: Expression | ExpressionError
    try:
        outcome = parse(text)
    except ExpressionError as refusal:
        outcome = refusal
    assert len(outcome.text) == len(text)
