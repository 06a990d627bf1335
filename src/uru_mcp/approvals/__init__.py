"""What a person must decide before something runs.

It does not know how a client asks the person.
"""
