"""Receive, inspect, associate columns, publish."""
