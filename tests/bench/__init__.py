"""``make bench``: speed as ratios against rivals, whole processes, on the same lab, in the same run."""
