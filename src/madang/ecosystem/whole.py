"""From the record to the outcome: every part of the analysis, put together. Pure but for the drawings that are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec

from madang.ecosystem.analysis import Analysis, analyse
from madang.ecosystem.cores import Options, Subject, Trial
from madang.ecosystem.facts import network_facts
from madang.ecosystem.flows import flow_facts
from madang.ecosystem.indicators import component_scores, readings
from madang.ecosystem.industry import industry_facts
from madang.ecosystem.outcome import Judged, Outcome, Source
from madang.ecosystem.record import Record
from madang.ecosystem.rules import Rules
from madang.ecosystem.stages import scales
from madang.ecosystem.standing import standings
from madang.ecosystem.strategies import strategies
from madang.ecosystem.taking_part import amounts_of_record, founded_of_record, ties_of_record
from madang.ecosystem.trials import run, wanted
from madang.ecosystem.verdict import sensitivity
from madang.vocabulary.load import vocabulary
from madang.vocabulary.taxonomy import Taxonomy

_PROGRAMMES: Final = ("Programme", "Call")


class Whole:
    """The analysis of a record by a city's rules. past: an outcome with which this one is compared, None without one.
    classes: the city's own taxonomy, None for the platform's."""

    def __init__(
        self,
        record: Record,
        rules: Rules = Rules(),  # noqa: B008 frozen
        past: Outcome | None = None,
        classes: Taxonomy | None = None,
    ) -> None:
        self.record = record
        self.rules = rules
        self.past = past
        self.classes = classes
        self.ties = ties_of_record(record)
        self.subject = Subject(self.ties, Options(level=rules.thresholds.level))

    @cached_property
    def asked(self) -> int:
        """How many networks are drawn at random."""
        drawings = self.rules.drawings
        return drawings.configurations + drawings.evens + drawings.bootstraps

    def draw(self, folder: Path | None = None) -> Iterator[Trial]:
        """Each when it is drawn. folder: where they are kept, so that a run that is stopped goes on."""
        drawings = self.rules.drawings
        asked = wanted(drawings.configurations, drawings.evens, drawings.bootstraps)
        return run(self.ties, self.subject.options, asked, folder)

    def analysis(self, trials: Sequence[Trial]) -> Analysis:
        founded = founded_of_record(self.record, self.ties)
        return analyse(self.subject, trials, self.rules.thresholds, founded)

    def outcome(self, trials: Sequence[Trial]) -> Outcome:
        """trials: what has been drawn, none for an outcome that leaves open what they would tell."""
        record, rules = self.record, self.rules
        analysis = self.analysis(trials)
        amounts, _ = amounts_of_record(record, self.ties)
        network = network_facts(self.subject, analysis, trials, amounts)
        stand = standings(record, self.ties, analysis)
        flows = flow_facts(record, vocabulary(), self.past.flows if self.past else None, rules.targets)
        found = readings(record, network, flows, stand, rules.indicators)
        verdict = analysis.verdict
        judged = Judged(
            verdict.core,
            verdict.stage,
            verdict.evidence,
            rules.thresholds.coverage,
            sensitivity(verdict.evidence, rules.thresholds),
        )
        return Outcome(
            city=record.city,
            names=record.names,
            read=record.read,
            computed=record.read,
            sequence=record.sequence,
            synthetic=record.synthetic,
            sources=tuple(
                [Source(one.type, one.count, one.read / one.count, one.newest) for one in record.seen]
            ),
            standings=stand,
            network=network,
            judged=msgspec.structs.replace(judged, scales=scales(record, found, judged, rules.stages)),
            flows=flows,
            readings=found,
            components=component_scores(found, self.past.components if self.past else ()),
            strategies=strategies(record, found),
            industry=industry_facts(record, stand, self.classes),
            programmes={one.id: one.names for one in record.things if one.type in _PROGRAMMES},
        )
