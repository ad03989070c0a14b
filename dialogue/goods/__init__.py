"""What is asked of goods, what they are for, which size fits, what to suggest: pure functions over data files.

In: the customer's words and ``dialogue.shop.types`` values. Out: facts and scores; never words to the customer.
"""
