"""Access control: the key's status, the evidence for its permissions, what each tool needs, and the permission gate.

It does not know how tools are listed or called.
"""
