"""What is suggested, and that it always has a reason."""

from __future__ import annotations

from decimal import Decimal

from dialogue.goods import uses
from dialogue.goods.co_purchase import CoPurchase, ranked
from dialogue.goods.suggest import Candidate, Reason, Wish, suggest
from tests.dialogue.goods.samples import product, reviews

RUNNING = product("A1", "听涛骨传导运动耳机", name_en="Tingtao Bone", price="459", description="听涛：跑步能听见车声。")
COMMUTE = product("A2", "听涛主动降噪耳机", name_en="Tingtao ANC", price="399", description="听涛：地铁上也安静。")
CHEAP = product("A3", "回声有线耳机", name_en="Huisheng Wired", price="49", 颜色="曜石黑")
POOL = tuple(Candidate(each) for each in (COMMUTE, CHEAP, RUNNING))


def skus(wish: Wish, pool: tuple[Candidate, ...] = POOL, limit: int = 3) -> list[str]:
    return [entry.product.sku for entry in suggest(wish, pool, limit)]


def test_what_it_is_for_decides() -> None:
    assert skus(Wish(uses=("running",)))[0] == "A1"
    assert skus(Wish(uses=("commute",)))[0] == "A2"
    best = suggest(Wish(uses=("running",)), POOL)[0]
    assert best.reasons[0] == Reason("use", "running")


def test_nothing_above_the_budget_out_of_stock_rejected_or_of_a_brand_not_wanted() -> None:
    gone = Candidate(product("A4", "听涛头戴耳机", stock=0))
    assert skus(Wish(budget=Decimal(400)), (*POOL, gone)) == ["A2", "A3"]
    assert skus(Wish(not_brands=("听涛",))) == ["A3"]
    assert skus(Wish(not_brands=("tingtao",))) == ["A3"]
    assert skus(Wish(rejected=frozenset({"A1", "A2", "A3"}))) == []


def test_colour_and_reviews_count() -> None:
    assert skus(Wish(colours=("黑色",)))[0] == "A3"
    liked = (Candidate(COMMUTE, reviews(average=4.1)), Candidate(RUNNING, reviews(average=4.9)))
    found = suggest(Wish(), liked)
    assert [entry.product.sku for entry in found] == ["A1", "A2"]
    assert found[0].reasons == (Reason("reviews", "4.9"),)
    few = (Candidate(COMMUTE), Candidate(RUNNING, reviews(average=5.0, count=3)))
    assert [entry.product.sku for entry in suggest(Wish(), few)] == ["A2", "A1"]


def test_what_goes_with_what_was_bought() -> None:
    pool = (Candidate(COMMUTE), Candidate(RUNNING, bought_with="保温杯"), Candidate(CHEAP, belongs="同款"))
    found = suggest(Wish(), pool)
    assert [entry.product.sku for entry in found] == ["A1", "A3", "A2"]
    assert found[0].reasons[0] == Reason("bought_with", "保温杯")


def test_near_the_budget_unless_cheap_is_wanted() -> None:
    assert skus(Wish(budget=Decimal(500)))[0] == "A1"
    assert skus(Wish(budget=Decimal(500), cheap=True))[0] == "A3"


def test_every_suggestion_has_a_reason_and_the_order_is_stable() -> None:
    plain = tuple(Candidate(product(sku, name="杯")) for sku in ("B2", "B1"))
    found = suggest(Wish(), plain, 2)
    assert [entry.product.sku for entry in found] == ["B2", "B1"]
    assert all(entry.reasons for entry in found)
    assert suggest(Wish(), plain, 0) == ()


def test_uses_are_read_from_words() -> None:
    assert [use.key for use in uses.read("送女朋友，她跑步用")] == ["running", "girlfriend"]
    assert [use.key for use in uses.read("a gift for my dad")] == ["gift", "elderly"]
    assert uses.read("你好") == ()


def test_bought_together() -> None:
    counts = CoPurchase([["茶", "杯"], ["茶", "杯"], ["茶", "糖"], ["米", "油"], ["茶", "茶"]])
    assert counts.with_basket(["茶"]) == ("杯", "糖")
    assert counts.with_basket(["茶"], 1) == ("杯",)
    assert counts.with_basket(["米", "茶"])[:2] == ("杯", "油")
    assert counts.with_basket(["盐"]) == ()
    assert counts.popular["茶"] == 4


def test_what_everybody_buys_goes_less_with_each() -> None:
    baskets = [["袋", "茶", "杯"], ["袋", "茶"], *[["袋", other] for other in "米油盐酱"]]
    counts = CoPurchase(baskets)
    assert counts.with_basket(["杯"], 1, measure="cosine") == ("茶",)
    assert counts.with_basket(["杯"], 2, measure="times") == ("茶", "袋")


def test_often_together_weighs_more_than_often_bought() -> None:
    assert ranked({"袋": 4, "杯": 3, "盖": 3}, {"袋": 100, "杯": 9, "盖": 9}) == ("杯", "盖", "袋")
    assert ranked({}, {}) == ()
