"""Secrets that are none: each looks like one, and stands in no file of this repository as it is used."""

from typing import Final

# Put together here, so that no scanner of this repository takes them for real ones.
PLANTED: Final = {
    "aws": "AKIA" + "IOSFODNN7QWERTYU",
    "github": "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "github-fine": "github_pat_" + "11ABCDEFG0a1B2c3D4e5F6_g7H8i9J0k1L2m3N4o5P6q7R8",
    "slack": "xoxb-" + "123456789012-abcdefGHIJKLmnop",
    "gcp": "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "jwt": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0" + ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "key": "-----BEGIN RSA " + "PRIVATE KEY-----\\nMIIEowIBAAKCAQEAn1vq\\n-----END RSA " + "PRIVATE KEY-----",
    "random": "zX8" + "kQ2vN7pLw4RtY6uJ1mB3cD5fG9hS0a",
    "word": "correct-horse-" + "staple",
}
"""What each looks like → the secret. ``word`` is one only by the name that it is given to."""
