"""Forms that show the refusals of services at their fields."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django import forms

from pzhub.core.errors import InvalidError
from pztables.errors import UserError


def labels_of(names: Collection[str]) -> dict[str, str]:
    """Return what people call the fields of a form that is known by their names only.

    The form of the site with most of the names tells; a name that no form has is written as
    words.
    """
    known = sorted(
        _forms_below(PageForm),
        key=lambda form: (len(form.base_fields.keys() & set(names)), -len(form.base_fields)),
    )
    found = {
        name: str(field.label)
        for form in known
        for name, field in form.base_fields.items()
        if field.label
    }
    return {name: found.get(name) or _as_words(name) for name in names}


def _forms_below(form: type[PageForm]) -> Iterator[type[PageForm]]:
    for child in form.__subclasses__():
        yield child
        yield from _forms_below(child)


def _as_words(name: str) -> str:
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


class PageForm(forms.Form):
    """A form of the site: our own messages, focus on the first error, refusals at fields."""

    use_required_attribute = False  # the browser's messages are not in the language of the site

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def full_clean(self) -> None:
        """Validate, and let the browser put the focus on the first field at fault."""
        super().full_clean()
        self._focus_first_error()

    def add_refusal(self, refusal: UserError) -> None:
        """Show what a service refused: at the fields that it names, else above the form."""
        fields = refusal.fields if isinstance(refusal, InvalidError) else {}
        known = {name: messages for name, messages in fields.items() if name in self.fields}
        for name, messages in known.items():
            for message in messages:
                self.add_error(name, message)
        if not known:
            self.add_error(None, refusal.message)
        self._focus_first_error()

    def _focus_first_error(self) -> None:
        for name in self.fields:
            if name in self.errors:
                self.fields[name].widget.attrs["autofocus"] = True
                return
