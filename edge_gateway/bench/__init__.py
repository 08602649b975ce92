"""Benchmarks that measure their own floor in the same run and print the ratio: these machines are noisy."""
