"""Prophet models as ONNX graphs: exact forecasts, components and intervals, without Prophet. See README.md."""
