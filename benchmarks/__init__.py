"""Speed and memory: each program prints figures and ratios taken in one run, since machines are noisy."""
