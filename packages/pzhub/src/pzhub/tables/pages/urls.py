"""Addresses of the pages of tables."""

from __future__ import annotations

from django.urls import path

from pzhub.tables.pages import columns, compare, data, pdfs, plot_files, plots, samp, save

app_name = "tables"
urlpatterns = [
    path("compare", compare.compare, name="compare"),
    path("product/<str:key>/data", data.data_page, name="data"),
    path("product/<str:key>/data/first", data.first_page, name="data_first"),
    path("product/<str:key>/data/count", data.count, name="data_count"),
    path("product/<str:key>/data/columns", data.columns, name="data_columns"),
    path("product/<str:key>/data/condition", data.condition, name="data_condition"),
    path("product/<str:key>/data/names", data.names, name="data_names"),
    path("product/<str:key>/data/save", save.save, name="save"),
    path("product/<str:key>/samp", samp.samp_page, name="samp"),
    path("product/<str:key>/columns", columns.columns_page, name="columns"),
    path("product/<str:key>/columns.<slug:suffix>", columns.schema_file, name="schema"),
    path("product/<str:key>/columns/<int:pk>", columns.column_page, name="column"),
    path("product/<str:key>/pdfs", pdfs.pdfs_page, name="pdfs"),
    path("product/<str:key>/plots", plots.plots_page, name="plots"),
    path("product/<str:key>/plots/rows", plots.rows_in_cone, name="plot_rows"),
    path("product/<str:key>/plots/<slug:name>/table", plot_files.plot_table, name="plot_table"),
    path("product/<str:key>/plots/<slug:name>.<slug:suffix>", plot_files.plot_file, name="plot"),
    path("product/<str:key>/moc.<slug:suffix>", plot_files.moc_file, name="moc"),
]
