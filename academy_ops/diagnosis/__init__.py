"""What a diagnosis is: observations, findings, the cause catalogue, the runner and the root-cause rule."""
