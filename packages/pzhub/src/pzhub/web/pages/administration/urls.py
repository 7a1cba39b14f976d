"""Addresses of the administration; those of releases belong to the pipelines."""

from __future__ import annotations

from django.urls import path

from pzhub.web.pages.administration import (
    announcements,
    audit_log,
    groups,
    latest,
    overview,
    people,
    products,
    quotas,
    texts,
)

urlpatterns = [
    path("administration", overview.overview, name="administration"),
    path("administration/products", products.products, name="administration_products"),
    path("administration/users", people.users, name="users"),
    path("administration/users/new", people.user_new, name="user_new"),
    path("administration/users/of/<int:pk>", people.user, name="user"),
    path("administration/users/of/<int:pk>/off", people.switch_off, name="user_off"),
    path("administration/users/of/<int:pk>/on", people.switch_on, name="user_on"),
    path("administration/quotas", quotas.quotas, name="quotas"),
    path("administration/quotas/of/<int:pk>", quotas.quota, name="quota"),
    path("administration/groups", groups.groups, name="groups"),
    path("administration/groups/of/<int:pk>", groups.group, name="group"),
    path("administration/groups/of/<int:pk>/delete", groups.delete, name="group_delete"),
    path("administration/announcements", announcements.announcements, name="announcements"),
    path(
        "administration/announcements/new", announcements.announcement_new, name="announcement_new"
    ),
    path(
        "administration/announcements/of/<int:pk>", announcements.announcement, name="announcement"
    ),
    path(
        "administration/announcements/of/<int:pk>/end", announcements.end, name="announcement_end"
    ),
    path("administration/audit", audit_log.audit_log, name="audit_log"),
    path("administration/texts", texts.texts, name="page_texts"),
    path("administration/texts/<slug:page>/<slug:language>", texts.text, name="page_text"),
    path("product/<str:key>/latest", latest.latest, name="latest"),
    path("product/<str:key>/official", products.official, name="official"),
]
