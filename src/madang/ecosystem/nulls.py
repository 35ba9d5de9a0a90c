"""Networks at random against which the real one is held, and the real one with its activities drawn again.

configuration   the same organisations and activities with as many partners and participations: what degrees explain
even            as many ties between as many organisations, each as likely (Erdos-Renyi): what chance explains
drawn again     activities drawn with replacement: how much hangs on single ones
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

import igraph
import numpy as np

from madang.ecosystem.network import Network, unweighted
from madang.ecosystem.projection import Pairs
from madang.ecosystem.ties import Ties

# Swaps of two participations for each of them, after which a network has forgotten what it was
_SWAPS: Final = 10


def configuration(ties: Ties, chance: random.Random) -> Ties:
    """Everybody takes part in as many activities, every activity has as many participants."""
    n = len(ties.organisations)
    edges = np.column_stack((ties.who, ties.what + n))
    # Directed, so that a swap joins an organisation with an activity again
    graph = igraph.Graph(n=n + len(ties.activities), edges=edges, directed=True)
    igraph.set_random_number_generator(chance)
    graph.rewire(n=_SWAPS * len(edges))
    swapped = np.array(graph.get_edgelist(), dtype=np.int64).reshape(-1, 2)
    swapped = swapped[np.lexsort((swapped[:, 0], swapped[:, 1]))]
    return Ties(ties.organisations, ties.activities, swapped[:, 0], swapped[:, 1] - n, ties.days, ties.kinds)


def even(pairs: Pairs, chance: random.Random) -> Network:
    """As many pairs of partners, each as likely; unweighted."""
    draw = np.random.default_rng(chance.getrandbits(64))
    numbers = draw.choice(pairs.n * (pairs.n - 1) // 2, len(pairs.left), replace=False, shuffle=False)
    # Pairs are numbered 0-1, 0-2, 1-2, 0-3 and so on
    right = ((1 + np.sqrt(1 + 8 * numbers.astype(np.float64))) / 2).astype(np.int64)
    return unweighted(pairs.n, np.column_stack((numbers - right * (right - 1) // 2, right)))


def drawn_again(ties: Ties, drawn: Sequence[int]) -> Ties:
    """Those activities, by their places; one that is drawn twice is there twice."""
    starts = np.searchsorted(ties.what, np.arange(len(ties.activities) + 1))
    sizes = np.diff(starts)[drawn]
    ends = np.cumsum(sizes)
    places = np.arange(sizes.sum()) - np.repeat(ends - sizes, sizes) + np.repeat(starts[drawn], sizes)
    return Ties(
        ties.organisations,
        tuple([f"{ties.activities[one]}#{place}" for place, one in enumerate(drawn)]),
        ties.who[places],
        np.repeat(np.arange(len(drawn)), sizes),
        ties.days[drawn],
        tuple([ties.kinds[one] for one in drawn]),
    )
