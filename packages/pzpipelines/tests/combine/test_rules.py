"""Rule files: what they may say, and how what is wrong in them is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzpipelines.combine.rule_file import MAX_BYTES, RuleFileError
from pzpipelines.combine.rules import load_rules, parse_rules
from pztables.errors import UserError


def rules_of(block: str, *, kind: str = "z_flag_translation") -> str:
    lines = "\n".join(f"      {line}" for line in block.strip().splitlines())
    return f"translation_rules:\n  MINE:\n    {kind}:\n{lines}\n"


def refusal(text: str) -> UserError:
    with pytest.raises(RuleFileError) as refused:
        parse_rules(text, name="mine.yaml")
    assert refused.value.message.startswith("mine.yaml")
    return refused.value


def test_the_default_rules_are_those_of_the_service() -> None:
    rules = load_rules()
    assert rules.tiebreaking_priority == ("z_flag_homogenized", "instrument_type_homogenized")
    assert rules.instrument_type_priority == {"s": 3, "g": 2, "p": 1}
    assert (rules.delta_z_threshold, rules.crossmatch_radius_arcsec) == (0.001, 0.5)
    assert (rules.crossmatch_n_neighbors, rules.save_expr_columns) == (10, False)
    assert len(rules.surveys) == 38
    assert rules.expr_column_schema == {
        **dict.fromkeys(
            ("z_best_s", "z_spec", "use_zgrism", "flag1", "flag2", "use_phot", "zspec", "z_flag"),
            "float",
        ),
        "zspec_survey": "str",
        "ZCAT_PRIMARY": "bool",
    }
    assert rules.expression_names[:3] == ("z_err", "z_best_s", "z_spec")


def test_keys_that_a_file_leaves_out_are_those_of_the_default_rules(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("delta_z_threshold: 0.01\ncrossmatch_radius_arcsec:\n", encoding="utf-8")
    rules, default = load_rules(path), load_rules()
    assert (rules.delta_z_threshold, rules.crossmatch_radius_arcsec) == (0.01, 0.5)
    assert rules.surveys == default.surveys
    assert rules.file == "mine.yaml"
    assert rules.text == path.read_text(encoding="utf-8")


def test_every_key_of_a_file_is_taken() -> None:
    rules = parse_rules(
        """
        tiebreaking_priority: snr
        instrument_type_priority: {" S ": 5, P: -1}
        delta_z_threshold: 0
        crossmatch_radius_arcsec: 1
        crossmatch_n_neighbors: 3
        save_expr_columns: true
        expr_column_schema: {a: Double, b: string, c: int64, d: boolean}
        margin_threshold_arcsec: 5.0
        translation_rules:
          " Mine ":
            z_flag_translation: {"3": 3, 4.0: 4, 5: "2", 9: null, default: 1}
            instrument_type_translation: {" A ": s}
        """,
        name="mine.yaml",
    )
    assert rules.tiebreaking_priority == ("snr",)
    assert rules.instrument_type_priority == {"s": 5, "p": -1}
    assert (rules.delta_z_threshold, rules.crossmatch_radius_arcsec) == (0.0, 1.0)
    assert (rules.crossmatch_n_neighbors, rules.save_expr_columns) == (3, True)
    assert rules.expr_column_schema == {"a": "float", "b": "str", "c": "int", "d": "bool"}
    mine = rules.surveys["MINE"]
    assert mine.z_flag is not None
    assert mine.instrument_type is not None
    assert (mine.z_flag.values, mine.z_flag.default) == (
        {3.0: 3.0, 4.0: 4.0, 5.0: 2.0, 9.0: None},
        1,
    )
    assert (mine.instrument_type.values, mine.instrument_type.default) == ({"a": "s"}, None)


RULES_REFUSED: dict[str, tuple[str, str, int | None, str]] = {
    "syntax": ('conditions: [{expr: "z >", value: 1}]', "condition 1", 3, "not an expression"),
    "second rule": (
        'conditions: [{expr: "z > 1", value: 1}, {expr: "z.x > 1", value: 1}]',
        "condition 2", 1, "attributes",
    ),
    "unknown function": (
        'conditions: [{expr: "1 < np.log(z)", value: 1}]', "condition 1", 5, "no function np.log",
    ),
    "escape": (
        "conditions: [{expr: \"z.__class__.__mro__[1].__subclasses__()\", value: 1}]",
        "condition 1", 1, "only functions can be called",
    ),
    "huge power": (
        'conditions: [{expr: "z > 9**9**9", value: 1}]', "condition 1", 5, "no powers",
    ),
    "deep nesting": (
        f'conditions: [{{expr: "{"not " * 50}z", value: 1}}]', "condition 1", 129, "nested",
    ),
    "no expression": ("conditions: [{value: 1}]", "condition 1", None, "must be text in quotes"),
    "number as expression": ("conditions: [{expr: 3}]", "condition 1", None, "must be text"),
    "unknown key of a condition": (
        'conditions: [{expr: "z > 1", values: 1}]', "condition 1", None, "nothing else",
    ),
    "condition is no mapping": ("conditions: [z > 1]", "condition 1", None, "nothing else"),
    "conditions are no list": ("conditions: {a: 1}", "conditions", None, "expected a list"),
    "too many conditions": (
        "conditions:\n" + '  - {expr: "z > 1", value: 1}\n' * 1001, "conditions", None, "more than",
    ),
    "result is text": ('conditions: [{expr: "z > 1", value: good}]', "condition 1", None, "number"),
    "result of a value is text": ("1: good", "value 1", None, "must be a number"),
    "result is true": ("1: true", "value 1", None, "must be a number"),
    "default is a list": ("default: [1]", "default", None, "must be a number"),
    "value is text": ("A: 4", "value A", None, "must be a number, 'conditions' or 'default'"),
    "value is infinite": (".inf: 4", "value inf", None, "must be a number"),
    "misspelt": ("condition: []", "value condition", None, "did you mean conditions?"),
}  # fmt: skip


@pytest.mark.parametrize("case", RULES_REFUSED)
def test_a_wrong_rule_is_named_with_survey_rule_column_and_reason(case: str) -> None:
    block, rule, position, reason = RULES_REFUSED[case]
    problem = refusal(rules_of(block))
    assert problem.code == "invalid_rule"
    assert problem.data["survey"] == "MINE"
    assert problem.data["rule"] == f"z_flag_translation, {rule}"
    assert problem.data["position"] == position
    assert reason in problem.data["reason"]
    assert problem.data["reason"] in problem.message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (rules_of("x: 3", kind="instrument_type_translation"), "must be a letter"),
        (rules_of("default: ''", kind="instrument_type_translation"), "must be a letter"),
        (rules_of("1: 1", kind="z_flag"), "expected z_flag_translation"),
        ("translation_rules: {MINE: {z_flag_translation: [1]}}", "expected values"),
        ("translation_rules: {MINE: }", "expected z_flag_translation and"),
        ("translation_rules: {a: {z_flag_translation: {1: 1}}, A: {}}", "given twice"),
    ],
)
def test_wrong_blocks_are_named_with_their_survey(text: str, reason: str) -> None:
    problem = refusal(text)
    assert problem.code == "invalid_rule"
    assert reason in problem.data["reason"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &x [1]\nb: *x", "line 1: anchors"),
        ("b: *x", "line 1: anchors"),
        ("translation_rules:\n  <<: {A: 1}", "line 2: merge keys"),
        ("delta_z_threshold: !!python/object/apply:os.system [id]", "line 1: tags"),
        ("delta_z_threshold: !x 1", "line 1: tags"),
        ("delta_z_threshold: " + "[" * 50_000, "line 1: nested more than"),
        ("delta_z_threshold: [" + "1," * 60_000 + "1]", "more than 50000 entries"),
        ("delta_z_threshold: " + ":".join(["1"] * 20_000), "more than 20000 characters"),
        ("a: 1\na: 2", "line 2: 'a' is given twice"),
        ("translation_rules:\n  A: {z_flag_translation: {1: 1, 1.0: 2}}", "given twice"),
        ("{[1]: 2}", "unhashable"),
        ("? [1]\n: 2", "unhashable"),
        ("a: [1", "did not find expected"),
        ("a: 1\n---\nb: 2", "line 2"),
        ("- 1", "expected 'key: value'"),
        ("", "expected 'key: value'"),
        ("just text", "expected 'key: value'"),
        ("delta_z_threshold: 2001-99-99", "not YAML"),
        ("delta_z_treshold: 1", "Did you mean delta_z_threshold?"),
        ("delta_z_threshold: -1", "0 or more"),
        ("delta_z_threshold: .nan", "0 or more"),
        ("delta_z_threshold: small", "0 or more"),
        ("delta_z_threshold: true", "0 or more"),
        ("crossmatch_radius_arcsec: 0", "above 0"),
        ("crossmatch_n_neighbors: 0", "1 or more"),
        ("crossmatch_n_neighbors: 1.5", "1 or more"),
        ("crossmatch_n_neighbors: " + ":".join(["1"] * 3000), "not a huge number"),
        ("delta_z_threshold: " + ":".join(["1"] * 3000), "not a huge number"),
        ("\n".join(f"{n}: 1" for n in range(5000)), "unknown key 0, 1, 2, 3, 4, 5, 6, 7, 8, 9;"),
        ("save_expr_columns: 1", "true or false"),
        ("tiebreaking_priority: []", "list of different column names"),
        ("tiebreaking_priority: [a, a]", "list of different column names"),
        ("tiebreaking_priority: [1]", "list of different column names"),
        ("tiebreaking_priority: {a: 1}", "list of different column names"),
        ("instrument_type_priority: [s]", "whole numbers"),
        ("instrument_type_priority: {s: 1.5}", "whole numbers"),
        ("expr_column_schema: {a: number}", "must be column names with one of"),
        ("expr_column_schema: [a]", "must be column names with one of"),
        ("translation_rules: [a]", "survey names with their rules"),
    ],
    ids=lambda value: repr(value[:40]),
)
def test_a_file_that_is_wrong_as_a_whole_is_refused_with_the_reason(text: str, reason: str) -> None:
    problem = refusal(text)
    assert problem.code == "invalid_rule_file"
    assert reason in problem.message


def test_missing_large_and_binary_files_are_refused(tmp_path: Path) -> None:
    cases = {
        "missing.yaml": (None, "rule_file_missing"),
        "large.yaml": (b"#" * (MAX_BYTES + 1), "rule_file_too_large"),
        "binary.yaml": (b"\xff\xfe\x00", "invalid_rule_file"),
    }
    for name, (content, code) in cases.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(RuleFileError) as refused:
            load_rules(tmp_path / name)
        assert (refused.value.code, name in refused.value.message) == (code, True)
    with pytest.raises(RuleFileError, match="cannot be read"):
        load_rules(tmp_path)
