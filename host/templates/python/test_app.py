"""Tests of the guest."""

import unittest

from app import Handler
from wit_world.exports.handler import (
    Action_Answer,
    Action_LookUp,
    Configuration,
    Content_Text,
    Parsed,
    Setting,
)


def get(path: str) -> Parsed:
    """What becomes of a request."""
    return Handler().parse(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n", None)


class Rule(unittest.TestCase):
    def test_hello_is_answered_with_the_greeting(self):
        Handler().configure(Configuration([], [Setting(1, "greeting", "Good day!")]))
        match get("/hello").action:
            case Action_Answer(response):
                self.assertEqual(response.status, 200)
                self.assertEqual(response.content, Content_Text("Good day!\n"))
            case other:
                self.fail(f"an answer was expected, not {other}")

    def test_everything_else_is_looked_for(self):
        match get("/docs/").action:
            case Action_LookUp(lookup):
                self.assertEqual(lookup.candidates, ["/docs/index.html"])
            case other:
                self.fail(f"a lookup was expected, not {other}")
