"""Electrodes of the human data sets, and the muscle of the body (myoLeg names, without side) under each."""

from __future__ import annotations

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
    "Gluteus Medius": "glmed1",
    "Gluteus Maximus": "glmax1",
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
"""The thirteen electrodes of Santuz et al. (2018), in their order.

Gluteus medius and maximus are three muscles each in the model; the first (anterior, superior) is taken.
"""

SANTUZ_CODES = ("ME", "MA", "FL", "RF", "VM", "VL", "ST", "BF", "TA", "PL", "GM", "GL", "SO")
"""Column names of the same electrodes in Santuz's tables."""

SCHERPEREEL_ELECTRODES = {
    "Tibialis Anterior": "tibant",
    "Rectus Femoris": "recfem",
    "Biceps Femoris": "bflh",
    "Gluteus Medius": "glmed1",
    "Medial Gastrocnemius": "gasmed",
    "Vastus Lateral": "vaslat",
    "Gracilis": "grac",
    "Gluteus Maximus": "glmax1",
}
"""The eight electrodes on each leg of Scherpereel et al. (2023), in the order of their columns."""

SCHERPEREEL_CODES = ("TA", "RF", "BF", "GMED", "MGAS", "VL", "GRAC", "GMAX")
"""Column names of the same electrodes in Scherpereel's tables, behind L or R for the leg."""

ELECTRODES = {**WANG_ELECTRODES, **SANTUZ_ELECTRODES, **SCHERPEREEL_ELECTRODES}
"""Every electrode name to its muscle; the data sets agree where they share one."""

UNRELIABLE = "Vastus Lateral"
"""Wang's unreliable channel (one dead, two mistimed): figures are given with and without it."""
