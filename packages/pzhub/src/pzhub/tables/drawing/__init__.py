"""Plots and maps as SVG text: numbers in, text out; no database, no request.

Colours come from classes (``z-line``, ``m1`` … ``m6``), so a change of theme needs no redraw.
Every function takes a list of series or none, so that one product and six are drawn alike.
"""
