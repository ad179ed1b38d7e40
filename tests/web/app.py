"""An app that walks a journey by the JSON API, without a network."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from engine.model.names import JsonObject
from tests.web.surface import Answer, Surface

CREATE = "/api/process-manager/processInstances/create"
SERVER = "/api/process-server"


@dataclass(slots=True, kw_only=True)
class App:
    """One visit. `answers`: all that came back, `token`: the newest session value."""

    surface: Surface
    token: str = ""
    answers: list[Answer] = field(default_factory=list)

    @property
    def shown(self) -> JsonObject:
        """The newest screen."""
        return next(a.json for a in self.answers[::-1] if b'"stepKey"' in a.body)

    async def begin(self, secret: str) -> Answer:
        """Create an instance by a link's secret and start it."""
        created = await self._call(f"{CREATE}?pt={secret}", {})
        address = urlsplit(parse_qs(urlsplit(created.json["redirectUrl"]).query)["ps"][0])
        return await self._call(f"{address.path}?{address.query}", {})

    async def answer(self, **data: object) -> Answer:
        """Answer the step of the newest screen."""
        path = f"{SERVER}/processInstances/{self.shown['processInstanceId']}"
        body = {"revision": self.shown["revision"], "data": data}
        return await self._call(f"{path}/steps/{self.shown['stepKey']}", body)

    async def look(self) -> Answer:
        """Ask for the current screen."""
        path = f"{SERVER}/processInstances/{self.shown['processInstanceId']}/screen"
        return await self._call(path, None, method="GET")

    async def _call(self, target: str, body: object, *, method: str = "POST") -> Answer:
        answer = await self.surface.call(method, target, body, token=self.token or None)
        self.answers.append(answer)
        self.token = str(answer.json.get("sessionToken", self.token))
        return answer
