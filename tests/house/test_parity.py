"""Each line of the parity checklist is told by a browser test, or by one that is named here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parents[1]
PARITY: Final = TESTS / "e2e" / "parity"
N_LINES: Final = 30
#: Tests beside those of ``tests/e2e/parity`` that prove a line, or what these leave of it.
PROVEN_ELSEWHERE: Final[dict[int, tuple[str, ...]]] = {
    # Federated sign-in, at a real provider of OpenID Connect.
    1: (
        "e2e/test_federated_story.py::test_people_come_in_through_their_provider_or_learn_what_to_do",
    ),
    # The four steps to the end, with the rules of files.
    16: (
        "e2e/test_wizard.py::test_a_dropped_file_is_published_by_four_clicks",
        "e2e/test_wizard.py::test_what_cannot_be_a_table_is_not_even_sent",
        "e2e/test_pages.py::test_files_over_the_limit_are_not_even_sent",
        "e2e/test_pages.py::test_a_refused_file_keeps_the_draft_and_is_replaced",
    ),
    # A label of one's own, without UCD, and with one.
    18: (
        "e2e/test_pages.py::test_a_choice_of_meaning_is_saved_at_once",
        "e2e/test_wizard.py::test_labels_ucds_undo_and_narrowing_in_the_table_of_columns",
    ),
    # What is chosen stays chosen, and in sight: nothing is hidden that would be submitted.
    21: (
        "e2e/test_pages.py::test_the_picker_keeps_the_choice_across_searches",
        "e2e/test_main_story.py::test_three_formats_are_uploaded_combined_and_fetched",
    ),
    # The form run to its end; its columns follow the photometry.
    22: (
        "e2e/test_training_story.py::test_a_training_set_is_made_from_the_form",
        "e2e/test_training_story.py::test_another_photometry_offers_other_columns",
    ),
    # Both logs of a job, Pipeline and Scheduler.
    23: (
        "e2e/test_account_story.py::test_a_form_sent_too_late_is_filled_in_again_and_its_end_is_told_by_itself",
    ),
    # Several at once, with undo.
    25: ("e2e/test_product_list.py::test_products_are_deleted_and_taken_back",),
    # No browser: the published client, ours, and the wire itself.
    29: (
        "contract/test_published_client.py::test_the_published_client_is_served",
        "contract/test_published_client.py::test_every_public_method_was_called_and_returned",
        "contract/test_signatures.py::test_a_class_has_the_published_methods_and_parameters",
        "contract/test_our_client.py::test_the_main_job_works_from_upload_to_a_combined_table",
        "contract/test_wire.py::test_a_filter_finds_what_it_says",
        "contract/test_wire.py::test_a_token_is_taken_in_each_form",
        "contract/test_wire_products.py::test_a_zip_is_prepared_signed_and_sent_whole_or_in_part",
        "contract/test_wire_products.py::test_a_deleted_product_keeps_its_row_and_nothing_else",
    ),
}


def docstrings(path: Path) -> dict[str, str]:
    """Return the docstrings of a file's tests by their names."""
    return {
        node.name: ast.get_docstring(node) or ""
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def lines_told() -> Iterator[int]:
    """Yield the number with which each parity test begins its docstring."""
    for path in sorted(PARITY.glob("test_*.py")):
        for name, doc in docstrings(path).items():
            number = re.match(r"12\.(\d+): \S", doc)
            assert number, f"{path.name}::{name} does not begin with the number of its line"
            yield int(number[1])


def test_every_line_of_the_parity_list_has_its_test() -> None:
    told = sorted(lines_told())
    assert set(told) | set(PROVEN_ELSEWHERE) == set(range(1, N_LINES + 1))
    assert len(told) == len(set(told))


def test_the_tests_named_for_parity_are_there() -> None:
    named = [place for places in PROVEN_ELSEWHERE.values() for place in places]
    missing = [
        place
        for place in named
        for path, _, name in [place.partition("::")]
        if not (TESTS / path).is_file() or name not in docstrings(TESTS / path)
    ]
    assert missing == []
