"""What Vite built from `web-src/`: which files a page needs, and the files themselves, served from memory.

Names under `assets/` carry a digest of their content, so a browser may keep them for ever. Text files lie there
compressed as well; a request gets the best form that it accepts.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path, PurePosixPath

import msgspec
import orjson
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

BUILD = Path(__file__).parent / "static" / "build"
PREFIX = "/static/build/"
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
KEPT_BYTES_MAX = 32 * 1024**2
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".woff2": "font/woff2"}


class Chunk(msgspec.Struct):
    """One entry of Vite's manifest."""

    file: str
    css: list[str] = []
    imports: list[str] = []


class Assets:
    """The build as the templates and the static route see it. A page without a build says how to make one."""

    def __init__(self, folder: Path = BUILD) -> None:
        self._folder = folder
        self._chunks: dict[str, Chunk] = {}
        self._kept: dict[str, bytes] = {}
        self._kept_bytes = 0
        manifest = folder / "manifest.json"
        if manifest.is_file():
            self._chunks = msgspec.json.decode(manifest.read_bytes(), type=dict[str, Chunk])

    @property
    def built(self) -> bool:
        return bool(self._chunks)

    def style(self, entry: str) -> Markup:
        """The link to a stylesheet that is an entry of the build, such as "styles/page.css"."""
        chunk = self._chunks.get(entry)
        return (
            Markup('<link rel="stylesheet" href="{}">').format(PREFIX + chunk.file) if chunk else Markup("")
        )

    def script(self, entry: str) -> Markup:
        """The tags that load an island, such as "src/city.ts": its styles, what it imports, itself."""
        chunk = self._chunks.get(entry)
        if chunk is None:
            return Markup("")
        tags = [Markup('<link rel="stylesheet" href="{}">').format(PREFIX + name) for name in chunk.css]
        tags += [
            Markup('<link rel="modulepreload" href="{}">').format(PREFIX + self._chunks[name].file)
            for name in chunk.imports
            if name in self._chunks
        ]
        tags.append(Markup('<script type="module" src="{}"></script>').format(PREFIX + chunk.file))
        return Markup("").join(tags)

    def read(self, name: str) -> bytes | None:
        """A file of the build; None where there is none of this name. Small enough to stay in memory."""
        kept = self._kept.get(name)
        if kept is not None:
            return kept
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder) or not path.is_file():
            return None
        content = path.read_bytes()
        if self._kept_bytes + len(content) <= KEPT_BYTES_MAX:
            self._kept[name] = content
            self._kept_bytes += len(content)
        return content

    def respond(self, request: Request) -> Response:
        """Answers GET /static/build/{name}."""
        name = request.path_params["name"]
        suffix = PurePosixPath(name).suffix
        accepted = request.headers.get("accept-encoding", "")
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable"
            if name.startswith("assets/")
            else "no-cache",
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
        }
        media_type = TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        for encoding, extension in ENCODINGS:
            content = self.read(name + extension) if encoding in accepted else None
            if content is not None:
                return Response(
                    content, headers={**headers, "Content-Encoding": encoding}, media_type=media_type
                )
        content = self.read(name)
        if content is None:
            return Response(f"There is no file '{name}' in the web build\n", 404, media_type="text/plain")
        return Response(content, headers=headers, media_type=media_type)


def data_block(identifier: str, value: object) -> Markup:
    """JSON for an island, in a script element that no browser runs, so that the security policy allows it."""
    text = orjson.dumps(value).decode().replace("<", "\\u003c")
    content = Markup(text)  # noqa: S704 - JSON without "<" cannot leave its element
    return Markup('<script type="application/json" id="{}">{}</script>').format(identifier, content)
