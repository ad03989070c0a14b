"""Opens everything a gateway needs, in order, and closes it in reverse: database, shop, models, engines, conversations.

``opened`` is the only place that knows which class stands behind which setting. ``progress`` is told each step.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, cast

from dialogue.backend import Backend
from dialogue.domains import Business, load_business
from dialogue.errors import DialogueError
from dialogue.knowledge import Knowledge
from dialogue.menu import load_menu
from dialogue.policies import load_policies, shipped_policies
from dialogue.prompts import Prompts
from dialogue.respond import Responder
from dialogue.shop.clock import wall_clock
from dialogue.shop.protocol import Shop
from dialogue.skills import load
from dialogue.store import ConversationStore
from dialogue.wording import Words
from gateway import log
from gateway.admission import Admission, RateLimit
from gateway.auth import Tokens, kept_secret
from gateway.backend import open_backend
from gateway.catalogue import keep_known
from gateway.collector import keep_tidy
from gateway.config import Settings
from gateway.conversations import Conversations
from gateway.core import Core
from gateway.engines import load_voice
from gateway.generation import generation_options, generator
from gateway.ground import Progress, connected, open_prepared, open_triton
from gateway.health import Ready, health
from gateway.identities import Identities
from gateway.knowledge import keep_fresh, open_knowledge
from gateway.metrics import Metrics
from gateway.retries import keep_retrying
from gateway.services import Services
from gateway.shared import SharedBuckets, SharedMemory, SharedPlaces, SharedUsedTokens, Table, TurnLocks, Worker
from gateway.voice import Voice
from gateway.warm import warm_dictionaries, warm_engines, warm_prompts
from inference_server.client import InferenceClient
from inference_server.launch import Triton
from nlu.classifiers import load_classifier
from nlu.classifiers.keyword import KeywordClassifier
from nlu.domains import load_domain
from nlu.repair import NO_TERMS, load_terms
from nlu.secrets import load_secrets
from nlu.slots import SlotConfig
from nlu.sounds_like import load_sounds_like
from nlu.types import Language
from nlu.understand import Understanding

VERSION = "0.1.0"
_SHUTDOWN_S = 10.0
_WRITES_END_S = 30.0
"""A WRITE of a living worker has ended by then."""
_COUNT_S = 5.0


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    progress: Progress = lambda line: None,
    speech: bool = True,
    worker: Worker | None = None,
) -> AsyncIterator[Services]:
    """Everything, ready. ``speech=False`` leaves ears and mouth out. Raises what set-up raises, typed, in one line.

    A ``worker`` finds model server and database prepared by its parent (``gateway.ground``).
    """
    async with AsyncExitStack() as stack:
        business = load_business(settings.domain.name)
        policies = load_policies(Path(settings.shop.policies)) if settings.shop.policies else shipped_policies()
        metrics = Metrics(worker.metrics if worker else None)
        loading = asyncio.create_task(_load_voice(settings, metrics)) if speech else None
        if loading is not None:
            stack.callback(loading.cancel)
        triton = None if worker else await open_triton(settings, stack, progress)
        client = _open_client(settings, triton, metrics)
        stack.push_async_callback(client.close)
        progress("database")
        engine = await (connected if worker else open_prepared)(settings, stack)
        backend = open_backend(settings, business, engine, policies)
        stack.push_async_callback(backend.close)
        background = await stack.enter_async_context(_background())
        store = ConversationStore(engine)
        progress("knowledge base")
        knowledge = await open_knowledge(settings, client, engine, policies)
        fresh = keep_fresh(knowledge, settings.knowledge.refresh_s)
        stack.callback(asyncio.create_task(fresh, name="knowledge").cancel)
        understanding = await asyncio.to_thread(_understanding, settings, client)
        await warm_dictionaries(understanding, business.wordings)
        responder = _responder(settings, business, backend, knowledge, client, metrics)
        known = keep_known(understanding, backend, tell=responder.know)
        stack.callback(asyncio.create_task(known, name="catalogue").cancel)
        core = Core(
            understanding,
            responder,
            backend,
            store,
            metrics,
            background,
            settings.gateway.turn_deadline_s,
            turn_locks=TurnLocks(worker.memory) if worker else None,
        )
        conversations = Conversations(core)
        if worker is None or (worker.number == 1 and not worker.is_restart):
            await conversations.recover()
        elif worker.is_restart:
            metrics.worker_restarts.inc()
            stack.callback(asyncio.create_task(_recover_later(conversations), name="recover").cancel)
        stack.callback(asyncio.create_task(keep_retrying(conversations), name="retries").cancel)
        warms = business.wordings if worker is None or worker.number == 1 else None
        voice = await _voice(loading, stack, progress, warms)
        if worker:
            stack.callback(asyncio.create_task(_keep_counting(metrics), name="count tasks").cancel)
            stack.callback(asyncio.create_task(keep_tidy(), name="keep tidy").cancel)
        ready = health(triton, client, engine, worker)
        info = await _info(settings, business, backend)
        yield _services(settings, conversations, backend, voice, metrics, ready, info, worker)


def _open_client(settings: Settings, triton: Triton | None, metrics: Metrics) -> InferenceClient:
    return InferenceClient(
        triton.url if triton else settings.triton.url,
        max_concurrency=settings.triton.max_concurrency,
        deadline_s=settings.triton.deadline_s,
        observe=lambda model, seconds, code: metrics.inference.labels(model, code).observe(seconds),
    )


def _understanding(settings: Settings, client: InferenceClient) -> Understanding:
    name = settings.domain.name
    folder = load_domain(name).folder
    numbers = load_business(name).lines.numbers
    return Understanding(
        load_classifier(settings.nlu.classifier, client, settings.nlu.deadline_s, name),
        fallback=KeywordClassifier(domain=name),
        slots=SlotConfig(order_number_pattern=numbers, order_number_luhn=False) if numbers else None,
        terms=load_terms(folder) or NO_TERMS,
        by_ear=load_sounds_like(name),
        secrets=load_secrets(folder),
        # Yesterday is the shop's yesterday, whatever zone this machine is in.
        clock=lambda: wall_clock().date(),
    )


def _responder(
    settings: Settings,
    business: Business,
    backend: Backend,
    knowledge: Knowledge,
    client: InferenceClient,
    metrics: Metrics,
) -> Responder:
    return Responder(
        backend,
        knowledge,
        generator(settings, client),
        clock=wall_clock,
        options=generation_options(settings, metrics),
        skills=load(business.skills),
        prompts=_prompts(settings, business),
        wordings=business.wordings,
        observe=lambda code: metrics.errors.labels(code).inc(),
    )


def _prompts(settings: Settings, business: Business) -> Prompts:
    section = settings.dialogue
    notice: dict[Language, str] = {"zh": section.notice_zh, "en": section.notice_en}
    return Prompts(notice, section.uninterruptible, business.wordings)


async def _load_voice(settings: Settings, metrics: Metrics) -> Voice:
    voice = await asyncio.to_thread(load_voice, settings, metrics.asr)
    await warm_engines(voice)
    return voice


async def _keep_counting(metrics: Metrics) -> None:
    while True:
        metrics.count_tasks()
        await asyncio.sleep(_COUNT_S)


async def _recover_later(conversations: Conversations) -> None:
    """WRITEs that died with this worker's predecessor; by then those of the other workers have ended."""
    began_before = wall_clock()
    await asyncio.sleep(_WRITES_END_S)
    try:
        await conversations.recover(began_before)
    except DialogueError as error:
        log.logger().error("writes not recovered; the next start finishes them", code=error.code)


async def _voice(
    loading: asyncio.Task[Voice] | None, stack: AsyncExitStack, progress: Progress, warms: Words | None
) -> Voice | None:
    if loading is None:
        return None
    progress("speech engines")
    voice = await loading
    stack.push_async_callback(voice.asr.close)
    stack.push_async_callback(voice.tts.close)
    if voice.end_of_turn is not None:
        stack.push_async_callback(voice.end_of_turn.close)
    if warms is not None:
        stack.callback(asyncio.create_task(warm_prompts(voice, warms), name="warm prompts").cancel)
    return voice


@asynccontextmanager
async def _background() -> AsyncIterator[asyncio.TaskGroup]:
    """Where WRITEs live. They are waited for at the end, up to a limit; the next start finishes what was cut off."""
    group = asyncio.TaskGroup()
    # Entered by hand: an error of the body is the body's own, it does not come back wrapped in a group.
    await group.__aenter__()
    try:
        yield group
    finally:
        try:
            async with asyncio.timeout(_SHUTDOWN_S):
                await group.__aexit__(None, None, None)
        except TimeoutError:
            log.logger().error("writes did not finish; the next start finishes them", code="shutdown_timeout")


async def _info(settings: Settings, business: Business, backend: Backend) -> dict[str, Any]:
    info: dict[str, Any] = {"name": "Kefu", "version": VERSION, "demo": None, "voice_licence": None, "intro": {}}
    if business.lines.backend is not None:
        info["name"] = business.lines.title["zh"]
    customer_id = settings.gateway.demo_customer
    customer = await backend.customer(customer_id) if customer_id else None
    number = ""
    if customer is not None and business.lines.backend is None:
        orders = await cast(Shop, backend).orders(customer.customer_id)
        number = next((order for order in orders if order.status == "shipped"), orders[0]).order_number
    name = customer.name if customer is not None else ""
    intro = {language: page.filled(number, name) for language, page in business.lines.page.items()}
    info["intro"] = (
        intro if customer is not None else {language: {"body": words["body"]} for language, words in intro.items()}
    )
    if customer is None:
        return info
    shown = {"customer": name, "order_number": number, "say": intro["zh"]["say"]}
    return {**info, "name": business.lines.title["zh"], "demo": shown}


def _services(
    settings: Settings,
    conversations: Conversations,
    backend: Backend,
    voice: Voice | None,
    metrics: Metrics,
    ready: Ready,
    info: dict[str, Any],
    worker: Worker | None,
) -> Services:
    gateway = settings.gateway
    memory = worker.memory if worker else None
    secret = gateway.token_secret or kept_secret(Path(gateway.secret_file))

    def limit(per_minute: int, of: Callable[[SharedMemory], Table]) -> RateLimit:
        return RateLimit(per_minute, time.monotonic, SharedBuckets(memory, of(memory)) if memory else None)

    if voice is not None:
        info = {**info, "voice_licence": voice.tts.capabilities.licence}
    return Services(
        settings,
        conversations,
        backend,
        voice,
        Tokens(secret, gateway.token_ttl_s, time.time, SharedUsedTokens(memory) if memory else None),
        Admission(
            gateway.max_sessions,
            metrics.sessions.set,
            places=SharedPlaces(memory, worker.number) if worker and memory else None,
            load=lambda: metrics.asr.current_load,
        ),
        limit(gateway.connects_per_minute, lambda shared: shared.connects),
        limit(gateway.requests_per_minute, lambda shared: shared.requests),
        Identities(
            limit(gateway.identity_connects_per_minute, lambda shared: shared.identity_connects),
            limit(gateway.identity_requests_per_minute, lambda shared: shared.identity_requests),
            gateway.demo_customer,
        ),
        metrics,
        time.monotonic,
        ready,
        info,
        worker.number if worker else None,
        load_menu(Path(settings.phone.menu)) if settings.phone.menu else None,
    )
