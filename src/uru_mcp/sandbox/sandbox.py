"""Assembles the sandbox: database, keys, tools, faults, and the ASGI application."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .api.faults import Faults
from .api.request_log import Request, RequestLog
from .automations import platform_tools, runs
from .data import callers
from .data.callers import Workspace
from .data.database import Database, new_id
from .data.keys import Keys
from .data.seed import seed
from .tools import calendar, company, mail
from .tools.recorded_tools import answer_recorded, read_catalog
from .tools.registry import Call, Definition, Namespace, Registry
from .tools.synthetic_tools import synthetic_namespaces

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from .differences import Difference


class Sandbox:
    """A local Uru: use its ASGI `app` directly, or serve it over HTTP with `serve.serving(sandbox)`."""

    def __init__(
        self, database: Database, strangers: Sequence[Namespace], differences: Sequence[Difference] = ()
    ) -> None:
        own = [platform_tools.namespace(), company.namespace(), mail.namespace(), calendar.namespace()]
        self.database = database
        self.keys = Keys(database)
        self.faults = Faults()
        self._registry = Registry(database, [*own, *strangers], otherwise=answer_recorded)
        self._request_log = RequestLog()
        from starlette.middleware import Middleware  # imported late: listing commands or keys serves nothing

        from .api.app import Api, build_app

        middleware = [Middleware(self._request_log.around), Middleware(self.faults.around)]
        if differences:
            from .differences.middleware import differing

            middleware.append(Middleware(differing, differences))
        self.app: Starlette = build_app(Api(database, self._registry), middleware)

    @classmethod
    def open(
        cls, path: Path | None = None, *, tools: int = 0, catalog: Path | None = None, unlike: Iterable[str] = ()
    ) -> Sandbox:
        """Open the database at `path`, or in memory without a path; a new one is created and seeded.

        `tools` adds that many synthetic tools, `catalog` the namespaces of a JSON file in the API's format.
        `unlike` names differences from the description of the API, from `differences.DIFFERENCES`.

        Raises: database.NotOurs, recorded_tools.BadCatalog, differences.UnknownDifference, OSError.
        """
        differences = _differences([*unlike])
        strangers = [*synthetic_namespaces(tools), *(read_catalog(catalog) if catalog else [])]
        database = Database(path, fill=seed)
        runs.end_interrupted(database)
        return cls(database, strangers, differences)

    @property
    def workspaces(self) -> list[Workspace]:
        """Sorted by name: Acme and Globex."""
        return callers.workspaces(self.database)

    @property
    def requests(self) -> list[Request]:
        """The requests so far, oldest first; at most the last ten thousand."""
        return self._request_log.requests

    def put_tool(self, workspace_id: str, namespace: str, tool: Definition) -> None:
        """Add a tool to a workspace, or replace its definition, as Uru does when an integration changes.

        A new tool only records its calls; a replaced one keeps its behaviour.
        """
        self._registry.put(workspace_id, namespace, tool)

    def remove_tool(self, workspace_id: str, namespace: str, name: str) -> None:
        """Remove a tool from a workspace, including built-in ones."""
        self._registry.remove(workspace_id, namespace, name)

    async def decide(self, workspace_id: str, run_id: str, node_id: str, decision: str, comment: str = "") -> None:
        """Decide a waiting run with `approve` or `reject`, as a person does in Uru itself.

        Raises: ToolFailure if nothing waits for the decision, ApiError 404.
        """
        arguments = {"run_id": run_id, "node_id": node_id, "decision": decision, "comment": comment}
        person = runs.person_in(workspace_id)
        await runs.decide(Call(self.database, self._registry, person, workspace_id, arguments, new_id("log")))

    def close(self) -> None:
        self.database.close()


def _differences(names: Sequence[str]) -> Sequence[Difference]:
    if not names:
        return ()
    from .differences import chosen  # imported late, since few callers use it

    return chosen(names)
