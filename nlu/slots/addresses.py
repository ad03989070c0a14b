"""A delivery address in its parts: 浙江省杭州市西湖区文三路90号东部软件园2号楼 张三收.

    province 浙江省   city 杭州市   district 西湖区   street 文三路   address_detail 90号东部软件园2号楼   receiver 张三

Read where an address is asked for or a place of GB/T 2260 stands before a road or a house; what was left out (the city
of a district that only one city has) is not made up. English addresses: number and street, city, receiver.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlu.slots.places import Level, Place, places
from nlu.slots.types import Candidate, SlotContext, candidate

_STREET = re.compile(
    r"[ ,，]*(?P<street>(?:[一-鿿]{1,6}(?:街道|镇|乡|苏木))?(?:[一-鿿]{1,9}?|\d{1,3}|[一-鿿]{1,4}\d{1,3})(?:大道|"
    r"大街|路|街(?!道)|巷|胡同|弄|道(?!理)|里弄)"
    r"(?:[东西南北中]?[一二三四五六七八九十\d]{0,2}(?:段|路|街|巷))?|[一-鿿]{1,6}(?:街道|镇|乡))"
)
_BUILDING = (
    r"[一-鿿]{2,12}?(?:小区|花园|大厦|广场|公寓|苑|园区?|村|城|中心|学校|大学|医院|酒店|公司|里|府|庭|湾|居|"
    r"家园|新村|宿舍)"
)
_HOUSE = r"(?:\d+|[a-z]|[一-鿿]{1,2})[-–]?\d*(?:号楼?|栋|幢|座|单元|楼|层|室|户|弄|组|队|门|房)(?!线|店|电池|码)"
_ROOM = r"\d{1,4}(?:-\d{1,4}){0,3}(?:室|号|房|户)?"
_DETAIL = re.compile(rf"[ ,，]*(?P<detail>(?:(?:{_HOUSE}|{_BUILDING}|{_ROOM}|[a-z]座|附近|旁边?|对面)[ ,，]?)+)")
_MARK = re.compile(
    r"(?:地址|寄到|送到|发到|寄往|改到|改成|改为|换成|换到|收货地?|住在?|新地址|在)[是为:：,， ]*(?:我?(?:家|公司|"
    r"单位)?(?:在)?)?$"
)
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳"
    "鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒"
    "屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫房裘缪干解应宗丁宣邓郁单洪包诸左石崔"
    "吉龚程邢裴陆荣翁荀羊惠甄曲封储靳段富焦谷车侯宓蓬全班仰秋仲伊宫宁仇栾甘厉戎祖武符刘景詹束龙叶幸司黎薄印白蒲从鄂索赖卓屠池"
    "乔阴闻党翟谭劳姬申扶冉雍桑桂牛寿边燕冀浦尚农温别庄晏柴瞿阎习向古易廖终步都耿满弘匡国文寇广阙东殴沃利蔚越隆师巩聂晁"
    "勾敖融冷辛阚那简饶曾沙养鞠丰关查荆游竺权盖桓涂肖闫覃"
)
_NAME = rf"(?:欧阳|司马|上官|诸葛|夏侯|皇甫|尉迟|令狐|慕容|[{_SURNAMES}])[一-鿿]{{1,2}}?"
_RECEIVER = re.compile(
    rf"(?:收货人|收件人|联系人|收货姓名|姓名|名字)(?:的名字|姓名)?(?:改成|改为|换成|是|为|叫|写|"
    rf"[:：, ])+(?P<after>{_NAME})(?=$|[ ,，.。;；吧的电手\d]|收)"
    rf"|(?:^|[ ,，.。;；\d室号楼]|由|给)(?P<before>{_NAME}|[一-鿿](?:先生|女士|小姐|"
    rf"老师))(?:[ ,，])*(?:1[3-9]\d{{9}})?(?:收|亲收|签收)(?=$|[ ,，.。;；吧])"
    rf"|(?:receiver|recipient|name|attention|attn)(?: name)?(?:'s)?(?: should be| is|:|"
    rf" to)+ ?(?P<en>[a-z]+(?: [a-z]+){{0,2}})(?=$|[,.;])"
)
_EN_STREET = re.compile(
    r"(?<![\w])(?P<street>\d{1,5}[a-z]? (?:[a-z]+\.? ){1,4}?(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|"
    r"boulevard|blvd|way|court|ct|place|square))(?![a-z])\.?"
    r"(?P<detail>,? (?:apartment|apt|suite|ste|unit|floor|room|"
    r"#)\.? ?#?[\w-]+)?(?:,? (?P<city>[a-z]+(?: [a-z]+)?)(?=,|$|\.))?"
)


def read(context: SlotContext) -> Iterator[Candidate]:
    """The parts of every address."""
    asked = context.expectation.kind == "address"
    if re.search("[一-鿿]", context.text):
        yield from _chinese(context, asked)
    yield from _english(context)
    for match in _RECEIVER.finditer(context.text):
        group = next(name for name in ("after", "before", "en") if match[name])
        value = context.source.text[slice(*match.span(group))]
        yield candidate(context.source, match.span(group), "receiver", value, 0.86, "receiver: named as such")


def _chinese(context: SlotContext, asked: bool) -> Iterator[Candidate]:
    text, at = context.text, 0
    while at < len(text):
        units, end = _units(text, at)
        street, detail = _rest(text, end if units else at, asked or bool(units))
        address = units and (street or detail or len(units) > 1 or asked or _MARK.search(context.before(at, 12)))
        if not address and not (not units and asked and street):
            at = end if units else at + 1
            continue
        for place, start, stop in units:
            value = place.name
            yield candidate(context.source, (start, stop), place.level, value, 0.88, f"{place.level}: GB/T 2260")
        last = end
        for name, span in (("street", street), ("address_detail", detail)):
            if span:
                value = context.source.text[slice(*span)].strip(" ,")
                yield candidate(context.source, span, name, value, 0.83, f"{name}: in an address")
                last = span[1]
        at = max(last, at + 1)
    if asked:
        yield from _detail_alone(context)


def _detail_alone(context: SlotContext) -> Iterator[Candidate]:
    """3号楼 for an answer: only the house was wrong."""
    match = re.search(rf"(?:{_HOUSE}[ ,，]?)+(?:{_ROOM})?", context.text)
    if match:
        value = context.source.text[slice(*match.span())].strip(" ,")
        yield candidate(context.source, match.span(), "address_detail", value, 0.7, "address_detail: expected")


_SEPARATED = re.compile("[ ,，、-]{0,2}(?:的)?")


def _units(text: str, at: int) -> tuple[list[tuple[Place, int, int]], int]:
    """Places one after another, each inside the one before, from ``at``; and where they end."""
    found: list[tuple[Place, int, int]] = []
    while True:
        gap = _SEPARATED.match(text, at) if found else None
        start = gap.end() if gap else at
        name, units = places().at(text, start)
        fitting = [unit for unit in units if not found or _inside(unit, found[-1][0])]
        if not fitting:
            return found, at
        place = _likeliest(fitting, text, start + len(name))
        if place is None:
            return found, at
        found.append((place, start, start + len(name)))
        at = start + len(name)


def _inside(inner: Place, outer: Place) -> bool:
    order: tuple[Level, ...] = ("province", "city", "district")
    if order.index(inner.level) <= order.index(outer.level):
        # 北京北京市朝阳区 and 吉林吉林市 repeat the name; 重庆 is its own city.
        return False
    return inner.province == outer.province and (outer.level != "city" or inner.city == outer.city)


def _likeliest(units: list[Place], text: str, after: int) -> Place | None:
    """The highest, or the one that what follows lies in; None for a name that goes on as another word."""
    following, next_units = places().at(text, after)
    if following:
        for unit in units:
            if any(_inside(inner, unit) for inner in next_units):
                return unit
    districts = {unit.name for unit in units if unit.level == "district"}
    if all(unit.level == "district" for unit in units) and len(districts) > 1:
        return None
    return units[0]


def _rest(text: str, at: int, is_address: bool) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """Spans of street and detail from ``at``."""
    if not is_address:
        return None, None
    street = _STREET.match(text, at)
    span = street.span("street") if street else None
    detail = _DETAIL.match(text, street.end() if street else at)
    return span, detail.span("detail") if detail else None


def _english(context: SlotContext) -> Iterator[Candidate]:
    for match in _EN_STREET.finditer(context.text):
        for group, name in (("street", "street"), ("detail", "address_detail"), ("city", "city")):
            if match[group]:
                start, end = match.span(group)
                start += len(match[group]) - len(match[group].lstrip(" ,"))
                value = context.source.text[start:end]
                if value.lower() not in ("please", "instead", "thanks", "thank you", "and"):
                    yield candidate(context.source, (start, end), name, value, 0.85, f"{name}: in an address")
