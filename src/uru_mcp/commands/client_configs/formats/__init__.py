"""The formats of clients' configurations: the servers of a text, and the text with one added, changed or removed.

It knows nothing of files, clients or Uru.
"""
