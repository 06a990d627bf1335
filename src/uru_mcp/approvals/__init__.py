"""What a person must say yes to: which calls, how the person is asked, and the one-time tokens of cards.

It knows neither how a tool is run nor what a page looks like.
"""
