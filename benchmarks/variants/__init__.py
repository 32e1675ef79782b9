"""A bundle's graph in other arithmetic; one module for each, with NAME and `make(workload, folder) -> bytes`."""
