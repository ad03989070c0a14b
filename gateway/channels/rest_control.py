"""Call control by a provider's REST API: one request with a short deadline; ``ControlFailed`` for what it refuses."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import aiohttp

from gateway.telephony.control import ControlFailed

_REST_S = 10.0


async def ask(
    method: str,
    url: str,
    authorization: str,
    *,
    gone: Collection[int] = (404,),
    form: Mapping[str, str] | None = None,
    json: Mapping[str, Any] | None = None,
) -> None:
    """Ask. ``gone``: answers that say that the call is over already, which is no error. Raises ``ControlFailed``."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_REST_S)) as session,
            session.request(method, url, data=form, json=json, headers={"Authorization": authorization}) as response,
        ):
            if response.status >= 400 and response.status not in gone:
                raise ControlFailed(f"the provider answered {response.status}")
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ControlFailed(f"the provider does not answer ({type(error).__name__})") from error
