"""What an English voice says for what a shop writes: written form, spoken form."""

from __future__ import annotations

import pytest

from speech.spoken_text import spoken

TABLE = [
    (
        "Your order SF1390284756123 has shipped.",
        "Your order S F one three nine zero, two eight four seven, five six one two three has shipped.",
    ),
    (
        "Order number 20261122083012345 is on its way.",
        "Order number two zero two six, one one two two, zero eight three zero, one two three four five is on its way.",
    ),
    ("Order #1024 costs $1,299.00.", "Order one zero two four costs one thousand two hundred ninety-nine dollars."),
    ("It is ¥99.90 now.", "It is ninety-nine point nine yuan now."),
    ("Save 20%!", "Save twenty percent!"),
    ("Delivery on 2026-11-22.", "Delivery on November twenty-second, twenty twenty-six."),
    ("By Nov 22, 2026 at 18:30.", "By November twenty-second, twenty twenty-six at six thirty P M."),
    ("At 6:30 PM or 9 a.m.", "At six thirty P M or nine A M"),
    ("Open 9:00-18:00, 24/7", "Open nine o'clock to six P M, twenty-four seven"),
    ("3-5 business days", "three to five business days"),
    ("500ml bottle, 2kg, 1kg", "five hundred milliliters bottle, two kilograms, one kilogram"),
    ("iPhone 15 Pro Max 256GB", "iPhone fifteen Pro Max two hundred fifty-six gigabytes"),
    ("USB-C 65W charger", "USB-C sixty-five watts charger"),
    ("It weighs -5°C?", "It weighs minus five degrees Celsius?"),
    ("1st, 2nd and 22nd", "first, second and twenty-second"),
    (
        "Call 400-800-1234.",
        "Call four zero zero, eight zero zero, one two three four.",
    ),
    ("$0.99, $1.01, $10-20", "ninety-nine cents, one dollar and one cent, ten to twenty dollars"),
    ("in 2026", "in twenty twenty-six"),
    ("**Bold** [link](http://a.b) 🎉 https://x.y/z", "Bold link"),
    ("e.g. red, blue, etc.", "for example red, blue, et cetera"),
    ("10x20x30 cm", "ten by twenty by thirty centimeters"),
    ("size (large)", "size, large"),
    ("T-shirt x2", "T-shirt quantity two"),
    ("5G phone, 4.5 stars", "five G phone, four point five stars"),
    ("12,345 items; 0.5", "twelve thousand three hundred forty-five items; zero point five"),
    ("v2.0.1", "v two point zero point one"),
    ("R&D, A/B", "R and D, A or B"),
    ("Mr. Li's refund", "Mister Li's refund"),
    ("tracking code YT-8812-3345", "tracking code Y T eight eight one two three three four five"),
    ("I'd like 2.", "I'd like two."),
    ("100+ shops", "one hundred plus shops"),
    ("Your code is 482913.", "Your code is four eight two nine one three."),
    ("138****5678", "ending in five six seven eight"),
    ("100 RMB", "one hundred yuan"),
    ("Refund of US$5 million", "Refund of five million dollars"),
    ("Your order is 20% off until 11/29.", "Your order is twenty percent off until November twenty-ninth."),
    ("It is 1 m tall", "It is one meter tall"),
    ("PIN 4821", "PIN four eight two one"),
    ("The meeting is at 0:00", "The meeting is at midnight"),
    ("It is 2.5 km away", "It is two point five kilometers away"),
    ("FAQ: how to return?", "F A Q: how to return?"),
    ("Contact help@kefu.com", "Contact help at kefu dot com"),
    ("Buy 2 get 1 free", "Buy two get one free"),
    ("#7", "number seven"),
    ("The 2026-11-22 18:05 parcel", "The November twenty-second, twenty twenty-six, six oh five P M parcel"),
    ("10-15 cm wide", "ten to fifteen centimeters wide"),
    (
        "Tracking number: 773012345678",
        "Tracking number: seven seven three zero, one two three four, five six seven eight",
    ),
]


@pytest.mark.parametrize(("written", "said"), TABLE)
def test_english(written: str, said: str) -> None:
    assert spoken(written, "en") == said
    assert not any(character.isdigit() for character in said)
