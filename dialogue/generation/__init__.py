"""Free text by a language model, checked sentence by sentence before a customer hears it.

    small_talk    chat without facts
    rephrase      a skill's reply in other words; its facts are what it said
    answer        free questions: the model asks for READs, their results are the facts
    guard         whether a sentence may be said, given the facts; ``claims``, ``topics`` and ``numerals`` read it
    engines       Triton's ``generate``, or an OpenAI-compatible endpoint

What is not safe, too late or broken is said by the template instead. No model ever writes to the shop: a WRITE that it
proposes becomes a request like the customer's own, read back and confirmed.
"""
