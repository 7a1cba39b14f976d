"""A password changed, or set anew by a link from a mail; the end of all sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from pzhub.accounts.backends import address_of
from pzhub.accounts.models import User
from pzhub.accounts.requests import SignedInRequest
from pzhub.accounts.services.attempts import forget_failures
from pzhub.accounts.services.passwords import (
    TooManyResetsError,
    ask_for_reset,
    end_all_sessions,
    set_password,
)
from pzhub.config import hub_config
from pzhub.core.errors import ConflictError
from pzhub.core.forms import PageForm
from pzhub.outbox.services import is_mail_on

if TYPE_CHECKING:
    _Set = SetPasswordForm[User]
else:
    _Set = SetPasswordForm


class _WithoutBrowserMessages:
    """Forms of Django, with our messages instead of the browser's."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.use_required_attribute = False


class ChangeForm(_WithoutBrowserMessages, PasswordChangeForm):
    """The old password once, the new one twice."""


class NewPasswordForm(_WithoutBrowserMessages, _Set):
    """The new password twice."""

    def save(self, commit: bool = True) -> User:
        """Set it, with its line in the audit log."""
        set_password(
            user=self.user, password=self.cleaned_data["new_password1"], was_forgotten=True
        )
        user: User = self.user
        return user


class ResetForm(PageForm):
    """Whose password was forgotten."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address of your account"),
        max_length=254,
        error_messages={
            "required": gettext_lazy("Enter the e-mail address of your account."),
            "invalid": gettext_lazy("This is no e-mail address."),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


@never_cache
@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "POST"])
def password(request: SignedInRequest) -> HttpResponse:
    """Change the password; sessions elsewhere end."""
    if not request.user.has_usable_password():
        raise ConflictError(
            "This account has no password here: it is the one of your identity provider."
        )
    form = ChangeForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        set_password(user=request.user, password=form.cleaned_data["new_password1"])
        update_session_auth_hash(request, request.user)
        messages.success(request, _("The password was changed. Other sessions have ended."))
        return redirect("/account#security")
    return render(request, "accounts/password.html", {"form": form})


@never_cache
@require_http_methods(["GET", "POST"])
def reset(request: HttpRequest) -> HttpResponse:
    """Mail a link to a new password; the answer does not tell whether there is an account."""
    if not hub_config().password_sign_in:
        return redirect("accounts:signin")  # there are no passwords here
    form = ResetForm(request.POST or None)
    context: dict[str, Any] = {"form": form, "mail_is_on": is_mail_on()}
    if request.method != "POST" or not is_mail_on() or not form.is_valid():
        return render(request, "accounts/reset.html", context)
    try:
        ask_for_reset(email=form.cleaned_data["email"], address=address_of(request))
    except TooManyResetsError as refusal:
        form.add_error("email", refusal.message)
        response = render(request, "accounts/reset.html", context, status=429)
        response.headers["Retry-After"] = str(refusal.wait_seconds)
        return response
    return render(request, "accounts/reset.html", {**context, "asked": form.cleaned_data["email"]})


@method_decorator(require_http_methods(["GET", "HEAD", "POST"]), name="dispatch")
class ResetConfirm(PasswordResetConfirmView):
    """The page that the link leads to."""

    form_class = NewPasswordForm
    template_name = "accounts/reset_confirm.html"
    success_url = reverse_lazy("accounts:signin")

    def form_valid(self, form: Any) -> HttpResponse:
        """Set the password, and say so on the page of sign-in."""
        response = super().form_valid(form)
        address = address_of(self.request)  # failures with the forgotten one count no more
        forget_failures(username=form.user.get_username(), address=address)
        messages.success(self.request, _("The new password is set. Sign in with it."))
        return response


@login_required
@require_http_methods(["GET", "POST"])
def sign_out_everywhere(request: SignedInRequest) -> HttpResponse:
    """Ask, then end all sessions of the user, this one included."""
    if request.method != "POST":
        return render(request, "accounts/sign_out_everywhere.html")
    end_all_sessions(user=request.user)
    logout(request)
    return redirect("accounts:signin")
