"""What latentbo is measured by; a module runs as `python -m benchmarks.<name>` and writes into results/."""
