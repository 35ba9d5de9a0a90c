"""Several cores, each with a periphery of its own: Kojaku and Masuda (2017, 2018), compared with the configuration model.

A single core cannot be told from mere differences of degree (docs/ecosystem.md), several can. Which groups are more than
chance is asked of networks at random (`significance.py`). Who of a significant group is its core is then a question of its
own, for the groups' cores are drawn generously here: `single_core.py` answers it by the ties inside the group.
"""

from __future__ import annotations

import random
from typing import Final

import numpy as np

from madang.ecosystem.division import Division, Group
from madang.ecosystem.network import Network
from madang.ecosystem.settling import settle

_ROUNDS_MAX: Final = 20
# Ties that are looked at from the start in all tries together, beyond which there is one try
_TIES_MAX: Final = 2_000_000


def find_groups(network: Network, chance: random.Random, tries: int = 10) -> list[Group]:
    """The best of some divisions, larger groups first; nodes without ties are in none.

    tries: how often to begin anew, in another order; a very large network is divided once.
    """
    best: list[Group] = []
    if not network.total:
        return best
    for _ in range(tries if tries * len(network.matrix.data) <= _TIES_MAX else 1):
        division = Division(network)
        settle(division, np.arange(network.n), chance)
        for _ in range(_ROUNDS_MAX):
            joined = division.join()
            if not len(joined):
                break
            waiting = np.zeros(network.n, dtype=np.bool_)
            waiting[joined] = True
            waiting[network.neighbours(joined)] = True
            settle(division, np.flatnonzero(waiting), chance)
        found = division.valued()
        if not best or sum(one.quality for one in found) > sum(one.quality for one in best):
            best = found
    return best
