"""Random expressions of every rule of the language, over the columns of a test."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

Texts = st.SearchStrategy[str]

OPERATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


def numbers(leaves: Texts, texts: Texts) -> Texts:
    """Expressions of numbers, of these numbers and texts."""
    return st.recursive(
        leaves | texts.map("len({})".format) | texts.map("float({})".format),
        lambda inner: (
            st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/"]), inner)
            | inner.map("np.trunc({})".format)
            | inner.map("abs({})".format)
            | inner.map("(-{})".format)
            | inner.map("int(np.trunc({}))".format)
        ),
        max_leaves=4,
    )


def conditions(leaves: Texts, texts: Texts, whole: Sequence[str]) -> Texts:
    """Conditions on these numbers and texts, with some that stand for themselves."""
    made = numbers(leaves, texts)
    atoms = (
        st.builds("({} {} {})".format, made, OPERATORS, made)
        | st.builds("({} {} {})".format, leaves, OPERATORS, leaves)
        | st.builds("({} {} {} {} {})".format, leaves, OPERATORS, leaves, OPERATORS, made)
        | st.builds("({} {} {})".format, texts, OPERATORS, texts)
        | st.builds("({} {} {})".format, texts, st.sampled_from(["==", "!="]), made)
        | st.builds("({} {} (1, 'ab', 2.5, -1, True, 0.7))".format, made | texts | leaves,
                    st.sampled_from(["in", "not in"]))
        | st.builds("({} {} None)".format, made | texts, st.sampled_from(["is", "is not"]))
        | made.map("np.isfinite({})".format)
        | st.builds("({} {} {})".format, st.sampled_from(["'a'", "'b'", "''", "'%'"]),
                    st.sampled_from(["in", "not in"]),
                    texts.filter(lambda text: text[0] not in "'\"" and "[" not in text))
        | st.sampled_from(whole)
    )  # fmt: skip
    return st.recursive(
        atoms,
        lambda inner: (
            st.builds("({} and {})".format, inner, inner)
            | st.builds("({} or {} or {})".format, inner, inner, inner)
            | inner.map("(not {})".format)
            | inner.map("(({}) is None)".format)
            | st.builds("({} == {})".format, inner, inner)
        ),
        max_leaves=4,
    )
