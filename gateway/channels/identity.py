"""Who is asking: turns a request's token or API key into a conversation and, perhaps, a customer."""

from __future__ import annotations

import secrets

from aiohttp import web

from gateway.address import client_address
from gateway.auth import Grant, bearer, key_allowed
from gateway.errors import ProtocolError, Unauthorized
from gateway.services import SERVICES

_MAX_ID_CHARS = 128
_PREFIX = "rest-"


def new_conversation_id() -> str:
    """An id that cannot be guessed: knowing it is the right to go on with the conversation."""
    return secrets.token_urlsafe(16)


def demo_customer(request: web.Request) -> str | None:
    """Who anonymous visitors of the demo are."""
    return request.app[SERVICES].settings.gateway.demo_customer or None


def require_key(request: web.Request, presented: str | None = None) -> None:
    """Refuse servers without one of ``gateway.api_keys``, where there are any. Raises ``Unauthorized``.

    ``presented``: a key that came another way than in the Authorization header.
    """
    presented = presented or bearer(request.headers.get("Authorization"))
    if not key_allowed(presented, request.app[SERVICES].settings.gateway.api_keys):
        raise Unauthorized("a valid API key is needed: Authorization: Bearer <key>", code="invalid_api_key")


def rest_grant(
    request: web.Request, conversation_id: object, customer_id: object, *, presented: str | None = None
) -> Grant:
    """Grant for a REST request. Raises ``Unauthorized``, ``ProtocolError``, ``TooManyRequests``.

    A configured API key is what lets a server speak for a customer (``customer_id``) and name conversations as it
    likes. Without keys a name is only good for the address that gave it: nobody guesses their way into another's
    conversation. An id that we issued goes on with its conversation, whoever holds it.
    """
    services = request.app[SERVICES]
    keys = services.settings.gateway.api_keys
    require_key(request, presented)
    for name, value in (("conversation_id", conversation_id), ("customer_id", customer_id)):
        if value is not None and not (
            isinstance(value, str)
            and 0 < len(value) <= _MAX_ID_CHARS
            and value.isprintable()
            and "\ufffd" not in value  # which is what became of something else
        ):
            raise ProtocolError(f"field '{name}' must be a string of 1 to {_MAX_ID_CHARS} printable characters")
    if customer_id is not None and not keys:
        raise Unauthorized("field 'customer_id' needs an API key (gateway.api_keys)", code="api_key_required")
    identity = str(customer_id) if customer_id is not None else demo_customer(request)
    if conversation_id is None:
        grant = Grant(_PREFIX + new_conversation_id(), identity)
    else:
        name = str(conversation_id)
        if not name.startswith(_PREFIX):
            name = _PREFIX + (name if keys else services.tokens.name_of(client_address(request), name))
        grant = Grant(name, identity)
    services.identities.request(grant)
    return grant
