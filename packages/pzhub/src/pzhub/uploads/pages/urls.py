"""Addresses of the upload wizard."""

from django.urls import path

from pzhub.uploads.pages import association, basics, confirm, doubts, files

app_name = "uploads"

urlpatterns = [
    path("product/new", basics.new, name="new"),
    path("upload/<int:pk>", basics.resume, name="resume"),
    path("upload/<int:pk>/basics", basics.basics, name="basics"),
    path("upload/<int:pk>/files", files.files, name="files"),
    path("upload/<int:pk>/files/<int:file_pk>/remove", files.remove, name="remove_file"),
    path("upload/<int:pk>/inspection", files.inspection, name="inspection"),
    path("upload/<int:pk>/columns", association.columns, name="columns"),
    path("upload/<int:pk>/columns/<int:column_pk>", association.column, name="column"),
    path("upload/<int:pk>/columns-state", association.columns_state, name="columns_state"),
    path("upload/<int:pk>/doubts", doubts.doubt, name="doubt"),
    path("upload/ucd-words", association.vocabulary, name="ucd_words"),
    path("upload/<int:pk>/confirm", confirm.confirm, name="confirm"),
    path("upload/<int:pk>/discard", confirm.discard, name="discard"),
]
