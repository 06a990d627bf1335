"""What a model or a person is told while the bridge works: messages, fixes, notes and hints, each under a name.

With `tools/definitions.py` the one place of such sentences. Words that others wrote come as arguments, quoted by the
caller; the name of each placeholder is that of its argument. What is wrong with an argument by its schema is told in
JSON Schema's terms, in `catalog/schemas/validation_messages.py`.
"""
