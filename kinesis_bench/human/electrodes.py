"""Electrodes of the human data sets, and what of the body lies under each (myoLeg's names, without side)."""

from __future__ import annotations

from collections.abc import Mapping

WANG_ELECTRODES = {
    "Soleus": "soleus",
    "Medial Gastrocnemius": "gasmed",
    "Lateral Gastrocnemius": "gaslat",
    "Tibialis Anterior": "tibant",
    "Semimembranosus": "semimem",
    "Biceps Femoris": "bflh",
    "Vastus Lateral": "vaslat",
    "Rectus Femoris": "recfem",
    "Vastus Medial": "vasmed",
}
"""The nine electrodes of Wang et al. (2023), in their order.

A surface electrode over biceps femoris lies on the long head.
"""

SANTUZ_ELECTRODES = {
    "Gluteus Medius": "glmed",
    "Gluteus Maximus": "glmax",
    "Tensor Fasciae Latae": "tfl",
    "Rectus Femoris": "recfem",
    "Vastus Medial": "vasmed",
    "Vastus Lateral": "vaslat",
    "Semitendinosus": "semiten",
    "Biceps Femoris": "bflh",
    "Tibialis Anterior": "tibant",
    "Peroneus Longus": "perlong",
    "Medial Gastrocnemius": "gasmed",
    "Lateral Gastrocnemius": "gaslat",
    "Soleus": "soleus",
}
"""The thirteen electrodes of Santuz et al. (2018), in their order."""

SANTUZ_CODES = ("ME", "MA", "FL", "RF", "VM", "VL", "ST", "BF", "TA", "PL", "GM", "GL", "SO")
"""Column names of the same electrodes in Santuz's tables."""

SCHERPEREEL_ELECTRODES = {
    "Tibialis Anterior": "tibant",
    "Rectus Femoris": "recfem",
    "Biceps Femoris": "bflh",
    "Gluteus Medius": "glmed",
    "Medial Gastrocnemius": "gasmed",
    "Vastus Lateral": "vaslat",
    "Gracilis": "grac",
    "Gluteus Maximus": "glmax",
}
"""The eight electrodes on each leg of Scherpereel et al. (2023), in the order of their columns."""

SCHERPEREEL_CODES = ("TA", "RF", "BF", "GMED", "MGAS", "VL", "GRAC", "GMAX")
"""Column names of the same electrodes in Scherpereel's tables, behind L or R for the leg."""

FALISSE_ELECTRODES = {
    "Biceps Femoris": "bflh",
    "Tibialis Anterior": "tibant",
    "Peroneus Longus": "perlong",
    "Lateral Gastrocnemius": "gaslat",
    "Medial Hamstrings": "medial_hamstrings",
    "Soleus": "soleus",
    "Vastus Lateral": "vaslat",
    "Vastus Medial": "vasmed",
    "Gluteus Medius": "glmed",
    "Rectus Femoris": "recfem",
    "Peroneus Brevis": "perbrev",
    "Medial Gastrocnemius": "gasmed",
    "Adductor Longus": "addlong",
    "Tensor Fasciae Latae": "tfl",
}
"""The fourteen electrodes of Falisse et al. (2019), in their order.

What the file calls lateral hamstrings is the long head of biceps femoris, as in the other data sets.
"""

FALISSE_COLUMNS = (
    "Hamstrings-lateralis",
    "Tibialis-anterior",
    "Peroneus-longus",
    "Gastrocnemius-lateralis",
    "Hamstrings-medialis",
    "Soleus",
    "Vastus-lateralis",
    "Vastus-medialis",
    "Gluteus-medialis",
    "Rectus-femoris",
    "Peroneus-brevis",
    "Gastrocnemius-medialis",
    "Adductor-longus",
    "Tensor-fasciae-latae",
)
"""Column names of the same electrodes in Falisse's file."""

OPENSIM_ELECTRODES = {
    "Soleus": "soleus",
    "Gastrocnemius": "gastrocnemius",
    "Tibialis Anterior": "tibant",
    "Medial Hamstrings": "medial_hamstrings",
    "Biceps Femoris": "bflh",
    "Vastus Lateral": "vaslat",
    "Vastus Medial": "vasmed",
    "Rectus Femoris": "recfem",
    "Gluteus Maximus": "glmax",
    "Gluteus Medius": "glmed",
}
"""The ten electrodes of OpenSim's walking example, in its order.

The file does not say which head of gastrocnemius was measured; OpenSim's own example compares it with both.
"""

OPENSIM_COLUMNS = (
    "soleus",
    "gastrocnemius",
    "tibialis_anterior",
    "medial_hamstrings",
    "biceps_femoris",
    "vastus_lateralis",
    "vastus_medius",
    "rectus_femoris",
    "gluteus_maximus",
    "gluteus_medius",
)
"""Column names of the same electrodes in OpenSim's file."""

ELECTRODES = {
    **WANG_ELECTRODES,
    **SANTUZ_ELECTRODES,
    **SCHERPEREEL_ELECTRODES,
    **FALISSE_ELECTRODES,
    **OPENSIM_ELECTRODES,
}
"""Every electrode name to its muscle; the data sets agree where they share one."""

HEADS = {
    "glmed": ("glmed1", "glmed2", "glmed3"),
    "glmax": ("glmax1", "glmax2", "glmax3"),
    "gastrocnemius": ("gasmed", "gaslat"),
    "medial_hamstrings": ("semimem", "semiten"),
}
"""What several muscles of the bodies stand for: parts of a muscle, or neighbours that an electrode does not
tell apart. A signal over them is their mean, weighted by their maximum isometric forces, since an electrode
sums what all fibres near it do."""


def muscles_under(electrode: str) -> tuple[str, ...]:
    """The body's muscles under an electrode, without side; () for an electrode that no table knows."""
    muscle = ELECTRODES.get(electrode)
    return () if muscle is None else HEADS.get(muscle, (muscle,))


def shares_under(electrode: str, side: str, force_n: Mapping[str, float]) -> dict[str, float]:
    """What part of an electrode's signal each muscle of a body has; {} where the body lacks one of them.

    Args:
        electrode: name of ELECTRODES.
        side: ``l`` or ``r``.
        force_n: the body's muscles, such as ``soleus_r``, to their maximum isometric forces [N].
    """
    muscles = [f"{muscle}_{side}" for muscle in muscles_under(electrode)]
    if not set(muscles) <= set(force_n):
        return {}
    total = sum(force_n[muscle] for muscle in muscles)
    return {muscle: force_n[muscle] / total for muscle in muscles}
