"""Tests of reading and printing permits."""

import unittest

from permit_lookup.page import render
from permit_lookup.permits import from_wire


class PermitTest(unittest.TestCase):
    """One permit, from the wire to the screen."""

    def test_a_decided_permit_shows_its_date(self):
        permit = from_wire({"number": "2024-0117", "state": "granted", "decided": "2024-09-30"})
        self.assertEqual(permit.line(), "2024-0117  granted on 2024-09-30")

    def test_an_unknown_state_is_refused(self):
        with self.assertRaises(ValueError):
            from_wire({"number": "2024-0117", "state": "lost"})

    def test_the_page_escapes_what_it_shows(self):
        permit = from_wire({"number": "<b>", "state": "received"})
        self.assertIn("&lt;b&gt;", render([permit]))


if __name__ == "__main__":
    unittest.main()
