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

FALISSE_ELECTRODES = {
    "Biceps Femoris": "bflh",
    "Tibialis Anterior": "tibant",
    "Peroneus Longus": "perlong",
    "Lateral Gastrocnemius": "gaslat",
    "Medial Hamstrings": "semimem",
    "Soleus": "soleus",
    "Vastus Lateral": "vaslat",
    "Vastus Medial": "vasmed",
    "Gluteus Medius": "glmed1",
    "Rectus Femoris": "recfem",
    "Peroneus Brevis": "perbrev",
    "Medial Gastrocnemius": "gasmed",
    "Adductor Longus": "addlong",
    "Tensor Fasciae Latae": "tfl",
}
"""The fourteen electrodes of Falisse et al. (2019), in their order.

An electrode over the medial hamstrings lies over semimembranosus and semitendinosus; the first is taken, as
Wang's does. Lateral hamstrings are the long head of biceps femoris.
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
    "Gastrocnemius": "gasmed",
    "Tibialis Anterior": "tibant",
    "Medial Hamstrings": "semimem",
    "Biceps Femoris": "bflh",
    "Vastus Lateral": "vaslat",
    "Vastus Medial": "vasmed",
    "Rectus Femoris": "recfem",
    "Gluteus Maximus": "glmax1",
    "Gluteus Medius": "glmed1",
}
"""The ten electrodes of OpenSim's walking example, in its order.

The file does not say which head of gastrocnemius was measured; OpenSim's own example compares it with both.
The medial one is taken.
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

ELECTRODES = {**WANG_ELECTRODES, **SANTUZ_ELECTRODES, **FALISSE_ELECTRODES, **OPENSIM_ELECTRODES}
"""Every electrode name to its muscle; the data sets agree where they share one."""

UNRELIABLE = "Vastus Lateral"
"""Wang's unreliable channel (one dead, two mistimed): figures are given with and without it."""
