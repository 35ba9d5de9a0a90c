"""The policies that every city has until it writes others under the same identifiers: who reads what is not protected,
who keeps what up to date, and for which work protected data is seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from madang.trust.identity import Action
from madang.trust.policy import EVERY, OWN, READING, Constraints, Effect, Policy, What, Who
from madang.trust.roles import Role

# What each role that writes keeps up to date, besides those that write everything
_PROGRAMMES: Final = (
    *("Programme", "Call", "Proposal", "Event", "Pilot", "Project", "Measure", "Agreement", "Need", "Offer"),
    *("Partnership", "Contract", "Suggestion"),
)
_HANDLING: Final = (Action.READ, Action.NOTIFY, Action.WRITE)
_FIGURES: Final = (Action.AGGREGATE,)
_OFFERINGS: Final = ("Product", "Service", "Technology", "Need", "Offer", "Proposal")


def default_policies(
    roles: Iterable[Role], protected: Iterable[str], public: bool | tuple[str, ...]
) -> tuple[Policy, ...]:
    """roles: all of the city. protected: terms or IRIs of the protected types. public: whether visitors read what is not
    protected, or the types (terms or IRIs) of which they do."""
    ordinary = tuple(role.name for role in roles if role.ordinary)
    return (*_public(public), *_ordinary(ordinary), *_protected(tuple(protected)))


def _public(public: bool | tuple[str, ...]) -> list[Policy]:
    if not public:
        return []
    name = {"ko": "누구나 보는 정보", "en": "What everybody sees"}
    types = public if isinstance(public, tuple) else ()
    return [Policy("public", Effect.PERMIT, name, what=What(types=types), actions=READING)]


def _permit(
    identifier: str,
    korean: str,
    english: str,
    roles: tuple[str, ...],
    what: What,
    actions: tuple[Action, ...],
) -> Policy:
    name = {"ko": korean, "en": english}
    return Policy(identifier, Effect.PERMIT, name, Who(roles=roles), what, actions)


def _ordinary(readers: tuple[str, ...]) -> list[Policy]:
    write = (Action.WRITE,)
    return [
        _permit(
            "ordinary-reading",
            "보호 대상이 아닌 정보의 열람",
            "Reading what is not protected",
            *(readers, What(), READING),
        ),
        _permit(
            "officers-write",
            "담당자의 데이터 관리",
            "Data officers keep the data",
            *(("data-officer", "city-administrator"), What(), (Action.WRITE, Action.ADMINISTER)),
        ),
        _permit(
            "own-offerings",
            "소속 기관의 제품·서비스·수요 등록",
            "Firms keep their own products, services and needs",
            *(("startup", "anchor-firm"), What(types=_OFFERINGS, owner=OWN), write),
        ),
        _permit(
            "programmes-write",
            "사업 정보 관리",
            "Programme managers keep programmes",
            *(("programme-manager",), What(types=_PROGRAMMES), write),
        ),
        _permit("reviews-write", "심사", "Reviewers review", ("reviewer",), What(types=("Review",)), write),
        _permit(
            "communities-write",
            "커뮤니티와 행사 관리",
            "Community leads keep communities and events",
            *(("community-lead",), What(types=("Community", "Event")), write),
        ),
    ]


def _for(purpose: str, policy: Policy) -> Policy:
    return msgspec.structs.replace(policy, constraints=Constraints(purposes=(purpose,)))


def _protected(protected: tuple[str, ...]) -> list[Policy]:
    found = [
        *(_for("safety", one) for one in _incidents()),
        _for(
            "complaint",
            _permit(
                "messages-moderated",
                "게시 관리자의 글과 민원 처리",
                "Moderators see messages and complaints",
                *(("moderator",), What(types=("Message", "Complaint")), _HANDLING),
            ),
        ),
        _for(
            "programme",
            _permit(
                "meetings-organised",
                "회의 준비",
                "Those who organise meetings see them",
                *(("community-lead", "programme-manager"), What(types=("Meeting",)), _HANDLING),
            ),
        ),
        _for(
            "research",
            _permit(
                "protected-counted",
                "민원과 상황의 통계",
                "Researchers and the ministry get figures of complaints and incidents",
                *(("researcher", "ministry-observer"), What(types=("Complaint", "Incident")), _FIGURES),
            ),
        ),
    ]
    if protected:
        asked = _permit(
            "privacy-requests",
            "정보주체 요구의 처리",
            "The privacy officer answers requests of the persons concerned",
            ("privacy-officer",),
            What(types=protected, attributes=(EVERY,)),
            (Action.READ, Action.DISTRIBUTE),
        )
        found.append(_for("rights", asked))
    return found


def _incidents() -> list[Policy]:
    operators = ("control-room-operator",)
    return [
        _permit(
            "incidents-seen",
            "관제 요원의 상황 열람",
            "Control-room operators see incidents",
            *(operators, What(types=("Incident",)), (Action.READ, Action.NOTIFY)),
        ),
        _permit(
            "incidents-written",
            "관제 요원의 상황 기록",
            "Control-room operators record incidents",
            *(operators, What(types=("Incident",), attributes=(EVERY,)), (Action.WRITE,)),
        ),
    ]
