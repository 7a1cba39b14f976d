"""What a run did, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def sentences_of(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield a summary as lines for people."""
    matching, split = summary["matching"], summary["split"]
    yield f"{summary['rows_in']:,} redshifts in, {summary['rows_out']:,} rows out"
    if lost := summary["rows_without_position"]:
        yield f"  {lost:,} redshifts have no position and cannot match"
    yield (
        f"  {matching['pairs']:,} pairs within {matching['radius_arcsec']:g} arcsec: "
        f"{matching['redshifts_matched']:,} redshifts ({matching['matched_fraction']:.1%}) and "
        f"{matching['objects_matched']:,} objects; median separation "
        f"{matching['median_separation_arcsec']:.3f} arcsec"
    )
    if removed := matching["pairs_removed"]:
        yield f"  {removed:,} pairs left out, so that each object and redshift is used once"
    yield f"  {_photometry(summary['photometry'])}"
    for column, counts in summary["photometry"]["invalid"].items():
        yield f"    {column}: {_reasons(counts)}"
    yield (
        f"  {split['train_rows']:,} rows for training, {split['test_rows']:,} for testing "
        f"({split['groups']:,} galaxies; seed {split['random_seed']})"
    )
    yield from (f"  {warning['message']}" for warning in summary["warnings"])


def _photometry(photometry: Mapping[str, Any]) -> str:
    if photometry["kind"] is None:
        return "photometry: columns as they are"
    kind = {"mag": "magnitudes", "flux": "fluxes"}[photometry["kind"]]
    words = [" ".join(filter(None, ("photometry:", photometry["flux_type"], kind)))]
    words.append(f"dereddening {photometry['dereddening']}")
    words.append(photometry["how"])
    if photometry["zero_point"] is not None:
        words.append(f"zero point {photometry['zero_point']}")
    if photometry["extinction_coefficients"] is not None:
        words.append(f"coefficients {photometry['extinction_coefficients']['set']}")
    return ", ".join(words)


def _reasons(counts: Mapping[str, int]) -> str:
    words = {
        "missing": "missing",
        "not_finite": "not finite",
        "not_positive": "flux zero or negative",
        "sentinel": "sentinel (99 or more)",
        "no_dust_value": "outside of the dust map",
        "no_error": "without error",
    }
    said = [f"{counts[why]:,} {text}" for why, text in words.items() if counts.get(why)]
    return ", ".join(said)
