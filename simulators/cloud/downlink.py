"""What a store fetches: catalogue changes, stock, commands."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from simulators.cloud.command_desk import UnknownCommandTokenError
from simulators.cloud.core import cloud_of
from simulators.cloud.models import CatalogueChanges, Commands, StockLevel
from simulators.cloud.problems import ProblemError, problem_schema
from simulators.cloud.security import TOKEN_SCHEME, require_token
from simulators.cloud.shop import CHANGES_MAX, UnknownTokenError

WAIT_S_MAX = 60.0
_TOKEN_MAX = 200

router = APIRouter(tags=["downlink"])
After = Annotated[str | None, Query(max_length=_TOKEN_MAX, description="Token of the call before; none: everything.")]


@router.get("/v1/catalogue/changes", responses=problem_schema(400, 401))
async def catalogue_changes(
    request: Request,
    _: TOKEN_SCHEME,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=CHANGES_MAX)] = CHANGES_MAX,
) -> CatalogueChanges:
    """Items, prices and stock that changed since a token. 400 for a token that is not ours: start without one."""
    require_token(request)
    try:
        return cloud_of(request).shop.changes(after, limit)
    except UnknownTokenError:
        raise ProblemError(400, "after: unknown token; ask for everything, without a token") from None


@router.get("/v1/stores/{store}/commands", response_model=Commands, responses=problem_schema(400, 401))
async def store_commands(
    request: Request,
    _: TOKEN_SCHEME,
    store: Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")],
    after: After = None,
    wait: Annotated[float, Query(ge=0, le=WAIT_S_MAX, description="Seconds to wait for a command.")] = 0,
) -> Response:
    """Commands for the store, as soon as there is one, or none after ``wait`` seconds.

    400 for a token that is not ours (any more): start without one.
    """
    require_token(request)
    cloud = cloud_of(request)
    try:
        commands, following = cloud.commands.after(after, store)
        if not commands and wait > 0:
            await cloud.pause(wait, until=cloud.commands.changed)
            commands, following = cloud.commands.after(after, store)
    except UnknownCommandTokenError:
        raise ProblemError(400, "after: unknown token; ask without one") from None
    return JSONResponse({"commands": commands, "next": following})


@router.get("/api/inventory", responses=problem_schema(400, 401, 404))
async def inventory(
    request: Request, _: TOKEN_SCHEME, product_id: Annotated[int, Query(ge=0, le=10**12)]
) -> StockLevel:
    """Stock of one product."""
    require_token(request)
    level = cloud_of(request).shop.stock_level(str(product_id))
    if level is None:
        raise ProblemError(404, f"product {product_id}: unknown")
    return StockLevel(product_id=product_id, stock_level=level)
