"""When Chinese words sound finished."""

from __future__ import annotations

import re

from speech.completeness.rules import Completeness, Phrasebook, ends, whole

_COMPLETE, _OPEN, _UNFINISHED = Completeness.COMPLETE, Completeness.OPEN, Completeness.UNFINISHED

_MEASURE = "[个件双条台部款盒瓶张箱套只把本种些次]"
_THING = "(订单|快递|物流|包裹|退款|货|单子|东西|发票|地址|衣服|鞋子?|手机|电脑|价格|钱)"
_ASK = "(什么时候|几时|多久|多长时间|怎么|咋|如何|哪|谁|什么|啥|多少|几[天个件号点]|为什么|为啥|干嘛)"
_LOOK = "(查|看|问|改|催|退|换|处理|解决|咨询|了解|确认)(询|看)?"

MANDARIN = Phrasebook(
    rules=(
        # courtesies and dismissals
        ends(_COMPLETE, "谢谢(你|您|啦|了|啊)? | 感谢 | 拜托了? | 麻烦(你|您)?了 | 辛苦(你|您)?了? | 再见 | 拜拜"),
        ends(
            _COMPLETE,
            "就这样吧? | 就这些 | 没(别的)?(事|问题)儿?了? | 没有了 | 不(用|需要)了? | 算了 | 稍等 | 等(一下|等)",
        ),
        ends(_COMPLETE, "(有没有|是不是).{1,8}的"),
        # asking words that close a question
        ends(
            _COMPLETE,
            "多少钱? | (怎么|咋)(办|弄|搞|样|回事) | 为什么 | 为啥 | 谁 | 多久 | 几[天号点] | 多[大长重宽高厚]",
        ),
        ends(
            _COMPLETE,
            "哪(里|儿|个|家|款|种|件)? | (到|在)哪(里|儿)?了 | (^|[是有干买用叫做要到说为])什么",
            "几[个件双台] | 怎么[退换查买用付改]",
        ),
        ends(
            _COMPLETE,
            "(行不行|好不好|对不对|可不可以|是不是|可以不) | [到发退收货好了]了?没有? | [好行是了有对以]么",
        ),
        ends(_OPEN, f"(什么|啥)时候 | {_ASK}.{{1,12}}的 | [发退换寄送还补]给我 | 把.+给我"),
        ends(_UNFINISHED, "时候 | 的话 | (如果|要是|因为).{1,4}"),
        ends(_OPEN, "([要买选换退拿看]|(?<!就)是)[这那][个款件双条台]"),
        # connectives and fillers, also with a drawl: 然后啊, 那个嗯
        ends(
            _UNFINISHED,
            "(然后|就是说?|[那这]个|[那这怎]么|因为|由于|所以说?|但是?|不过|可是|而且|并且|还有(就是)?|另外|如果|要是|假如|万一|或者说?"
            "|以及|比如说?|例如|包括|虽然|除了|为了|关于|对于|我(就|是)?想|我觉得|我的意思是|主要是|首先|其次|之[前后]|以[前后]|不但|不仅"
            "|只要|直到|根据|按照)[啊呀嘛哦哈嗯呃额]* | [嗯呃额唔诶]",
        ),
        # 的 closes an agreement or a choice, otherwise a noun must follow
        ends(_OPEN, "[好是对行以有会够真挺错]的 | (是|要|选|换|拿).{1,8}的"),
        ends(_UNFINISHED, "的", "[把给被让叫跟和与向从往比替由将及或而且则很太才又再也都还就] | 非常 | 特别 | 比较"),
        ends(
            _UNFINISHED,
            "帮我 | ^([你您请再]|麻烦|可以|能不能)*给我 | 麻烦你? | 请 | (请|想|我)问一?下? | (我|想)想?(要|需要)",
            "能不能 | 可不可以 | 应该 | 打算 | 准备 | 希望",
        ),
        ends(
            _UNFINISHED,
            f"(一|两|^这|^那){_MEASURE} | [改换寄送发退转](到|成|给) | ([单机话货号址色码因题]|我|你|您)(是|在)",
        ),
        ends(
            _UNFINISHED,
            f"^(你好|您好|请|麻烦|[你您帮给]|我|想|要|能|可以|再|去|一下|[，,])*{_LOOK}一?下",
            "^(喂|我|你|您|那|这|哎)",
        ),
        # particles; 了 after a verb that may still take its object stays open
        ends(_COMPLETE, "(?<=.)[吗吧呢嘛呀啊啦咯喽哦哈]"),
        ends(_COMPLETE, "不[用要想再].{1,3}了"),
        ends(_OPEN, "[买下订付选退换寄发用花等过穿拿看问打交加改填]了"),
        ends(_COMPLETE, ".了"),
        # asking words earlier in the question
        ends(
            _COMPLETE,
            f"{_ASK}.{{1,12}}(?<!的)",
            "(能不能|可不可以|可以不可以|是不是|有没有|要不要|会不会|需不需要|支不支持).{2,}",
        ),
        # whole requests
        ends(
            _COMPLETE,
            "(我|帮|请|想|要|能|可以|麻烦|申请|给).*(退货|退款|换货|退掉|退钱|取消(掉|订单)|开(个|张)?发票|改(一下)?(收货)?地址|投诉|催单"
            "|退差价|保修|维修|赔偿)",
            f"(帮|请|想|要|麻烦).*({_LOOK}|取消)(一?下)?.*{_THING}",
            f".*{_THING}.*{_LOOK}(一?下|掉)",
            "(转|找)?人工(客服|服务)?",
        ),
    ),
    answer=whole(
        "((嗯|对|是|好|行|可以|没错|没问题|确认|确定|同意|要|需要|不|不是|不对|不用|不要|不行|不可以|不需要|没有|没|有|算了|取消|别)"
        "[的啊呀吧了哦哈嘛]*){1,6}"
    ),
    leads_to_number=whole(
        # no two alternatives begin alike: nothing to try twice
        "(好|嗯|哦|行|可以|稍|等|一下|会儿?|我|看|找|查|翻|是|那个|有|对|呃|额|喂|你记一?下|给你|报|念|说|的|啊|吧|哈)+",
        ".*(号码?|电话|编号|后四位|数字)(就?是|呢|为|啊)?",
    ),
    has_none=re.compile("^[不没别]|没有?(?!问题)|不(知道|记得|清楚|在|会|想|要|用)|忘|找不到|哪|什么|怎么|吗"),
)
