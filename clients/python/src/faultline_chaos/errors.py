"""What can go wrong with an experiment. Each message says what to do next."""


class ChaosError(Exception):
    """The root of all errors of this package."""


class NotRunning(ChaosError):
    """No pipeline is known here, or it does not answer at all."""


class NoAnswer(ChaosError):
    """The pipeline took an experiment and did not go on in time."""


class Refused(ChaosError):
    """The pipeline, or an agent, refused what it was asked for."""


class Denied(Refused):
    """The policy, or the platform, does not let the experiment run."""


class InjectionFailed(ChaosError):
    """The fault is not there, and nothing of it was left behind."""


class ChaosExperimentError(ChaosError):
    """The system did not come back, or a fault did not end as planned."""


class Stuck(ChaosExperimentError):
    """A fault could not be undone. The message says what to run by hand."""
