"""Arrays to variables: whole epochs in one compiled call."""

OPTIMIZERS = ("adam", "adamw", "adagrad", "sgd", "momentum")  # what each does: optimizers.py
SCHEDULES = ("constant", "cosine", "plateau")  # of the learning rate
