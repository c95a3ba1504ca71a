"""Which muscles of a body lie under which surface electrode.

An electrode over a muscle with several heads or compartments reads all of them; it is compared with the mean
of their excitations weighted by maximum isometric force. Biceps femoris is the long head alone: the short
head lies under it and is not what the electrode between ischium and fibula reads (SENIAM's placement).
"""

from __future__ import annotations

import numpy as np

from kinesis_bench.bodies.contract import Body

ELECTRODES = {
    "Soleus": ("soleus",),
    "Medial Gastrocnemius": ("gasmed",),
    "Lateral Gastrocnemius": ("gaslat",),
    "Tibialis Anterior": ("tibant",),
    "Semimembranosus": ("semimem",),
    "Semitendinosus": ("semiten",),
    "Biceps Femoris": ("bflh",),
    "Vastus Lateral": ("vaslat",),
    "Rectus Femoris": ("recfem",),
    "Vastus Medial": ("vasmed",),
    "Gluteus Maximus": ("glmax1", "glmax2", "glmax3"),
    "Gluteus Medius": ("glmed1", "glmed2", "glmed3"),
    "Tensor Fasciae Latae": ("tfl",),
    "Peroneus Longus": ("perlong",),
}
"""Muscles under an electrode, without the side; names of the electrodes as in the data sets."""


def electrode_weights(body: Body, electrode: str, side: str) -> np.ndarray:
    """Weights that turn the body's excitations into what an electrode would read.

    Args:
        body: the body.
        electrode: one of ELECTRODES.
        side: ``l`` or ``r``.

    Returns:
        (M,) weights, zero for other muscles, with sum 1: maximum isometric force of each of the electrode's
        muscles over their sum.
    """
    weights = np.zeros(len(body.muscles))
    for muscle in ELECTRODES[electrode]:
        index = body.muscles.index(f"{muscle}_{side}")
        weights[index] = body.model.actuator_gainprm[index, 2]
    return weights / weights.sum()
