"""A player's line to the evaluation: `python proofs/evaluation/ask.py PORT call TOOL [JSON]`, or `PORT tell TEXT`.

It runs from any directory, so that a player needs to see none of the project. Prints what a client shows of the
result, and ends with 1 when that is an error.
"""

from __future__ import annotations

import json
import socket
import sys

USAGE = "ask.py PORT (call TOOL [JSON] | tell TEXT)"


def main(words: list[str]) -> int:
    match words:
        case [port, "call", tool]:
            asked = {"call": tool, "arguments": {}}
        case [port, "call", tool, arguments]:
            asked = {"call": tool, "arguments": json.loads(arguments)}
        case [port, "tell", text]:
            asked = {"tell": text}
        case _:
            print(USAGE, file=sys.stderr)
            return 2
    with socket.create_connection(("127.0.0.1", int(port))) as line, line.makefile("rw", encoding="utf-8") as file:
        file.write(json.dumps(asked) + "\n")
        file.flush()
        answer = json.loads(file.readline())
    print(answer["shown"])
    return 1 if answer["is_error"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
