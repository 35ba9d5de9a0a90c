"""What every page needs to know of the platform that it shows: one `Site`, made by the wiring."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec

from madang.city.model import City
from madang.connect.progress import Progress
from madang.ecosystem.running import Outcomes
from madang.errors import NotSupported
from madang.hub.accounts.accounts import Accounts
from madang.hub.accounts.provided import Desk
from madang.hub.hub import Hub
from madang.hub.trust.gate import Gate
from madang.hub.trust.parts import Parts
from madang.hub.trust.persons import Custody
from madang.hub.trust.policies import Policies
from madang.settings import Settings
from madang.store.base import SourceStatus
from madang.trust.access import Access


class Site(msgspec.Struct, frozen=True):
    """hub: answers every question. city: as its file says it. settings: of this process. gate: says who may read what.
    parts: what it goes by, None where there is nothing of it to be seen. outcomes: of the analyses of its ecosystem, None
    where nobody makes them.

    loading: the latest report of each source (by its id) that is being read; whoever reads writes it here.
    """

    hub: Hub
    city: City
    settings: Settings
    gate: Gate
    parts: Parts | None = None
    outcomes: Outcomes | None = None
    loading: dict[str, Progress] = {}

    @property
    def accounts(self) -> Accounts:
        """Raises NotSupported where the site knows nobody."""
        return self._parts.accounts

    @property
    def desk(self) -> Desk:
        return self._parts.desk

    @property
    def policies(self) -> Policies:
        return self._parts.policies

    @property
    def custody(self) -> Custody:
        return self._parts.custody

    @property
    def _parts(self) -> Parts:
        if self.parts is None:
            raise NotSupported("There are no accounts and no policies here")
        return self.parts

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.city.time_zone)


class SourceState(msgspec.Struct, frozen=True):
    """How far a source of the city has come. status: None before its first run. report: of the run that is going on."""

    source: str
    status: SourceStatus | None
    report: Progress | None

    @property
    def loading(self) -> bool:
        """It has never been read whole, and nothing says that it cannot be."""
        if self.report is not None and self.report.stage.over:
            return False
        return self.status is None or (self.status.finished == 0 and not self.status.problem)

    @property
    def entities(self) -> int:
        read = self.report.written if self.report is not None and not self.report.stage.over else 0
        return max(read, self.status.entities if self.status else 0)

    @property
    def percent(self) -> int | None:
        """How much of the source is read; None where that is not known."""
        return None if self.report is None or self.report.stage.over else round(self.report.share * 100)

    @property
    def problem(self) -> str:
        return self.status.problem if self.status else ""


async def source_states(site: Site, access: Access) -> list[SourceState]:
    """One for each source of the city file, in its order."""
    known = {status.source: status for status in await site.hub.store(access).sources.all()}
    return [
        SourceState(source.id, known.get(source.id), site.loading.get(source.id))
        for source in site.city.sources
    ]
