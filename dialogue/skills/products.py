"""Questions on goods: what one is, costs, what its buyers say, whether it is there, and two side by side.

product? -> asked which one, where the words fit several equally well or none
         -> what is asked: price, stock, reviews, warranty, two compared, one attribute, or all in short
         -> the page does not say: that it does not, and the offer of a person
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any, Literal

from dialogue import cues
from dialogue.goods import facts
from dialogue.shop.types import Product
from dialogue.skills import product_answers as answers
from dialogue.skills import stock, which_product
from dialogue.skills.cards import product_card
from dialogue.skills.context import Context, Item
from dialogue.skills.faq import answer as answer_from_knowledge
from dialogue.skills.handoff import offer
from dialogue.skills.product_answers import Answer
from dialogue.state import DialogueState
from dialogue.troubleshooting import find as find_tree
from dialogue.types import Asked, TaskEnded
from nlu.types import Expectation, Parse

Topic = Literal["compare", "stock", "price", "reviews", "warranty", "concept", "about"]
_COMPARES = re.compile(
    r"(哪|谁)(个|款|一个)?(更|比较)(便宜|贵|好|大|小|轻|重|划算|耐用|值)|^(那|所以)?(哪|谁)(个|款)(便宜|贵|划算|轻|重|大|小)"
    r"|区别|对比|比较一?下|比一比|(和|跟|与).{1,12}比(呢|较|怎么样|一下|起来)|不同|不一样|差在哪|(和|跟|与|还是).{1,20}(哪|谁)(个|款|一个)?(更|比较)?(好|划算|值)|(这|那)?两(个|款)(哪|有|怎么)"
    r"|\b(difference|compare|versus|vs\.?)\b|\bwhich (one )?is (better|cheaper)\b",
    re.IGNORECASE,
)
_STOCK = re.compile(
    r"有货|没货|缺货|现货|库存|补货|断货|卖完|售罄|到货|还有吗|还(能|可以)买|有.{1,6}(码|号|色)(的)?(吗|么|没)|有.{0,4}(码|号|色)的|还(剩|有几)"
    r"|\bin stock|\bout of stock|\brestock|\bsold out|\bavailab|\bany left\b|\bhow many (are )?left",
    re.IGNORECASE,
)
_PRICE = re.compile(r"多少钱|什么价|价格|价位|怎么卖|几块|多少元|贵不贵|\bhow much\b|\bprice|\bcost", re.IGNORECASE)
_REVIEWS = re.compile(
    r"评价|口碑|评分|好评|差评|质量(怎么样|好不好|好吗|如何)|好用(吗|不)|好不好|怎么样|值得|缺点|优点|靠谱吗"
    r"|\b(buyers|customers|people|others) (say|think)\b"
    r"|\breviews?\b|\brat(ed|ing)\b|\bis (it|this) (any )?good\b|\bworth\b|\bdownsides?\b|\bpros\b",
    re.IGNORECASE,
)
_TWO = re.compile(r".{2,}(和|跟|与|还是|比).{2,}|\b(and|or|vs\.?|versus|than|with|to)\b", re.IGNORECASE)
_NO_GOODS = re.compile(
    r"退|换货|快递|物流|会员|支付|付款|发票|运费|订单|积分|\b(return|exchange|shipping|delivery|member|pay|invoice|order)",
    re.I,
)
_WARRANTY = re.compile(r"保修|质保|三包|warranty|guarantee", re.IGNORECASE)

_MEASURES = re.compile(r"多(大|重|长|高|宽|厚|少)|几|吗|什么|\b(how|what|is|does)\b", re.IGNORECASE)
_BESIDE = re.compile(r"^(那|再)?(和|跟|与|比).{1,12}比?(呢|怎么样|如何)[?？]?$|\bcompared (to|with)\b", re.IGNORECASE)
_OPINIONS = re.compile(r"差评|好评|评价|口碑|评分|缺点|优点|\b(reviews?|ratings?|downsides?)\b", re.IGNORECASE)
_UNSURE = frozenset({"out_of_scope", "faulty_goods", "troubleshoot"})
_OF_STOCK = frozenset({"out_of_scope", "warranty", "stock"})
"""What a question for price or stock of something of ours is taken for, by mistake or with too little certainty."""
_SURE = 0.8
"""What a question on the goods just shown is taken for where the classifier is not sure."""


class Products:
    """Answers questions on the catalogue."""

    name = "products"
    intents = ("product_question", "price_question", "stock")
    writes = False

    def claims(self, state: DialogueState, parse: Parse) -> bool:
        """Whether two products are compared, or more is asked of the one talked about."""
        text = parse.normalized or parse.text
        task = state.task
        if task is not None and task.skill != self.name and task.step != "shown":
            is_asked_free = state.expectation.kind == "free"
            return not is_asked_free and parse.intent in _OF_STOCK and _asks_ours(parse, text)
        if _BESIDE.search(text) and state.last_product is not None:
            return True
        if _COMPARES.search(text) and not _NO_GOODS.search(text):
            is_of_shown = len(state.last_products) > 1 or which_product.points(text)
            return bool(_TWO.search(text)) or (bool(state.last_products) and is_of_shown)
        topic = topic_of(text, "")
        if parse.intent in {"out_of_scope", "size_advice"} and topic == "stock" and _is_told_apart(parse):
            return True
        if parse.intent in _OF_STOCK and _asks_ours(parse, text):
            return True
        if state.last_product is not None and parse.intent in _UNSURE and _is_only_a_concept(text):
            return True
        unsure = parse.intent in _UNSURE and parse.confidence < _SURE
        if unsure and topic == "concept" and parse.slot("product") and _MEASURES.search(text):
            return find_tree(text) is None
        if state.last_product is None or parse.slot("order_number") is not None:
            return False
        if _OPINIONS.search(text) and cues.is_question(text):
            return True
        if unsure:
            return topic in {"reviews", "price", "stock", "warranty"}
        return topic == "warranty" and parse.slot("product") is None

    async def run(self, context: Context) -> AsyncIterator[Item]:
        """See the module. Raises ``ShopUnavailable``, ``KnowledgeUnavailable``."""
        draft = context.draft(self.name)
        text = str(draft.get("asked") or context.text)
        if context.resumed:
            for item in await self._ask_again(context, draft):
                yield item
            return
        product = await which_product.chosen(context, draft)
        if product is None and draft:
            text = await self._question(context, draft)
        topic = topic_of(text, str(draft.get("intent") or context.turn.parse.intent))
        if topic == "compare" and product is None:
            found = await which_product.pair(context, text)
            products: tuple[Product, ...] = found or ()
        else:
            meant = which_product.Meant((product,)) if product else await which_product.find(context, text)
            products = meant.products[:1]
            if meant.several and topic in {"price", "stock"}:
                products = meant.several
            elif meant.several:
                for item in which_product.ask_which(context, self.name, self._kept(context, draft), meant.several):
                    yield item
                return
        if not products:
            async for item in self._nothing(context, draft):
                yield item
            return
        async for item in self._told(context, products, topic, text):
            yield item

    async def _question(self, context: Context, draft: dict[str, Any]) -> str:
        """What is asked now: the words themselves where they name a product or a topic, else what was asked before of
        what they name."""
        if topic_of(context.text, "") != "about" or await which_product.is_named(context, context.text):
            return context.text
        return f"{context.text} {draft.get('asked', '')}"

    def _kept(self, context: Context, draft: dict[str, Any]) -> dict[str, Any]:
        return {"asked": context.text, "intent": context.turn.parse.intent, **draft}

    async def _ask_again(self, context: Context, draft: dict[str, Any]) -> tuple[Item, ...]:
        offered = await which_product.offered(context, draft)
        if offered:
            return which_product.ask_which(context, self.name, draft, offered)
        return self._ask(context, draft)

    def _ask(self, context: Context, draft: dict[str, Any]) -> tuple[Item, ...]:
        suggestions = context.suggest("recommend", "human")
        return (
            *context.open_task(self.name, draft, "words"),
            Asked(Expectation("free", slot="product")),
            context.reply(context.say("products.ask"), suggestions=suggestions),
        )

    async def _nothing(self, context: Context, draft: dict[str, Any]) -> AsyncIterator[Item]:
        """No product is meant: asked which one, once; then the knowledge base, which is honest."""
        words = which_product.search_words(context.text)
        task = context.task_of(self.name)
        if task is not None and not words:
            for item in await self._ask_again(context, draft):
                yield item
            return
        if task is None and len(words) < 2:
            for item in self._ask(context, self._kept(context, draft)):
                yield item
            return
        if task is not None:
            yield TaskEnded("done")
        is_of_goods = context.turn.parse.intent == "stock" or topic_of(context.text, "") in {"price", "stock"}
        if is_of_goods or task is not None or context.state.last_product is not None:
            suggestions = context.suggest("recommend", "human")
            yield context.reply(context.say("products.none", words=words), suggestions=suggestions)
            return
        async for item in answer_from_knowledge(context):
            yield item

    async def _told(
        self, context: Context, products: tuple[Product, ...], topic: Topic, text: str
    ) -> AsyncIterator[Item]:
        busy = context.state.task is not None and context.task_of(self.name) is None
        for event in (*context.open_task(self.name, _talked_about(context, products)), TaskEnded("done")):
            yield event
        if topic == "stock":
            for item in await stock.told(context, products, text, busy=busy):
                yield item
            return
        found = await self._answer(context, products, topic, text)
        cards = (*found.cards, *(product_card(context, product) for product in products))
        if found.known or busy:
            suggestions = context.suggest("stock") if found.known else context.suggest("human")
            yield context.reply(*found.sentences, cards=cards, suggestions=suggestions, sources=("shop:product",))
            return
        for event in offer(context, "no_answer"):
            yield event
        yield context.reply(
            *found.sentences,
            context.say("products.ask_person"),
            cards=cards,
            suggestions=context.suggest("human"),
            sources=("shop:product",),
        )

    async def _answer(self, context: Context, products: tuple[Product, ...], topic: Topic, text: str) -> Answer:
        product = products[0]
        match topic:
            case "compare":
                return answers.comparison(context, product, products[1])
            case "price":
                slot = context.turn.parse.slot("quantity")
                return answers.price(context, products, slot.value if slot and isinstance(slot.value, int) else 1)
            case "warranty":
                return answers.warranty(context, product)
            case "reviews":
                return answers.reviews(context, product, await context.shop.reviews(product.sku))
            case _:
                asked = facts.asked(which_product.without_name(text, product))
                if asked is None:
                    return answers.about(context, product)
                return answers.concept(context, product, asked, await context.shop.reviews(product.sku))


def _is_told_apart(parse: Parse) -> bool:
    return parse.slot("colour") is not None or parse.slot("size") is not None


def _asks_ours(parse: Parse, text: str) -> bool:
    """Price or stock of something of ours, by name."""
    return topic_of(text, "") in {"stock", "price"} and which_product.is_ours(parse)


def _is_only_a_concept(text: str) -> bool:
    """续航呢: nothing but what is asked of the product talked about."""
    concept = facts.asked(text)
    return concept is not None and not which_product.search_words(concept.asks.sub(" ", text))


def _talked_about(context: Context, products: tuple[Product, ...]) -> dict[str, Any]:
    """Slots that keep what was shown: one of it is only talked about, another is shown anew."""
    skus = [product.sku for product in products]
    known = set(skus) <= set(context.state.last_products)
    return {"product": skus[0]} if known else {"products": skus}


def topic_of(text: str, intent: str) -> Topic:
    """What is asked of a product."""
    if _COMPARES.search(text):
        return "compare"
    if _WARRANTY.search(text):
        return "warranty"
    if _PRICE.search(text):
        return "price"
    if _STOCK.search(text):
        return "stock"
    asked = facts.asked(text)
    if intent == "stock" and asked is None:
        return "stock"
    if _REVIEWS.search(text) and asked is None:
        return "reviews"
    if intent == "price_question":
        return "price"
    return "concept" if asked else "about"
