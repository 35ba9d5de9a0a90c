"""Everything that can go wrong in Madang and is not a bug, as one tree.

    MadangError
    ├── InvalidRequest          the request cannot be read at all (not JSON, unknown parameter form)
    ├── BadRequestData          the request can be read, but what it says breaks a rule
    ├── NotFound                a named thing does not exist
    ├── AlreadyExists           a named thing exists and may not be replaced
    ├── Conflict                the thing changed, or two instructions contradict each other
    ├── NotSupported            the operation is valid, but this platform does not offer it
    ├── MethodNotAllowed        the resource exists, but not with this method (`detail` lists those it has)
    ├── NotAcceptable           none of the representations that the client accepts is offered
    ├── UnsupportedMediaType    the body's media type is not one that the operation takes
    ├── LengthRequired          a body came without its length
    ├── TooLarge                the body is over the limit
    ├── TooManyResults          the answer would be over a limit; narrow the request
    ├── QueryTooWide            the query would read too much and no index serves it yet
    ├── ContextUnavailable      a remote @context could not be fetched
    ├── NoTenant                the named tenant does not exist
    ├── LoopDetected            a notification of this platform came back to it
    ├── Unauthenticated         the caller is not known, and only known ones may do this
    ├── Denied                  the caller may not do this
    ├── TooManyRequests         the caller asks more often than it may; `detail` is in how many seconds again
    ├── Busy                    a queue is full; try again
    ├── SettingInvalid          a flag or an environment variable has a wrong form
    ├── AddressInUse            another program listens on the address
    ├── ProgramFailed           a program that was started for this is missing or did not do its work
    ├── ProviderFailed          a sign-in provider does not answer, or not as it should
    ├── PlatformUnreachable     no platform answers where one should
    ├── HomeLocked              another process holds the home folder
    ├── StoreBroken             a store's file cannot be used
    ├── BackupUnusable          a backup cannot be made there, or what is there is none
    ├── SourceFailed            a source of the city could not be read
    └── CityFileInvalid         the city file has mistakes (all of them are listed)

Each message says what is wrong, names the thing, and says what would be right. Which HTTP status belongs
to which error stands in `api/problems.py` (pages, which answer people, have theirs in `web/app.py`).
"""

from __future__ import annotations


class MadangError(Exception):
    """The root. `message` is one sentence for a person; `detail` may say more."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class InvalidRequest(MadangError):
    pass


class BadRequestData(MadangError):
    pass


class NotFound(MadangError):
    pass


class AlreadyExists(MadangError):
    pass


class Conflict(MadangError):
    pass


class NotSupported(MadangError):
    pass


class MethodNotAllowed(MadangError):
    pass


class NotAcceptable(MadangError):
    pass


class UnsupportedMediaType(MadangError):
    pass


class LengthRequired(MadangError):
    pass


class TooLarge(MadangError):
    pass


class TooManyResults(MadangError):
    pass


class QueryTooWide(MadangError):
    pass


class ContextUnavailable(MadangError):
    pass


class NoTenant(MadangError):
    pass


class LoopDetected(MadangError):
    pass


class Unauthenticated(MadangError):
    pass


class Denied(MadangError):
    pass


class TooManyRequests(MadangError):
    pass


class Busy(MadangError):
    pass


class SettingInvalid(MadangError):
    pass


class AddressInUse(MadangError):
    pass


class ProgramFailed(MadangError):
    pass


class ProviderFailed(MadangError):
    pass


class PlatformUnreachable(MadangError):
    pass


class HomeLocked(MadangError):
    pass


class StoreBroken(MadangError):
    pass


class BackupUnusable(MadangError):
    pass


class SourceFailed(MadangError):
    pass


class CityFileInvalid(MadangError):
    pass
