"""govsec_ci: security evidence for a release, judged against government gates."""

__version__ = "0.1.0"
