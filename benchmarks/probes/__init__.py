"""What a figure of speed is worth: the machine, its roof, its quiet, the work in a graph, energy and money."""
