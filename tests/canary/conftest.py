"""Commands are run here as the tests of commands run them."""

from tests.cli.conftest import data, house, port, run

__all__ = ["data", "house", "port", "run"]
