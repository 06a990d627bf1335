"""The sandbox put together: database, keys, tools, faults, and the application over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import access, calendar, company, mail, platform, runs
from .access import Workspace
from .database import Database, new_id
from .faults import Faults
from .keys import Keys
from .seed import seed
from .strangers import answer_recorded, read_catalog
from .synthetic import synthetic_namespaces
from .toolbox import Call, Definition, Namespace, Toolbox
from .traffic import Request, Traffic

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from .differences import Difference


class Sandbox:
    """An Uru of one's own: serve `app` over ASGI as it is, or over HTTP with `serve.serving(sandbox)`."""

    def __init__(
        self, database: Database, strangers: Sequence[Namespace], differences: Sequence[Difference] = ()
    ) -> None:
        own = [platform.namespace(), company.namespace(), mail.namespace(), calendar.namespace()]
        self.database = database
        self.keys = Keys(database)
        self.faults = Faults()
        self._toolbox = Toolbox(database, [*own, *strangers], otherwise=answer_recorded)
        self._traffic = Traffic()
        from starlette.middleware import Middleware  # late, since who only lists commands or keys serves nothing

        from .app import Api, build_app

        middleware = [Middleware(self._traffic.around), Middleware(self.faults.around)]
        if differences:
            from .differences.middleware import differing

            middleware.append(Middleware(differing, differences))
        self.app: Starlette = build_app(Api(database, self._toolbox), middleware)

    @classmethod
    def open(
        cls, path: Path | None = None, *, tools: int = 0, catalog: Path | None = None, unlike: Iterable[str] = ()
    ) -> Sandbox:
        """Open the database at `path`, made and filled when it is new; in memory without a path.

        `tools` adds that many synthetic tools, `catalog` the namespaces of a JSON file in the API's shape.
        `unlike` names differences from the description of the API, of those in `differences.DIFFERENCES`.

        Raises: database.NotOurs, strangers.BadCatalog, differences.UnknownDifference, OSError.
        """
        differences = _differences([*unlike])
        strangers = [*synthetic_namespaces(tools), *(read_catalog(catalog) if catalog else [])]
        database = Database(path, fill=seed)
        runs.end_interrupted(database)
        return cls(database, strangers, differences)

    @property
    def workspaces(self) -> list[Workspace]:
        """By name: Acme and Globex."""
        return access.workspaces(self.database)

    @property
    def requests(self) -> list[Request]:
        """What arrived so far, oldest first; of very many, the last ten thousand."""
        return self._traffic.requests

    def put_tool(self, workspace_id: str, namespace: str, tool: Definition) -> None:
        """Add a tool to a workspace, or replace the definition of one, as Uru does when an integration changes.

        A new tool only records its calls; one that is replaced goes on doing what it did.
        """
        self._toolbox.put(workspace_id, namespace, tool)

    def remove_tool(self, workspace_id: str, namespace: str, name: str) -> None:
        """Take a tool away from a workspace, be it one of the sandbox's own."""
        self._toolbox.remove(workspace_id, namespace, name)

    async def decide(self, workspace_id: str, run_id: str, node_id: str, decision: str, comment: str = "") -> None:
        """Say yes or no, `approve` or `reject`, to a run that waits, as a person does in Uru itself.

        Raises: ToolFailure when nothing waits for it, ApiError 404.
        """
        arguments = {"run_id": run_id, "node_id": node_id, "decision": decision, "comment": comment}
        person = runs.person_in(workspace_id)
        await runs.decide(Call(self.database, self._toolbox, person, workspace_id, arguments, new_id("log")))

    def close(self) -> None:
        self.database.close()


def _differences(names: Sequence[str]) -> Sequence[Difference]:
    if not names:
        return ()
    from .differences import chosen  # late, since few want any

    return chosen(names)
