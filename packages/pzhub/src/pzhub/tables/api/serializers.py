"""Shapes of tables on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class DataColumnOut(serializers.Serializer[Any]):
    """A column: its Arrow type, and what it means."""

    name = serializers.CharField()
    type = serializers.CharField()
    unit = serializers.CharField(allow_null=True)
    ucd = serializers.CharField(allow_null=True)
    role = serializers.CharField(allow_null=True)
    description = serializers.CharField(allow_null=True)


class DataPageOut(serializers.Serializer[Any]):
    """Some rows of a table. ``count`` is null where counting was not asked for."""

    count = serializers.IntegerField(allow_null=True)
    total = serializers.IntegerField()
    offset = serializers.IntegerField()
    limit = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    columns = DataColumnOut(many=True)
    results = serializers.ListField(child=serializers.DictField())


class DataCountOut(serializers.Serializer[Any]):
    """How many rows fit, and how many there are."""

    count = serializers.IntegerField()
    total = serializers.IntegerField()


class DataValueOut(serializers.Serializer[Any]):
    """A value of a column, and how many rows have it."""

    value = serializers.JSONField()
    count = serializers.IntegerField()


class DensityOut(serializers.Serializer[Any]):
    """How values are spread. ``kind`` tells which of the others are there.

    ``histogram``: ``edges`` and ``counts``; ``density``: ``x_edges``, ``y_edges`` and ``counts``,
    a list for each bin of x; ``values``: the most frequent ``values``, ``other`` and ``distinct``.
    """

    kind = serializers.ChoiceField(choices=("histogram", "density", "values"))
    x = DataColumnOut()
    y = DataColumnOut(required=False)
    edges = serializers.ListField(child=serializers.FloatField(), required=False)
    x_edges = serializers.ListField(child=serializers.FloatField(), required=False)
    y_edges = serializers.ListField(child=serializers.FloatField(), required=False)
    counts = serializers.ListField(child=serializers.JSONField(), required=False)
    values = DataValueOut(many=True, required=False)
    other = serializers.IntegerField(required=False)
    distinct = serializers.IntegerField(required=False)
    rows = serializers.IntegerField()
    missing = serializers.IntegerField()
    outside = serializers.IntegerField(required=False)
