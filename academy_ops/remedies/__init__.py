"""The only code that changes anything outside: plan, then apply, then verify."""
