"""Muscles of OpenSim and SCONE models under the names of our bodies (myoLeg), without their side.

Sources, read in the models themselves: Rajagopal et al. (IEEE Trans Biomed Eng 63:2068, 2016), whose forty
names a leg myoLeg has taken over; gait2392 and gait2354 (Delp et al., IEEE Trans Biomed Eng 37:757, 1990;
Anderson and Pandy, Comput Methods Biomech Biomed Engin 2:201, 1999), gait10dof18musc, and SCONE's H0914,
H0918 and H1922 (Geijtenbeek, J Open Source Softw 4:1421, 2019).

A muscle that stands for several (``vasti``) gives each of them its signal, so that it stands under each of
their electrodes. The three parts of gait2392's adductor magnus have no counterparts one by one among
myoLeg's four, and some muscles (``pect``, ``quad_fem``, ``gem``, ``per_tert``) none at all: they keep their
names.
"""

from __future__ import annotations

from collections.abc import Iterable

LEG_MUSCLES = (
    *("addbrev", "addlong", "addmagDist", "addmagIsch", "addmagMid", "addmagProx", "bflh", "bfsh", "edl"),
    *("ehl", "fdl", "fhl", "gaslat", "gasmed", "glmax1", "glmax2", "glmax3", "glmed1", "glmed2", "glmed3"),
    *("glmin1", "glmin2", "glmin3", "grac", "iliacus", "perbrev", "perlong", "piri", "psoas", "recfem"),
    *("sart", "semimem", "semiten", "soleus", "tfl", "tibant", "tibpost", "vasint", "vaslat", "vasmed"),
)
"""The forty muscles of a leg in myoLeg and in Rajagopal's model, in myoLeg's order."""

_ONE = {
    "add_brev": "addbrev",
    "add_long": "addlong",
    "bifemlh": "bflh",
    "bifemsh": "bfsh",
    "ext_dig": "edl",
    "ext_hal": "ehl",
    "flex_dig": "fdl",
    "flex_hal": "fhl",
    "lat_gas": "gaslat",
    "med_gas": "gasmed",
    **{f"glut_max{part}": f"glmax{part}" for part in (1, 2, 3)},
    **{f"glut_med{part}": f"glmed{part}" for part in (1, 2, 3)},
    **{f"glut_min{part}": f"glmin{part}" for part in (1, 2, 3)},
    "per_brev": "perbrev",
    "per_long": "perlong",
    "peri": "piri",
    "rect_fem": "recfem",
    "sar": "sart",
    "tib_ant": "tibant",
    "tib_post": "tibpost",
    "vas_int": "vasint",
    "vas_lat": "vaslat",
    "vas_med": "vasmed",
}

_SEVERAL = {
    "add_mag": ("addmagDist", "addmagIsch", "addmagMid", "addmagProx"),
    "gastroc": ("gaslat", "gasmed"),
    "glut_max": ("glmax1", "glmax2", "glmax3"),
    "glut_med": ("glmed1", "glmed2", "glmed3"),
    "hamstrings": ("bflh", "semimem", "semiten"),
    "iliopsoas": ("iliacus", "psoas"),
    "vasti": ("vasint", "vaslat", "vasmed"),
}

STANDS_FOR: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in LEG_MUSCLES},
    **{theirs: (ours,) for theirs, ours in _ONE.items()},
    **_SEVERAL,
}
"""A muscle of a model to those of ours that it is, or stands for."""

SIDES = ("r", "l")


def split_side(name: str) -> tuple[str, str]:
    """``soleus_r`` to (``soleus``, ``r``); the side is "" where the name has none."""
    stem, _, side = name.rpartition("_")
    return (stem, side) if stem and side in SIDES else (name, "")


def is_known(name: str) -> bool:
    """Whether a name with its side is in the table."""
    stem, side = split_side(name)
    return bool(side) and stem in STANDS_FOR


def counterparts(names: Iterable[str]) -> dict[str, str]:
    """Our names to those of a model, both with side; a muscle by itself goes before one for several.

    Args:
        names: the muscles of the model; those that are not in the table keep their name.
    """
    listed = list(names)
    parts = {
        name: STANDS_FOR[stem] if side and stem in STANDS_FOR else (name if not side else stem,)
        for name in listed
        for stem, side in [split_side(name)]
    }
    found: dict[str, str] = {}
    for name in sorted(listed, key=lambda name: len(parts[name])):
        side = split_side(name)[1]
        for part in parts[name]:
            found.setdefault(f"{part}_{side}" if side else part, name)
    return found
