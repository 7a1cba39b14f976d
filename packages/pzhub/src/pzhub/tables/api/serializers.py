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
