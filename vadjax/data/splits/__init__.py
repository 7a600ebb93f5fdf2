"""Windows, units and protocols: how a data set is divided into folds."""
