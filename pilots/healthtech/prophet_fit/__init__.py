"""Prophet's own MAP fit, for many series at once, in NumPy."""

from pilots.healthtech.prophet_fit.features import usual
from pilots.healthtech.prophet_fit.fit import Priors, fit_many
from pilots.healthtech.prophet_fit.posterior import negative_log_posterior

__all__ = ["Priors", "fit_many", "negative_log_posterior", "usual"]
