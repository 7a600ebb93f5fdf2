"""A mixture of Gaussians as plain arrays: fitted by scikit-learn, kept without it."""

import numpy as np


def fit_mixture(values: np.ndarray, *, components: int, seed: int) -> dict[str, np.ndarray]:
    """Fit Gaussians with full covariance.

    Args:
        values: [n, d], n above `components`.
        components: of the mixture.
        seed: of its beginning.

    Returns:
        log_weights [c], means [c, d] and factors [c, d, d], float64, for `log_likelihood`.
    """
    from sklearn.mixture import GaussianMixture  # to learn alone

    fitted = GaussianMixture(components, reg_covar=1e-4, random_state=seed).fit(values)
    return {
        "log_weights": np.log(fitted.weights_),
        "means": fitted.means_,
        "factors": fitted.precisions_cholesky_,
    }


def log_likelihood(mixture: dict[str, np.ndarray], values: np.ndarray) -> np.ndarray:
    """Return the logarithm of the density at each value.

    Args:
        mixture: what `fit_mixture` returned.
        values: [n, d].

    Returns:
        float64 [n].
    """
    means, factors = mixture["means"], mixture["factors"]
    away = np.einsum("cnd,cde->cne", values - means[:, None], factors)  # of unit covariance
    volume = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(1)
    one = volume[:, None] - 0.5 * ((away**2).sum(2) + values.shape[1] * np.log(2 * np.pi))
    return np.asarray(np.logaddexp.reduce(mixture["log_weights"][:, None] + one, axis=0))
