"""The same benchmark on a shared cluster: work units, one sbatch array, results gathered."""
