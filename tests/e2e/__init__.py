"""Tests with real traffic. A package, so that their environment is gone before the engine tests begin."""
