"""Addresses of the landing page, the texts, the preferences; and the old site's addresses."""

from __future__ import annotations

from django.urls import path
from django.urls.resolvers import URLPattern
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView, TemplateView

from pzhub.web.pages import account, live, preview, product, views
from pzhub.web.pages.administration import urls as administration

app_name = "web"


def moved(old: str, to: str) -> URLPattern:
    """Lead an address of the old site to where its content is now."""
    view = RedirectView.as_view(url=to, permanent=True, query_string=True)
    return path(old, require_safe(view))


def text(name: str) -> URLPattern:
    """Serve a page of text to everybody."""
    view = views.TextPage.as_view(template_name=f"web/{name}.html", page_name=name)
    return path(name, view, name=name)


urlpatterns = [
    path("", views.landing, name="landing"),
    text("about"),
    text("contact"),
    text("documentation"),
    path("product/<str:key>/files/add", product.add_file, name="add_file"),
    path("product/<str:key>/files/<int:pk>/remove", product.remove, name="remove_file"),
    path("product/<str:key>/run", product.run, name="run"),
    path("preview", preview.preview, name="preview"),
    path("live", live.live, name="live"),
    path("account", account.account, name="account"),
    path("account/profile", account.profile, name="account_profile"),
    path("account/choices", account.choices, name="account_choices"),
    path("account/mail", account.mail, name="account_mail"),
    path("account/activity", account.activity, name="account_activity"),
    path("settings/language", views.choose_language, name="language"),
    path("settings/theme", views.choose_theme, name="theme"),
    path(
        "robots.txt",
        TemplateView.as_view(template_name="web/robots.txt", content_type="text/plain"),
    ),
    *administration.urlpatterns,
    moved("user_products", "/products"),
    moved("official_products", "/products?tab=official"),
    moved("oficial_products", "/products?tab=official"),
    moved("upload", "/product/new"),
    moved("pz_pipelines", "/pipelines"),
    moved("pz_compute", "/pipelines"),
    moved("specz_catalogs", "/pipelines/combine-redshift-catalogs"),
    moved("training_set_maker", "/pipelines/training-set-maker"),
]
