"""E(B-V) at positions from the map files of ``dustmaps``, where they are installed."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from pzpipelines.arrays import FloatArray
from pztables.errors import UserError


class DustMapError(UserError):
    """A dust map cannot be used: it is unknown, or its files are not installed."""

    code = "dust_map_unavailable"


@dataclass(frozen=True, slots=True)
class DustMap:
    """A map that gives E(B-V) on the scale of SFD.

    Attributes
    ----------
    name
        Option value, and module of ``dustmaps``.
    query
        Name of the class that answers.
    files
        Options of that class to files (or the folder) below the folder of maps.
    required
        Files below the folder of maps that must be there.
    source
        Where it was published.
    """

    name: str
    query: str
    files: dict[str, str]
    required: tuple[str, ...]
    source: str

    def missing_files(self, folder: Path | None) -> list[str]:
        """Return the required files that are not there."""
        if folder is None:
            return list(self.required)
        return [name for name in self.required if not (folder / name).is_file()]

    def is_installed(self, folder: Path | None) -> bool:
        """Tell whether library and files are there."""
        return find_spec("dustmaps") is not None and not self.missing_files(folder)


DUST_MAPS: Final = {
    each.name: each
    for each in (
        DustMap(
            "sfd",
            "SFDQuery",
            {"map_dir": "sfd"},
            ("sfd/SFD_dust_4096_ngp.fits", "sfd/SFD_dust_4096_sgp.fits"),
            "Schlegel, Finkbeiner & Davis 1998, ApJ 500, 525, doi:10.1086/305772",
        ),
        DustMap(
            "csfd",
            "CSFDQuery",
            {"map_fname": "csfd/csfd_ebv.fits", "mask_fname": "csfd/mask.fits"},
            ("csfd/csfd_ebv.fits", "csfd/mask.fits"),
            "Chiang 2023, ApJ 958, 118, arXiv:2306.03926",
        ),
    )
}

#: Gives E(B-V) in magnitudes at ``ra, dec`` (ICRS degrees); NaN outside of the map.
Reddening = Callable[[FloatArray, FloatArray], FloatArray]


def open_dust_map(name: str, folder: Path | None) -> Reddening:
    """Open a dust map.

    Parameters
    ----------
    name
        ``sfd`` or ``csfd``.
    folder
        Where map files are, as ``dustmaps`` lays them out.

    Raises
    ------
    DustMapError
        If the map is unknown, or the library or its files are not installed;
        the message has the command that fetches them.
    """
    require_dust_map(name, folder)
    assert folder is not None
    dust_map = DUST_MAPS[name]
    paths = {option: str(folder / place) for option, place in dust_map.files.items()}
    try:
        query = _query(dust_map, paths)
    except (OSError, KeyError, ValueError) as damaged:
        raise DustMapError(
            f"dereddening: the files of the dust map {name} cannot be read "
            f"({str(damaged)[:200]}); fetch them again: {fetch_command(name)}",
            option="dereddening",
            dust_map=name,
        ) from damaged
    return query


def require_dust_map(name: str, folder: Path | None) -> None:
    """Refuse a map that cannot be used.

    Raises
    ------
    DustMapError
        See `open_dust_map`.
    """
    if name not in DUST_MAPS:
        raise DustMapError(
            f"dereddening: there is no dust map {name!r} that photometry could be corrected with; "
            f"there is {', '.join(DUST_MAPS)}, or none",
            option="dereddening",
            dust_map=name,
            known=list(DUST_MAPS),
        )
    if find_spec("dustmaps") is None:
        reason = "the package dustmaps is not installed (pip install 'pzpipelines[dust]')"
    elif folder is None:
        reason = "no folder of dust maps is set"
    elif missing := DUST_MAPS[name].missing_files(folder):
        reason = f"{' and '.join(missing)} are missing in the folder of dust maps"
    else:
        return
    raise DustMapError(
        f"dereddening: the dust map {name} is not installed: {reason}. Fetch it: "
        f"{fetch_command(name)}; or choose dereddening: none",
        option="dereddening",
        dust_map=name,
        command=fetch_command(name),
    )


def fetch_command(name: str) -> str:
    """Return the shell command that downloads the files of a map into the folder DIR."""
    return (
        f"python -c \"from dustmaps.config import config; config['data_dir'] = 'DIR'; "
        f'import dustmaps.{name}; dustmaps.{name}.fetch()"'
    )


def _query(dust_map: DustMap, paths: dict[str, str]) -> Reddening:
    from astropy import units
    from astropy.coordinates import SkyCoord

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        # It misses a configuration file that is not needed, and prints before it raises.
        warnings.simplefilter("ignore")
        answer: Any = getattr(import_module(f"dustmaps.{dust_map.name}"), dust_map.query)(**paths)

    def reddening(ra: FloatArray, dec: FloatArray) -> FloatArray:
        places = SkyCoord(ra * units.deg, dec * units.deg)
        return np.asarray(answer(places), dtype=np.float64)

    return reddening
