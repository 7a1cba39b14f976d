"""Sign-in with a local account."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from pzhub.accounts.models import User
from pzhub.config import hub_config
from pzhub.core.errors import TooOftenError

_YEAR_SECONDS: Final = 365 * 24 * 3600


class SignInForm(AuthenticationForm):
    """User name and password; a refusal is shown at the password, where people look."""

    wait_seconds: int | None = None
    error_messages = {  # noqa: RUF012  # Django's own interface
        "invalid_login": _("User name and password do not match."),
        "inactive": _("This account is closed. Ask the helpdesk."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.use_required_attribute = False
        self.fields["username"].label = _("User name")
        for name, hint in (("username", "username"), ("password", "current-password")):
            field = self.fields[name]
            field.widget.attrs.update({"autocomplete": hint, "class": "form-control"})
            field.error_messages["required"] = (
                _("Enter your user name.") if name == "username" else _("Enter your password.")
            )
        # The first field at fault has the focus; the template gives it to the password.
        if self.is_bound and self.data.get("username"):
            self.fields["username"].widget.attrs.pop("autofocus", None)

    def clean(self) -> dict[str, Any]:
        """Check the pair; put the refusal at the password."""
        try:
            return super().clean()
        except forms.ValidationError as error:
            self.add_error("password", error)
        except TooOftenError as refusal:
            self.wait_seconds = refusal.wait_seconds
            self.add_error("password", refusal.message)
        return self.cleaned_data


class SignIn(LoginView):
    """The sign-in page; `next` is followed within this host only."""

    authentication_form = SignInForm
    template_name = "accounts/signin.html"
    redirect_authenticated_user = True
    http_method_names = ["get", "head", "post", "options"]  # noqa: RUF012  # Django's own interface

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add which ways to sign in there are."""
        config = hub_config()
        provider = config.oidc_name if config.oidc_issuer else ""
        return super().get_context_data(
            provider=provider, with_password=config.password_sign_in, **kwargs
        )

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in, with the language and the theme of the account."""
        response = super().form_valid(form)
        user = form.get_user()
        if isinstance(user, User):
            bring_choices(self.request, response, user)
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show the form again; say when it may be tried again where that is not now."""
        response = super().form_invalid(form)
        if wait := getattr(form, "wait_seconds", None):
            response.status_code = 429
            response.headers["Retry-After"] = str(wait)
        return response


def bring_choices(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Give this browser the language and the theme that the user chose in another."""
    choices = {settings.LANGUAGE_COOKIE_NAME: user.language, "pz_theme": user.theme}
    for name, value in choices.items():
        if value:
            response.set_cookie(
                name, value, max_age=_YEAR_SECONDS, samesite="Lax", secure=request.is_secure()
            )
